"""``ducktypist use``: fetch a model, see whether it fits, load it, measure it, make it the one.

It asks and prints, in that order; nothing is changed before the model has answered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ducktypist import config
from ducktypist.cli.pulling import one_line_errors, shown_progress
from ducktypist.config.writing import write_setting
from ducktypist.errors import ModelError

if TYPE_CHECKING:
    from ducktypist.app.planning import Ground, PlannedModel
    from ducktypist.app.switching import Loaded, OldHost
    from ducktypist.models.catalog import ModelReference


class DoesNotFitError(ModelError):
    """The model does not fit; the message names what does."""


@click.command()
@click.argument("model")
@click.option("--force", is_flag=True, help="Take it even if it is not expected to fit.")
@click.option("--dry-run", is_flag=True, help="Say whether it fits; fetch and change nothing.")
@click.option("--backend", hidden=True, help="For tests.")
def use(*, model: str, force: bool, dry_run: bool, backend: str | None) -> None:
    """Make MODEL the resident model: fetch it, see that it fits, load it, measure it.

    MODEL is a catalogue name (`ducktypist models`), hf:OWNER/REPO:QUANT or a path. What does not
    fit is refused, and the next best is named. The name is written into your configuration file.
    """
    with one_line_errors():
        from ducktypist.app.planning import ground_of, knows_shape, plan_one  # noqa: PLC0415 - keeps the start of other commands fast
        from ducktypist.models.catalog import resolve  # noqa: PLC0415 - as above

        reference = resolve(model)
        ground = ground_of()
        was_known = knows_shape(reference)
        if was_known:
            planned = plan_one(reference, ground)
            _say_plan(planned)
            _refuse_unless_fitting(planned, ground, force=force)
        elif dry_run:
            raise ModelError(
                f"nothing is known of {reference.name} before it is here; fetch it with "
                f"`ducktypist model pull {reference.name}`"
            )
        if dry_run:
            click.echo("nothing was fetched or changed")
            return
        if _fetch(reference) or not was_known:
            # Its own header is exact, and may say otherwise.
            _refuse_unless_fitting(plan_one(reference, ground), ground, force=force)
        asyncio.run(_switch(reference, ground, backend))


async def _switch(reference: ModelReference, ground: Ground, backend: str | None) -> None:
    from ducktypist.app.planning import plan_one  # noqa: PLC0415 - loaded already by whoever calls
    from ducktypist.app.switching import (  # noqa: PLC0415 - as above
        app_for,
        host_of_settings,
        let_go,
        load_and_measure,
        running_windows,
    )

    click.echo("loading…", err=True)
    loaded = await load_and_measure(reference.name, backend=backend)
    _say_measured(loaded)
    if backend is None:
        planned = plan_one(reference, ground)
        click.echo(f"verdict: {planned.plan.verdict}")
    old = host_of_settings()
    path = config.user_config_path()
    changed = write_setting(path, section="model", key="name", value=reference.name)
    click.echo(f"model.name {'is now' if changed else 'was already'} {reference.name} in {path}")
    new = app_for(reference.name, backend=backend)
    try:
        _say_old(await let_go(old, new.host_spec(), running_windows()))
    finally:
        await new.aclose()
    if ground.settings.engine.url:
        click.echo(
            f"engine.url is {ground.settings.engine.url}: that engine answers, not this model; "
            "remove engine.url to use it"
        )


def _refuse_unless_fitting(planned: PlannedModel, ground: Ground, *, force: bool) -> None:
    from ducktypist.app.planning import next_best, plan_all  # noqa: PLC0415 - loaded already by whoever calls
    from ducktypist.fit.plan import Fit  # noqa: PLC0415 - as above

    if planned.plan.verdict is not Fit.DOES_NOT_FIT:
        return
    reasons = "; ".join(planned.plan.reasons)
    if force:
        click.echo(f"{planned.name} is not expected to fit: {reasons}; going on", err=True)
        return
    best = next_best(plan_all(ground), planned)
    instead = (
        "nothing in the catalogue does"
        if best is None
        else f"the next best that does is {best.name} ({best.plan.verdict}): "
        f"`ducktypist use {best.name}`"
    )
    raise DoesNotFitError(
        f"{planned.name} does not fit: {reasons}; {instead} (--force takes it all the same)"
    )


def _fetch(reference: ModelReference) -> bool:
    """See to it that the model is here; tell whether it had to be fetched."""
    from ducktypist.models.store import ModelStore  # noqa: PLC0415 - loaded already by whoever calls

    store = ModelStore(config.data_dir() / "models")
    if store.find(reference) is not None:
        return False
    with shown_progress() as report:
        fetched = store.pull(reference, progress=report)
    click.echo(f"{fetched.name}: fetched and checked")
    return True


def _say_plan(planned: PlannedModel) -> None:
    click.echo(f"{planned.name}: {planned.plan.verdict}")
    for reason in planned.plan.reasons:
        click.echo(f"  {reason}")


def _say_measured(loaded: Loaded) -> None:
    identity, timings = loaded.identity, loaded.timings
    where = f"{identity.n_gpu_layers} layers on the GPU" if identity.n_gpu_layers else "on the CPU"
    click.echo(
        f"loaded {identity.name} in {loaded.load_s:.1f} s, {where}, {identity.n_threads} threads, "
        f"context {identity.n_ctx_tokens} tokens"
    )
    if loaded.rates is not None:
        click.echo(
            f"measured: reads {loaded.rates.prefill_tok_s:.0f} and writes "
            f"{loaded.rates.decode_tok_s:.1f} tokens a second"
        )
    click.echo(
        f"a short answer: first token after {timings.ttft_ms:.0f} ms, "
        f"{timings.completion_tokens} tokens in {timings.total_ms:.0f} ms"
    )


def _say_old(old: OldHost) -> None:
    if old.was_ended:
        click.echo("the host of the model before has ended")
    if old.n_windows:
        windows = "1 editor window runs" if old.n_windows == 1 else f"{old.n_windows} windows run"
        click.echo(
            f"{windows}: a window takes the new model when it is started again or its Ducktypist "
            "settings change; until then it keeps the old one, whose host leaves when idle"
        )
