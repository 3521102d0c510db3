"""Where somebody works: the made-up world, and places in it at which something can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from ducktypist.bench.attribution.formatter import formatted
from ducktypist.bench.attribution.programs import NOUNS, Programs
from ducktypist.bench.attribution.tagged import Tagged
from ducktypist.bench.attribution.trials import Test, Trials
from ducktypist.bench.attribution.world import World
from ducktypist.ledger.later import RunSource

FILES = ("shop.py", "pkg/stock.py", "pkg/report.py")
ELSEWHERE = (
    *(RunSource.PLUGIN, RunSource.PLUGIN, RunSource.PLUGIN, RunSource.JUNIT),
    *(RunSource.LASTFAILED, RunSource.GO_JSON),
)
OTHER_BRANCH = "other"
MIN_CUT = 8
MANY_CHARS = 200


@dataclass(slots=True, kw_only=True)
class Desk:
    """Everything that is at hand."""

    random: Random
    world: World
    trials: Trials
    programs: Programs
    texts: dict[int, str] = field(default_factory=dict)
    """What each suggestion says."""
    functions: dict[int, str] = field(default_factory=dict)
    """The function that each stands in."""
    formats: bool = True
    in_one: bool = True
    before: dict[str, Tagged] = field(default_factory=dict)
    """The tree before the last commit."""

    def begin(self) -> None:
        """Make a repository and open some of it."""
        draw = self.random
        self.formats, self.in_one = self._is(0.6), self._is(0.5)
        n_functions = draw.choice((4, 6, 9, 14)) if self._is(0.9) else 120
        for path in FILES:
            names = [self.programs.name() for _ in range(n_functions)]
            text = Tagged.of(self.programs.module(names))
            self.world.disk[path] = formatted(text) if self.formats else text
            n_functions = min(n_functions, 9)
        self.world.head = dict(self.world.disk)
        self.world.branches["main"] = dict(self.world.head)
        self.before = dict(self.world.head)
        self.world.open(FILES[0])
        if self._is(0.7):
            self.world.open(FILES[1])

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.now_s += seconds

    # ------------------------------------------------------------------ places

    def _is(self, chance: float) -> bool:
        return self.random.random() < chance

    def _some_document(self) -> str | None:
        opened = sorted(self.world.buffers)
        held = [path for path in opened if any(self.world.buffers[path].tags)]
        if held and self._is(0.8):
            return self.random.choice(held)
        return self.random.choice(opened) if opened else None

    def _some_place(self) -> tuple[str, int, int] | None:
        """Return where some suggestion is in an open document: path, start, end."""
        places = []
        for path, whole in sorted(self.world.buffers.items()):
            for tag in sorted({tag for tag in whole.tags if tag}):
                extent = whole.extent(tag)
                if extent is not None:
                    places.append((path, *extent))
        return self.random.choice(places) if places else None

    def _around(self, found: tuple[str, int, int]) -> tuple[str, int, int]:
        """Return a place, or that of the function around it."""
        path, start, end = found
        if self._is(0.7):
            start, end = self._function_around(path, start, end)
        return path, start, end

    def _function_around(self, path: str, start: int, end: int) -> tuple[int, int]:
        text = self.world.text(path).text
        first = text.rfind("\ndef ", 0, start) + 1
        last = text.find("\ndef ", end)
        return (first, len(text) if last < 0 else last + 1) if first else (start, end)

    def _between_functions(self, text: str) -> int:
        """Return a place before some function, or the end."""
        places = [len(text)]
        at = text.find("\ndef ")
        while at >= 0:
            places.append(at + 1)
            at = text.find("\ndef ", at + 1)
        return self.random.choice(places)

    def _line_in_function(self, text: str) -> tuple[int, str] | None:
        """Return where a line of some body begins, and its indentation."""
        places: list[int] = []
        at = 0
        for line in text.splitlines(keepends=True):
            if line.startswith("    ") and not line.startswith(('    """', "     ")):
                places.append(at)
            at += len(line)
        return (self.random.choice(places), "    ") if places else None

    def _function_names(self, path: str) -> list[str]:
        mine = set(self.functions.values())
        texts: Sequence[str] = [item.text for item in self.world.files().values()]
        if path and path in self.world.files():
            texts = [self.world.text(path).text]
        found = [
            line[4 : line.index("(")]
            for text in texts
            for line in text.splitlines()
            if line.startswith("def ") and "(" in line
        ]
        return [name for name in dict.fromkeys(found) if name not in mine]

    def _write(self, path: str, at: int, text: str, note: str) -> None:
        piece = self.random.choice((1, 3, 8, 1000)) if len(text) < MANY_CHARS else 40
        self.world.type(path, at, Tagged.of(text), note, piece=piece)
        self._person_edited(path)

    def _replace_words(self, *, n: int | None) -> None:
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        part = self.world.text(path).text[start:end]
        words = [word for word in NOUNS if word in part]
        if not words:
            return
        old = self.random.choice(words)
        new = Tagged.of(f"{old}_{self.random.randint(2, 9)}")
        places = [start + at for at in range(len(part)) if part.startswith(old, at)]
        places = places if n is None else places[:n]
        changes = [(at, at + len(old), new) for at in reversed(places)]
        self.world.edit(path, changes, f"replace {len(changes)} words")
        self._person_edited(path)

    def _add_outside(self, path: str, text: str) -> None:
        whole = self.world.text(path)
        at = self._between_functions(whole.text)
        if path in self.world.buffers:
            self.world.type(path, at, Tagged.of(text), "the same elsewhere", piece=1000)
        elif path in self.world.disk:
            self.world.change(path, whole.replaced(at, at, Tagged.of(text)), "the same elsewhere")

    def _person_edited(self, path: str) -> None:
        """Draw whether what somebody edited is right now."""
        for name in set(self.functions.values()):
            if f"def {name}(" in self.world.text(path).text:
                self.trials.break_it(name, self.world.files(), p=0.1)

    def _test_of(self, name: str, path: str, *, p_suggested: float, p_other: float) -> None:
        draw = self.random
        names = self._function_names(path)
        chains = [[name]]
        if self._is(0.5) and names:
            chains[0].append(draw.choice(names))
        if self._is(0.2) and names:
            chains.insert(draw.randint(0, 1), [draw.choice(names)])
        if self._is(0.15) and names:
            # It gets there through another function.
            chains = [[draw.choice(names), name]]
        chains = [list(dict.fromkeys(chain)) for chain in chains]
        called = set[str]()
        for chain in chains:
            chain[:] = [item for item in chain if item not in called]
            called.update(chain)
        test = Test(
            name=f"test_{len(self.trials.tests) + 1}",
            chains=[chain for chain in chains if chain],
            text=f"def test_{len(self.trials.tests) + 1}(): ...",
            is_flaky=self._is(0.05),
            raises=self._is(0.5),
        )
        chances = dict.fromkeys(names, p_other)
        chances |= dict.fromkeys(self.functions.values(), p_suggested)
        self.trials.add(test, self.world.files(), p_wrong=chances)
