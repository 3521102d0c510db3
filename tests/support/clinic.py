"""Examines an installation as ``ducktypist doctor`` does, one check or several."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.app import App
from ducktypist.doctor.check import Check
from ducktypist.doctor.examining import Case, examine
from ducktypist.doctor.subject import Subject


@dataclass(kw_only=True)
class Clinic:
    """Examines a folder as the command does."""

    folder: Path
    backend: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    quick: bool = False
    said: list[tuple[str, str]] = field(default_factory=list)

    def subject(self, app: App) -> Subject:
        """Return what is examined."""
        return Subject(
            folder=app.roots[0],
            is_trusted=app.is_trusted(app.roots[0]),
            settings=app.config,
            problems=tuple(app.problems),
            status=app.status,
            client=app.engine,
            sandbox=app.sandbox_status,
            quick=self.quick,
            say=lambda name, text: self.said.append((name, text)),
        )

    def check(self, look: Callable[[Subject], Check]) -> Check:
        """Return what a check that blocks finds."""
        return look(self.subject(App(roots=[self.folder], settings=self.settings)))

    async def ask(self, *cases: Case) -> dict[str, Check]:
        """Return what checks find that ask the engine or the sandbox, by name."""
        app = await asyncio.to_thread(
            lambda: App(roots=[self.folder], settings=self.settings, backend=self.backend)
        )
        subject = await asyncio.to_thread(self.subject, app)
        try:
            found = await examine(cases, subject)
        finally:
            await subject.aclose()
            await app.aclose()
        return {check.name: check for check in found.checks}
