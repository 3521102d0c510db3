;;; ducktypist.el --- Explain, complete and fix code with a local model  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: languages, tools

;;; Commentary:

;; Commands for what eglot has none for, and words for the mode line; how eglot
;; and the server get on is in ducktypist-eglot.el.  It is no completion front
;; end and shows no ghost text: eglot does not ask for inline completions.
;;
;;   (require 'ducktypist)
;;   (ducktypist-setup)
;;
;; Then M-x eglot in a project.  Nothing of a project is run before M-x
;; ducktypist-trust.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'ducktypist-eglot)
(require 'project)

(declare-function gfm-view-mode "markdown-mode")

;;;; Commands

(defun ducktypist-explain ()
  "Explain the region, or what stands at point, in a buffer of its own.
The explanation appears passage by passage."
  (interactive)
  (let* ((server (ducktypist--server))
         (token (format "ducktypist-%s" (gensym)))
         (place (if (use-region-p)
                    (list :range (ducktypist--range (region-beginning) (region-end)))
                  (list :position (eglot--pos-to-lsp-position))))
         (document (list :textDocument (eglot--TextDocumentIdentifier)))
         (buffer (ducktypist--page "*Ducktypist explanation*" "")))
    (push (cons token buffer) (slot-value server 'streams))
    (display-buffer buffer)
    (eglot--signal-textDocument/didChange)
    (ducktypist--request
     server :ducktypist/explain `(,@document ,@place :partialResultToken ,token)
     (lambda (found)
       (ducktypist--forget server token)
       (let ((rest (plist-get found :markdown)))
         (cond ((null found) (ducktypist--append buffer "There is nothing to explain here."))
               ((and rest (not (string-empty-p rest)))
                (ducktypist--append buffer rest)))))
     (lambda (why)
       (ducktypist--forget server token)
       (ducktypist--append buffer why)))))

(defun ducktypist-write-body ()
  "Write the body of the documented empty function at point.
In a trusted folder its examples and tests are run first."
  (interactive)
  (ducktypist--act "refactor.rewrite" "write the body of"
                   "No documented function without a body here; put point into one"))

(defun ducktypist-fix-test ()
  "Look for a patch that turns the red test at point green.
Point is in the test, or in a function that it went through."
  (interactive)
  (ducktypist--act "quickfix" "fix failing test"
                   "No red test here; run the tests first with M-x ducktypist-run-tests"))

(defun ducktypist-run-tests (&optional here)
  "Run the tests of the project in the sandbox; with prefix HERE, this file's only.
Those that fail become diagnostics."
  (interactive "P")
  (let ((server (ducktypist--server)))
    (message "Ducktypist: running tests")
    (ducktypist--execute
     server "ducktypist.runTests"
     (if here (vector (list :uri (eglot--path-to-uri buffer-file-name))) [])
     (lambda (run) (message "Ducktypist: %s" (ducktypist--run-words run))))))

(defun ducktypist-stats ()
  "Show what suggestions turned out to be worth, as the ledger has it."
  (interactive)
  (let ((buffer (ducktypist--page "*Ducktypist stats*" "")))
    (ducktypist--execute (ducktypist--server) "ducktypist.stats" []
                         (lambda (table)
                           (ducktypist--append buffer (ducktypist--table table))
                           (display-buffer buffer)))))

(defun ducktypist-status ()
  "Show how engine, sandbox, folders, ledger and completion stand."
  (interactive)
  (let ((buffer (ducktypist--page "*Ducktypist status*" "")))
    (ducktypist--execute (ducktypist--server) "ducktypist.status" []
                         (lambda (status)
                           (ducktypist--append
                            buffer (mapconcat #'identity (ducktypist--lines status) "\n"))
                           (display-buffer buffer)))))

(defun ducktypist-trust (folder)
  "Ask, then let the server run the tests of FOLDER and below in its sandbox."
  (interactive (list (if (project-current) (project-root (project-current))
                       default-directory)))
  (let ((folder (directory-file-name (expand-file-name folder))))
    (if (not (yes-or-no-p (format "Let Ducktypist run code of %s in its sandbox? " folder)))
        (message "Ducktypist: nothing of %s will be run" folder)
      (with-temp-buffer
        (let* ((program (butlast ducktypist-command
                                 (length (member "serve" ducktypist-command))))
               (status (apply #'call-process (car program) nil t nil
                              (append (cdr program) (list "trust" folder)))))
          (if (eql status 0)
              (message "Ducktypist: %s" (string-trim (buffer-string)))
            (user-error "Ducktypist could not note the trust: %s"
                        (string-trim (buffer-string))))))
      ;; What the folder's own settings file may set follows from it.
      (when (cl-typep (eglot-current-server) 'ducktypist-server)
        (jsonrpc-notify (eglot-current-server) :ducktypist/trust
                        (make-hash-table))))))

(defun ducktypist--act (kind title otherwise)
  "Carry out the action at point of KIND whose title says TITLE, or say OTHERWISE."
  (let* ((server (ducktypist--server))
         (actions (cl-remove-if-not
                   (lambda (action) (string-search title (plist-get action :title)))
                   (eglot-code-actions (point) (point) kind)))
         (titles (mapcar (lambda (action) (plist-get action :title)) actions))
         (chosen (if (cdr titles) (completing-read "Which? " titles nil t) (car titles)))
         (action (cl-find chosen actions :test #'equal
                          :key (lambda (each) (plist-get each :title))))
         (command (plist-get action :command)))
    (unless command
      (user-error "%s" otherwise))
    (message "%s: working on it" chosen)
    (ducktypist--execute
     server (plist-get command :command) (plist-get command :arguments)
     (lambda (worked)
       (message "Ducktypist: %s" (or (plist-get (plist-get worked :verdict) :summary)
                                     (plist-get worked :message)))))))

(defun ducktypist--range (beginning end)
  "Return BEGINNING and END as the protocol has it."
  (list :start (eglot--pos-to-lsp-position beginning) :end (eglot--pos-to-lsp-position end)))

(defun ducktypist--forget (server token)
  "Take nothing more from SERVER for TOKEN."
  (setf (slot-value server 'streams)
        (cl-remove token (slot-value server 'streams) :key #'car :test #'equal)))

;;;; What stands in the mode line

(defun ducktypist-mode-line ()
  "Say in a few words what the model does, for the mode line.
Add (:eval (ducktypist-mode-line)) to `mode-line-misc-info'."
  (let* ((server (and (eglot-managed-p) (eglot-current-server)))
         (activity (and (cl-typep server 'ducktypist-server)
                        (slot-value server 'activity)))
         (rate (plist-get activity :tok_s))
         (today (plist-get activity :today))
         (share (plist-get today :share)))
    (if (null activity)
        ""
      (concat "Ducktypist: " (plist-get activity :state)
              (and rate (format " %.0f tok/s" rate))
              (and share (format ", %.0f%% right of %d"
                                 (* 100 share) (plist-get today :verified)))))))

;;;; Showing

(defun ducktypist--page (name text)
  "Return the read-only buffer NAME with TEXT."
  (with-current-buffer (get-buffer-create name)
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text))
    ;; What a model wrote is looked at, not obeyed: nothing in it sets a variable.
    (let ((enable-local-variables nil))
      (if (fboundp 'gfm-view-mode) (gfm-view-mode) (special-mode)))
    (current-buffer)))

(defun ducktypist--run-words (run)
  "Say what came of RUN, a run of tests."
  (let ((red (append (plist-get run :failed) (plist-get run :errors) nil)))
    (concat (format "%d passed, %d red" (plist-get run :passed) (length red))
            (and red (format ": %s" (mapconcat #'identity red ", ")))
            (mapconcat (lambda (problem) (concat "; " problem)) (plist-get run :problems) ""))))

(defun ducktypist--table (table)
  "Return TABLE, the ledger's, as Markdown."
  (concat
   "| model | kind | language | n | verified | right |\n|---|---|---|--:|--:|---|\n"
   (mapconcat
    (lambda (cell)
      (format "| %s | %s | %s | %d | %d | %s |\n"
              (plist-get cell :model) (plist-get cell :kind) (plist-get cell :language)
              (plist-get cell :n_suggestions) (plist-get cell :n_verified)
              (if (zerop (plist-get cell :n_verified))
                  "-"
                (format "%d (%.0f%% to %.0f%%)%s" (plist-get cell :n_right)
                        (* 100 (plist-get cell :right_low))
                        (* 100 (plist-get cell :right_high))
                        (if (eq (plist-get cell :too_few) t) ", too few" "")))))
    (plist-get table :cells) "")
   "\n" (or (plist-get table :note) "")))

(defun ducktypist--lines (object &optional path)
  "Return a line for each value in OBJECT, which lies at PATH: where it is, and it."
  (cond ((and (consp object) (keywordp (car object)))
         (cl-loop for (key value) on object by #'cddr
                  append (ducktypist--lines value (append path (list key)))))
        ((vectorp object)
         (cl-loop for value across object append (ducktypist--lines value path)))
        (t (list (format "- %s: %s"
                         (mapconcat (lambda (key) (substring (symbol-name key) 1)) path " ")
                         (pcase object ('t "yes") (:json-false "no") ('nil "-") (_ object)))))))

(provide 'ducktypist)
;;; ducktypist.el ends here
