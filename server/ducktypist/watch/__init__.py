"""Watches what test runs leave on disk. It decides nothing: it says what a file says now.

Correctness never depends on an event arriving: each read is of the whole file.
"""

from ducktypist.watch.files import file_changes
from ducktypist.watch.junit import JunitResults, junit_changes, parse_junit, read_junit
from ducktypist.watch.lastfailed import (
    LASTFAILED,
    LastFailed,
    lastfailed_changes,
    read_lastfailed,
)
from ducktypist.watch.records import (
    RECORDS,
    Record,
    read_record,
    record_changes,
    record_path,
    write_record,
)

__all__ = [
    "LASTFAILED",
    "RECORDS",
    "JunitResults",
    "LastFailed",
    "Record",
    "file_changes",
    "junit_changes",
    "lastfailed_changes",
    "parse_junit",
    "read_junit",
    "read_lastfailed",
    "read_record",
    "record_changes",
    "record_path",
    "write_record",
]
