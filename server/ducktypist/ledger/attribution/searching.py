"""Where to look for what is followed: where it stood, in what was put in, in other files.

Places are judged in ``places``; what follows from one is decided in ``following``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ducktypist.domain import Span
from ducktypist.ledger.attribution.changes import Range
from ducktypist.ledger.attribution.followed import Followed
from ducktypist.ledger.attribution.matching import STILL_IN
from ducktypist.ledger.attribution.places import GONE, HashAt, Place, Places, Wanted
from ducktypist.ledger.attribution.tracking import TrackedFile

N_PASTED = 64
N_MIN_PASTED_CHARS = 8
N_MAX_PASTED_CHARS = 100_000
COPY = "\0copy"
"""Behind a suggestion's id: the zone of a copy of it."""


class Search:
    """Looks for suggestions, and remembers what was pasted lately.

    Args:
        places: Judges places.
        hash_at: Gives the block hash of a place.
    """

    def __init__(self, places: Places, *, hash_at: HashAt) -> None:
        self._places = places
        self._hash_at = hash_at
        self._pasted: deque[tuple[int, str, str, str]] = deque(maxlen=N_PASTED)
        self.n_pasted = 0

    def put_in(self, root: str, path: str, span: Span, new_text: str) -> None:
        """Note an edit that may be a paste; costs next to nothing, from any thread."""
        is_paste = 2 * len(span) < len(new_text) <= N_MAX_PASTED_CHARS
        if is_paste and len(new_text) >= N_MIN_PASTED_CHARS:
            self.n_pasted += 1
            self._pasted.append((self.n_pasted, root, path, new_text))

    def at(self, one: Followed, path: str, text: str, zone: Range) -> Place:
        """Return what stands of it in one zone."""
        return self._places.in_zone(_wanted(one), path, text, zone)

    def look(
        self,
        one: Followed,
        file: TrackedFile,
        path: str,
        text: str | None,
        others: Mapping[str, str],
    ) -> Place | None:
        """Return where it is; None where another file must be looked at first.

        That file is then ``wanted``.
        """
        here = self._where_it_stood(one, file, path, text)
        if text is not None:
            if here.ratio <= STILL_IN:
                self._note_copy(one, here, file)
                return here
            moved = self._moved(one, file, path, text)
            if moved is not None:
                return moved
        if one.wanted == path:
            # It was pasted here, and is no longer here either.
            one.n_pasted_before = self.n_pasted
            return here
        return self._elsewhere(one, file, here, others, is_known=text is not None)

    def in_commit(
        self, one: Followed, file: TrackedFile | None, files: Mapping[str, str | None]
    ) -> Place:
        """Return where it is in the files that a commit changed."""
        text = files[one.path]
        there = {path: item for path, item in files.items() if item is not None}
        if text is None:
            return self._places.blindly(_wanted(one), there, self._hash_at)
        zone = file.moved_to(text).get(one.suggestion_id) if file is not None else None
        if zone is None:
            return self._places.blindly(_wanted(one), {one.path: text}, self._hash_at)
        return self.at(one, one.path, text, zone)

    def _where_it_stood(
        self, one: Followed, file: TrackedFile, path: str, text: str | None
    ) -> Place:
        if text is None or one.path != path:
            return GONE
        zone = file.zones.get(one.suggestion_id)
        if zone is None:
            return self._places.blindly(_wanted(one), {path: text}, self._hash_at)
        return self.at(one, path, text, zone)

    def _moved(self, one: Followed, file: TrackedFile, path: str, text: str) -> Place | None:
        """Return where it is in what was put into this file, or was copied there before."""
        wanted = _wanted(one)
        moved = self._places.in_fresh(wanted, path, text, file.fresh)
        if moved is None and (one.is_away or one.ratio <= STILL_IN):
            moved = self._places.in_fresh(wanted, path, text, file.reloaded)
        copy = file.zones.get(f"{one.suggestion_id}{COPY}")
        if moved is None and copy is not None:
            moved = self._places.in_fresh(wanted, path, text, [copy])
        if moved is None and one.wanted == path:
            moved = self._places.pasted_in(wanted, path, text)
        return moved

    def _elsewhere(
        self,
        one: Followed,
        file: TrackedFile,
        here: Place,
        others: Mapping[str, str],
        *,
        is_known: bool,
    ) -> Place | None:
        target = self._pasted_into(one)
        if target:
            if target not in others:
                one.wanted = target
                return None
            found = self._places.pasted_in(_wanted(one), target, others[target])
            if found is not None:
                return found
        if is_known and file.is_open and file.is_exact:
            # Every edit is known, and none put it elsewhere.
            return here
        if one.ratio > STILL_IN and not one.is_away:
            # It was gone before: what is like it elsewhere is something else.
            return here
        if not is_known:
            for path, text in others.items():
                zone = file.zones.get(one.suggestion_id)
                if zone is not None and file.is_like(text):
                    return self.at(one, path, text, file.moved_to(text)[one.suggestion_id])
        blind = self._places.blindly(_wanted(one), others, self._hash_at)
        return blind if blind.ratio <= STILL_IN else here

    def _pasted_into(self, one: Followed) -> str:
        """Return the other file into which it was put last, empty where there is none."""
        wanted = _wanted(one)
        for number, root, path, text in reversed(tuple(self._pasted)):
            if number <= one.n_pasted_before:
                break
            if root == one.root and path != one.path and self._places.is_in(wanted, text):
                return path
        return ""

    def _note_copy(self, one: Followed, place: Place, file: TrackedFile) -> None:
        """Follow a copy that somebody made, for when the original goes."""
        start, end = place.span.start, place.span.end
        elsewhere = [part for part in file.fresh if part[1] <= start or end <= part[0]]
        found = self._places.in_fresh(_wanted(one), place.path, place.text, elsewhere)
        if found is not None:
            file.zones[f"{one.suggestion_id}{COPY}"] = found.span.start, found.span.end


def _wanted(one: Followed) -> Wanted:
    return Wanted(ids=one.ids, last_ratio=one.ratio_in, last_block_hash=one.block_in)
