"""``odis bilan``: a bilan without the browser nor the queue, under the rights of a person of the installation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from odis_app.accounts.models import User
from odis_app.accounts.operations import open_session
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.cli import owner_unit
from odis_app.core.db import db, unit_of_work
from odis_app.core.permissions import Role
from odis_app.households.models import Household
from odis_app.organisations.models import Membership, Organisation
from odis_app.pilotage.period import Period, last_month
from odis_app.reports import operations
from odis_app.reports.document import Bilan
from odis_app.reports.enums import ReportKind
from odis_app.reports.models import Report
from odis_app.reports.printing import pdf_of
from odis_app.reports.workbook import workbook

DATE = click.DateTime(["%Y-%m-%d"])


@click.command("bilan")
@click.argument("kind", type=click.Choice([k.value for k in ReportKind]))
@click.argument("identifier", metavar="ID")
@click.option("--from", "since", type=DATE, help="Premier jour, AAAA-MM-JJ ; le mois dernier si rien n’est dit.")
@click.option("--to", "until", type=DATE, help="Dernier jour, AAAA-MM-JJ.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Le PDF ; les chiffres vont à côté, en xlsx.",
)
@click.option(
    "--as",
    "email",
    help="Adresse de la personne dont les droits valent ; la DDETS du département ou l’organisation du dossier si rien n’est dit.",
)
@with_appcontext
def bilan(
    kind: str, identifier: str, since: datetime | None, until: datetime | None, out: Path, email: str | None
) -> None:
    """Écrire le bilan d’un ménage (ID : numéro ou identifiant du dossier) ou d’un département (ID : son code)."""
    month = last_month(clock.today())
    try:
        period = Period(since.date() if since else month.since, until.date() if until else month.until)
    except ValueError as error:
        raise click.ClickException("--to vient avant --from.") from error
    with owner_unit():
        report, user_id, org_id = _report(kind, identifier, period, email)
    made = _made(report, user_id, org_id)
    pdf = pdf_of(made, current_app.jinja_env)
    out.write_bytes(pdf)
    out.with_suffix(".xlsx").write_bytes(workbook(made))
    click.echo(f"{out} : {len(pdf)} octets.")
    from odis_app.core.pdf import check_pdf  # late: it weighs a third of the start, and a web process seldom prints

    for fault in check_pdf(pdf):
        click.echo(f"Accessibilité : {fault}", err=True)


def _report(kind: str, identifier: str, period: Period, email: str | None) -> tuple[Report, int, int]:
    """The bilan described, and under whom it is read."""
    report = Report(kind=kind, since=period.since, until=period.until, title="")
    members = (
        select(Membership.user_id, Membership.organisation_id)
        .join(User, User.id == Membership.user_id)
        .where(User.deactivated_at.is_(None))
    )
    if kind == ReportKind.DEPARTMENT.value:
        report.department_code, report.title = identifier, f"Département {identifier}"
        members = (
            members.join(Organisation, Organisation.id == Membership.organisation_id).where(
                Membership.role == Role.DDETS.value
            )
            if not email
            else members
        )
        members = members if email else members.where(Organisation.department_code == identifier)
    else:
        matching = (Household.public_id == identifier) | (Household.number == identifier.upper())
        found = db.scalars(select(Household).where(matching)).all()
        if len(found) != 1:
            raise click.ClickException(
                "Aucun dossier ne porte ce numéro."
                if not found
                else "Plusieurs dossiers portent ce numéro : donnez l’identifiant écrit dans son adresse."
            )
        report.record_id, report.title = found[0].id, f"Dossier {found[0].number}"
        if not email:
            members = members.where(
                Membership.organisation_id == found[0].owner_org_id,
                Membership.role.in_([Role.TRAVAILLEUR_SOCIAL.value, Role.COORDINATEUR.value]),
            )
    if email:
        members = members.where(User.email == email)
    person = db.execute(members.order_by(Membership.id).limit(1)).first()
    if person is None:
        raise click.ClickException("Personne n’a les droits de lire ce bilan : donnez une adresse avec --as.")
    return report, person[0], person[1]


def _made(report: Report, user_id: int, org_id: int) -> Bilan:
    minter = current_app.extensions["odis_minter"]
    with unit_of_work(None):
        token = open_session(
            minter, user_id=user_id, organisation_id=org_id, device="commande odis bilan", idle=10, absolute=10
        )
    if token is None:
        raise click.ClickException("Cette personne n’a plus de droits.")
    with unit_of_work(token) as unit:
        made = operations.build(unit.identity, report)
        if made is None:
            raise click.ClickException("Cette personne ne lit pas ce dossier, ou ce département n’est pas le sien.")
        record_event(
            unit.identity,
            "report:command",
            record_id=report.record_id,
            sensitivity=1 if report.record_id else 0,
            summary=f"Bilan par la commande odis bilan : {report.title}",
        )
    return made
