"""The words of the ledger's columns: what a label, a tier or a moment can be."""

from __future__ import annotations

import enum


class Answer(enum.StrEnum):
    """Whether the model answered at all; an empty answer and a refusal are wrong ones."""

    GIVEN = "given"
    EMPTY = "empty"
    REFUSAL = "refusal"


class StaticVerdict(enum.StrEnum):
    """How far the static checks got when the answer was generated."""

    NOT_CHECKED = "not_checked"
    BROKEN = "broken"
    PARSES = "parses"
    RESOLVES = "resolves"


class Verifier(enum.StrEnum):
    """What checked a suggestion. The first three read it; the others run something."""

    PARSE = "parse"
    RESOLVE = "resolve"
    CLAIM = "claim"
    EXAMPLES = "examples"
    TARGET_TEST = "target_test"
    SUITE = "suite"
    RACE = "race"
    ROUND_TRIP = "round_trip"


class Tier(enum.StrEnum):
    """Whether the model saw the check, did not, or it is about what passed before."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    REGRESSION = "regression"


class Moment(enum.StrEnum):
    """When a check was made, and of whose code; the first two are evidence for a label."""

    BEFORE_SHOWN = "before_shown"
    AS_SUGGESTED = "as_suggested"
    """Run after it was accepted or dismissed; what was run was the suggestion as it was made."""
    IN_EDITED_CODE = "in_edited_code"
    """Run after it was accepted, and what was run is the person's work as well."""


class Label(enum.StrEnum):
    """What a suggestion turned out to be; the rules stand in ``sql/0002_views.sql``."""

    RIGHT = "right"
    WRONG = "wrong"
    FLAKY = "flaky"
    UNVERIFIED = "unverified"


class Judge(enum.StrEnum):
    """Who concluded."""

    RULES = "rules"
    PERSON = "person"
    BENCH = "bench"


class Checkpoint(enum.StrEnum):
    """When it was looked whether a suggestion still stands."""

    AFTER_30_S = "30s"
    AFTER_2_MIN = "2min"
    AFTER_10_MIN = "10min"
    NEXT_COMMIT = "next_commit"


class TextRole(enum.StrEnum):
    """What a kept text is; kept only where the user turned ``ledger.keep_text`` on."""

    PROMPT = "prompt"
    ANSWER = "answer"
    PATH = "path"
    PLACE = "place"
    """What the answer takes the place of: ``path:start-end``, the path relative to the workspace
    folder, a half-open range of code points."""
