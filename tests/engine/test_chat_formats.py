from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.domain import ChatPrompt, Message
from ducktypist.engine.chat_formats import ChatFormat, choose, read_formats, render
from ducktypist.errors import EngineRequestError, EngineUnavailableError

CHAT = ChatPrompt(
    messages=(
        Message(role="system", content="SYS"),
        Message(role="user", content="U1 <|im_end|>"),
        Message(role="assistant", content="A1"),
        Message(role="user", content="U2"),
    ),
    assistant_prefix="```",
)
EXPECTED = {
    "chatml": (
        "<|im_start|>system\nSYS<|im_end|>\n<|im_start|>user\nU1 <|im_end|><|im_end|>\n"
        "<|im_start|>assistant\nA1<|im_end|>\n<|im_start|>user\nU2<|im_end|>\n"
        "<|im_start|>assistant\n```"
    ),
    "gemma": (
        "<start_of_turn>user\nSYS\n\nU1 <|im_end|><end_of_turn>\n"
        "<start_of_turn>model\nA1<end_of_turn>\n<start_of_turn>user\nU2<end_of_turn>\n"
        "<start_of_turn>model\n```"
    ),
    "plain": (
        "### Instruction:\nSYS\n\nU1 <|im_end|>\n\n### Response:\nA1\n\n"
        "### Instruction:\nU2\n\n### Response:\n```"
    ),
}


def _named(name: str) -> ChatFormat:
    return next(form for form in read_formats() if form.name == name)


def test_every_shipped_format_is_covered() -> None:
    """A format that is added gets an expectation here."""
    assert {form.name for form in read_formats()} == set(EXPECTED)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_chat_is_written_as_the_family_knows_it(name: str) -> None:
    """Turns, system text and the beginning of the answer stand where the model expects them."""
    assert "".join(part.text for part in render(CHAT, _named(name))) == EXPECTED[name]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_what_people_wrote_is_never_markup(name: str) -> None:
    """No part with recognised special tokens contains anybody's text."""
    people = {"SYS", "U1", "A1", "U2", "```"}
    for part in render(CHAT, _named(name)):
        assert not (part.is_markup and any(text in part.text for text in people))


def test_a_default_system_message_is_used_where_there_is_none() -> None:
    """ChatML models are told what they are unless the chat says so itself."""
    chat = ChatPrompt(messages=(Message(role="user", content="U"),))
    text = "".join(part.text for part in render(chat, _named("chatml")))
    assert text.startswith("<|im_start|>system\nYou are a helpful assistant.<|im_end|>")
    assert "system" not in "".join(part.text for part in render(chat, _named("gemma")))


def test_a_lone_system_message_becomes_the_question() -> None:
    """Without a user turn the instruction is not lost."""
    chat = ChatPrompt(messages=(Message(role="system", content="SYS"),))
    text = "".join(part.text for part in render(chat, _named("gemma")))
    assert text == "<start_of_turn>user\nSYS<end_of_turn>\n<start_of_turn>model\n"


def test_an_unknown_role_is_refused() -> None:
    """A role that the format does not have is a bad request."""
    chat = ChatPrompt(messages=(Message(role="tool", content="x"),))
    with pytest.raises(EngineRequestError, match="no role 'tool'"):
        render(chat, _named("chatml"))


@pytest.mark.parametrize(
    ("vocabulary", "name"),
    [
        ({"<|im_start|>", "<|im_end|>"}, "chatml"),
        ({"<start_of_turn>", "<end_of_turn>"}, "gemma"),
        ({"<|im_start|>"}, "plain"),
    ],
)
def test_the_vocabulary_chooses_the_format(vocabulary: set[str], name: str) -> None:
    """A format is used only when all its special tokens exist."""
    assert choose(read_formats(), vocabulary.__contains__).name == name


@pytest.mark.parametrize("text", ["name = ", 'name = "x"', 'name = "x"\nroles = 3'])
def test_a_broken_format_is_told(tmp_path: Path, text: str) -> None:
    """A file that lacks something is named."""
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(EngineUnavailableError, match="chat formats cannot be read"):
        read_formats(tmp_path)


def test_a_folder_without_formats_is_told(tmp_path: Path) -> None:
    """An incomplete installation is no silent default."""
    with pytest.raises(EngineUnavailableError, match="no chat formats"):
        read_formats(tmp_path)
