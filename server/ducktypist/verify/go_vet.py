"""What ``go vet`` finds in packages, read from its ``-json`` output. Nothing is run here.

``go doc cmd/vet`` describes the flag; the output is one JSON object for each package, between lines
that begin with ``#``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ducktypist.verify.go_toolchain import GoToolchain


@dataclass(frozen=True, slots=True, kw_only=True)
class VetFinding:
    """One thing that an analyser does not like."""

    package: str
    """Import path."""
    analyser: str
    file: str
    """Name without folders; empty where none is known."""
    line: int
    """1-based; 0 where it is unknown."""
    message: str


def vet_argv(toolchain: GoToolchain, folders: Iterable[PurePosixPath]) -> list[str]:
    """Return what to call for packages by their folder below a module's root."""
    go = str(toolchain.go)
    wanted = [f"./{folder}" for folder in folders]
    return [go, "vet", "-json", "-buildvcs=false", "-mod=mod", *wanted]


def vet_findings(lines: Iterable[str]) -> tuple[VetFinding, ...]:
    """Return the findings in what ``go vet -json`` printed.

    A package that does not compile has none: the compiler says what is wrong with it.
    """
    # What belongs to an object is indented, so that only its own beginning stands after a line end.
    text = "\n" + "\n".join(line for line in lines if not line.startswith(("#", "vet: ")))
    decoder = json.JSONDecoder()
    found: list[VetFinding] = []
    place = text.find("\n{")
    while place >= 0:
        try:
            told, place = decoder.raw_decode(text, place + 1)
        except ValueError:
            place += 1
        else:
            found += _of_packages(told)
        place = text.find("\n{", place)
    return tuple(found)


def _of_packages(told: dict[str, Any]) -> Iterator[VetFinding]:
    for package, analysers in told.items():
        for analyser, findings in analysers.items():
            # An analyser that failed has an object with `error` in place of the list.
            for finding in findings if isinstance(findings, Sequence) else ():
                file, _, rest = str(finding.get("posn", "")).partition(":")
                line = rest.partition(":")[0]
                yield VetFinding(
                    package=package.partition(" ")[0],
                    analyser=analyser,
                    file=PurePosixPath(file).name,
                    line=int(line) if line.isdigit() else 0,
                    message=str(finding.get("message", "")),
                )
