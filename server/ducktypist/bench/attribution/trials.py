"""Made-up tests of made-up functions, and why each of them passes or fails.

A function behaves as its syntax tree says, so that formatting changes nothing and taking an edit
back brings the old behaviour back. Which test finds which tree wrong is drawn once. Nothing runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from ducktypist.bench.attribution.steps import Ran, Seen, Tree
from ducktypist.ledger.later import RunSource
from ducktypist.syntax.blocks import block_text
from ducktypist.syntax.regions import function_named

MANY = 3
P_FLAKY = 0.5
WITHOUT_LINES = frozenset({RunSource.JUNIT, RunSource.GO_JSON, RunSource.LASTFAILED})
"""They name tests and say nothing of what those executed."""
ENVIRONMENTS = {
    RunSource.SERVER: "laptop",
    RunSource.LASTFAILED: "",
    RunSource.JUNIT: "build",
    RunSource.GO_JSON: "build",
    RunSource.PLUGIN: "team",
}


@dataclass(slots=True, kw_only=True)
class Test:
    """One test."""

    __test__ = False
    name: str
    chains: list[list[str]]
    """The functions that it calls, each with what that one calls in turn."""
    text: str
    is_flaky: bool
    raises: bool
    """Whether a wrong function raises, so that a traceback goes through it."""


@dataclass(slots=True, kw_only=True)
class _Body:
    """A suggestion that is a whole body."""

    function: str
    tree: str
    taken_s: float
    n_passed: dict[str, int] = field(default_factory=dict)
    """Runs, by environment."""
    is_wrong: bool = False
    is_flaky: bool = False
    told: dict[tuple[str, ...], set[bool]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Trials:
    """Every test, and what each thinks of each function."""

    random: Random
    tests: list[Test] = field(default_factory=list)
    _wrong: dict[str, frozenset[str]] = field(default_factory=dict)
    """Tests that fail because of a function, by its tree."""
    _asked: set[tuple[str, str]] = field(default_factory=set)
    _bodies: dict[int, _Body] = field(default_factory=dict)
    n_runs: int = 0

    def took(self, key: int, function: str, files: Tree, at_s: float) -> None:
        """Note a suggestion that is the whole body of a function."""
        tree = _trees(files).get(function, "")
        self._bodies[key] = _Body(function=function, tree=tree, taken_s=at_s)

    def add(self, test: Test, files: Tree, *, p_wrong: Mapping[str, float]) -> None:
        """Add a test; each function is wrong for it with so much probability."""
        self.tests.append(test)
        trees = _trees(files)
        for function in _all_of(test):
            tree = trees.get(function)
            if tree is not None:
                self._asked.add((test.name, tree))
                if self.random.random() < p_wrong.get(function, 0.0):
                    self._wrong[tree] = self._wrong.get(tree, frozenset()) | {test.name}

    def break_it(self, function: str, files: Tree, *, p: float) -> None:
        """Draw anew what the tests think of a function that a person edited."""
        tree = _trees(files).get(function)
        if tree is None:
            return
        for test in self.tests:
            if function in _all_of(test) and (test.name, tree) not in self._asked:
                self._asked.add((test.name, tree))
                if self.random.random() < p:
                    self._wrong[tree] = self._wrong.get(tree, frozenset()) | {test.name}

    def run(
        self, files: Tree, source: RunSource, *, at_s: float, only: Iterable[Test] | None = None
    ) -> Ran | None:
        """Run tests; None where a file does not parse."""
        trees = _trees(files)
        if not trees:
            return None
        self.n_runs += 1
        blocks = _blocks(files, {name for test in self.tests for name in _all_of(test)})
        environment = ENVIRONMENTS[source]
        rows: list[Seen] = []
        passed: set[int] = set()
        for test in self.tests if only is None else only:
            if any(name not in trees for name in _all_of(test)):
                continue
            found = self._try(test, trees, blocks, source)
            rows += found.rows
            passed |= self._note(test, found, trees, source=source, at_s=at_s)
        for key in passed:
            body = self._bodies[key]
            body.n_passed[environment] = body.n_passed.get(environment, 0) + 1
        return Ran(
            run=f"run{self.n_runs}",
            source=source,
            ran_s=at_s,
            environment=environment,
            seen=tuple(rows),
        )

    def truth(self) -> dict[int, str]:
        """Return what each body turned out to be, the reason of every failure known."""
        return {key: _label(body) for key, body in self._bodies.items()}

    # ------------------------------------------------------------------ inside

    def _try(
        self, test: Test, trees: Mapping[str, str], blocks: Mapping[str, str], source: RunSource
    ) -> _Tried:
        culprit, executed, traced = "", list[str](), list[str]()
        for chain in test.chains:
            for at, name in enumerate(chain):
                executed.append(name)
                if not culprit and test.name in self._wrong.get(trees[name], ()):
                    culprit, traced = name, chain[: at + 1]
            if culprit and test.raises:
                executed = executed[: executed.index(culprit) + 1]
                break
        is_lucky = not test.is_flaky or self.random.random() < P_FLAKY
        is_pass = not culprit and is_lucky
        blamed = 0
        for key, body in self._bodies.items():
            if body.function == culprit and body.tree == trees[culprit]:
                blamed = key
        direct = {chain[0] for chain in test.chains}
        by_trace = bool(culprit) and test.raises
        told = executed
        if source in WITHOUT_LINES:
            told = [name for name in executed if name in direct or (by_trace and name in traced)]
        if source is RunSource.LASTFAILED and is_pass:
            told = []
        rows = [
            Seen(
                test=test.name,
                test_text=test.text,
                function=blocks[name],
                passed=is_pass,
                is_direct=name in traced if by_trace else name in direct,
                rest=_rest(blocks, executed, name) if source not in WITHOUT_LINES else "",
                blamed=blamed if name == culprit else 0,
                is_flaky=test.is_flaky,
            )
            for name in dict.fromkeys(told)
        ]
        return _Tried(rows=rows, is_pass=is_pass, blamed=blamed, executed=executed)

    def _note(
        self,
        test: Test,
        found: _Tried,
        trees: Mapping[str, str],
        *,
        source: RunSource,
        at_s: float,
    ) -> set[int]:
        """Keep what is true of the bodies that this test executed; return those it passes on."""
        passed: set[int] = set()
        if source is RunSource.LASTFAILED and found.is_pass:
            return passed
        environment = ENVIRONMENTS[source]
        direct = {chain[0] for chain in test.chains}
        for key, body in self._bodies.items():
            is_here = body.function in found.executed and trees[body.function] == body.tree
            if source in WITHOUT_LINES and body.function not in direct:
                is_here = is_here and found.blamed == key
            if not is_here or at_s < body.taken_s:
                continue
            if found.is_pass:
                passed.add(key)
            elif found.blamed == key:
                body.is_wrong = True
            if test.is_flaky and source not in WITHOUT_LINES:
                same = (test.name, environment, *(trees[name] for name in found.executed))
                told = body.told.setdefault(same, set())
                told.add(found.is_pass)
                if not found.blamed and len(told) > 1:
                    body.is_flaky = True
        return passed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    rows: list[Seen]
    is_pass: bool
    blamed: int
    executed: list[str]


def _label(body: _Body) -> str:
    if body.is_wrong:
        return "wrong"
    if body.is_flaky:
        return "flaky"
    return "right" if max(body.n_passed.values(), default=0) >= MANY else "unverified"


def _all_of(test: Test) -> list[str]:
    return [name for chain in test.chains for name in chain]


def _rest(blocks: Mapping[str, str], executed: Sequence[str], name: str) -> str:
    return "\0".join(sorted({blocks[other] for other in executed} - {blocks[name]}))


def _trees(files: Tree) -> dict[str, str]:
    """Return the syntax tree of each function by name; nothing where a file does not parse."""
    found: dict[str, str] = {}
    for item in files.values():
        try:
            module = ast.parse(item.text)
        except (SyntaxError, ValueError):
            return {}
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, ast.dump(node))
    return found


def _blocks(files: Tree, names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        for item in files.values():
            if f"def {name}(" in item.text:
                region = function_named(item.text, "python", name)
                if region is not None:
                    found.setdefault(name, block_text(item.text, region))
    return found
