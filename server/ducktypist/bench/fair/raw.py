"""Asks the model itself: plain chat, greedy, nothing cached, in the words of ``questions.toml``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ducktypist.bench.explain.bash_tasks import ScriptInput
from ducktypist.bench.explain.questions import Questions
from ducktypist.bench.explain.stripping import code_block, stripped
from ducktypist.bench.fair.answers import EXPLANATION, RECREATED, SOURCE, Answer, predicted
from ducktypist.bench.fair.placing import placed
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.tasks import digest
from ducktypist.domain import ChatPrompt, FinishReason, StopRule, Timings
from ducktypist.features.workbench import Workbench
from ducktypist.prompting.postprocess import body_rule
from ducktypist.syntax.edits import body_edit
from ducktypist.syntax.regions import function_named

NOTHING = "(none)"
_PACKAGE = re.compile(r"^package[ \t]+\w+[ \t]*\n", re.MULTILINE)
_EXIT = re.compile(r"exit[ \w]*:?\s*\d+", re.IGNORECASE)


@dataclass(slots=True)
class Asking:
    """One task being asked: what was said so far, and what it took."""

    workbench: Workbench
    questions: Questions
    asked: list[str] = field(default_factory=list)
    timings: list[Timings] = field(default_factory=list)
    is_cut: bool = False

    async def ask(
        self,
        name: str,
        values: Mapping[str, str],
        *,
        end: StopRule | None = None,
        is_further: bool = False,
    ) -> str:
        """Ask one question and return all that was said, its made beginning included.

        Args:
            name: The question's.
            values: What is filled in.
            end: Where the answer ends, if not with its block.
            is_further: Whether it may begin with what the same task's last question has read; the
                same in every run, as no other task's is.

        Raises:
            EngineError: There was no answer.
        """
        question = self.questions.by_name[name]
        request = replace(question.request(**values), cold=not is_further)
        if end is not None:
            request = replace(request, stop_when=end)
        prompt = request.prompt
        if isinstance(prompt, ChatPrompt):
            told = [f"{message.role}: {message.content}" for message in prompt.messages]
            self.asked.append(digest([*told, prompt.assistant_prefix]))
        found = await self.workbench.generate(request)
        self.timings.append(found.timings)
        self.is_cut = self.is_cut or found.finish_reason is FinishReason.LENGTH
        return question.opening(**values) + found.text

    def answer(self, task: FairTask, texts: Mapping[str, str]) -> Answer:
        """Return the answer with what it took; the first token is the first question's."""
        total = Timings.summed(self.timings)
        return Answer(
            task_sha256=task.sha256,
            texts=dict(texts),
            prompt_hash=digest(self.asked),
            is_cut=self.is_cut,
            ttft_ms=self.timings[0].ttft_ms if self.timings else None,
            total_ms=total.total_ms,
            prompt_tokens=total.prompt_tokens,
            cached_tokens=total.cached_tokens,
            completion_tokens=total.completion_tokens,
            decode_tok_s=_known(total.decode_tok_s),
            prefill_tok_s=_known(total.prefill_tok_s),
        )


async def raw_answer(
    task: FairTask, *, workbench: Workbench, questions: Questions, trace: str
) -> Answer:
    """Ask the model itself about a task; an explanation is put to its reader at once.

    Args:
        task: What is asked.
        workbench: Whom to ask.
        questions: In which words.
        trace: What the failing test said, for tasks that have one.

    Raises:
        EngineError: There was no answer.
    """
    asking = Asking(workbench, questions)
    if task.kind is TaskKind.EXPLAIN:
        said = await asking.ask("explain", {"source": task.text.rstrip()})
        told = (await asyncio.to_thread(stripped, said, task.text)).text
        read = await _read(task, told, asking)
        return asking.answer(task, {EXPLANATION: told, **read})
    if task.kind is TaskKind.PREDICT:
        said = await asking.ask(
            "result",
            {"language": task.language, "source": task.text.rstrip(), "call": task.function},
        )
        return asking.answer(task, {predicted(1): code_block(said).strip()})
    end = _end_of(task) if task.kind is TaskKind.FUNCTION else None
    said = await asking.ask(str(task.kind), _values(task, trace), end=end)
    text = await asyncio.to_thread(placed, task, said)
    return asking.answer(task, {SOURCE: text} if text else {})


async def read_answer(
    task: FairTask, explained: Answer, *, workbench: Workbench, questions: Questions
) -> Answer:
    """Put an explanation that somebody else gave to its reader; the answer with what was read.

    Raises:
        EngineError: There was no answer.
    """
    told = explained.texts.get(EXPLANATION, "")
    if not told:
        return explained
    asking = Asking(workbench, questions)
    read = await _read(task, told, asking)
    return replace(
        explained,
        texts={**explained.texts, **read},
        prompt_hash=asking.answer(task, {}).prompt_hash,
        is_cut=asking.is_cut,
    )


async def name_only(task: FairTask, *, workbench: Workbench, questions: Questions) -> Answer:
    """Ask the reader who knows no more of a script than its purpose.

    Raises:
        EngineError: There was no answer.
    """
    asking = Asking(workbench, questions)
    return asking.answer(task, await _read(task, task.purpose, asking))


async def _read(task: FairTask, told: str, asking: Asking) -> dict[str, str]:
    found = {
        predicted(number): _foretold(
            await asking.ask(
                "predict", {"explanation": told, **_input(given)}, is_further=number > 1
            )
        )
        for number, given in enumerate(task.inputs, start=1)
    }
    found[RECREATED] = code_block(await asking.ask("recreate", {"explanation": told}))
    return found


def _foretold(said: str) -> str:
    """Return what is foretold: the output in a block and the status below it."""
    lines = code_block(said).rstrip().split("\n")
    status = lines.pop() if _EXIT.fullmatch(lines[-1]) else ""
    return "\n".join(["```", *lines, "```", status])


def _end_of(task: FairTask) -> StopRule | None:
    """Return where a function that was begun with its head ends."""
    region = function_named(task.text, task.language, task.function)
    if region is None or region.language not in {"go", "python"}:
        return None
    return body_rule(language=task.language, indent=region.indent)


def _head_of(task: FairTask) -> str:
    """Return with what the answer is made to begin: the function's head, or a whole file's."""
    if task.kind is TaskKind.RACE:
        package = _PACKAGE.search(task.text)
        return "" if package is None else task.text[: package.end()]
    region = function_named(task.text, task.language, task.function)
    return "" if region is None else region.signature.of(task.text).rstrip() + "\n"


def _shown(task: FairTask) -> str:
    """Return the source as it is asked about: a body that is missing is not shown as a panic."""
    region = function_named(task.text, task.language, task.function)
    if task.kind is not TaskKind.FUNCTION or region is None or not region.is_empty:
        return task.text.rstrip()
    missing = "# …" if task.language == "python" else "// …"
    return body_edit(task.text, region, missing).apply(task.text).rstrip()


def _values(task: FairTask, trace: str) -> dict[str, str]:
    tests = [text for name, text in task.files.items() if name.partition("::")[0] in task.target]
    return {
        "language": task.language,
        "source": _shown(task),
        "function": task.function,
        "head": _head_of(task),
        "test": task.target.rpartition("::")[2],
        "tests": "\n\n".join(tests).rstrip(),
        "trace": trace.rstrip(),
    }


def _input(given: ScriptInput) -> dict[str, str]:
    return {
        "arguments": "\n".join(given.args) or NOTHING,
        "stdin": given.stdin or "(empty)",
        "files": "\n\n".join(f"{name}:\n{text}" for name, text in given.files.items()) or NOTHING,
    }


def _known(value: float) -> float | None:
    return round(value, 3) if value == value else None  # noqa: PLR0124 - NaN is not itself
