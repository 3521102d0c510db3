from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.domain import Kind, Outcome, Priority, Rung, StopName, StopRule
from ducktypist.features.context.ring import Ring
from ducktypist.features.ghost.answers import LEAST_LIKELIHOOD, N_SAMPLES
from ducktypist.features.ghost.complete import CompleteRequest, Completion, complete
from ducktypist.syntax.checks import new_syntax_errors
from support.cursor import at_cursor
from support.engines import until_async
from support.workbench import Bench, bench_of, document_of

CONFIG = CompleteConfig()
DOCUMENTED = '"""Return the sum.\n\n    >>> add(1, 2)\n    3\n    """'


def asking(marked: str, *, language: str = "python") -> CompleteRequest:
    """Return a request at the marked place."""
    text, offset = at_cursor(marked)
    return CompleteRequest(document=document_of(text, language=language), offset=offset)


async def typed(bench: Bench, marked: str, *, language: str = "python") -> str | None:
    """Return the text after the suggestion is taken, None when there is none."""
    request = asking(marked, language=language)
    found = await complete(request, workbench=bench.workbench, config=CONFIG)
    if found is None:
        return None
    assert found.edit.span.of(request.document.text) == found.edit.old_text
    return found.edit.apply(request.document.text)


async def test_one_line_is_completed(tmp_path: Path) -> None:
    """In the middle of a line the rest of the line is suggested, and no line more."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "a + b\n    more"}]) as bench:
        assert await typed(bench, "def f(a, b):\n    return <CURSOR>\n") == (
            "def f(a, b):\n    return a + b\n"
        )
        (row,) = await bench.rows()
        assert (row.kind, row.answered, row.shown) == (Kind.INFILL, True, True)


async def test_the_generation_is_stopped_after_its_line(tmp_path: Path) -> None:
    """What comes after the line is never generated."""
    rules = [{"kind": "infill", "reply": "a\n" + "b " * 40, "delay_ms": 10}]
    async with bench_of(tmp_path, rules) as bench:
        await typed(bench, "x = <CURSOR>\n")
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].completion_tokens < 20


EMPTY = {
    "end of the docstring's line": (
        f"def add(a, b):\n    {DOCUMENTED}<CURSOR>\n",
        f"def add(a, b):\n    {DOCUMENTED}\n    c = a + b\n    return c\n",
    ),
    "blank indented line": (
        f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>\n",
        f"def add(a, b):\n    {DOCUMENTED}\n    c = a + b\n    return c\n",
    ),
    "blank line at the margin": (
        f"def add(a, b):\n    {DOCUMENTED}\n  <CURSOR>\n",
        f"def add(a, b):\n    {DOCUMENTED}\n    c = a + b\n    return c\n",
    ),
    "file's end without a line break": (
        f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>",
        f"def add(a, b):\n    {DOCUMENTED}\n    c = a + b\n    return c",
    ),
    "method": (
        'class A:\n    def add(self, a, b):\n        """Add."""\n        <CURSOR>\n',
        (
            'class A:\n    def add(self, a, b):\n        """Add."""\n        c = a + b\n'
            "        return c\n"
        ),
    ),
    "tabs": (
        'def add(a, b):\n\t"""Add."""\n\t<CURSOR>\n',
        'def add(a, b):\n\t"""Add."""\n\tc = a + b\n\treturn c\n',
    ),
    "followed by another function": (
        f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>\n\n\ndef other():\n    return 1\n",
        (
            f"def add(a, b):\n    {DOCUMENTED}\n    c = a + b\n    return c\n\n\n"
            "def other():\n    return 1\n"
        ),
    ),
}


@pytest.mark.parametrize("name", EMPTY)
async def test_an_empty_documented_function_gets_its_body(tmp_path: Path, name: str) -> None:
    """Wherever the cursor stands in it, the body lands on its own lines, correctly indented."""
    marked, expected = EMPTY[name]
    indent = "\t" if name == "tabs" else "        " if name == "method" else "    "
    reply = f"c = a + b\n{indent}return c\n\n\ndef unrelated():\n    pass\n"
    async with bench_of(tmp_path, [{"kind": "infill", "reply": reply}]) as bench:
        assert await typed(bench, marked) == expected
        ((_, prompt),) = bench.prompts
        before = prompt.split("<HOLE>")[0]
        assert before.endswith(f"\n{indent}")


async def test_a_placeholder_is_replaced(tmp_path: Path) -> None:
    """With the cursor before ``pass``, the finished function has no second body."""
    marked = f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>pass\n"
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "return a + b\n\n"}]) as bench:
        found = await complete(asking(marked), workbench=bench.workbench, config=CONFIG)
        # In front of a word nothing is suggested: the word would be glued to it.
        assert found is None
        assert bench.prompts == []
    marked = f"def add(a, b):\n    {DOCUMENTED}<CURSOR>\n    pass\n"
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "return a + b\n\n"}]) as bench:
        after = await typed(bench, marked)
        assert after is not None
        assert "    return a + b\n" in after


async def test_what_stands_below_is_not_typed_twice(tmp_path: Path) -> None:
    """A suggestion ends where it would repeat the text behind the cursor."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "a, b)"}]) as bench:
        assert await typed(bench, "x = add(<CURSOR>)\n") == "x = add(a, b)\n"


async def test_a_body_that_does_not_parse_is_not_shown_but_recorded(tmp_path: Path) -> None:
    """A person does not see broken code; the model's record does."""
    reply = "return a +* b\n    x = (\n\n"
    async with bench_of(tmp_path, [{"kind": "infill", "reply": reply}]) as bench:
        marked = f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>\n"
        assert await typed(bench, marked) is None
        (row,) = await bench.rows()
        assert (row.answered, row.shown, str(row.label)) == (True, False, "wrong")


async def test_an_unfinished_line_may_be_unparsable(tmp_path: Path) -> None:
    """While a line is being typed the file is broken anyway; the suggestion is shown."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "range(3):"}]) as bench:
        assert await typed(bench, "for i in <CURSOR>\n") == "for i in range(3):\n"


@pytest.mark.parametrize("reply", ["", "   ", "\n\n"])
async def test_an_empty_answer_is_no_suggestion(tmp_path: Path, reply: str) -> None:
    """Blanks are not offered, and count as an answer that was not shown."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": reply}]) as bench:
        assert await typed(bench, "x = <CURSOR>\n") is None
        (row,) = await bench.rows()
        assert (row.answered, row.shown) == (True, False)


@pytest.mark.parametrize(
    "marked", ["<CURSOR>", "\n  <CURSOR>x\n", "val<CURSOR>ue = 1\n", "a<CURSOR>_b"]
)
async def test_nobody_is_asked_where_nothing_useful_is_likely(tmp_path: Path, marked: str) -> None:
    """At the beginning of a file and inside a word there is no request."""
    async with bench_of(tmp_path, [{"reply": "x"}]) as bench:
        assert await typed(bench, marked) is None
        assert bench.prompts == []
        assert await bench.rows() == []


async def test_a_newer_keystroke_supersedes_the_request(tmp_path: Path) -> None:
    """Cancelling ends the generation, and the ledger says that it was superseded."""
    rules = [{"kind": "infill", "reply": "word " * 80, "delay_ms": 20}]
    async with bench_of(tmp_path, rules) as bench:
        task = asyncio.create_task(
            complete(asking("x = <CURSOR>\n"), workbench=bench.workbench, config=CONFIG)
        )
        await until_async(lambda: bool(bench.backend.asked))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"
        (row,) = await bench.rows()
        assert (row.answered, row.shown) == (False, False)


async def test_the_newer_of_two_requests_of_a_document_wins(tmp_path: Path) -> None:
    """The engine ends the older one by itself, and it suggests nothing."""
    rules = [
        {"kind": "infill", "match": "older", "reply": "word " * 80, "delay_ms": 20},
        {"kind": "infill", "reply": "1"},
    ]
    async with bench_of(tmp_path, rules) as bench:
        older = asyncio.create_task(typed(bench, "older = <CURSOR>\n"))
        await until_async(lambda: bool(bench.backend.asked))
        assert await typed(bench, "newer = <CURSOR>\n") == "newer = 1\n"
        assert await asyncio.wait_for(older, 10) is None
        assert [request.priority for request in bench.backend.asked] == [Priority.FOCUS] * 2
        newest, oldest = await bench.rows()
        assert (newest.answered, newest.shown) == (True, True)
        assert (oldest.answered, oldest.shown) == (False, False)


async def test_the_engine_is_told_where_an_answer_ends(tmp_path: Path) -> None:
    """A line ends with its statement, a body where the language says so."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "1"}]) as bench:
        await typed(bench, "x = <CURSOR>\n")
        await typed(bench, f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>\n")
        go = "package p\n\n// Add adds.\nfunc Add(a, b int) int {\n\t<CURSOR>\n}\n"
        await typed(bench, go, language="go")
        line, body, braced = bench.backend.asked
        python = {"comment": "#", "language": "python"}
        assert line.stop_when == StopRule(name=StopName.STATEMENT, **python)
        assert line.stop == body.stop == braced.stop == ()
        assert body.stop_when == StopRule(name=StopName.DEDENT, indent="    ", **python)
        assert braced.stop_when == StopRule(
            name=StopName.BRACE, indent="\t", comment="//", language="go"
        )


async def test_while_one_types_the_prompt_begins_at_the_same_place(tmp_path: Path) -> None:
    """In a long file a keystroke does not move what the engine has read already."""
    above = "".join(f"value_{number} = {number}\n" for number in range(900))
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "1"}]) as bench:
        for typing in ("x", "x =", "x = y", "x = y\nz"):
            await typed(bench, f"{above}{typing} <CURSOR>\n")
        asked = {prompt for _, prompt in bench.prompts}
        begins = {prompt.partition("\n")[0] for prompt in asked}
        assert len(asked) == 4
        assert len(begins) == 1
        assert begins.isdisjoint({"value_0 = 0"})


@pytest.mark.parametrize("reply", [" 1\n", " 1\nz = 2\n", " 1\n```\nThat is all.", "1"])
async def test_without_fill_in_the_middle_a_chat_goes_on_at_the_cursor(
    tmp_path: Path, reply: str
) -> None:
    """A model that has no infill tokens sees both sides, and its answer begins with the line."""
    async with bench_of(tmp_path, [{"kind": "chat", "reply": reply}], fim=False) as bench:
        assert await typed(bench, "y = 0\nx = <CURSOR>\nz = 2\n") == "y = 0\nx = 1\nz = 2\n"
        ((kind, prompt),) = bench.prompts
        assert kind == "chat"
        assert prompt.count("y = 0\nx =") == 2
        assert "```python\n\nz = 2\n" in prompt
        assert prompt.endswith("```python\ny = 0\nx =")


async def test_a_suggestion_says_that_nothing_was_run(tmp_path: Path) -> None:
    """The verdict tells how far the static checks got and no more."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "undefined_name"}]) as bench:
        found = await complete(
            asking("def f():\n    return <CURSOR>\n"), workbench=bench.workbench, config=CONFIG
        )
        assert isinstance(found, Completion)
        assert found.verdict.outcome is Outcome.NOT_RUN
        assert found.verdict.rung is Rung.PARSES
        assert found.verdict.summary == "parses; nothing was run"


async def test_go_body(tmp_path: Path) -> None:
    """An empty documented Go function is completed up to its closing brace."""
    marked = "package p\n\n// Add adds.\nfunc Add(a, b int) int {\n\t<CURSOR>\n}\n"
    rules = [{"kind": "infill", "reply": "c := a + b\n\treturn c\n}\n\nfunc X() {}\n"}]
    async with bench_of(tmp_path, rules) as bench:
        after = await typed(bench, marked, language="go")
        assert after == (
            "package p\n\n// Add adds.\nfunc Add(a, b int) int {\n\tc := a + b\n\treturn c\n}\n"
        )
        assert not new_syntax_errors("package p\n", after, "go")


async def test_special_tokens_around_the_cursor_do_not_reach_the_engine(tmp_path: Path) -> None:
    """A file about fill-in-the-middle does not confuse the model that fills it in."""
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "1"}]) as bench:
        await typed(bench, "A = '<|fim_middle|>'\nx = <CURSOR>\nB = '<fim_suffix>'\n")
        ((_, prompt),) = bench.prompts
        assert "<|fim_middle|>" not in prompt
        assert "<fim_suffix>" not in prompt


async def test_where_the_greedy_answer_cannot_be_shown_others_are_asked(tmp_path: Path) -> None:
    """Of a few samples the likeliest that can be shown is; the suggestion is still one."""
    replies = ["return b", "return (", "a = 2", "a = 3", "return b"]
    rules = [{"kind": "infill", "replies": replies, "logprob": -0.1}]
    async with bench_of(tmp_path, rules) as bench:
        marked = "def f():\n    b = 1\n    <CURSOR>\n    return b\n"
        found = await typed(bench, marked)
        assert found in {marked.replace("<CURSOR>", one) for one in ("a = 2", "a = 3")}
        assert [request.n for request in bench.backend.asked] == [1, N_SAMPLES]
        (row,) = await bench.rows()
        assert (row.answered, row.shown) == (True, True)


async def test_guesses_are_not_shown(tmp_path: Path) -> None:
    """A sample that the model itself finds unlikely is no suggestion."""
    replies = ["return b", "a = 1", "a = 2", "a = 3", "a = 4"]
    rules = [{"kind": "infill", "replies": replies, "logprob": LEAST_LIKELIHOOD - 0.5}]
    async with bench_of(tmp_path, rules) as bench:
        marked = "def f():\n    b = 1\n    <CURSOR>\n    return b\n"
        assert await typed(bench, marked) is None
        (row,) = await bench.rows()
        assert (row.answered, row.shown) == (True, False)


async def test_a_first_line_that_takes_too_long_is_not_waited_for(tmp_path: Path) -> None:
    """After its time the engine is free again, and nothing is shown."""
    rules = [{"kind": "infill", "reply": "1 + " * 200, "delay_ms": 30}]
    config = CompleteConfig(inline_first_line_ms=50.0, inline_max_tokens=400)
    async with bench_of(tmp_path, rules) as bench:
        request = asking("x = <CURSOR>\n")
        assert await complete(request, workbench=bench.workbench, config=config) is None
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"


async def test_a_long_answer_is_cut_at_the_end_of_a_line(tmp_path: Path) -> None:
    """A body that goes on and on is stopped, and shown as far as it parses."""
    body = "".join(f"a{number} = {number}\n    " for number in range(40))
    config = CompleteConfig(inline_max_lines=4, inline_max_tokens=2000)
    rules = [{"kind": "infill", "reply": body, "delay_ms": 15}]
    async with bench_of(tmp_path, rules) as bench:
        request = asking(f"def add(a, b):\n    {DOCUMENTED}\n    <CURSOR>\n")
        found = await complete(request, workbench=bench.workbench, config=config)
        assert found is not None
        assert found.edit.new_text == "a0 = 0\n    a1 = 1\n    a2 = 2\n    a3 = 3"
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"


async def test_a_statement_is_completed_over_several_lines(tmp_path: Path) -> None:
    """What a line opens is closed, and the answer ends there."""
    reply = "if b < 0:\n        raise ValueError(b)\n    c = 1\n    d = 2\n"
    async with bench_of(tmp_path, [{"kind": "infill", "reply": reply}]) as bench:
        marked = "def f(b):\n    <CURSOR>\n    return b\n"
        assert await typed(bench, marked) == marked.replace(
            "<CURSOR>", "if b < 0:\n        raise ValueError(b)"
        )


@pytest.mark.parametrize(
    "config",
    [CompleteConfig(inline_enabled=False), CompleteConfig(disabled_languages=("go", "python"))],
)
async def test_where_it_is_turned_off_nobody_is_asked(
    tmp_path: Path, config: CompleteConfig
) -> None:
    """Altogether, or in one language."""
    async with bench_of(tmp_path, [{"reply": "1"}]) as bench:
        request = asking("x = <CURSOR>\n")
        assert await complete(request, workbench=bench.workbench, config=config) is None
        assert bench.prompts == []


async def test_in_a_file_of_secrets_nobody_is_asked(tmp_path: Path) -> None:
    """What stands in it does not leave the editor."""
    document = document_of("KEY = ", path=tmp_path / ".env")
    async with bench_of(tmp_path, [{"reply": "1"}]) as bench:
        request = CompleteRequest(document=document, offset=6)
        assert await complete(request, workbench=bench.workbench, config=CONFIG) is None
        assert bench.prompts == []


async def test_what_stands_elsewhere_comes_first_and_stays_while_one_types(tmp_path: Path) -> None:
    """A definition from another file is in the prompt, at the same place for each keystroke."""
    root = tmp_path / "work"
    root.mkdir()
    source = 'def area(width, height):\n    """Return the area."""\n    return width * height\n'
    await asyncio.to_thread((root / "shapes.py").write_text, source)
    above = "from shapes import area\n\n\ndef twice(width, height):\n"
    above += '    """Return twice the area of a shape."""\n'
    ring = Ring(max_chunks=4)
    async with bench_of(tmp_path, [{"kind": "infill", "reply": "width"}]) as bench:
        for typing in ("x", "x =", "x = area("):
            text = f"{above}    {typing}\n"
            document = document_of(text, path=root / "main.py")
            request = CompleteRequest(document=document, offset=len(text) - 1, root=root)
            await complete(request, workbench=bench.workbench, config=CONFIG, ring=ring)
        prompts = {prompt.partition("from shapes")[0] for _, prompt in bench.prompts}
        (context,) = prompts
        assert "def area(width, height)" in context
