"""`workbench export`: the graph or a table of a fleet as a file."""

from pathlib import Path

import click

from workbench.fleet.tables import TABLES
from workbench.subcommands.roots import CONFIG, PATHS, Roots, read_roots, settings_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@PATHS
@CONFIG
@click.option(
    "--what", type=click.Choice(["graph", *TABLES]), default=None,
    help="The slot graph, or a table.  [default: what FILE is named after, else the graph]",
)  # fmt: skip
@click.option("--rev", default=None, metavar="REV", help="Read the manifests of a git revision instead of the disk.")
def export(file: Path, paths: Roots, config: Path | None, what: str | None, rev: str | None) -> None:
    """Write the slot graph or a table of the fleet below the PATHs to FILE, in the format that its ending names.

    \b
    workbench export graph.graphml ~/src     also .gexf, .dot, .json (node-link), .mmd (Mermaid)
    workbench export crates.parquet ~/src    also .csv, .arrow, .json

    The file is written under another name first, and replaced whole or not at all. Exit code: 0; 2 if a PATH cannot be
    read or FILE cannot be written.
    """  # noqa: D301 - click wants the character itself
    from workbench.tables.export import export_fleet

    _, snapshot = read_roots(paths, config, settings_of(paths, config), rev)
    written = export_fleet(snapshot, file, what)
    click.echo(f"{written} ({written.stat().st_size:,} bytes)", err=True)
