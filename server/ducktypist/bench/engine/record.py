"""Records the typing trace that ships with the bench: the same keystrokes from the same seed.

``python -m ducktypist.bench.engine.record`` writes ``typing_trace.json`` into the folder above. The
text is typed into ``typing_document.txt`` where that marks it; the rhythm is a typist's: log-normal
between keys, longer at the end of a word and of a line, long where one thinks, now and then a wrong
letter that is taken back. It looks at no model and no clock.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
DOCUMENT = HERE / "typing_document.txt"
TRACE = HERE / "typing_trace.json"
SEED = 20_240_611
N_KEYSTROKES = 300
KEY_MS = 170.0
"""Median between two keys within a word: about sixty words a minute."""
WORD_END_MS = 110.0
LINE_END_MS = 650.0
THINKING_MS = 2500.0
READING_MS = 6000.0
"""How long one looks at a hover before going on."""
FIXING_MS = 9000.0
SIGMA = 0.35
SLIP_SHARE = 0.02
SLIP_LETTERS = "etaoinsrhl"
MARK = re.compile(r"«(\d):(.*?)»", re.DOTALL)

BROKEN = "parcels"
"""The function with the bug: it forgets that a new parcel is empty."""
TEST_CODE = """\
def test_a_second_parcel_has_room_of_its_own():
    order = Order("ada", (Line("A", 3),))
    assert parcels(order, depot(weight_grams=400), 900) == [{"A": 2}, {"A": 1}]
"""
FAILURE = "RuntimeError: the test ran for more than 1 s"
REMARK = "\n        # What was never sent is not looked at, however little there is left of it"


@dataclass(slots=True)
class _Typist:
    """Where the cursor is and what time it is."""

    random: random.Random
    text: str
    at_ms: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)

    def type(self, offset: int, text: str) -> int:
        """Type a text, key by key, and return where the cursor stands then."""
        for key in _keys(text):
            if key.isalpha() and self.random.random() < SLIP_SHARE:
                self._press(offset, 0, self.random.choice(SLIP_LETTERS), KEY_MS)
                self._press(offset, 1, "", 2 * KEY_MS)
            self._press(offset, 0, key, _pause_ms(key))
            offset += len(key)
        return offset

    def pause(self, ms: float) -> None:
        """Let some time go by."""
        self.at_ms += ms * self.random.lognormvariate(0.0, SIGMA)

    def note(self, kind: str, **what: object) -> None:
        """Record something other than a keystroke."""
        self.events.append({"ms": round(self.at_ms), "kind": kind, **what})

    def n_keystrokes(self) -> int:
        return sum(event["kind"] == "key" for event in self.events)

    def _press(self, offset: int, n_deleted: int, text: str, pause_ms: float) -> None:
        self.pause(pause_ms)
        self.text = self.text[:offset] + text + self.text[offset + n_deleted :]
        self.note("key", at=offset, cut=n_deleted, text=text)


def record() -> Mapping[str, Any]:
    """Return the trace: the document before, and what happened to it when."""
    marked = DOCUMENT.read_text("utf-8")
    parts = {int(match[1]): match[2] for match in MARK.finditer(marked)}
    # S311: the same numbers each time are what is wanted.
    typist = _Typist(random=random.Random(SEED), text=MARK.sub("", marked))  # noqa: S311 - see above
    document = typist.text
    typist.type(typist.text.index("EXPRESS_FEE_CENTS ="), parts[1])
    typist.pause(THINKING_MS)
    _hover(typist, "def in_stock")
    head, rest = _halves(parts[2], after='again."""\n')
    place = typist.type(typist.text.index("    def send("), head)
    typist.pause(THINKING_MS)
    first, last = _halves(rest, after="in self._sent.items():\n")
    place = typist.type(place, first)
    typist.note("fix", function=BROKEN, test=TEST_CODE, message=FAILURE)
    typist.pause(FIXING_MS)
    place = typist.type(place, last)
    _hover(typist, "def crates")
    left = N_KEYSTROKES - typist.n_keystrokes()
    if left < 0:
        raise ValueError(f"the text takes {-left} keystrokes too many")
    _remark(typist, place, left)
    return {"seed": SEED, "document": document, "events": typist.events}


def main() -> None:
    """Write the trace."""
    trace = record()
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in trace["events"])
    head = json.dumps({key: trace[key] for key in ("seed", "document")}, ensure_ascii=False)
    TRACE.write_text(f'{head[:-1]}, "events": [\n{lines}\n]}}\n', "utf-8")


def _hover(typist: _Typist, line: str) -> None:
    typist.note("hover", at=typist.text.index(line) + len("def "))
    typist.pause(READING_MS)


def _remark(typist: _Typist, place: int, n_keystrokes: int) -> None:
    """Use up what is left of the keystrokes on a remark in the function just typed."""
    end = typist.text.rindex('"""\n', 0, place) + len('"""')
    for key in list(_keys(REMARK))[:n_keystrokes]:
        if typist.n_keystrokes() < N_KEYSTROKES:
            end = typist.type(end, key)


def _halves(text: str, *, after: str) -> tuple[str, str]:
    cut = text.index(after) + len(after)
    return text[:cut], text[cut:]


def _keys(text: str) -> Iterator[str]:
    """Yield what each key adds; a line's end brings the next line's indentation with it."""
    yield from re.findall(r"\n[ ]*(?=\S)|\n|[ ]{4}(?=[ ]*\S)|.", text)


def _pause_ms(key: str) -> float:
    if key.startswith("\n"):
        return KEY_MS + LINE_END_MS
    return KEY_MS if key.isalnum() or key == "_" else KEY_MS + WORD_END_MS


if __name__ == "__main__":
    main()
