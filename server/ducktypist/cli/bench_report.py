"""``ducktypist bench report``: results of the fair bench as one HTML file, and its charts as SVG.

Options in, files out; what is on the page is the business of ``bench.fair.reporting``.
"""

from __future__ import annotations

from pathlib import Path

import click

from ducktypist.errors import DucktypistError

DEFAULT_OUT = Path("report.html")
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--out", type=FILE, default=DEFAULT_OUT, show_default=True, help="The HTML file.")
@click.option(
    "--charts",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each chart as an SVG file as well, for a README.",
)
def fair_report(*, files: tuple[Path, ...], out: Path, charts: Path | None) -> None:
    """Write results of `bench fair` as one HTML file with charts and intervals.

    Several files stand side by side where they asked the same tasks. The file needs nothing beside
    itself: no script, no font, no network; the same results give the same bytes.
    """
    from ducktypist.bench.fair.reporting import groups_of  # noqa: PLC0415 - keeps the help fast
    from ducktypist.bench.fair.results import read_result  # noqa: PLC0415 - as above
    from ducktypist.report.build import save  # noqa: PLC0415 - as above
    from ducktypist.report.fair.page import chart_files, fair_page  # noqa: PLC0415 - as above

    try:
        groups = groups_of([read_result(path) for path in dict.fromkeys(files)])
        save(fair_page(groups), out.expanduser())
        if charts is not None:
            _write(charts.expanduser(), chart_files(groups))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(out))


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise DucktypistError(
            f"the charts cannot be written to {folder}: {error.strerror}; name another folder "
            "with --charts"
        ) from error
    for name in files:
        click.echo(str(folder / name))
