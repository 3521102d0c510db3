"""What happens to code after a suggestion was taken: where it stands, and which tests ran it.

These are observations, not conclusions: what follows from them is worked out by ``attribution``,
which can do so again at any time from these events alone.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar


class How(enum.StrEnum):
    """How it is known where a suggestion stands."""

    TRACKED = "tracked"
    """Its place was followed through every edit."""
    CONTENT = "content"
    """It was found by what it says."""
    COMMIT = "commit"
    """It was found by what it says in a commit."""


class RunSource(enum.StrEnum):
    """Who told of a test run."""

    SERVER = "server"
    LASTFAILED = "lastfailed"
    JUNIT = "junit"
    GO_JSON = "go_json"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An accepted suggestion was found in a document and is followed from here on."""

    TABLE: ClassVar[str] = "placed"
    suggestion_id: str
    project_hash: str
    """Keyed hash of the workspace folder."""
    path: str
    """Relative to the workspace folder, with ``/``."""
    block_hash: str
    """Keyed hash of the function that it stands in, see ``syntax.blocks``; empty outside of one."""
    is_body: bool
    """Whether it is the whole body of that function."""
    n_tokens: int
    fingerprint: str
    """Its tokens, four bytes of a keyed hash each, base64; says where they are, not what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """Somebody looked where an accepted suggestion stands."""

    TABLE: ClassVar[str] = "sighted"
    suggestion_id: str
    path: str
    """Where it is now, relative to the workspace folder; empty when it is nowhere."""
    how: How
    edit_ratio: float
    """As in :class:`~ducktypist.ledger.events.Persisted`; 1 when it is gone."""
    block_hash: str
    """Of the function that it stands in now; empty when it is gone or in none."""
    commit_hash: str = ""
    """The commit's hash, where it was looked for in one."""
    as_made: bool = False
    """Whether the function that it stands in is what it was when the suggestion was taken, but for
    what a formatter changes. Only then a test of that function speaks of the suggestion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """Tests were run, by us or by somebody else."""

    __test__ = False
    TABLE: ClassVar[str] = "test_run"
    run_id: str
    """A ULID, or a hash of the report's content, so that one report counts once."""
    project_hash: str
    source: RunSource
    ran_utc: str
    """When, as ISO 8601 with milliseconds and ``Z``; the event may come days later."""
    environment_hash: str
    """``b2:…`` of where it ran; empty when nobody says."""
    commit_hash: str
    """The commit that was checked out, empty when nobody says."""
    n_passed: int
    n_failed: int
    """Failures and errors."""
    n_skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSeen:
    """One test of a run executed one function in which a suggestion may stand."""

    __test__ = False
    TABLE: ClassVar[str] = "test_seen"
    run_id: str
    test_hash: str
    """Keyed hash of the node id."""
    block_hash: str
    """Of the function that was executed, as it was then."""
    passed: bool
    is_direct: bool | None
    """Whether the test itself calls the function, or the failure's traceback goes through it; None
    when nobody says."""
    test_block_hash: str = ""
    """Keyed hash of the test function, as it was then; empty when nobody says."""
    rest_hash: str = ""
    """Keyed hash of all else that the test executed in the workspace; empty when nobody says."""
    duration_ms: float | None = None
