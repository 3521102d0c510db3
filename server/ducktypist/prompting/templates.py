"""Prompt files: read, checked and filled in. The text of every prompt is data in ``prompts/``.

A template *is* its content hash. A variable that the file uses and does not declare, or declares
and does not use, is an error when the file is loaded, not when a person waits.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ducktypist.domain import ChatPrompt, InfillPrompt, Kind, Message, Prompt, TextPrompt
from ducktypist.errors import PromptError
from ducktypist.prompting.special_tokens import neutralise

SUFFIX = ".prompt"
STEPS = 2
"""A first step and a further one."""
_SECTIONS = {
    "chat": ({"system", "user"}, {"assistant"}),
    "infill": ({"prefix", "suffix"}, set[str]()),
    "text": ({"text"}, set[str]()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One prompt file."""

    name: str
    kind: Kind
    form: str
    """``chat``, ``infill`` or ``text``."""
    variables: frozenset[str]
    stop: tuple[str, ...]
    template_hash: str
    """``b2:`` and 32 hexadecimal digits of BLAKE2b over the file's bytes."""
    sections: Mapping[str, jinja2.Template]
    continuations: tuple[str, ...] = ()
    """What a chat's answer goes on with each time the model has come to a stop."""
    steps: tuple[str, ...] = ()
    """The same where the code has named steps: for the first and for each further one, with ``{}``
    for its name."""

    def render(self, **values: object) -> Prompt:
        """Fill the template in; special tokens in string values are neutralised.

        Raises:
            PromptError: A variable is missing or unknown.
        """
        if values.keys() != self.variables:
            missing = sorted(self.variables - values.keys()) or "none"
            extra = sorted(values.keys() - self.variables) or "none"
            raise PromptError(f"prompt {self.name}: missing variables {missing}, unknown {extra}")
        safe = {key: _neutralised(value) for key, value in values.items()}
        try:
            texts = {name: section.render(safe) for name, section in self.sections.items()}
        except jinja2.TemplateError as error:
            raise PromptError(f"prompt {self.name} cannot be filled in: {error}") from error
        if self.form == "chat":
            messages = (
                Message(role="system", content=texts["system"]),
                Message(role="user", content=texts["user"]),
            )
            return ChatPrompt(messages=messages, assistant_prefix=texts.get("assistant", ""))
        if self.form == "infill":
            return InfillPrompt(prefix=texts["prefix"], suffix=texts["suffix"])
        return TextPrompt(text=texts["text"])


class PromptLibrary:
    """All prompts of one folder, loaded and checked at once."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = dict(templates)

    @classmethod
    def load(cls, folder: Traversable | None = None) -> PromptLibrary:
        """Load every ``*.prompt`` file of ``folder``, by default the ones that ship with us.

        Raises:
            PromptError: A file is malformed.
        """
        folder = importlib.resources.files("ducktypist") / "prompts" if folder is None else folder
        if not folder.is_dir():
            raise PromptError(f"no prompts at {folder}; reinstall Ducktypist")
        files = sorted(
            (item for item in folder.iterdir() if item.name.endswith(SUFFIX)),
            key=lambda item: item.name,
        )
        return cls(
            {
                item.name.removesuffix(SUFFIX): parse(
                    item.name.removesuffix(SUFFIX), item.read_bytes()
                )
                for item in files
            }
        )

    def __getitem__(self, name: str) -> Template:
        """Return a template by name.

        Raises:
            PromptError: There is none of that name.
        """
        try:
            return self._templates[name]
        except KeyError:
            known = ", ".join(self._templates)
            raise PromptError(f"there is no prompt {name!r}; known: {known}") from None

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates."""
        return tuple(self._templates)


def parse(name: str, raw: bytes) -> Template:
    """Return the template that a file's bytes hold.

    Raises:
        PromptError: Front matter, sections or variables are not as they must be.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PromptError(f"prompt {name} is not UTF-8 (byte {error.start})") from error
    match = re.fullmatch(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text, re.DOTALL)
    if match is None:
        raise PromptError(f"prompt {name}: expected TOML front matter between two +++ lines")
    try:
        front: dict[str, Any] = tomllib.loads(match[1])
        kind, form = Kind(front["kind"]), str(front["form"])
        declared = frozenset(_strings(front, "variables"))
        stop = _strings(front, "stop")
        continuations = _strings(front, "continuations") if "continuations" in front else ()
        steps = _strings(front, "steps") if "steps" in front else ()
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise PromptError(f"prompt {name}: bad front matter: {error}") from error
    if steps and (len(steps) != STEPS or any(step.count("{}") != 1 for step in steps)):
        raise PromptError(f"prompt {name}: steps must be two strings with one {{}} each")
    texts = _split_sections(name, match[2])
    required, optional = _SECTIONS.get(form, (None, None))
    if required is None or optional is None:
        raise PromptError(f"prompt {name}: form must be one of {', '.join(_SECTIONS)}, got {form}")
    if not required <= texts.keys() <= required | optional:
        raise PromptError(f"prompt {name}: a {form} prompt has the sections {sorted(required)}")
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    used: set[str] = set()
    sections = {}
    for section, text in texts.items():
        try:
            used |= jinja2.meta.find_undeclared_variables(environment.parse(text))
            sections[section] = environment.from_string(text)
        except jinja2.TemplateError as error:
            raise PromptError(f"prompt {name}, section {section}: {error}") from error
    if used != declared:
        raise PromptError(
            f"prompt {name}: declares {sorted(declared)} and uses {sorted(used)}; make them agree"
        )
    digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
    return Template(
        name=name,
        kind=kind,
        form=form,
        variables=declared,
        stop=stop,
        template_hash=f"b2:{digest}",
        sections=sections,
        continuations=continuations,
        steps=steps,
    )


def prompt_hash(prompt: Prompt) -> str:
    """Return ``b2:`` and 32 digits of BLAKE2b over the prompt's canonical JSON.

    Canonical: keys sorted, no spaces, ASCII only, the form's name beside the texts.
    """
    if isinstance(prompt, ChatPrompt):
        body: dict[str, object] = {
            "form": "chat",
            "messages": [[message.role, message.content] for message in prompt.messages],
            "assistant_prefix": prompt.assistant_prefix,
        }
    elif isinstance(prompt, InfillPrompt):
        body = {"form": "infill", "prefix": prompt.prefix, "suffix": prompt.suffix}
    else:
        body = {"form": "text", "text": prompt.text}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    return f"b2:{hashlib.blake2b(canonical, digest_size=16).hexdigest()}"


def _strings(front: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = front[key]
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"{key} must be a list of strings, got {found!r:.60}")
    return tuple(found)


def _split_sections(name: str, text: str) -> dict[str, str]:
    parts = re.split(r"^=== ([a-z]+)\n", text, flags=re.MULTILINE)
    names = parts[1::2]
    if len(set(names)) < len(names):
        raise PromptError(f"prompt {name}: a section is there twice; got {', '.join(names)}")
    return {parts[i]: parts[i + 1].removesuffix("\n") for i in range(1, len(parts) - 1, 2)}


def _neutralised(value: object) -> object:
    if isinstance(value, str):
        return neutralise(value)
    if isinstance(value, (tuple, list)):
        return [_neutralised(item) for item in value]
    return value
