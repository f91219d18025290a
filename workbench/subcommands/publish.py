"""The command line: `workbench publish`."""

from pathlib import Path

import click

from workbench.subcommands.roots import CONFIG, PATHS, Roots, read_roots, settings_of


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@PATHS
@CONFIG
@click.option("--keep", type=click.IntRange(min=1), default=10, show_default=True, help="How many publications stay.")
def publish(folder: Path, paths: Roots, config: Path | None, keep: int) -> None:
    """Write the fleet below the PATHs into FOLDER as Parquet files, and print where.

    Each publication has a folder of its own and never changes; latest.json names the newest. Notebooks open it with
    Workbench.open(FOLDER).
    """
    from workbench.backings.local import LocalBacking
    from workbench.backings.publication import publish as write
    from workbench.hub import Hub

    _, snapshot = read_roots(paths, config, settings_of(paths, config))
    click.echo(write(LocalBacking(Hub.frozen(snapshot)), folder, keep))
