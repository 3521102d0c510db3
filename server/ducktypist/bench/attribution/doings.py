"""What a person, a program or a colleague does to code, one thing each. See ``histories``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
class Doings:
    """Everything that can be done."""

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

    # ------------------------------------------------------------------ accepting

    def accept(self) -> None:
        """Accept a body, a line or a few lines."""
        path = self._some_document()
        if path is None:
            return
        kind = self.random.choices(("body", "line", "block"), (6, 2, 2))[0]
        (self._accept_body if kind == "body" else self._accept_lines)(path, kind)

    def _accept_body(self, path: str, _: str) -> None:
        draw, world = self.random, self.world
        name, key = self.programs.name(), len(self.texts) + 1
        body = self.programs.body(n_lines=draw.choice((1, 2, 3, 5, 8, 12)))
        if self._is(0.25):
            # The same body, in another function, was there before.
            twin = self.programs.head(self.programs.name()) + body
            place = path if self._is(0.6) else draw.choice(FILES)
            self._add_outside(place, f"\n\n{twin}")
        at = self._between_functions(world.text(path).text)
        head = f"\n\n{self.programs.head(name)}    pass\n"
        world.type(path, at, Tagged.of(head), "a head", piece=40)
        start = at + len(head) - len("pass\n")
        text = body.strip()
        world.took(key, path, start, start + 4, text, is_body=True)
        self.texts[key], self.functions[key] = text, name
        self.trials.took(key, name, world.files(), world.now_s)
        self._first_tests(name, path)

    def _accept_lines(self, path: str, kind: str) -> None:
        draw, world = self.random, self.world
        found = self._line_in_function(world.text(path).text)
        if found is None:
            return
        at, indent = found
        key = len(self.texts) + 1
        lines = [self.programs.line() for _ in range(1 if kind == "line" else draw.randint(2, 5))]
        text = f"\n{indent}".join(lines)
        world.type(path, at, Tagged.of(f"{indent}\n"), "a line", piece=8)
        start = at + len(indent)
        world.took(key, path, start, start, text, is_body=False)
        self.texts[key] = text

    def _first_tests(self, name: str, path: str) -> None:
        if self._is(0.8):
            for _ in range(self.random.randint(1, 3)):
                self._test_of(name, path, p_suggested=0.12, p_other=0.02)

    # ------------------------------------------------------------------ typing

    def type_above(self) -> None:
        """Write something above a suggestion, often right above it."""
        if (found := self._some_place()) is None:
            return
        path, start, _ = found
        text = self.world.text(path).text
        if self._is(0.5):
            at = text.rfind("\n", 0, start) + 1
            indent = text[at : at + len(text[at:]) - len(text[at:].lstrip(" "))]
            self._write(path, at, f"{indent}{self.programs.line()}\n", "a line right above")
        else:
            at = self._between_functions(text[:start])
            name = self.programs.name()
            new = self.programs.function(name, n_lines=self.random.randint(1, 5))
            self._write(path, at, f"\n\n{new}", "a function above")

    def type_below(self) -> None:
        """Write something below a suggestion."""
        if (found := self._some_place()) is None:
            return
        path, _, end = found
        text = self.world.text(path).text
        at = text.find("\n", end) + 1 or len(text)
        if self._is(0.4):
            self._write(path, at, f"    {self.programs.line()}\n", "a line right below")
        else:
            name = self.programs.name()
            new = self.programs.function(name, n_lines=self.random.randint(1, 5))
            self._write(path, at, f"\n\n{new}", "a function below")

    def type_inside(self) -> None:
        """Write a line or many inside of a suggestion."""
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        text = self.world.text(path).text
        breaks = [at for at in range(start, end) if text[at] == "\n"]
        if not breaks:
            return
        at = self.random.choice(breaks) + 1
        n_lines = self.random.choice((1, 1, 2, 3, 12))
        new = "".join(f"    {self.programs.line()}\n" for _ in range(n_lines))
        self._write(path, at, new, f"{n_lines} lines inside")

    def comment(self) -> None:
        """Write a comment inside of a suggestion."""
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        text = self.world.text(path).text
        at = text.find("\n", start, end) + 1
        if at:
            self._write(path, at, f"    # about the {self.random.choice(NOUNS)}\n", "a comment")

    def change_tokens(self) -> None:
        """Replace a few words of a suggestion."""
        self._replace_words(n=self.random.randint(1, 4))

    def rename_variable(self) -> None:
        """Replace each occurrence of a word in a suggestion."""
        self._replace_words(n=None)

    def change_signature(self) -> None:
        """Give the function of a suggestion another argument."""
        if (found := self._some_place()) is None:
            return
        path, start, _ = found
        text = self.world.text(path).text
        at = text.rfind("):\n", 0, start)
        if at > 0 and text.rfind("def ", 0, start) < at:
            self._write(path, at, f", {self.random.choice(NOUNS)}_2=None", "an argument")

    def delete_part(self) -> None:
        """Delete some lines or some of a line of a suggestion."""
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        if end - start < MIN_CUT:
            return
        first = self.random.randint(start, end - 4)
        last = min(end, first + self.random.randint(3, max(4, (end - start) * 2 // 3)))
        self.world.edit(path, [(first, last, Tagged())], "delete a part")
        self._person_edited(path)

    def delete_all(self) -> None:
        """Delete a suggestion, all of it or with the function around it."""
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        if self._is(0.4):
            start, end = self._function_around(path, start, end)
        self.world.edit(path, [(start, end, Tagged())], "delete all of it")

    def rewrite(self) -> None:
        """Write something else in the place of a suggestion."""
        if (found := self._some_place()) is None:
            return
        path, start, end = found
        key = max(self.world.text(path).part(start, end).tags, default=0)
        new = self.programs.body(n_lines=self.random.randint(1, 6)).strip()
        changes = [(start, end, Tagged())]
        changes += [
            (start + at, start + at, Tagged.of(new[at : at + 7], key))
            for at in range(0, len(new), 7)
        ]
        self.world.edit(path, changes, "rewrite")
        self._person_edited(path)

    def undo(self) -> None:
        """Take back an edit or two."""
        if (path := self._some_document()) is not None:
            for _ in range(self.random.randint(1, 2)):
                self.world.undo(path)

    def redo(self) -> None:
        """Make an edit that was taken back once more."""
        if (path := self._some_document()) is not None:
            self.world.redo(path)

    # ------------------------------------------------------------------ moving

    def move_in_file(self) -> None:
        """Cut a suggestion, or the function with it, and paste it elsewhere in the file."""
        self._move(lambda path: path)

    def move_to_other_file(self) -> None:
        """Cut a suggestion and paste it into another open file."""

        def target(path: str) -> str | None:
            others = [item for item in self.world.buffers if item != path]
            return self.random.choice(others) if others else None

        self._move(target)

    def copy(self) -> None:
        """Copy a function with a suggestion in it; sometimes the original goes later."""
        if (found := self._some_place()) is None:
            return
        path, start, end = self._around(found)
        part = self.world.text(path).part(start, end).copied()
        at = self._between_functions(self.world.text(path).text)
        if start < at < end:
            return
        self.world.edit(path, [(at, at, part)], "copy")
        if self._is(0.3):
            self.wait(self.random.uniform(1, 60))
            shift = len(part.text) if at <= start else 0
            self.world.edit(path, [(start + shift, end + shift, Tagged())], "delete the original")

    def _move(self, target: Callable[[str], str | None]) -> None:
        if (found := self._some_place()) is None:
            return
        path, start, end = self._around(found)
        goal = target(path)
        if goal is None:
            return
        part = self.world.text(path).part(start, end)
        self.world.edit(path, [(start, end, Tagged())], "cut")
        self.wait(self.random.choice((1.0, 5.0, 40.0)))
        at = self._between_functions(self.world.text(goal).text)
        self.world.edit(goal, [(at, at, part)], "paste")

    # ------------------------------------------------------------------ files

    def save(self) -> None:
        """Save a document, formatted where that is on."""
        if (path := self._some_document()) is not None:
            self.world.save(path, is_formatted=self.formats, in_one=self.in_one)

    def close_and_reopen(self) -> None:
        """Save and close a document, and open it again later."""
        if (path := self._some_document()) is not None:
            self.world.save(path, is_formatted=False, in_one=False)
            self.world.close(path)
            self.wait(self.random.uniform(1, 200))
            self.world.open(path)

    def close_unsaved(self) -> None:
        """Close a document without saving it."""
        if (path := self._some_document()) is not None:
            self.world.close(path)
            self.wait(self.random.uniform(1, 30))
            self.world.open(path)

    def restart(self) -> None:
        """Close the editor and open it again."""
        paths = list(self.world.buffers)
        self.world.stop()
        self.wait(self.random.choice((5.0, 60.0, 400.0)))
        self.world.start(paths)

    def change_outside(self) -> None:
        """Change a file by another program: a formatter, a generator, a colleague's script."""
        self.world.save_all()
        path = self.random.choice(sorted(self.world.disk))
        whole = self.world.disk[path]
        if self._is(0.5):
            self.world.change(path, formatted(whole), "a formatter from outside")
        else:
            at = self._between_functions(whole.text)
            new = f"\n\n{self.programs.function(self.programs.name(), n_lines=3)}"
            changed = whole.replaced(at, at, Tagged.of(new))
            self.world.change(path, changed, "a function from outside")

    def rename(self) -> None:
        """Rename a file."""
        path = self._some_document()
        if path is None:
            return
        new = path.replace(".py", "_.py")
        self.world.rename(path, new, is_told=self._is(0.5))

    def remove(self) -> None:
        """Remove a file."""
        if (path := self._some_document()) is not None and len(self.world.buffers) > 1:
            self.world.remove(path)

    # ------------------------------------------------------------------ the repository

    def commit(self) -> None:
        """Commit everything."""
        self.world.save_all()
        self.before = dict(self.world.head)
        self.world.commit(sorted({*self.world.disk, *self.world.head}), "commit")

    def commit_other(self) -> None:
        """Commit everything but the files with suggestions."""
        self.world.save_all()
        paths = [path for path, item in self.world.disk.items() if not any(item.tags)]
        self.world.commit(paths, "commit other files")

    def amend(self) -> None:
        """Commit everything into the last commit."""
        self.world.save_all()
        self.world.commit(sorted({*self.world.disk, *self.world.head}), "amend")

    def checkout_and_back(self) -> None:
        """Commit, check out an old branch, and come back."""
        if self.world.branch != "main":
            return
        old = dict(self.before)
        self.commit()
        self.world.checkout(OTHER_BRANCH, old)
        self.wait(self.random.choice((5.0, 40.0, 200.0)))
        if self._is(0.3):
            self.run_elsewhere()
        self.world.checkout("main", {})

    def stash_and_pop(self) -> None:
        """Put away what is not committed, and bring it back."""
        self.world.save_all()
        if self.world.stashed is None and self.world.disk != self.world.head:
            self.world.stash()
            self.wait(self.random.choice((5.0, 40.0, 200.0)))
            self.world.unstash()

    def bring_back(self) -> None:
        """Leave nothing put away at the end."""
        if self.world.stashed is not None:
            self.world.unstash()
        if self.world.branch != "main":
            self.world.checkout("main", {})

    def merge(self) -> None:
        """Get what a colleague committed to one file."""
        self.world.save_all()
        if self.world.disk != self.world.head:
            return
        path = self.random.choice(sorted(self.world.disk))
        whole = self.world.disk[path]
        at = self._between_functions(whole.text)
        new = f"\n\n{self.programs.function(self.programs.name(), n_lines=4)}"
        self.world.merge(path, whole.replaced(at, at, Tagged.of(new)))

    def discard(self) -> None:
        """Take a file back to what was committed."""
        if (path := self._some_document()) is not None:
            self.world.save_all()
            self.world.discard(path)

    def revert(self) -> None:
        """Revert the last commit."""
        self.world.save_all()
        if self.world.disk != self.world.head or self.world.n_commits == 0:
            return
        for path, whole in self.before.items():
            if self.world.disk.get(path) not in {None, whole}:
                self.world.change(path, whole, "revert")
        self.world.commit(sorted(self.world.disk), "revert")

    # ------------------------------------------------------------------ tests

    def run_here(self) -> None:
        """Run tests in the editor."""
        self._run(RunSource.SERVER)

    def run_elsewhere(self) -> None:
        """Run tests anywhere else."""
        self.world.save_all()
        self._run(self.random.choice(ELSEWHERE))

    def run_nightly(self) -> None:
        """Run all tests where a team does."""
        self.world.save_all()
        self._run(RunSource.PLUGIN, is_all=True)

    def add_test(self) -> None:
        """Write a new test of a function that was suggested days ago."""
        if self.functions:
            name = self.random.choice(sorted(self.functions.values()))
            self._test_of(name, "", p_suggested=0.2, p_other=0.04)

    def change_other_code(self) -> None:
        """Change a function that tests of suggestions call as well, and break it perhaps."""
        others = {name for test in self.trials.tests for chain in test.chains for name in chain}
        others -= set(self.functions.values())
        if others:
            self._change_function(self.random.choice(sorted(others)), p_broken=0.4)

    def mend(self) -> None:
        """Change a function that a test finds wrong."""
        if self.functions:
            name = self.random.choice(sorted(self.functions.values()))
            self._change_function(name, p_broken=0.1)

    def _change_function(self, name: str, *, p_broken: float) -> None:
        for path, whole in self.world.files().items():
            at = whole.text.find(f"def {name}(")
            if at < 0:
                continue
            place = whole.text.find("    return ", at)
            if place < 0:
                return
            new = Tagged.of(f"    {self.programs.line()}\n")
            if path in self.world.buffers:
                self.world.edit(path, [(place, place, new)], f"change {name}")
                self.world.disk[path] = self.world.buffers[path]
            else:
                self.world.change(path, whole.replaced(place, place, new), f"change {name}")
            self.trials.break_it(name, self.world.files(), p=p_broken)
            return

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

    def _run(self, source: RunSource, *, is_all: bool = False) -> None:
        tests = self.trials.tests
        if not tests:
            return
        some = None
        if not is_all and self._is(0.3):
            some = self.random.sample(tests, self.random.randint(1, len(tests)))
        ran = self.trials.run(self.world.files(), source, at_s=self.world.now_s, only=some)
        if ran is not None:
            self.world.tell(ran, f"run tests ({source.value})")

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
