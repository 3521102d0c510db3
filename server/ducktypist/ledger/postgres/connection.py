"""A connection to a team's database, its errors as ours, and never a password in a message.

The only module that imports psycopg, which is optional. How to reach the server and how it is
secured is libpq's business: its environment variables, ``.pgpass``, services and ``sslmode`` in the
address hold as everywhere else.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from ducktypist.errors import LedgerBusyError, LedgerError

if TYPE_CHECKING:
    import psycopg

SCHEMA = "ducktypist"
"""The database's schema that holds everything of ours; nothing else is touched."""

CONNECT_TIMEOUT_S = 10
WORK_MEM = "64MB"
"""For one step of one query of who reads."""

_SECRETS = frozenset({"password", "sslpassword", "passfile", "oauth_client_secret"})

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


@contextlib.contextmanager
def connected(url: str, *, read_only: bool) -> Iterator[Connection]:
    """Open a connection whose names are looked for in our schema only.

    Args:
        url: A ``postgresql://`` address.
        read_only: Whether nothing may be written through it.

    Raises:
        LedgerError: psycopg is missing, the server does not answer or refuses, or a statement
            inside the block failed.
    """
    try:
        import psycopg  # noqa: PLC0415 - optional
    except ImportError as error:
        raise LedgerError(
            "a PostgreSQL ledger needs psycopg; install it with: pip install 'ducktypist[postgres]'"
        ) from error
    with _told(url):
        # Said to the server before anything else, so that no setting of the user's comes between.
        options = [f"-c search_path={SCHEMA}", "-c jit=off"]
        if read_only:
            # The views group whole tables; with the server's default they would do so on its disk.
            options += ["-c default_transaction_read_only=on", f"-c work_mem={WORK_MEM}"]
        given = psycopg.conninfo.conninfo_to_dict(url)
        more: dict[str, Any] = {"application_name": "ducktypist", "client_encoding": "UTF8"}
        if "connect_timeout" not in given and "PGCONNECT_TIMEOUT" not in os.environ:
            more["connect_timeout"] = CONNECT_TIMEOUT_S
        more["options"] = " ".join(filter(None, (str(given.get("options") or ""), *options)))
        with psycopg.connect(url, autocommit=True, **more) as connection:
            yield connection


def redacted(url: str) -> str:
    """Return an address without what is secret in it, for people."""
    try:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        user = user.partition(":")[0]
        query = [(name, value) for name, value in parse_qsl(parts.query) if name not in _SECRETS]
    except ValueError:
        return "the PostgreSQL address"
    netloc = f"{user}@{host}" if user else host
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query, safe="/"), ""))


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    import psycopg  # noqa: PLC0415 - as above

    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        said = _without_secrets(str(error), url)
        raise LedgerBusyError(f"{redacted(url)} is held by somebody else: {said}") from None
    except psycopg.errors.InsufficientPrivilege as error:
        said = _without_secrets(str(error), url)
        raise LedgerError(
            f"{redacted(url)} does not allow this: {said}; ask its owner for rights on the schema "
            f"{SCHEMA}"
        ) from None
    except psycopg.Error as error:
        # The cause may quote the address as it was given, so it is not carried along.
        said = _without_secrets(str(error), url)
        raise LedgerError(f"{redacted(url)} cannot be used as a ledger: {said}") from None


def _without_secrets(message: str, url: str) -> str:
    found = message.replace(url, redacted(url))
    for secret in _secrets_of(url):
        found = found.replace(secret, "***")
    return " ".join(found.split())


def _secrets_of(url: str) -> set[str]:
    """Return what of an address must not be seen, also of one that is none."""
    secrets = set()
    if found := re.search(r"//[^:/@?#]*:([^@]*)@", url):
        secrets |= {found[1], unquote(found[1])}
    for name, value in re.findall(r"[?&]([^=&]+)=([^&]*)", url):
        if name in _SECRETS:
            secrets |= {value, unquote(value)}
    return secrets - {""}
