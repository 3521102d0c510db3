"""Follows accepted suggestions: through edits while a file is open, by what they say otherwise.

A deterministic machine: times and texts are arguments, events are what it returns. Times are
seconds of any clock that only goes forward. A suggestion stands in a zone, which edits move; when
somebody looks, the part of the zone most like it is where it stands. It may also have been moved:
into what was put in since, into what was pasted into another file, or with its file. Everything but
:meth:`Follower.edited`, :meth:`Follower.opened` and :meth:`Follower.closed`, which cost next to
nothing, reads texts and belongs in a thread, one call at a time. The rules are in
``docs/attribution.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ducktypist.domain import Span
from ducktypist.ledger.attribution.followed import (
    CHECKPOINTS_S,
    LATEST_S,
    Followed,
    Resumed,
    Standing,
    differ,
    persisted,
    renamed,
    whole_words,
    with_blanks,
)
from ducktypist.ledger.attribution.functions import Blocks
from ducktypist.ledger.attribution.matching import STILL_IN
from ducktypist.ledger.attribution.places import Place, Places
from ducktypist.ledger.attribution.searching import COPY, Search
from ducktypist.ledger.attribution.tokens import (
    N_MAX_TOKENS,
    Fingerprinter,
    encoded,
)
from ducktypist.ledger.attribution.tracking import TrackedFile
from ducktypist.ledger.events import Checkpoint, Event
from ducktypist.ledger.later import How, Placed

__all__ = ["CHECKPOINTS_S", "LATEST_S", "Follower", "Resumed", "Standing"]

N_MAX_FOLLOWED = 500
N_MAX_FILES_CHARS = 50_000_000
"""Texts kept, all files together; those seen longest ago are then found by content."""
SWITCHED_S = 5.0
"""What vanished so shortly before a checkout vanished because of it."""


class Follower:
    """Where every accepted suggestion stands.

    Args:
        keyed: The installation's keyed hash (``Ledger.keyed_hash``).
        block_at: Returns the block (``syntax.blocks``) at an offset of a text, given the path, the
            text and the offset; empty outside of a function. It is asked for each suggestion of a
            file, so it does well to remember the file's tree.
    """

    def __init__(
        self, *, keyed: Callable[[str], str], block_at: Callable[[str, str, int], str]
    ) -> None:
        self._keyed = keyed
        self._print = Fingerprinter(keyed)
        self._blocks = Blocks(self._print, keyed=keyed, block_at=block_at)
        self._search = Search(Places(self._print), hash_at=self._blocks.hash_at)
        self._followed: dict[str, Followed] = {}
        self._files: dict[tuple[str, str], TrackedFile] = {}

    # ------------------------------------------------------------------ what the editor says

    def took(
        self,
        at_s: float,
        *,
        suggestion_id: str,
        root: str,
        path: str,
        span: Span,
        text: str,
        document: str,
        is_body: bool,
    ) -> tuple[Event, ...]:
        """Follow what was accepted from here on.

        A suggestion of which more is taken is followed anew, with the checkpoints of the first
        time.

        Args:
            at_s: When.
            suggestion_id: Which one.
            root: The workspace folder's real path.
            path: The file's, relative to it.
            span: Where it stands in ``document``.
            text: What was accepted.
            document: The whole text, with it.
            is_body: Whether it is the whole body of the function that it stands in.
        """
        # What was put in before it was taken is not it, moved.
        earlier = self.seen(at_s, root, path, document) if (root, path) in self._files else ()
        span = Span(
            start=min(span.start, len(document)), end=min(max(span.start, span.end), len(document))
        )
        span = whole_words(document, span)
        there = span.of(document)
        ids = self._print.tokens(there if text.strip() in there else text).ids[:N_MAX_TOKENS]
        block = self._blocks.at(path, document, span)
        known = self._followed.pop(suggestion_id, None)
        one = Followed(
            suggestion_id=suggestion_id,
            root=root,
            path=path,
            ids=ids,
            is_body=is_body,
            at_s=known.at_s if known else at_s,
            done=known.done if known else set(),
            n_pasted_before=self._search.n_pasted,
        )
        block_hash = self._blocks.hash_of(block)
        if is_body and block:
            one.made_ids, one.made_hashes = self._print.tokens(block).ids, {block_hash}
        self._followed[suggestion_id] = one
        file = self._file(root, path)
        file.is_open = True
        file.know(document)
        file.zones[suggestion_id] = with_blanks(document, span)
        self._drop_oldest()
        placed = Placed(
            suggestion_id=suggestion_id,
            project_hash=self._keyed(root),
            path=path,
            block_hash=block_hash,
            is_body=is_body,
            n_tokens=len(ids),
            fingerprint=encoded(ids),
        )
        place = self._search.at(one, path, document, (span.start, span.end))
        return (*earlier, placed, *self._tell(at_s, one, place, How.TRACKED))

    def resumed(self, at_s: float, placed: Sequence[Resumed]) -> None:
        """Follow what was followed before a restart; its files are looked at by content first."""
        for item in placed:
            one = Followed.of(item, at_s=at_s)
            if not one.ids or item.suggestion_id in self._followed:
                continue
            self._followed[item.suggestion_id] = one
            self._file(item.root, item.path)
        self._drop_oldest()

    def opened(self, at_s: float, root: str, path: str, text: str) -> None:
        """A file was opened in the editor; costs next to nothing."""
        del at_s
        file = self._files.get((root, path))
        if file is not None:
            file.opened(text)

    def closed(self, at_s: float, root: str, path: str) -> None:
        """A file was closed; what was not saved is gone, so look at what is on disk."""
        del at_s
        file = self._files.get((root, path))
        if file is not None:
            file.is_open = False

    def edited(self, root: str, path: str, span: Span, new_text: str) -> None:
        """Note one edit of any open file, in order; costs next to nothing."""
        file = self._files.get((root, path))
        if file is not None:
            file.edited(span, new_text)
        if self._followed:
            self._search.put_in(root, path, span, new_text)

    def renamed(self, root: str, old: str, new: str) -> None:
        """Follow a file, or a folder with all that is in it, to its new name."""
        for key in [key for key in self._files if key[0] == root]:
            path = renamed(key[1], old, new)
            if path is not None:
                self._files[root, path] = self._files.pop(key)
        for one in self._followed.values():
            if one.root == root:
                one.path = renamed(one.path, old, new) or one.path
                one.wanted = renamed(one.wanted, old, new) or one.wanted

    # ------------------------------------------------------------------ looking

    def seen(
        self,
        at_s: float,
        root: str,
        path: str,
        text: str | None,
        *,
        others: Mapping[str, str] | None = None,
    ) -> tuple[Event, ...]:
        """Look at a file as it is now.

        Args:
            at_s: When.
            root: The workspace folder.
            path: The file's, relative to it.
            text: The editor's where it is open, else the disk's; None where there is no such file.
            others: Further files in which that may be which is no longer in this one: those that
                appeared or changed since they were last seen. Not any file, because code that
                stands twice is not what was accepted twice.

        Returns:
            A sighting of each suggestion of which something changed, and each checkpoint that is
            due and can be said.
        """
        file = self._files.get((root, path))
        here = [item for item in self._of(root) if path in {item.path, item.wanted}]
        if file is None and not here:
            return ()
        if file is None or not here:
            file = self._file(root, path)
        if text is not None:
            file.advance(text)
        how = How.TRACKED if file.is_open and file.is_exact else How.CONTENT
        events: list[Event] = []
        for one in here:
            was_in = one.ratio <= STILL_IN
            place = self._search.look(one, file, path, text, others or {})
            events += self._tell(at_s, one, place, how)
            if was_in and one.ratio > STILL_IN and one.suggestion_id in file.lost:
                one.vanished_s = at_s
        file.settle()
        self._tidy((root, path))
        return tuple(events)

    def committed(
        self, at_s: float, root: str, commit_hash: str, files: Mapping[str, str | None]
    ) -> tuple[Event, ...]:
        """Look at what a commit holds. Look at the files themselves (:meth:`seen`) before.

        It is a suggestion's next commit if it changes its file, unless the suggestion stands in the
        working tree and was left out of the commit.

        Args:
            at_s: When.
            root: The workspace folder.
            commit_hash: The commit's.
            files: The files that it changed, as they are in it; None for those that it removed.
        """
        events: list[Event] = []
        for one in self._of(root):
            is_later = at_s >= one.at_s and Checkpoint.NEXT_COMMIT not in one.done
            if not is_later or one.path not in files:
                continue
            place = self._search.in_commit(one, self._files.get((root, one.path)), files)
            if place.ratio > STILL_IN and (one.is_away or one.ratio <= STILL_IN):
                continue
            sighted = self._blocks.sighted(one, place, How.COMMIT, commit_hash=commit_hash)
            one.done.add(Checkpoint.NEXT_COMMIT)
            events += [sighted, persisted(one, Checkpoint.NEXT_COMMIT, place.ratio)]
        return tuple(events)

    def switched(self, at_s: float, root: str) -> None:
        """Something else was checked out (a branch, a stash, a reset): look at all files again.

        What is gone with it is away: its checkpoints wait until it is back, and stay empty if that
        is too late.
        """
        for one in self._of(root):
            if one.is_guest or one.is_away:
                one.is_guest = one.is_guest and one.ratio > STILL_IN
            elif one.ratio <= STILL_IN:
                one.is_new_state = True
            elif one.vanished_s is not None and at_s - one.vanished_s <= SWITCHED_S:
                one.is_away = True
            else:
                one.is_guest = True

    def due(self, at_s: float) -> tuple[tuple[str, str], ...]:
        """Return the files (folder, path) that must be looked at now."""
        asked: dict[tuple[str, str], None] = {}
        for one in self._followed.values():
            one.give_up(at_s)
            if one.wanted:
                asked[one.root, one.wanted] = None
            elif one.is_new_state or (not one.is_away and one.due(at_s)):
                asked[one.root, one.path] = None
        return tuple(asked)

    def next_due_s(self) -> float | None:
        """Return when a file must be looked at next; None where nothing is open."""
        times = []
        for one in self._followed.values():
            if one.wanted or one.is_new_state:
                return one.at_s
            if not one.is_away:
                open_ones = CHECKPOINTS_S.keys() - one.done
                times += [one.at_s + CHECKPOINTS_S[item] for item in open_ones]
        return min(times, default=None)

    def standing(self, root: str, path: str | None = None) -> tuple[Standing, ...]:
        """Return what stands in a folder or in one file of it, as of the last looks."""
        return tuple(
            one.standing()
            for one in self._of(root)
            if one.ratio <= STILL_IN and not one.is_away and path in {None, one.path}
        )

    # ------------------------------------------------------------------ where it is

    def _tell(self, at_s: float, one: Followed, place: Place | None, how: How) -> tuple[Event, ...]:
        """Note where it is and return what there is to say of it."""
        if place is None:
            return ()
        one.wanted = ""
        is_in = place.ratio <= STILL_IN
        if one.is_new_state:
            one.is_new_state, one.is_away = False, not is_in
        one.is_guest = one.is_guest and is_in
        if is_in:
            one.is_away = False
            one.vanished_s = None
        elif one.is_away:
            # The zone stays where it was: it is looked for there when it is back.
            return ()
        if place.path:
            self._settle(one, place)
        sighted = self._blocks.sighted(one, place, how)
        one.ratio, one.block_hash, one.as_made = (
            sighted.edit_ratio,
            sighted.block_hash,
            sighted.as_made,
        )
        if is_in:
            one.ratio_in, one.block_in = one.ratio, one.block_hash
        events: list[Event] = []
        if one.last is None or differ(one.last, sighted):
            one.last = sighted
            events.append(sighted)
        due = one.due(at_s)
        one.done |= due
        return (*events, *(persisted(one, item, one.ratio) for item in Checkpoint if item in due))

    def _settle(self, one: Followed, place: Place) -> None:
        """Put it where it was found."""
        if place.path != one.path:
            before = self._files.get((one.root, one.path))
            if before is not None:
                before.zones.pop(one.suggestion_id, None)
                before.zones.pop(f"{one.suggestion_id}{COPY}", None)
            self._tidy((one.root, one.path), but=one)
            one.path = place.path
        file = self._file(one.root, one.path)
        if file.text != place.text:
            file.advance(place.text)
        one.span = place.span
        if place.ratio <= STILL_IN:
            file.zones[one.suggestion_id] = with_blanks(place.text, place.span)
        else:
            # What was cut out may come back anywhere in there.
            file.zones.setdefault(one.suggestion_id, with_blanks(place.text, place.span))

    # ------------------------------------------------------------------ small things

    def _of(self, root: str) -> list[Followed]:
        return [one for one in self._followed.values() if one.root == root]

    def _file(self, root: str, path: str) -> TrackedFile:
        """Return what is known of a file, the one asked for last at the end."""
        file = self._files.pop((root, path), None) or TrackedFile()
        self._files[root, path] = file
        return file

    def _tidy(self, key: tuple[str, str], *, but: Followed | None = None) -> None:
        """Forget a file in which nothing is followed any more."""
        is_used = any(
            one is not but and (one.root, one.path) == key for one in self._followed.values()
        )
        if not is_used:
            self._files.pop(key, None)

    def _drop_oldest(self) -> None:
        while len(self._followed) > N_MAX_FOLLOWED:
            one = self._followed.pop(next(iter(self._followed)))
            file = self._files.get((one.root, one.path))
            if file is not None:
                file.zones.pop(one.suggestion_id, None)
                file.zones.pop(f"{one.suggestion_id}{COPY}", None)
            self._tidy((one.root, one.path))
        n_chars = sum(len(file.text or "") for file in self._files.values())
        for file in list(self._files.values())[:-1]:
            if n_chars <= N_MAX_FILES_CHARS:
                return
            n_chars -= len(file.text or "")
            file.text = None
            file.zones.clear()
