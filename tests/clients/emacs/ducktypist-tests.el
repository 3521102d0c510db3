;;; ducktypist-tests.el --- Emacs and the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Each test is run in an Emacs of its own by tests/clients/test_emacs.py, which
;; names the workspace and the server's command in the environment.  Nothing
;; here stands in for the server or for eglot.

;;; Code:

(require 'package)
;; Debian's packages, which -Q leaves out.
(add-to-list 'package-directory-list "/usr/share/emacs/site-lisp/elpa")
(package-initialize)
(require 'ert)
(require 'flymake)
(require 'ducktypist)

(defvar duck-root (file-name-as-directory (getenv "DUCK_ROOT")))
(defvar duck-said nil "What was said in the echo area, the newest first.")

(setq ducktypist-command (split-string (getenv "DUCK_COMMAND") "\n")
      eglot-confirm-server-initiated-edits nil
      eglot-connect-timeout 60
      eglot-send-changes-idle-time 0.05
      make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      python-indent-guess-indent-offset nil)
(advice-add 'message :before
            (lambda (format &rest words)
              (when format (push (apply #'format format words) duck-said))))
(ducktypist-setup)

;; A buffer that is edited while another is current.
(defvar duck-sums nil)

(defun duck-until (what found)
  "Return what FOUND returns as soon as it is something; fail by WHAT if it never is."
  (let ((end (+ (float-time) 90)) value)
    (while (not (setq value (funcall found)))
      (when (> (float-time) end)
        (error "Waited in vain for %s; said: %S" what duck-said))
      (accept-process-output nil 0.05))
    value))

(defun duck-heard (words)
  "Wait until something with WORDS is said."
  (duck-until words (lambda () (cl-find-if (lambda (one) (string-match-p words one)) duck-said))))

(defun duck-open (file)
  "Visit FILE of the workspace, with the server."
  (find-file (expand-file-name file duck-root))
  (unless (eglot-managed-p)
    (apply #'eglot--connect (eglot--guess-contact)))
  (duck-until "the server" (lambda () (and (eglot-managed-p) (eglot-current-server)))))

(defun duck-at (text)
  "Go behind the first TEXT."
  (goto-char (point-min))
  (search-forward text))

(defun duck-hover (words)
  "Return what eldoc shows at point once it holds WORDS.
Eglot gives a hover up after ten seconds, and a person then looks again."
  (let (shown asked)
    (duck-until
     (format "a hover with %s" words)
     (lambda ()
       (cond ((and shown (string-match-p words shown)) (substring-no-properties shown))
             ((or shown (null asked) (> (- (float-time) asked) 12))
              (setq shown nil
                    asked (float-time))
              (eglot-hover-eldoc-function (lambda (text &rest _) (setq shown text)))
              nil))))))

(defun duck-ask (method params)
  "Return the server's answer to METHOD with PARAMS, however long it takes."
  (jsonrpc-request (eglot-current-server) method params :timeout 90))

(defun duck-page (name words)
  "Return the text of the buffer NAME once it holds WORDS."
  (duck-until (format "%s in %s" words name)
              (lambda ()
                (and (get-buffer name)
                     (with-current-buffer name
                       (and (string-match-p words (buffer-string))
                            (buffer-substring-no-properties (point-min) (point-max))))))))

(defmacro duck-deftest (name settings said &rest body)
  "Define NAME, a test of what is SAID: BODY with the server and SETTINGS."
  (declare (indent 3) (doc-string 3))
  `(ert-deftest ,name ()
     ,said
     (setq ducktypist-settings
           (append ,settings '(:explain (:hover_wait_ms 5000 :prefetch :json-false))))
     (unwind-protect (progn ,@body)
       (dolist (buffer (buffer-list))
         (with-current-buffer buffer (set-buffer-modified-p nil)))
       (maphash (lambda (_ servers)
                  (dolist (server servers) (eglot-shutdown server nil 30)))
                eglot--servers-by-project))))

(defvar duck-trusted '(:trusted t))

(duck-deftest duck-hover-explains duck-trusted
    "Eldoc shows the prose and the facts of what stands at point."
  (should (cl-typep (duck-open "shop/sums.py") 'ducktypist-server))
  (duck-at "def add_up")
  (let ((shown (duck-hover "adds two numbers")))
    (should (string-match-p "returns first - second" shown))
    (should (string-match-p "scripted" shown))))

(duck-deftest duck-shell-is-served duck-trusted
    "A shell script is sent as one, and its options are explained."
  (duck-open "prune.sh")
  (duck-at "find /tmp -mtime")
  (should (duck-hover "-mtime")))

(duck-deftest duck-counts-beyond-ascii duck-trusted
    "Places behind characters of two code units are the right ones, also in what is inserted."
  (duck-open "shop/ducks.py")
  (duck-at "PAGE = add_")
  (let ((range (plist-get (duck-ask :textDocument/hover (eglot--TextDocumentPositionParams))
                          :range)))
    (should (equal (eglot--range-region range)
                   (cons (- (point) (length "PAGE = add_"))
                         (+ (point) (length "up(2, 3)"))))))
  (duck-at "def shout")
  (ducktypist-write-body)
  (duck-until "the body" (lambda () (save-excursion
                                      (goto-char (point-min))
                                      (search-forward "    return text.upper()" nil t))))
  (save-buffer)
  (should (string-match-p
           (regexp-quote "\"\"\"Größe 🦆: return the text in capitals.\"\"\"\n    return text.upper()\n")
           (buffer-string))))

(duck-deftest duck-completion-writes-the-body duck-trusted
    "Completion at the end of a documented empty function inserts its body and reports it taken."
  (progn
    (duck-open "shop/words.py")
    (goto-char (point-max))
    (insert "    ")
    (duck-until "an entry"
                (lambda () (let ((found (ducktypist-completion-at-point)))
                             (all-completions "" (nth 2 found)))))
    (completion-at-point)
    (should (string-suffix-p "    '''\n    return text.upper()\n"
                             (concat (replace-regexp-in-string "\"\"\"" "'''" (buffer-string)) "\n")))
    (duck-until "the acceptance"
                (lambda ()
                  (let ((table (duck-ask :workspace/executeCommand
                                         '(:command "ducktypist.stats" :arguments []))))
                    (cl-some (lambda (cell) (and (equal (plist-get cell :kind) "infill")
                                                 (= 1 (plist-get cell :n_accepted))))
                             (plist-get table :cells)))))))

(duck-deftest duck-red-test-is-fixed duck-trusted
    "Tests are run, the red one is a diagnostic, its fix is applied and saved, and all are green."
  (duck-open "shop/sums.py")
  (setq duck-sums (current-buffer))
  (duck-open "tests/test_sums.py")
  (ducktypist-run-tests)
  (duck-heard "1 passed, 1 red: tests/test_sums.py::test_adds")
  (flymake-start)
  (let ((red (duck-until "a diagnostic" #'flymake-diagnostics)))
    (should (= 1 (length red)))
    (should (string-match-p "assert" (flymake-diagnostic-text (car red))))
    (should (= (line-number-at-pos (flymake-diagnostic-beg (car red))) 5)))
  (duck-at "assert add_up")
  (ducktypist-fix-test)
  (with-current-buffer duck-sums
    (duck-until "the patch" (lambda () (string-match-p "first \\+ second" (buffer-string))))
    (duck-heard "Ducktypist: plausible: 3 of 3 runs")
    (save-buffer))
  (setq duck-said nil)
  (ducktypist-run-tests)
  (duck-heard "2 passed, 0 red")
  (with-current-buffer (find-buffer-visiting (expand-file-name "tests/test_sums.py" duck-root))
    (duck-until "no diagnostic" (lambda () (null (flymake-diagnostics))))))

(duck-deftest duck-eglot-carries-actions-out duck-trusted
    "Eglot's own menu of code actions works, and Emacs goes on while the edit is worked out."
  (let ((server (duck-open "shop/words.py")))
    (duck-at "def shout")
    (eglot-code-actions (point) (point) "refactor.rewrite" t)
    (duck-until "the body" (lambda () (string-match-p "return text.upper()" (buffer-string))))
    (should-not (eglot-execute-command server 'ducktypist.status []))))

(duck-deftest duck-settings-are-sent-anew duck-trusted
    "Settings that the person changes reach the running server."
  (let ((server (duck-open "shop/sums.py")))
    (setq ducktypist-settings '(:trusted t :explain (:enabled :json-false)))
    (eglot-signal-didChangeConfiguration server)
    (duck-at "def add_up")
    (duck-until "no hover"
                (lambda ()
                  (null (duck-ask :textDocument/hover (eglot--TextDocumentPositionParams)))))))

(duck-deftest duck-explains-in-a-buffer duck-trusted
    "An explanation is shown passage by passage in a buffer that cannot be edited."
  (duck-open "shop/sums.py")
  (duck-at "def add_up")
  (ducktypist-explain)
  (let ((shown (duck-page "*Ducktypist explanation*" "claims checked")))
    (should (string-match-p "adds two numbers" shown))
    (should (= 1 (cl-count-if (lambda (line) (string-match-p "claims checked" line))
                              (split-string shown "\n")))))
  (with-current-buffer "*Ducktypist explanation*"
    (should buffer-read-only)))

(duck-deftest duck-shows-how-things-stand duck-trusted
    "Stats and status are shown, and the mode line says what the model does."
  (duck-open "shop/sums.py")
  (duck-at "def add_up")
  (duck-hover "adds two numbers")
  (ducktypist-stats)
  (should (string-match-p "| scripted | explain | python | 1 |"
                          (duck-page "*Ducktypist stats*" "scripted")))
  (ducktypist-status)
  (should (string-match-p "- workspaces trusted: yes"
                          (duck-page "*Ducktypist status*" "engine state: ready")))
  (should (equal "Ducktypist: idle"
                 (duck-until "a state" (lambda ()
                                         (car (member "Ducktypist: idle"
                                                      (list (ducktypist-mode-line)))))))))

(duck-deftest duck-folder-cannot-trust-itself nil
    "A folder's local variables set nothing; M-x ducktypist-trust does, at once."
  (duck-open "tests/test_sums.py")
  ;; Emacs has taken what the folder says, without asking.
  (should (equal eglot-workspace-configuration '(:ducktypist (:trusted t))))
  (ducktypist-run-tests)
  (duck-heard "is not trusted, so its tests are not run")
  (cl-letf (((symbol-function 'yes-or-no-p) (lambda (_) nil)))
    (ducktypist-trust duck-root))
  (duck-heard "nothing of .* will be run")
  (cl-letf (((symbol-function 'yes-or-no-p) (lambda (_) t)))
    (ducktypist-trust duck-root))
  (duck-heard "is trusted: its tests run in the sandbox")
  (ducktypist-run-tests)
  (duck-heard "1 passed, 1 red"))

(duck-deftest duck-says-what-is-missing duck-trusted
    "A command that has nothing to do says what to do instead."
  (duck-open "shop/sums.py")
  (duck-at "def add_up")
  (should (string-match-p "run the tests first"
                          (cadr (should-error (ducktypist-fix-test) :type 'user-error))))
  (should (string-match-p "put point into one"
                          (cadr (should-error (ducktypist-write-body) :type 'user-error))))
  (with-temp-buffer
    (should (string-match-p "M-x eglot"
                            (cadr (should-error (ducktypist-status) :type 'user-error))))))

;;; ducktypist-tests.el ends here
