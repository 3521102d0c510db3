"""Fix a failing test: candidates from the model and from rules, each run before any is shown.

The failure is reproduced, the bug localised, and a patch is shown only when the failing test
passes with it in every repeat and nothing fails that passed before. No plausible patch, no edit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ducktypist.config import FixConfig
from ducktypist.domain import Kind, Verdict
from ducktypist.errors import DucktypistError
from ducktypist.features.fix.case import Case, FixRequest, NothingToFixError, reproduced
from ducktypist.features.fix.choice import Choice, choose, labelled
from ducktypist.features.fix.order import order_of
from ducktypist.features.fix.proposals import FixProposal
from ducktypist.features.fix.record import Record
from ducktypist.features.fix.result import nothing_found, nothing_to_propose, proposal
from ducktypist.features.fix.search import Means, Search, search_patches
from ducktypist.features.grounds import Grounds
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.sources import SourceCount, source_counts

__all__ = ["FixProposal", "FixRequest", "fix"]


async def fix(
    request: FixRequest,
    *,
    workbench: Workbench,
    grounds: Grounds,
    config: FixConfig,
    progress: Callable[[str], None],
) -> FixProposal:
    """Search for a patch that turns the test green and leaves the rest green.

    Raises:
        RunnerError: The test's runner is missing or did not start.
        SandboxError: A run could not be isolated.
        EngineError: The model could not be asked, and no patch by rule was plausible.
    """
    record = Record.begin(
        workbench,
        kind=Kind.FIX,
        trusted=request.trusted,
        root=grounds.root,
        target=request.failing.node_id,
    )
    clock = asyncio.get_running_loop().time
    started_s = clock()
    found = Search(started_s=started_s, deadline_s=started_s + config.budget_s)
    try:
        async with reproduced(request, grounds=grounds, progress=progress) as case:
            choice = await _searched(found, case, record, config=config, progress=progress)
            if choice is None and found.engine_error is not None:
                raise found.engine_error
            return proposal(found, case, record, choice, _verdict(found, case, choice))
    except NothingToFixError as error:
        return nothing_to_propose(found, record, str(error))
    except asyncio.CancelledError:
        record.cancelled()
        raise


async def _searched(
    found: Search,
    case: Case,
    record: Record,
    *,
    config: FixConfig,
    progress: Callable[[str], None],
) -> Choice | None:
    workbench = record.workbench
    means = Means(
        case=case,
        workbench=workbench,
        config=config,
        sources=order_of(await _counts(workbench, case), config.sources),
        progress=progress,
        asking=record.asking,
    )
    async with search_patches(means, found) as validator:
        if not found.plausible:
            return None
        if len(found.plausible) > 1:
            progress(f"comparing {len(found.plausible)} patches that pass")
        return await choose(found.plausible, case, validator)


async def _counts(workbench: Workbench, case: Case) -> tuple[SourceCount, ...]:
    """Return what the ledger says of this model; nothing where it cannot be read."""
    try:
        return await asyncio.to_thread(
            source_counts,
            workbench.ledger.path,
            model_sha256=workbench.model.sha256,
            kind=Kind.FIX,
            language=case.language,
        )
    except DucktypistError:
        return ()


def _verdict(found: Search, case: Case, choice: Choice | None) -> Verdict:
    if choice is not None:
        return replace(choice.verdict, summary=labelled(choice.verdict, choice.doubt))
    return nothing_found(found, case, "no plausible patch")
