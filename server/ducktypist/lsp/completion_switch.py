"""The quick off switch of ghost text: for one window, all of it or one language at a time.

It stands before the settings and is forgotten with the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ducktypist.config import CompleteConfig
from ducktypist.domain import Json


class CompletionSwitch:
    """Whether anything is suggested while one types."""

    def __init__(self, config: Callable[[], CompleteConfig]) -> None:
        """Follow the settings until somebody switches.

        Args:
            config: Returns the settings as they are now.
        """
        self._config = config
        self._enabled: bool | None = None
        self._languages: dict[str, bool] = {}

    def is_enabled(self, language: str) -> bool:
        """Tell whether to suggest in a language."""
        return self._is_on() and self.is_enabled_in(language)

    def is_enabled_in(self, language: str) -> bool:
        """Tell whether a language is on, whatever holds for all of them."""
        return language not in self.disabled_languages()

    def disabled_languages(self) -> tuple[str, ...]:
        """Return the ids of the languages in which nothing is suggested, sorted."""
        off = set(self._config().disabled_languages)
        off |= {language for language, enabled in self._languages.items() if not enabled}
        off -= {language for language, enabled in self._languages.items() if enabled}
        return tuple(sorted(off))

    def toggle(self) -> None:
        """Turn off what is on, and on what is off."""
        self._enabled = not self._is_on()

    def turn(self, *, on: bool) -> None:
        """Turn it on or off, whatever it is."""
        self._enabled = on

    def turn_language(self, language: str, *, on: bool) -> None:
        """Turn one language on or off."""
        self._languages[language] = on

    def as_json(self) -> dict[str, Json]:
        """Return how it stands."""
        return {"enabled": self._is_on(), "disabled_languages": list(self.disabled_languages())}

    def _is_on(self) -> bool:
        return self._config().inline_enabled if self._enabled is None else self._enabled


def infill_words(engine: Mapping[str, Json]) -> str | None:
    """Say in words how the engine of a status fills in at the cursor; None before it is known."""
    has_fim, model = engine.get("has_fim"), engine.get("model")
    if not isinstance(has_fim, bool):
        return None
    if has_fim:
        return "fill-in-the-middle"
    return (
        f"the model {model} has no fill-in-the-middle tokens; it is asked in a chat, which is "
        f"slower and less exact"
    )
