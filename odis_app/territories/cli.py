"""``odis territories``: the base of communes on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from odis_app.core.config import Config, libpq
from odis_app.territories import dataset
from odis_app.territories.derive import derive
from odis_app.territories.operations import LoadReport, load


@click.group("territories")
def cli() -> None:
    """Communes, EPCI, départements et régions."""


@cli.command("load")
@click.option("--cog", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Paquet @etalab/decoupage-administratif décompressé, à la place de la base fournie.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Écrire le rapport en JSON.")
@with_appcontext
def load_command(cog: Path | None, as_json: bool) -> None:
    """Charger la base des territoires (COG 2026), sans rien changer si elle l’est déjà."""
    config: Config = current_app.config["ODIS"]
    if not config.migrate_database_url:
        raise click.ClickException(
            "ODIS_MIGRATE_DATABASE_URL est absente : le chargement écrit sous le rôle odis_migrate."
        )
    try:
        report = load(libpq(config.migrate_database_url), derive(cog) if cog else dataset.read())
    except dataset.DatasetError as error:
        click.echo(f"Erreur : {error}", err=True)
        sys.exit(1)
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else as_table(report))


def as_table(report: LoadReport) -> str:
    """The report as aligned columns."""
    rows = [(name, c.read, c.added, c.changed, c.removed) for name, c in report.tables.items()]
    lines = [f"{'table':<22}{'lues':>9}{'ajoutées':>10}{'modifiées':>11}{'retirées':>10}"]
    lines += [
        f"{name:<22}{read:>9}{added:>10}{changed:>11}{removed:>10}" for name, read, added, changed, removed in rows
    ]
    outcome = "Base déjà chargée, rien n’a changé" if report.unchanged else "Base chargée"
    return "\n".join([*lines, f"{outcome} : {report.source}, COG {report.vintage}, en {report.seconds:.1f} s."])
