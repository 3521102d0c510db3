"""The typing trace that ships with the bench."""

from __future__ import annotations

import ast
import itertools
import json
from collections import Counter

from ducktypist.bench.engine.asking import function_of, load_trace
from ducktypist.bench.engine.record import N_KEYSTROKES, TRACE, record
from ducktypist.bench.engine.texts import BODIES, REPAIRS, finished_text
from ducktypist.syntax.edits import statement_lines

MAX_BYTES = 100_000


def test_the_trace_is_the_one_that_is_recorded() -> None:
    """Who doubts the figures can make the same keystrokes again."""
    assert json.loads(TRACE.read_text(encoding="utf-8")) == json.loads(json.dumps(record()))
    assert TRACE.stat().st_size < MAX_BYTES


def test_the_trace_has_what_it_is_said_to_have() -> None:
    """Three hundred keys, two hovers and a fix, in the order of time, with pauses."""
    events = load_trace().events
    assert Counter(event["kind"] for event in events) == {"key": N_KEYSTROKES, "hover": 2, "fix": 1}
    times = [event["ms"] for event in events]
    assert times == sorted(times)
    kinds = [event["kind"] for event in events]
    assert kinds.index("hover") < kinds.index("fix") < len(kinds) - kinds[::-1].index("hover")
    assert max(b - a for a, b in itertools.pairwise(times)) > 2000
    assert any(event["kind"] == "key" and event["cut"] for event in events)


def test_what_was_typed_is_python() -> None:
    """Before and after; in between it is as broken as typing makes it."""
    trace = load_trace()
    before, after = trace.document, finished_text(trace)
    for text in (before, after):
        ast.parse(text)
    assert "def running_low" in after
    assert "def running_low" not in before
    assert 190 < len(after.splitlines()) < 240


def test_the_cursor_is_where_the_last_key_was_typed() -> None:
    """The text before it ends with that key."""
    trace = load_trace()
    for n_events, event in enumerate(trace.events, start=1):
        if event["kind"] == "key" and event["text"]:
            text, cursor = trace.text_after(n_events)
            assert text[:cursor].endswith(event["text"])


def test_the_function_to_fix_has_thirty_lines_and_twenty_statements() -> None:
    """That is what forty infills are measured on."""
    trace = load_trace()
    fix = next(event for event in trace.events if event["kind"] == "fix")
    for text in (trace.document, finished_text(trace)):
        function = function_of(text, fix["function"])
        assert len(function.span.of(text).splitlines()) == 30
        assert len(statement_lines(text, "python", function)) == 20


def test_every_repair_and_every_body_is_in_the_text() -> None:
    """Each bug can be put in once and leaves Python behind."""
    text = finished_text(load_trace())
    for repair in REPAIRS:
        function = function_of(text, repair.function)
        assert function.span.of(text).count(repair.right) == 1
        ast.parse(text.replace(repair.right, repair.wrong))
    assert all(function_of(text, name).docstring for name in BODIES)
