"""What the model is asked about a data race: the racing function anew, or its racing lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from ducktypist.config import FixConfig
from ducktypist.domain import HoleKind, Sampling, Source
from ducktypist.features.derace.case import RaceCase, RacingFile
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.questions import (
    ABOVE,
    BELOW,
    GREEDY,
    SAMPLED,
    Question,
    Round,
    rewriting_round,
)
from ducktypist.features.workbench import MAX_ANSWERS, Workbench
from ducktypist.prompting import assemble
from ducktypist.syntax.edits import statement_lines
from ducktypist.syntax.holes import holes
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import functions

MAX_REPORT_CHARS = 1200
MAX_AROUND_CHARS = 1600
MAX_REWRITTEN = 2
_GO = "go"


async def race_rounds(
    case: RaceCase, *, workbench: Workbench, config: FixConfig, sources: Sequence[Source]
) -> list[Round]:
    """Return what to ask: everything greedily first, then samples."""
    room = (await workbench.max_chars(ABOVE), await workbench.max_chars(BELOW))
    found: list[Round] = []
    for sampling, n in ((GREEDY, 1), (SAMPLED, 2)):
        if Source.REWRITE in sources:
            found += [
                _rewriting(case, place, workbench, sampling=sampling, n=n)
                for place in case.case.places[:MAX_REWRITTEN]
            ]
        if Source.LINE in sources and workbench.model.has_fim:
            found += _infills(case, workbench, config, room, sampling=sampling, n=n)
    return found


def _rewriting(
    case: RaceCase, place: Suspect, workbench: Workbench, *, sampling: Sampling, n: int
) -> Round:
    template = workbench.prompts["derace-rewrite-chat"]
    file = next((item for item in case.files if item.path == place.path), None)
    prompt = template.render(
        language=assemble.language_name(_GO),
        fence=assemble.fence(_GO),
        code=textwrap.dedent(place.function.span.of(place.text)).strip("\n"),
        around=_around(file, place) if file is not None else "",
        report=case.reports[0].text[:MAX_REPORT_CHARS],
        lines=_racing_lines(file) if file is not None else "",
        variables=_names(file),
        head=assemble.head_of(place.text, place.function),
    )
    return rewriting_round(place, template, prompt, sampling=sampling, n=n)


def _infills(
    case: RaceCase,
    workbench: Workbench,
    config: FixConfig,
    room: tuple[int, int],
    *,
    sampling: Sampling,
    n: int,
) -> Iterator[Round]:
    template = workbench.prompts["derace-infill"]
    asked: list[Question] = []
    for place in case.case.places:
        file = next((item for item in case.files if item.path == place.path), None)
        racing = dict.fromkeys(file.lines if file is not None else (), 1.0)
        lines = {line: value for line, value in place.lines.items() if line in racing}
        for hole in holes(place.text, place.function, lines):
            if hole.kind is not HoleKind.SPAN and hole.first_line in lines:
                function, text = place.function.span, place.text
                above, below = (
                    text[function.start : hole.span.start],
                    text[hole.span.end : function.end],
                )
                if hole.kind is HoleKind.INSERTION:
                    above, below = above + hole.indent, "\n" + below
                prompt = template.render(
                    comment=assemble.comment_marker(_GO),
                    note=f"guards {_names(file)} against concurrent use",
                    before=assemble.steady_before(above, room[0]),
                    after=assemble.clip_after(below, room[1]),
                )
                source = Source.LINE if hole.kind is HoleKind.LINE else Source.INSERTION
                asked.append(Question(place=place, source=source, prompt=prompt, hole=hole))
    for start in range(0, len(asked), MAX_ANSWERS // n):
        yield Round(
            source=Source.LINE,
            questions=tuple(asked[start : start + MAX_ANSWERS // n]),
            template=template,
            sampling=sampling,
            n=n,
            max_tokens=config.line_max_tokens,
            stop=("\n",),
        )


def _names(file: RacingFile | None) -> str:
    variables = file.variables if file is not None else ()
    return " and ".join(f"`{name}`" for name in dict.fromkeys(item.name for item in variables))


def _racing_lines(file: RacingFile) -> str:
    table = LineTable(file.text)
    return "\n".join(
        f"{line}: {table.content(line - 1).of(file.text).strip()}"
        for line in file.lines
        if 0 < line <= len(table)
    )


def _around(file: RacingFile, place: Suspect) -> str:
    """Return the other functions that name what races, as much as is worth reading."""
    names = {item.name for item in file.variables}
    parts: list[str] = []
    for region in functions(file.text, _GO):
        text = region.span.of(file.text)
        is_other = region.qualified_name != place.function.qualified_name
        if (
            is_other
            and any(name in text for name in names)
            and statement_lines(file.text, _GO, region)
        ):
            parts.append(text.strip("\n"))
    return "\n\n".join(parts)[:MAX_AROUND_CHARS]
