"""What is explained: the block at a place or a chosen part, and the function around it.

Pure functions of text, slow for large ones: callers use a thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.config import ExplainConfig
from ducktypist.domain import Document, Span
from ducktypist.prompting import assemble
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.regions import Region, RegionKind, block_at, enclosing

MAX_FILE_CHARS = 4_000_000
"""Beyond this a file is data; parsing it would cost more than an explanation is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One block to explain."""

    span: Span
    title: str
    """For a person and the prompt: "the function `add`", "this command"."""
    function: str
    """The dotted name of the function that it is or stands in; empty where there is none."""
    code: str
    """Its text, whole lines, perhaps cut."""
    context: str
    """The function around it, where it is not all of it."""
    language: str
    """An LSP language id."""
    form: str
    """Its text and context without layout and comments: the same for code that means the same."""

    def within(self, max_chars: int) -> Target:
        """Return it with no more code and context than that; what is cut is said."""
        code = _cut(self.code, max_chars)
        context = self.context if len(code) + len(self.context) <= max_chars else ""
        return Target(
            span=self.span,
            title=self.title,
            function=self.function,
            code=code,
            context=context,
            language=self.language,
            form=self.form,
        )


def target_at(document: Document, offset: int, config: ExplainConfig) -> Target | None:
    """Return what a question about an offset is about; None for comments and blank lines."""
    if len(document.text) > MAX_FILE_CHARS:
        return None
    return _target(document, block_at(document.text, document.language, offset), config)


def target_of(document: Document, span: Span, config: ExplainConfig) -> Target | None:
    """Return a chosen part as what is to be explained; None where nothing stands there."""
    if len(document.text) > MAX_FILE_CHARS:
        return None
    return _target(document, Region(kind=RegionKind.PARAGRAPH, name="", span=span), config)


def _target(document: Document, region: Region, config: ExplainConfig) -> Target | None:
    text = document.text
    whole = "\n".join(region.span.of(text).splitlines())
    if not whole.strip():
        return None
    lines = whole.rstrip("\n").split("\n")
    code = "\n".join(lines[: config.max_lines])
    if len(lines) > config.max_lines:
        code += "\n(and so on)"
    around = enclosing(text, document.language, (region.span.start + region.span.end) // 2)
    context, function = "", ""
    if around is not None:
        function = around.qualified_name
        # Without a function around it, the rest of a file distracts a small model.
        if around.span != region.span and around.span.of(text).count("\n") <= config.max_lines:
            context = around.span.of(text).strip("\r\n")
    return Target(
        span=region.span,
        title=f"the {region.kind} `{region.name}`" if region.name else f"this {region.kind}",
        function=region.name or function,
        code=code,
        context=context,
        language=document.language,
        form="\0".join(
            normal_form(part, document.language) if part else "" for part in (whole, context)
        ),
    )


def _cut(code: str, max_chars: int) -> str:
    kept = assemble.clip_after(code, max_chars)
    return code if len(kept) >= len(code) else f"{kept.rstrip(chr(10))}\n(and so on)"
