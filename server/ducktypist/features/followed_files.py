"""The files in which accepted suggestions stand, or may stand: their texts, and their functions.

Reads files and parses them; which of them matters is decided in ``following``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ducktypist.features.context.readable import index_of
from ducktypist.syntax.blocks import block_text
from ducktypist.syntax.regions import function_at

MAX_FILE_BYTES = 4 * 1024**2
MAX_OTHERS = 60
"""So many changed files are searched for what is no longer where it was."""
MAX_OTHERS_CHARS = 4_000_000
CLOCK_SLACK_S = 2.0
"""File systems and clocks differ by so much."""

_LANGUAGES = {
    **dict.fromkeys((".py", ".pyi"), "python"),
    **dict.fromkeys((".sh", ".bash"), "shellscript"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), "javascript"),
    **dict.fromkeys((".ts", ".mts", ".cts"), "typescript"),
    **dict.fromkeys((".c", ".h"), "c"),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"), "cpp"),
    ".tsx": "tsx",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
}


def language_of(path: str) -> str | None:
    """Return the LSP language id of a file by its name; None where it has no grammar."""
    return _LANGUAGES.get(PurePosixPath(path).suffix.lower())


def block_at(path: str, text: str, offset: int) -> str:
    """Return the block (``syntax.blocks``) of the function around an offset; empty outside of one.

    The trees of the last few texts are remembered.
    """
    language = language_of(path)
    function = function_at(text, language, offset) if language is not None else None
    return block_text(text, function) if function is not None else ""


def text_on_disk(path: Path) -> str | None:
    """Return a file's text with its line ends; None where there is none that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return None
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except (OSError, ValueError):
        return None


class Others(Mapping[str, str]):
    """The files that changed since one was last looked at: read when somebody asks, if ever."""

    def __init__(self, root: Path, path: str, *, opened: Mapping[str, str], since_s: float) -> None:
        self._root, self._path = root, path
        self._opened, self._since_s = opened, since_s
        self._found: dict[str, str] | None = None

    def __getitem__(self, path: str) -> str:
        if path in self._opened and path != self._path:
            return self._opened[path]
        return self._all()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, str]:
        if self._found is None:
            suffix = PurePosixPath(self._path).suffix
            self._found = {
                path: text
                for path, text in self._opened.items()
                if path != self._path and PurePosixPath(path).suffix == suffix
            }
            n_chars = 0
            for path in self._changed(suffix.lower()):
                text = index_of(self._root).text_of(path)
                n_chars += len(text or "")
                if n_chars > MAX_OTHERS_CHARS:
                    break
                if text is not None:
                    self._found[path] = text
        return self._found

    def _changed(self, suffix: str) -> list[str]:
        """Return the files on disk that appeared, changed or were renamed, the newest first."""
        index = index_of(self._root)
        index.refresh()
        changed: list[tuple[float, str]] = []
        for path in index.files(frozenset({suffix})):
            if path == self._path or path in self._opened:
                continue
            try:
                # Not the time of writing, which a renamed file keeps.
                changed_s = (self._root / path).stat().st_ctime
            except OSError:
                continue
            if changed_s >= self._since_s - CLOCK_SLACK_S:
                changed.append((changed_s, path))
        return [path for _, path in sorted(changed, reverse=True)[:MAX_OTHERS]]


def written_s(path: Path) -> float | None:
    """Return when a file was last written (seconds since the epoch, UTC); None when it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None
