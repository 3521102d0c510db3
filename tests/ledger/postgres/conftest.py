"""One real server for all tests of this folder, one database for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.postgres_server import Server, programs, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server on a Unix socket."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with running(binaries) as started:
        yield started


@pytest.fixture
def database(server: Server) -> str:
    """The name of an empty database."""
    return server.new_database()


@pytest.fixture
def url(server: Server, database: str) -> str:
    """The address of an empty database."""
    return server.url(database)
