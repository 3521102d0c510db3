;;; ducktypist-eglot.el --- The server ducktypist, as eglot knows it  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; How eglot starts the server, what it sends it and what it takes from it.
;; Settings that a folder cannot change, slow answers that block nothing, and
;; word of which completions were taken.  It has no commands: those are in
;; ducktypist.el.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'jsonrpc)

(declare-function eglot-execute "eglot" (server action))

;;;; Settings

(defgroup ducktypist nil
  "Explain, complete and fix code with a local model."
  :group 'tools
  :prefix "ducktypist-")

(defcustom ducktypist-command '("ducktypist" "serve")
  "The program that is the server, and its arguments."
  :type '(repeat string)
  :risky t)

(defcustom ducktypist-settings nil
  "Settings for the server: a plist of sections, each a plist.
The keys are those of the server's configuration file, for example
\\='(:explain (:depth \"thorough\") :complete (:repeats 5)).  What is
absent comes from that file.  A directory's local variables cannot
change it."
  :type 'plist
  :risky t)

(defcustom ducktypist-modes
  '((python-mode :language-id "python") (python-ts-mode :language-id "python")
    (sh-mode :language-id "shellscript") (bash-ts-mode :language-id "shellscript")
    (go-mode :language-id "go") (go-ts-mode :language-id "go")
    (js-mode :language-id "javascript") (js-ts-mode :language-id "javascript")
    (typescript-ts-mode :language-id "typescript")
    (tsx-ts-mode :language-id "typescriptreact")
    (rust-mode :language-id "rust") (rust-ts-mode :language-id "rust")
    (java-mode :language-id "java") (java-ts-mode :language-id "java")
    (c-mode :language-id "c") (c-ts-mode :language-id "c")
    (c++-mode :language-id "cpp") (c++-ts-mode :language-id "cpp"))
  "The major modes for which `ducktypist-setup' registers the server."
  :type '(repeat sexp))

(defcustom ducktypist-patience-s 600
  "After how many seconds an answer is no longer waited for.
Waiting blocks nothing."
  :type 'natnum)

;;;; The server, as eglot knows it

(defclass ducktypist-server (eglot-lsp-server)
  ((settings :initform nil :documentation "What was sent last.")
   (activity :initform nil :documentation "What it said last of what it is doing.")
   (streams :initform nil :documentation "Buffers that are being filled, by token."))
  :documentation "The language server `ducktypist serve'.")

;;;###autoload
(defun ducktypist-setup ()
  "Make \\[eglot] start Ducktypist in `ducktypist-modes'.
Eglot runs one server for each mode and project: what it would start
otherwise in these modes is not started."
  (add-to-list 'eglot-server-programs (cons ducktypist-modes #'ducktypist--contact))
  (add-hook 'eglot-managed-mode-hook #'ducktypist--managed))

(defun ducktypist--contact (&optional _interactive _project)
  "Return the class and the command of the server."
  (cons 'ducktypist-server ducktypist-command))

(cl-defmethod eglot-initialization-options ((server ducktypist-server))
  "Return what the person set, for SERVER."
  (setf (slot-value server 'settings) (default-value 'ducktypist-settings))
  (ducktypist--settings))

(cl-defmethod eglot-client-capabilities ((_server ducktypist-server))
  "Ask to be told what the model does, and for commands in place of late edits.
An edit that is worked out takes longer than eglot waits for an answer.
Settings are sent; eglot's answer to a question would be the folder's."
  (let* ((all (copy-tree (cl-call-next-method)))
         (actions (plist-get (plist-get all :textDocument) :codeAction)))
    (cl-remf actions :resolveSupport)
    (cl-remf actions :dataSupport)
    (plist-put (plist-get all :textDocument) :codeAction actions)
    (plist-put (plist-get all :workspace) :configuration :json-false)
    (plist-put all :experimental '(:ducktypist (:activity t)))))

;; Emacs takes `eglot-workspace-configuration' from a directory's local
;; variables without asking.  Ours may hold addresses and programs.
(cl-defmethod jsonrpc-connection-send ((server ducktypist-server) &rest arguments)
  "Send SERVER a message of ARGUMENTS, but of settings only the person's own.
Those are sent when they are other ones than before."
  (let ((mine (default-value 'ducktypist-settings)))
    (cond ((not (memq (plist-get arguments :method)
                      '(:workspace/didChangeConfiguration workspace/didChangeConfiguration)))
           (cl-call-next-method))
          ((not (equal mine (slot-value server 'settings)))
           (setf (slot-value server 'settings) mine)
           (apply #'cl-call-next-method server
                  (plist-put (copy-sequence arguments) :params
                             (list :settings (list :ducktypist (ducktypist--settings)))))))))

(defun ducktypist--settings ()
  "Return the settings as they are sent; an empty object when there are none."
  (or (default-value 'ducktypist-settings) (make-hash-table)))

;; Eglot waits ten seconds for a command and does nothing else meanwhile.
(cl-defmethod eglot-execute-command ((server ducktypist-server) command arguments)
  "Have SERVER run COMMAND with ARGUMENTS; what is to be seen comes later."
  (ducktypist--execute server (format "%s" command) arguments)
  nil)

(when (fboundp 'eglot-execute)
  (cl-defmethod eglot-execute ((server ducktypist-server) action)
    "Have SERVER carry out ACTION; what is to be seen comes later."
    (let ((command (if (stringp (plist-get action :command))
                       action
                     (plist-get action :command))))
      (if (null command)
          (cl-call-next-method)
        (ducktypist--execute
         server (plist-get command :command) (plist-get command :arguments))
        nil))))

(cl-defmethod eglot-handle-notification
  ((server ducktypist-server) (_method (eql ducktypist/activity)) &rest activity)
  "Note ACTIVITY, what the model of SERVER does."
  (setf (slot-value server 'activity) activity)
  (force-mode-line-update t))

(cl-defmethod eglot-handle-notification
  ((server ducktypist-server) (_method (eql $/progress)) &key token value)
  "Append VALUE, a passage from SERVER, to the buffer that TOKEN stands for."
  (let ((buffer (cdr (assoc token (slot-value server 'streams))))
        (passage (plist-get value :markdown)))
    (when (and passage (buffer-live-p buffer))
      (ducktypist--append buffer passage))))

(defun ducktypist--append (buffer text)
  "Put TEXT at the end of BUFFER, after a blank line."
  (with-current-buffer buffer
    (let ((inhibit-read-only t))
      (save-excursion
        (goto-char (point-max))
        (unless (bobp) (insert "\n"))
        (insert text "\n")))))

;;;; Taken completions

(defun ducktypist--managed ()
  "Have completions of this buffer reported when they are taken."
  (when (and (eglot-managed-p)
             (cl-typep (eglot-current-server) 'ducktypist-server))
    (remove-hook 'completion-at-point-functions #'eglot-completion-at-point t)
    (add-hook 'completion-at-point-functions #'ducktypist-completion-at-point nil t)))

(defun ducktypist-completion-at-point ()
  "Complete by what eglot offers; run an entry's command when it is taken.
Eglot itself leaves commands of completions out, and the ledger would
never learn what was taken."
  (let ((found (eglot-completion-at-point)))
    (when found
      (let* ((table (nth 2 found))
             (known (plist-get (nthcdr 3 found) :exit-function))
             (properties (copy-sequence (nthcdr 3 found))))
        (append
         (cl-subseq found 0 3)
         (plist-put
          properties :exit-function
          (lambda (taken status)
            (let* ((item (and (memq status '(finished exact)) (ducktypist--item taken table)))
                   (command (plist-get item :command)))
              (funcall known taken status)
              (when command
                (ducktypist--execute (ducktypist--server) (plist-get command :command)
                                     (plist-get command :arguments)))))))))))

(defun ducktypist--item (taken table)
  "Return what the server said of TAKEN, an entry of TABLE."
  (or (get-text-property 0 'eglot--lsp-item taken)
      (let ((same (cl-find taken (all-completions "" table) :test #'string=)))
        (and same (get-text-property 0 'eglot--lsp-item same)))))

;;;; Asking

(defun ducktypist--server ()
  "Return this buffer's server, if it is Ducktypist's."
  (let ((server (and (eglot-managed-p) (eglot-current-server))))
    (if (cl-typep server 'ducktypist-server)
        server
      (user-error "Ducktypist does not serve this buffer; start it with M-x eglot"))))

(defun ducktypist--request (server method params then otherwise)
  "Send SERVER the request METHOD with PARAMS without waiting for the answer.
Its result goes to THEN, words on why there is none to OTHERWISE."
  (jsonrpc-async-request
   server method params
   :success-fn then
   :error-fn (lambda (failure) (funcall otherwise (plist-get failure :message)))
   :timeout ducktypist-patience-s
   :timeout-fn (lambda ()
                 (funcall otherwise (format "no answer to %s within %d s; see M-x eglot-stderr-buffer"
                                            method ducktypist-patience-s)))))

(defun ducktypist--execute (server command arguments &optional then)
  "Have SERVER run COMMAND with the vector ARGUMENTS; its result goes to THEN."
  (eglot--signal-textDocument/didChange)
  (ducktypist--request server :workspace/executeCommand
                       (list :command command :arguments (or arguments []))
                       (or then #'ignore)
                       (lambda (why) (message "Ducktypist: %s" why))))

(provide 'ducktypist-eglot)
;;; ducktypist-eglot.el ends here
