"""``ducktypist model``: fetch, list, check and remove model files.

It converts and prints; what is done is in :mod:`ducktypist.models`. Progress goes to standard
error, results to standard output, so that ``--json`` can be piped.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ducktypist import config
from ducktypist.cli.pulling import one_line_errors, shown_progress
from ducktypist.errors import DucktypistError, UnknownModelError
from ducktypist.models.catalog import Catalogue, ModelReference, load_catalogue
from ducktypist.models.gguf import read_header
from ducktypist.models.store import LOCAL_SOURCE, ModelStore, StoredModel


@click.group(name="model")
def model() -> None:
    """Fetch, list, check and remove model files."""


@model.command()
@click.argument("name", required=False)
def pull(name: str | None) -> None:
    """Fetch the model NAME (a catalogue name, hf:OWNER/REPO:QUANT or a path).

    Without NAME, the model of the settings. A pull that was interrupted goes on where it stopped.
    """
    with one_line_errors():
        reference = load_catalogue().resolve(name or _configured_name())
        store = _store()
        here = store.find(reference) if reference.path is None else None
        if here is None:
            with shown_progress() as report:
                stored = store.pull(reference, progress=report)
        else:
            stored = here
        how = "fetched and checked" if here is None else "already here"
        click.echo(f"{stored.name} {stored.quantisation}, {_size(stored.n_bytes)}, {how}")
        click.echo(str(stored.path))


@model.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_models(*, as_json: bool) -> None:
    """List the models that are here and those that can be fetched by name.

    Of each model the quantisation to take if in doubt; `ducktypist models --all` has the others.
    """
    with one_line_errors():
        catalogue = load_catalogue()
        rows = _rows(catalogue, {item.name: item for item in _store().list()})
        if as_json:
            click.echo(json.dumps(rows, indent=2))
        else:
            _print_table(rows)


@model.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Read the stored model NAME, or all of them, and hold it against its SHA-256."""
    with one_line_errors():
        store = _store()
        names = [_stored_name(name)] if name else [item.name for item in store.list()]
        if not names:
            raise UnknownModelError("no model is stored; fetch one with `ducktypist model pull`")
        failed: list[str] = []
        for each in names:
            try:
                with shown_progress() as report:
                    checked = store.verify(each, progress=report)
            except DucktypistError as error:
                failed.append(each)
                click.echo(f"ducktypist: {error}", err=True)
            else:
                click.echo(f"{each}: as fetched (sha256 {checked.sha256})")
    if failed:
        raise SystemExit(1)


@model.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete the stored model NAME, or what an unfinished pull of it left."""
    with one_line_errors():
        full_name = _stored_name(name)
        freed_bytes = _store().remove(full_name)
        click.echo(f"removed {full_name}, {_size(freed_bytes)}")


@model.command()
@click.argument("name")
@click.argument("quantisation")
def requantise(name: str, quantisation: str) -> None:
    """Make the model NAME in another QUANTISATION, such as Q8_0, from the file that is here.

    What the first quantisation lost stays lost: for comparing on this machine, not for publishing.
    """
    from ducktypist.models.requantise import requantised  # noqa: PLC0415 - keeps the help fast

    with one_line_errors():
        store = _store()
        model = store.require(load_catalogue().resolve(name))
        click.echo(f"quantising {model.name} again, as {quantisation.upper()}", err=True)
        click.echo(str(requantised(model, quantisation, store=store.root)))


@model.command()
@click.argument("name_or_path")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def info(name_or_path: str, *, as_json: bool) -> None:
    """Show what the header of a model file says of it."""
    with one_line_errors():
        facts = _facts(_path_of(name_or_path))
        if as_json:
            click.echo(json.dumps(facts, indent=2))
            return
        width = max(len(key) for key in facts)
        for key, value in facts.items():
            click.echo(f"{key:{width}}  {_plain(value)}")


def _store() -> ModelStore:
    return ModelStore(config.data_dir() / "models")


def _configured_name() -> str:
    settings = config.read_file(config.user_config_path())
    return config.merge(config.Config(), settings, source="config.toml").model.name


def _stored_name(name: str) -> str:
    """Return the full name for what was typed; stored models may be in no catalogue any more."""
    if any(name in {item.name, item.path.stem} for item in _store().list()):
        return name
    reference = load_catalogue().resolve(name)
    if reference.path is not None:
        raise UnknownModelError(
            f"{reference.path} is a file of your own, not one that Ducktypist stored; name a "
            "stored model (`ducktypist model list`)"
        )
    return reference.name


def _path_of(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser()
    if path.exists():
        return path
    reference: ModelReference = load_catalogue().resolve(name_or_path)
    return reference.path or _store().require(reference).path


def _facts(path: Path) -> dict[str, Any]:
    header = read_header(path)
    facts = asdict(header) | {"path": str(header.path), "missing_bytes": header.missing_bytes}
    return dict(facts)


def _rows(catalogue: Catalogue, stored: dict[str, StoredModel]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    recommended = {entry.name for entry in catalogue.recommended()}
    for entry in catalogue.entries:
        here = stored.pop(entry.name, None)
        if here is None and entry.name not in recommended:
            continue
        rows.append(
            {
                "name": entry.name,
                "stored": here is not None,
                "path": str(here.path) if here else None,
                "quantisation": entry.quantisation,
                "n_parameters": entry.n_parameters,
                "n_bytes": here.n_bytes if here else entry.n_bytes,
                "sha256": here.sha256 if here else entry.sha256,
                "licence": entry.licence,
                "fim": entry.has_fim,
                "source": here.source if here else None,
            }
        )
    rows += [
        {
            "name": item.name,
            "stored": True,
            "path": str(item.path),
            "quantisation": item.quantisation,
            "n_parameters": item.n_parameters,
            "n_bytes": item.n_bytes,
            "sha256": item.sha256,
            "licence": None,
            "fim": item.has_fim,
            "source": item.source,
        }
        for item in stored.values()
        if item.source != LOCAL_SOURCE
    ]
    return rows


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = [("name", "here", "size", "parameters", "fill-in", "licence")]
    table += [
        (
            str(row["name"]),
            "yes" if row["stored"] else "",
            _size(row["n_bytes"]) if row["n_bytes"] else "",
            f"{row['n_parameters'] / 1e9:.2f} B",
            "yes" if row["fim"] else "no",
            str(row["licence"] or ""),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        cells = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1024**2:,.0f} MiB"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
