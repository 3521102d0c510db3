"""The off switch of ghost text stands before the settings, for one window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.lsp.completion_switch import CompletionSwitch, infill_words


def test_without_switching_the_settings_hold() -> None:
    """They are asked each time, because they may change."""
    config = CompleteConfig(disabled_languages=("markdown",))
    switch = CompletionSwitch(lambda: config)
    assert switch.is_enabled("python")
    assert not switch.is_enabled("markdown")
    config = replace(config, inline_enabled=False, disabled_languages=())
    assert not switch.is_enabled("python")
    assert switch.as_json() == {"enabled": False, "disabled_languages": []}


@pytest.mark.parametrize("enabled", [True, False])
def test_toggling_turns_round_what_holds(*, enabled: bool) -> None:
    """Twice is as before; turning on or off is what it says, however often."""
    switch = CompletionSwitch(lambda: CompleteConfig(inline_enabled=enabled))
    switch.toggle()
    assert switch.is_enabled("python") != enabled
    switch.toggle()
    assert switch.is_enabled("python") == enabled
    for on in (True, True, False, False):
        switch.turn(on=on)
        assert switch.is_enabled("python") == on


def test_languages_one_by_one() -> None:
    """A language that is off stays off when all are turned on, and can be turned on itself."""
    switch = CompletionSwitch(lambda: CompleteConfig(disabled_languages=("markdown", "latex")))
    switch.turn_language("markdown", on=True)
    switch.turn_language("yaml", on=False)
    assert switch.disabled_languages() == ("latex", "yaml")
    assert switch.is_enabled("markdown")
    switch.turn(on=False)
    assert not switch.is_enabled("markdown")
    assert switch.is_enabled_in("markdown")
    switch.turn(on=True)
    assert not switch.is_enabled("yaml")


def test_what_a_model_can_fill_in_is_said_in_words() -> None:
    """Nothing before it is known."""
    assert infill_words({"has_fim": True, "model": "m"}) == "fill-in-the-middle"
    said = infill_words({"has_fim": False, "model": "tiny"})
    assert said is not None
    assert said.startswith("the model tiny has no fill-in-the-middle tokens; ")
    assert infill_words({"state": "loading"}) is None
