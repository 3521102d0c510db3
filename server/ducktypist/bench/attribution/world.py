"""An editor, a disk and a repository, all made up; each change is told as an observer sees it.

What a person or a program does is a method here; which of it happens is drawn in ``histories``.
Knows nothing of what follows suggestions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ducktypist.bench.attribution import steps as it
from ducktypist.bench.attribution.formatter import formatted
from ducktypist.bench.attribution.tagged import Tagged, joined
from ducktypist.domain import Span


@dataclass(frozen=True, slots=True)
class Change:
    """One edit, as it is needed for taking it back."""

    at: int
    old: Tagged
    new: Tagged


@dataclass(slots=True, kw_only=True)
class World:
    """Everything there is, and what was observed of it."""

    now_s: float = 0.0
    disk: dict[str, Tagged] = field(default_factory=dict)
    buffers: dict[str, Tagged] = field(default_factory=dict)
    """What the editor has, by the paths of the open documents."""
    head: dict[str, Tagged] = field(default_factory=dict)
    branches: dict[str, dict[str, Tagged]] = field(default_factory=dict)
    branch: str = "main"
    stashed: dict[str, Tagged] | None = None
    is_up: bool = True
    """Whether the editor runs."""
    steps: list[it.Step] = field(default_factory=list)
    done: dict[str, list[list[Change]]] = field(default_factory=dict)
    """What can be undone, by path."""
    undone: dict[str, list[list[Change]]] = field(default_factory=dict)
    n_commits: int = 0

    # ------------------------------------------------------------------ looking

    def text(self, path: str) -> Tagged:
        """Return what a file says to somebody who looks at it in the editor."""
        return self.buffers.get(path, self.disk.get(path, Tagged()))

    def files(self) -> dict[str, Tagged]:
        """Return all files as they are seen in the editor."""
        return {**self.disk, **self.buffers}

    def tell(self, what: it.Observation, note: str) -> None:
        """Observe something."""
        self.steps.append(it.Step(at_s=self.now_s, what=what, files=self.files(), note=note))

    # ------------------------------------------------------------------ in the editor

    def open(self, path: str) -> None:
        """Open a document."""
        if path not in self.buffers and path in self.disk:
            self.buffers[path] = self.disk[path]
            self.tell(it.Opened(path=path), "open")

    def edit(self, path: str, changes: Sequence[tuple[int, int, Tagged]], note: str) -> None:
        """Edit a document, in so many steps; they are undone together."""
        group = []
        for start, end, new in changes:
            before = self.buffers[path]
            group.append(Change(start, before.part(start, end), new))
            self._edit(path, start, end, new, note)
        self.done.setdefault(path, []).append(group)
        self.undone.pop(path, None)

    def type(self, path: str, at: int, new: Tagged, note: str, *, piece: int) -> None:
        """Type something, ``piece`` characters at a time."""
        starts = range(0, len(new.text), piece)
        self.edit(path, [(at + n, at + n, new.part(n, n + piece)) for n in starts], f"type: {note}")

    def undo(self, path: str) -> None:
        """Take the last edit of a document back."""
        if not self.done.get(path):
            return
        group = self.done[path].pop()
        for change in reversed(group):
            self._edit(path, change.at, change.at + len(change.new.text), change.old, "undo")
        self.undone.setdefault(path, []).append(group)

    def redo(self, path: str) -> None:
        """Make the last edit that was taken back once more."""
        if not self.undone.get(path):
            return
        group = self.undone[path].pop()
        for change in group:
            self._edit(path, change.at, change.at + len(change.old.text), change.new, "redo")
        self.done.setdefault(path, []).append(group)

    def took(self, key: int, path: str, start: int, end: int, text: str, *, is_body: bool) -> None:
        """Accept a suggestion in the place of ``[start, end)``."""
        self.edit(path, [(start, end, Tagged.of(text, key))], f"accept {key}")
        span = Span(start=start, end=start + len(text))
        what = it.Took(key=key, path=path, span=span, text=text, is_body=is_body)
        self.tell(what, f"accept {key}{' (body)' if is_body else ''}")

    def save(self, path: str, *, is_formatted: bool, in_one: bool) -> None:
        """Save a document, formatted where that is on; as one edit or line by line."""
        if is_formatted:
            before = self.buffers[path]
            after = formatted(before)
            if after.text != before.text:
                self.edit(path, _edits(before, after, in_one=in_one), "format on save")
        self._save(path)

    def save_all(self) -> None:
        """Save every document."""
        for path in self.buffers:
            self._save(path)

    def close(self, path: str) -> None:
        """Close a document; what was not saved is gone."""
        del self.buffers[path]
        self.done.pop(path, None)
        self.undone.pop(path, None)
        self.tell(it.Closed(path=path), "close")

    def stop(self) -> None:
        """Close the editor, everything saved."""
        self.save_all()
        self.buffers, self.done, self.undone = {}, {}, {}
        self.is_up = False
        self.tell(it.Stopped(), "quit")

    def start(self, paths: Sequence[str]) -> None:
        """Open the editor again, with these documents."""
        self.buffers = {path: self.disk[path] for path in paths if path in self.disk}
        self.is_up = True
        self.tell(it.Started(opened=tuple(self.buffers)), "start")

    # ------------------------------------------------------------------ on the disk

    def change(self, path: str, new: Tagged, note: str) -> None:
        """Change a file by another program; an editor that has it open reads it again."""
        self.disk[path] = new
        self._reload([path], note)
        self.tell(it.Changed(paths=(path,)), note)

    def rename(self, old: str, new: str, *, is_told: bool) -> None:
        """Give a file another name, in the editor or by another program."""
        self.save_all()
        self.disk[new] = self.disk.pop(old)
        if old in self.buffers:
            self.buffers[new] = self.buffers.pop(old)
            self.done.pop(old, None)
            self.undone.pop(old, None)
        if is_told:
            self.tell(it.Renamed(old=old, new=new), "rename")
            return
        if new in self.buffers:
            self.buffers[old] = self.buffers[new]
            self.close(old)
            del self.buffers[new]
        self.tell(it.Changed(paths=(old, new)), "git mv")
        self.open(new)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.disk.pop(path, None)
        if path in self.buffers:
            del self.buffers[path]
            self.tell(it.Closed(path=path), "close what is removed")
        self.tell(it.Changed(paths=(path,)), "remove file")

    # ------------------------------------------------------------------ in the repository

    def commit(self, paths: Sequence[str], note: str) -> None:
        """Commit what the disk has of some files."""
        changed: dict[str, Tagged | None] = {}
        for path in paths:
            if self.disk.get(path) != self.head.get(path):
                changed[path] = self.disk.get(path)
        if not changed:
            return
        for path, found in changed.items():
            if found is None:
                self.head.pop(path, None)
            else:
                self.head[path] = found
        self.n_commits += 1
        self.branches[self.branch] = dict(self.head)
        self.tell(it.Committed(commit=f"c{self.n_commits}", files=changed), note)

    def checkout(self, branch: str, tree: dict[str, Tagged]) -> None:
        """Check out another branch, with nothing left to commit."""
        self.branches[self.branch] = dict(self.head)
        self.branches.setdefault(branch, tree)
        self.branch = branch
        self._to(dict(self.branches[branch]), f"checkout {branch}")

    def stash(self) -> None:
        """Put away what is not committed."""
        self.stashed = dict(self.disk)
        self._to(dict(self.head), "stash")

    def unstash(self) -> None:
        """Bring back what was put away."""
        stashed, self.stashed = self.stashed, None
        if stashed is not None:
            self._to(stashed, "stash pop", is_head=False)

    def discard(self, path: str) -> None:
        """Take a file back to what was committed of it."""
        found = self.head.get(path)
        if found is not None:
            self.change(path, found, "git checkout -- file")

    def merge(self, path: str, new: Tagged) -> None:
        """Merge what somebody else committed to one file."""
        self.save_all()
        self.disk[path] = new
        self.head[path] = new
        self.n_commits += 1
        self.branches[self.branch] = dict(self.head)
        self._reload([path], "merge")
        self.tell(it.Switched(paths=(path,)), "merge")
        self.tell(it.Committed(commit=f"c{self.n_commits}", files={path: new}), "merge")

    def _to(self, tree: dict[str, Tagged], note: str, *, is_head: bool = True) -> None:
        before = self.disk
        changed = [path for path in {**before, **tree} if before.get(path) != tree.get(path)]
        self.disk = tree
        if is_head:
            self.head = dict(tree)
        for path in [path for path in self.buffers if path not in tree]:
            del self.buffers[path]
            self.tell(it.Closed(path=path), note)
        self._reload(changed, note)
        self.tell(it.Switched(paths=tuple(sorted(changed))), note)

    # ------------------------------------------------------------------ inside

    def _edit(self, path: str, start: int, end: int, new: Tagged, note: str) -> None:
        self.buffers[path] = self.buffers[path].replaced(start, end, new)
        what = it.Edited(path=path, span=Span(start=start, end=end), new_text=new.text)
        self.tell(what, note)

    def _save(self, path: str) -> None:
        if self.disk.get(path) != self.buffers[path]:
            self.disk[path] = self.buffers[path]
            self.tell(it.Saved(path=path), "save")

    def _reload(self, paths: Sequence[str], note: str) -> None:
        for path in paths:
            if path in self.buffers and path in self.disk:
                before = self.buffers[path]
                if before.text != self.disk[path].text:
                    self._edit(path, 0, len(before.text), self.disk[path], f"reload: {note}")
                self.buffers[path] = self.disk[path]
                self.done.pop(path, None)
                self.undone.pop(path, None)


def _edits(before: Tagged, after: Tagged, *, in_one: bool) -> list[tuple[int, int, Tagged]]:
    """Return what makes one text of the other: all at once, or as formatters' servers send it."""
    if in_one:
        return [(0, len(before.text), after)]
    old, new = before.lines(), after.lines()
    n_head = 0
    while n_head < min(len(old), len(new)) and old[n_head].text == new[n_head].text:
        n_head += 1
    n_tail = 0
    room = min(len(old), len(new)) - n_head
    while n_tail < room and old[-1 - n_tail].text == new[-1 - n_tail].text:
        n_tail += 1
    start = len(joined(old[:n_head]).text)
    end = len(before.text) - len(joined(old[len(old) - n_tail :]).text)
    return [(start, end, joined(new[n_head : len(new) - n_tail]))]
