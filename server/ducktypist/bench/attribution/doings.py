"""What is done to files and repositories, and when tests are run. See ``histories``."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.bench.attribution.desk import ELSEWHERE, OTHER_BRANCH
from ducktypist.bench.attribution.formatter import formatted
from ducktypist.bench.attribution.handiwork import Handiwork
from ducktypist.bench.attribution.tagged import Tagged
from ducktypist.ledger.later import RunSource


@dataclass(slots=True, kw_only=True)
class Doings(Handiwork):
    """Everything that can be done."""

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
