"""What a person does to code in an editor, one thing each: accept, type, delete, move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ducktypist.bench.attribution.desk import FILES, MIN_CUT, Desk
from ducktypist.bench.attribution.programs import NOUNS
from ducktypist.bench.attribution.tagged import Tagged


@dataclass(slots=True, kw_only=True)
class Handiwork(Desk):
    """Everything that is done by hand."""

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
