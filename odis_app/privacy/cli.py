"""``odis purge``: what approved plans of erasure say to erase. A plan is drawn and approved in the pages, by two people; never here."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select, text

from odis_app.access import erasures
from odis_app.core.cli import system_token
from odis_app.core.config import Config
from odis_app.core.db import close_unit, db, open_unit, unit_of_work
from odis_app.core.formats import pluriel
from odis_app.documents.storage import Store
from odis_app.privacy import operations, queries
from odis_app.privacy.enums import PlanState
from odis_app.privacy.models import RetentionPlan, RetentionPlanRow

MOST = 1_000_000  # a round of the dry run looks at every file of every approved plan


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Dire ce qui partirait à cet instant, sans rien effacer.")
@with_appcontext
def purge(*, dry_run: bool) -> None:
    """Effacer ce que disent les plans approuvés, et eux seuls, comme la tâche prévue toutes les trente minutes."""
    config: Config = current_app.config["ODIS"]
    with system_token(config, "run-erasures") as token:
        _tell_plans(token)
        if dry_run:
            _rehearse(token)
            return
        erased = kept = 0
        while True:
            with unit_of_work(token) as unit:
                counts = operations.run_erasures(unit.identity)
            if not any(counts.values()):
                break
            erased, kept = erased + counts["erased"], kept + counts["kept"]
        root = config.documents_dir
        with unit_of_work(token):
            files = operations.remove_erased_files(
                {"documents": Store(root), "bilans": Store(root / "bilans"), "copies": Store(root / "copies")}
            )
            erasures.settle(config.erasures_dir)
    click.echo(f"{pluriel(erased, 'dossier effacé', 'dossiers effacés')}, {kept} gardés au dernier moment, {pluriel(files, 'fichier retiré', 'fichiers retirés')}.")  # fmt: skip


def _tell_plans(token: str) -> None:
    """How many plans wait, and whether anything runs."""
    with unit_of_work(token, readonly=True):
        waiting = db.scalars(select(RetentionPlan).where(RetentionPlan.state == PlanState.PLANNED.value)).all()
        running = queries.erasures_run()
    if waiting:
        click.echo(f"{pluriel(len(waiting), 'plan attend', 'plans attendent')} une approbation dans /droits/conservation : rien n’en part.")  # fmt: skip
    if not running:
        click.echo("Les effacements sont arrêtés par l’administration de la plateforme : rien ne part.")


def _rehearse(token: str) -> None:
    """Every judgment of a real round, in a transaction that is undone."""
    going = staying = 0
    open_unit(token, readonly=False)
    try:
        for row in db.execute(text("SELECT * FROM odis.erasures_due(:most)"), {"most": MOST}).all():
            line = db.get_one(RetentionPlanRow, (row.plan_id, row.record_id, row.kind))
            goes = operations.is_due(row.plan_id, row.kind, row.record_id)
            click.echo(f"{line.name} : {'à effacer' if goes else 'gardé, quelque chose a bougé depuis le plan'}.")
            going, staying = going + bool(goes), staying + (not goes)
    finally:
        close_unit(commit=False)
    click.echo(
        f"{pluriel(going, 'dossier partirait', 'dossiers partiraient')}, {staying} gardés. Rien n’est effacé (--dry-run)."
    )
