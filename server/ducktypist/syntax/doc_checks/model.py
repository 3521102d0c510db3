"""The values that describe what a docstring states and can be run; nothing is read here."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

EXACT = 1e-9
"""How far apart two floats may be, relatively, that are meant to be the same."""
MIN_DECIMALS_SHOWN = 2
"""``-> 3.14`` may stand for pi; ``-> 0.5`` is a half."""
MIN_DECIMALS_COMPARED = 4
"""Who writes ``==`` means it, unless there are many digits."""
_FLOAT = re.compile(r"(?<![\w.])\d+\.(\d+)(?![\w.])")


class CheckForm(enum.StrEnum):
    """How a docstring states a check."""

    DOCTEST = "doctest"
    COMPARISON = "comparison"
    """``f(x) == y``."""
    ARROW = "arrow"
    """``f(x) -> y``, ``f(x) => y``, ``f(x) returns y``."""
    WORDS = "words"
    """An edge case or an error stated in words."""
    EXAMPLE = "example"
    """What Go prints: ``fmt.Println(f(x))`` with ``// Output: y``, or ``f(x) -> [1 2 3]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocCheck:
    """One thing that a docstring states and that can be run."""

    form: CheckForm
    call: str
    """Source of the call, in the function's language."""
    expected: str
    """Source of the value, empty when an error is expected; of several results, with commas. In
    the form ``EXAMPLE``: the text as it is printed."""
    raises: str
    """The exception's name, empty when a value is expected; in Go ``error`` or ``panic``."""
    said: str
    """The docstring's own words."""

    @property
    def tolerance(self) -> float:
        """How far a float may be off, absolutely; 0.0 when only rounding errors are forgiven.

        Half a unit of the last digit that the docstring shows, where it shows enough of them.
        """
        shown = [len(match[1]) for match in _FLOAT.finditer(self.expected)]
        least = MIN_DECIMALS_COMPARED if self.form is CheckForm.COMPARISON else MIN_DECIMALS_SHOWN
        if not shown or min(shown) < least:
            return 0.0
        return 0.5 * 10.0 ** -min(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of the function, as far as its declaration and the examples tell."""

    name: str
    kind: str
    """``int``, ``uint``, ``float``, ``str``, ``bytes``, ``bool``, ``list``, ``tuple``, ``set``,
    ``dict``, ``other`` for any other type, empty when it is unknown."""
    is_required: bool = True
    type_text: str = ""
    """The declared type's source; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """An input and what it comes to, read from words; not yet a call."""

    parameter: str
    argument: str
    """Source of the argument."""
    expected: str
    """Source of the value, empty when an error is expected."""
    raises: str
    said: str
