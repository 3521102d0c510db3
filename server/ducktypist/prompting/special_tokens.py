"""Markup that steers a model, when it stands in somebody's code.

A file that contains ``<|im_end|>`` must not end the turn. Our own host already reads user text
without special tokens; a remote engine may not, so the markup is broken up here, whoever answers,
and put together again in what comes back.
"""

from __future__ import annotations

import re

_BREAK = "\u2060"
"""WORD JOINER: invisible, no meaning in code, and in no vocabulary's special tokens."""

_SPECIAL = re.compile(
    r"<(?=[|\uff5c][\w\-\u2581./]{1,40}[|\uff5c]>"  # <|im_end|>, and with full-width bars
    r"|/?(?:start_of_turn|end_of_turn|eos|bos|pad|unk|mask|s)>"  # Gemma, Llama 2
    r"|</?SYS>>"  # Llama 2; not one token, and still obeyed
    r"|(?:fim[_-](?:prefix|middle|suffix|pad)|repo_name|file_sep|reponame|gh_stars"
    r"|PRE|SUF|MID|EOT)>)"  # StarCoder, Code Llama
    r"|\[(?=/?(?:INST|SYS|PREFIX|MIDDLE|SUFFIX|AVAILABLE_TOOLS|TOOL_CALLS)\])"  # Mistral
)


def neutralise(text: str) -> str:
    """Return ``text`` with a word joiner inside everything that looks like a special token."""
    return _SPECIAL.sub(lambda match: match[0] + _BREAK, text)


def restore(text: str) -> str:
    """Undo :func:`neutralise` in a model's answer."""
    return re.sub(rf"([<\[]){_BREAK}", r"\1", text)
