"""Red tests as diagnostics: at the failing assertion, moved along with edits, gone when green.

Lines are true of the text that a test was run on. From there they are followed, edit by edit, to
the text that the editor shows; what cannot be followed is not shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lsprotocol import types

from ducktypist.domain import FailingTest, Frame, Span
from ducktypist.lsp.convert import Mapper, path_to_uri, uri_to_path
from ducktypist.lsp.line_moves import LineMove, Place, line_move, whole_move
from ducktypist.verify.race_reports import WARNING as RACE

SOURCE = "ducktypist"
MAX_MESSAGE_LINES = 12
MAX_RELATED = 10
FAR = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Red:
    test: FailingTest
    place: Place
    """Where the failure is in the editor's text now; the test's beginning when it is gone."""
    first: Place
    """Where the test begins now."""
    frames: tuple[Place | None, ...]
    """Where the test's frames are now; None where the line is gone."""

    @classmethod
    def of(cls, test: FailingTest) -> _Red:
        return cls(
            test=test,
            place=Place(max(0, test.line - 1)),
            first=Place(max(0, test.first_line - 1)),
            frames=tuple(Place(max(0, frame.line - 1)) for frame in test.frames),
        )

    @property
    def lines(self) -> list[int | None]:
        places = (self.place, self.first, *self.frames)
        return [place.line if place is not None else None for place in places]

    def after(self, path: Path, move: LineMove, real: Callable[[Path], Path]) -> _Red:
        if not move.shift and not any(
            move.concerns(line) for line in self.lines if line is not None
        ):
            return self
        first, place = self.first, self.place
        if real(self.test.path) == path:
            first = move.of_place(first) or Place(move.at)
            place = move.of_place(place) or first
        return replace(
            self,
            place=place,
            first=first,
            frames=tuple(
                at if at is None or real(frame.path) != path else move.of_place(at)
                for frame, at in zip(self.test.frames, self.frames, strict=True)
            ),
        )

    def now(self) -> FailingTest:
        return replace(
            self.test,
            line=self.place.line + 1,
            first_line=self.first.line + 1,
            frames=tuple(frame for frame in self.frames_now() if frame is not None),
        )

    def frames_now(self) -> list[Frame | None]:
        return [
            replace(frame, line=at.line + 1) if at is not None else None
            for frame, at in zip(self.test.frames, self.frames, strict=True)
        ]


@dataclass(slots=True, eq=False)
class Followed:
    """What was edited since a run began."""

    was_open: frozenset[Path]
    """The files that were open when it began; what came of them is in ``moves``."""
    moves: list[tuple[Path, LineMove]] = field(default_factory=list)


class RedTests:
    """Which tests are red, and on which line their failure stands now."""

    def __init__(self, *, on_moved: Callable[[], None] = lambda: None) -> None:
        """Start with none.

        Args:
            on_moved: Called when an edit moved what was published.
        """
        self._by_id: dict[tuple[Path, str], _Red] = {}
        self._sent: dict[str, list[types.Diagnostic]] = {}
        self._on_moved = on_moved
        self._open: dict[Path, tuple[str, Mapper]] = {}
        self._texts: dict[Path, str] = {}
        """What lines of files that are not open refer to."""
        self._files: frozenset[Path] = frozenset()
        self._followed: set[Followed] = set()
        self._real_paths: dict[Path, Path] = {}

    # ------------------------------------------------------------------ what is red

    def update(
        self,
        failing: Iterable[FailingTest],
        *,
        root: Path,
        settled: Callable[[str], bool],
        texts: Mapping[Path, str] | None = None,
        since: Followed | None = None,
    ) -> None:
        """Take the outcome of a run.

        Args:
            failing: What is red after it; lines are of the text that was run.
            root: The workspace folder that it was made in.
            settled: Tells of a node id whether the run says something of it: what was red and is
                not among ``failing`` is green.
            texts: What was run, for files that ``failing`` names lines of.
            since: What was edited since it began.
        """
        for key in [key for key in self._by_id if key[0] == root and settled(key[1])]:
            del self._by_id[key]
        told = {self._real(path): text for path, text in (texts or {}).items()}
        moves: dict[Path, list[LineMove]] = {}
        for test in failing:
            red = _Red.of(test)
            for path in {self._real(item) for item in (test.path, *_paths(test.frames))}:
                if path not in moves:
                    moves[path] = self._moves_since(path, told.get(path), since)
                for move in moves[path]:
                    red = red.after(path, move, self._real)
            self._by_id[root, test.node_id] = red
        self._note_files(told)

    def keep(self, roots: Iterable[Path]) -> None:
        """Forget what was red in folders that are none of these."""
        kept = set(roots)
        for key in [key for key in self._by_id if key[0] not in kept]:
            del self._by_id[key]
        self._note_files({})

    def known_ids(self, root: Path) -> frozenset[str]:
        """Return the node ids that are red in a folder."""
        return frozenset(node_id for held_by, node_id in self._by_id if held_by == root)

    def get(self, root: Path, node_id: str) -> FailingTest | None:
        """Return a red test by its id, its lines as they are now."""
        red = self._by_id.get((root, node_id))
        return red.now() if red else None

    def ids(self) -> frozenset[tuple[Path, str]]:
        """Return what is red: folders and node ids."""
        return frozenset(self._by_id)

    def at(self, path: Path, line: int, test_names: Sequence[str]) -> list[FailingTest]:
        """Return the red tests to which a place belongs.

        Args:
            path: The file.
            line: 0-based.
            test_names: Suffixes of the tests whose text the place lies in, ``TestX::test_y``.
        """
        real = self._real(path)
        return [
            red.now()
            for red in self._by_id.values()
            if self._real(red.test.path) == real
            and (red.place.line == line or name_of(red.test.node_id) in test_names)
        ]

    def through(self, path: Path, first_line: int, last_line: int) -> list[FailingTest]:
        """Return the red tests whose traceback passes through lines (1-based) of a file."""
        real = self._real(path)
        return [
            red.now()
            for red in self._by_id.values()
            if any(
                self._real(frame.path) == real and first_line <= frame.line <= last_line
                for frame in red.frames_now()
                if frame is not None
            )
        ]

    # ------------------------------------------------------------------ what the editor does

    @contextlib.contextmanager
    def following(self) -> Iterator[Followed]:
        """Note what is edited from now on, for a run that begins now."""
        followed = Followed(was_open=frozenset(self._open))
        self._followed.add(followed)
        try:
            yield followed
        finally:
            self._followed.discard(followed)

    def opened(self, uri: str, mapper: Mapper) -> None:
        """Take the text of a document that was opened, which may not be the file's."""
        path = self._path(uri)
        if path is None:
            return
        known = self._texts.pop(path, None)
        self._open[path] = uri, mapper
        if known is not None and known != mapper.text:
            self._moved(path, whole_move(Mapper(known), mapper))
        if self._sent.get(uri):
            # Some editors forget with the document what was published for it (Neovim, eglot).
            self._sent[uri] = []
            self._on_moved()

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Follow one change of a document, before anything else is done with its new text."""
        path = self._path(uri)
        if path is None:
            return
        if path in self._open:
            self._open[path] = uri, after
        if path in self._files or self._followed:
            self._moved(path, line_move(before, span, after))

    def closed(self, uri: str) -> Mapper | None:
        """Let go of a document; return the text that lines refer to, if any do."""
        path = self._path(uri)
        held = self._open.pop(path, None) if path is not None else None
        if path is None or held is None or (path not in self._files and not self._followed):
            return None
        self._texts[path] = held[1].text
        return held[1]

    def reverted(self, uri: str, before: Mapper, text: str) -> None:
        """Take the file's own text after a document was closed without being saved."""
        path = self._path(uri)
        if path is not None and path not in self._open and self._texts.get(path) == before.text:
            self._texts[path] = text
            self._moved(path, whole_move(before, Mapper(text)))

    # ------------------------------------------------------------------ what it is shown

    def changed_diagnostics(
        self, besides: Mapping[str, Sequence[types.Diagnostic]] | None = None
    ) -> dict[str, list[types.Diagnostic]]:
        """Return what is to be published by URI, empty lists where something must be cleared.

        Args:
            besides: What else is shown; an editor replaces all that a document had.
        """
        by_uri = {uri: list(found) for uri, found in (besides or {}).items()}
        for red in self._by_id.values():
            by_uri.setdefault(self.uri_of(red.test.path), []).append(self._diagnostic(red))
        changed = {uri: found for uri, found in by_uri.items() if self._sent.get(uri) != found}
        changed.update({uri: [] for uri in self._sent if uri not in by_uri})
        self._sent = by_uri
        return changed

    def uri_of(self, path: Path) -> str:
        """Return the URI by which the editor knows a file, if it has it open."""
        held = self._open.get(self._real(path))
        return held[0] if held is not None else path_to_uri(path)

    def _diagnostic(self, red: _Red) -> types.Diagnostic:
        test = red.test
        name = test.node_id.partition("::")[2] or test.node_id
        return types.Diagnostic(
            range=_line_range(red.place.line),
            severity=types.DiagnosticSeverity.Error,
            source=SOURCE,
            code=test.node_id,
            message=f"{name} fails:\n" + "\n".join(_said(test.message)),
            related_information=self._related(red) or None,
        )

    def _related(self, red: _Red) -> list[types.DiagnosticRelatedInformation]:
        own = self._real(red.test.path)
        found: dict[tuple[Path, int, str], types.DiagnosticRelatedInformation] = {}
        for number, frame in enumerate(red.frames_now(), start=1):
            if frame is None or self._real(frame.path) == own:
                continue
            what = "raised here" if number == len(red.frames) else "called here"
            if RACE in red.test.message:
                what = "part of the data race"
            found[frame.path, frame.line, frame.function] = types.DiagnosticRelatedInformation(
                location=types.Location(
                    uri=self.uri_of(frame.path), range=_line_range(frame.line - 1)
                ),
                message=f"{what}, in {frame.function}",
            )
        return list(found.values())[-MAX_RELATED:]

    # ------------------------------------------------------------------ inside

    def _moved(self, path: Path, move: LineMove) -> None:
        for followed in self._followed:
            followed.moves.append((path, move))
        if path not in self._files:
            return
        is_elsewhere = False
        for key, red in self._by_id.items():
            moved = self._by_id[key] = red.after(path, move, self._real)
            is_elsewhere = is_elsewhere or moved.lines != red.lines
        if is_elsewhere:
            self._on_moved()

    def _moves_since(self, path: Path, told: str | None, since: Followed | None) -> list[LineMove]:
        """Return what happened to a file between the text that was run and the editor's."""
        if since is not None and path in since.was_open:
            return [move for moved, move in since.moves if moved == path]
        held = self._open.get(path)
        if held is None or told is None or held[1].text == told:
            return []
        return [whole_move(Mapper(told), held[1])]

    def _note_files(self, told: Mapping[Path, str]) -> None:
        self._files = frozenset(
            self._real(path)
            for red in self._by_id.values()
            for path in (red.test.path, *_paths(red.test.frames))
        )
        texts = {**self._texts, **told}
        self._texts = {
            path: text
            for path, text in texts.items()
            if path in self._files and path not in self._open
        }

    def _path(self, uri: str) -> Path | None:
        path = uri_to_path(uri)
        return None if path is None else self._real(path)

    def _real(self, path: Path) -> Path:
        real = self._real_paths.get(path)
        if real is None:
            # Kept: asked for at each keystroke, and the answer is the file system's.
            real = self._real_paths[path] = path.resolve()
        return real


def name_of(node_id: str) -> str:
    """Return the name of a test function: without its file, parameters and subtests."""
    file, _, name = node_id.partition("::")
    name = name.split("[", 1)[0]
    return name.split("/", 1)[0] if file.endswith(".go") else name


def _said(message: str) -> list[str]:
    lines = [line for line in message.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if RACE in line:
            return lines[number : number + MAX_MESSAGE_LINES]
    return lines[-MAX_MESSAGE_LINES:]


def _paths(frames: Iterable[Frame]) -> list[Path]:
    return [frame.path for frame in frames]


def _line_range(line: int) -> types.Range:
    line = max(0, line)
    return types.Range(
        start=types.Position(line=line, character=0),
        end=types.Position(line=line, character=FAR),
    )
