"""The exception tree, and nothing else.

A foreign exception never leaves the file that imports the foreign library: it is turned into one
of these there. A message says what happened, what was expected and what to do about it.

    DucktypistError
    ├── ConfigError            a setting is unknown, of the wrong type, or not allowed there
    ├── ModelError             everything about model files
    │   ├── UnknownModelError      no catalogue entry, path or hf: reference of that name
    │   ├── ModelMissingError      known, but its file is not on this machine yet
    │   ├── DownloadError          the hub or the mirror did not deliver
    │   ├── HashMismatchError      the bytes are not the ones the catalogue names
    │   └── GgufError              not a GGUF file, or a header we cannot read
    ├── EngineError            everything about the process that holds the model
    │   ├── EngineUnavailableError nobody answers at the engine's address
    │   ├── EngineLoadingError     it answers, and is still loading the model
    │   ├── EngineRequestError     it refused the request (prompt too long, bad parameter)
    │   └── EngineCrashedError     it went away in the middle of a request
    ├── PromptError            a prompt file is broken or a variable is missing
    ├── SandboxError           a run could not be isolated, started or read (never: a test failed)
    │   └── NoSandboxError         no sandbox level can be had on this machine
    ├── UntrustedError         the folder is not trusted, so nothing of it is executed
    ├── RunnerError            the test runner is missing or reported nothing usable
    ├── LedgerError            the ledger cannot be read or written
    │   ├── LedgerBusyError        another process holds it; the same write may succeed later
    │   └── LedgerCorruptError     the file is damaged or is not a database
    ├── EditorError            the editor refused a request of ours, or did not answer
    └── StaleError             the text changed while we were working on it
"""


class DucktypistError(Exception):
    """Base of everything that Ducktypist raises on purpose."""


class ConfigError(DucktypistError):
    """A setting is unknown, has the wrong type, or may not be set where it was found."""


class ModelError(DucktypistError):
    """Base of the errors about model files."""


class UnknownModelError(ModelError):
    """No catalogue entry, local path or ``hf:`` reference goes by that name."""


class ModelMissingError(ModelError):
    """The model is known, but its file is not on this machine yet."""


class DownloadError(ModelError):
    """Neither the hub nor a mirror delivered the file."""


class HashMismatchError(ModelError):
    """The bytes that arrived are not the ones that the catalogue names."""


class GgufError(ModelError):
    """The file is not GGUF, or its header is malformed or out of bounds."""


class EngineError(DucktypistError):
    """Base of the errors about the process that holds the model."""


class EngineUnavailableError(EngineError):
    """Nobody answers at the engine's address."""


class EngineLoadingError(EngineError):
    """The engine answers, and is still loading its model."""


class EngineRequestError(EngineError):
    """The engine refused this request; the next one may succeed.

    Attributes:
        status: The HTTP status that says why: 400 a bad request, 429 too many waiting,
            500 a failure inside, 501 something that this model or engine cannot do.
    """

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class EngineCrashedError(EngineError):
    """The engine went away in the middle of a request."""


class PromptError(DucktypistError):
    """A prompt file is malformed, or a template asks for a variable that nobody gives."""


class SandboxError(DucktypistError):
    """A run could not be isolated, started or read. Never raised because a test failed."""


class NoSandboxError(SandboxError):
    """No sandbox level can be had on this machine."""


class UntrustedError(DucktypistError):
    """The folder is not trusted, so nothing of it is executed."""


class RunnerError(DucktypistError):
    """The test runner is missing, or what it reported is not usable."""


class LedgerError(DucktypistError):
    """The ledger cannot be read or written."""


class LedgerBusyError(LedgerError):
    """Another process holds the ledger; the same write may succeed later."""


class LedgerCorruptError(LedgerError):
    """The ledger's file is damaged, or is not a database."""


class EditorError(DucktypistError):
    """The editor refused a request of ours, or did not answer it in time."""


class StaleError(DucktypistError):
    """The text changed while we were working on it."""
