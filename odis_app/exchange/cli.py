"""``odis import``: a file recorded without the browser, by the wizard's own engine, under the rights of a person of the installation."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Row, select

from odis_app.accounts.models import User
from odis_app.accounts.operations import open_session
from odis_app.core.cli import owner_unit
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.exchange import operations, queries
from odis_app.exchange.columns import missing_columns
from odis_app.exchange.enums import ImportState
from odis_app.exchange.kinds import ImportKind, all_kinds, get_kind
from odis_app.exchange.models import Import
from odis_app.exchange.policy import find_kind
from odis_app.organisations.models import Membership, Organisation

MINUTES = 30
LISTED = 1000  # errors written; beyond, their number


@click.command("import")
@click.argument("code", metavar="GENRE")
@click.argument("path", metavar="FICHIER", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help='Fichier JSON {"en-tête": "clé de la colonne"}, à la place des colonnes reconnues.')  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Tout vérifier, ne rien enregistrer.")
@click.option("--as", "email", help="Adresse de la personne dont les droits valent ; la seule organisation qui importe si rien n’est dit.")  # fmt: skip
@with_appcontext
def import_command(*, code: str, path: Path, mapping: Path | None, dry_run: bool, email: str | None) -> None:
    """Importer FICHIER (xlsx, ods, csv) : tout est enregistré, ou rien. Code 1 et la liste des erreurs s’il en reste."""
    kind = get_kind(code)
    if kind is None:
        raise click.ClickException(f"GENRE est l’un de : {', '.join(known.code for known in all_kinds())}.")
    chosen = _chosen(mapping, kind) if mapping else None
    token = _session(kind, email, alone=not dry_run)
    try:
        with unit_of_work(token) as unit:
            if find_kind(unit.identity, code) is None:
                raise click.ClickException(f"Cette personne n’a pas le droit de créer des {kind.label.lower()}.")
            found = _judged(unit.identity, kind, path, chosen)
            if found.errors:
                _tell_errors(found)
                sys.exit(1)
            _tell(found)
            if dry_run:
                click.echo("Rien n’est enregistré (--dry-run).")
                sys.exit(0)  # the unit is undone: not even the draft stays
            operations.record_import(unit.identity, found=found)
            address = f"/imports/{found.public_id}"
    except RuleError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"Enregistré. À relire ou à annuler pendant 30 jours : {address}")


def _judged(identity: Identity, kind: ImportKind, path: Path, chosen: dict[str, str | None] | None) -> Import:
    """The draft of the file with its columns chosen and every line judged. Raises RuleError."""
    found = operations.start_import(identity, kind=kind, path=path, filename=path.name)
    headers = found.about["headers"]
    if chosen is not None:
        unknown = sorted(set(chosen) - set(headers))
        if unknown:
            raise RuleError("", f"Aucune colonne du fichier ne s’appelle « {unknown[0]} ».")
        operations.choose_columns(identity, found=found, mapping=[chosen.get(header) for header in headers])
    elif found.checked_at is None:
        if missing_columns(tuple(found.mapping), kind.columns):
            click.echo(f"Colonnes lues : {', '.join(f'« {header} »' for header in headers)}.", err=True)
        operations.choose_columns(identity, found=found, mapping=found.mapping)
    assert found.state == ImportState.DRAFT.value
    return found


def _tell(found: Import) -> None:
    click.echo(
        f"{pluriel(found.lines, 'ligne')} : {pluriel(found.creates, 'création')}, {pluriel(found.updates, 'modification')}, "
        f"{found.unchanged} sans changement."
    )
    if found.warnings:
        click.echo(f"À vérifier : {pluriel(found.warnings, 'ligne')}.")


def _tell_errors(found: Import) -> None:
    total = queries.error_count(found)
    for error in queries.first_errors(found, LISTED):
        click.echo(str(error), err=True)
    if total > LISTED:
        click.echo(f"Et {total - LISTED} autres.", err=True)
    click.echo(f"{pluriel(total, 'erreur')} sur {pluriel(found.errors, 'ligne')} : rien n’est enregistré.", err=True)


def _chosen(file: Path, kind: ImportKind) -> dict[str, str | None]:
    keys = {column.key for column in kind.columns}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file} n’est pas un fichier JSON : {error}.") from error
    if not isinstance(told, dict) or not set(told.values()) <= keys | {None}:
        raise click.ClickException(
            f"{file} donne une clé de colonne à chaque en-tête, parmi : {', '.join(sorted(keys))} ; null la laisse de côté."
        )
    return told


def _session(kind: ImportKind, email: str | None, *, alone: bool) -> str:
    """A session of the person whose rights count; ``alone`` refuses to choose between several organisations."""
    with owner_unit():
        people = _people(kind, email)
        if not people:
            raise click.ClickException(
                "Personne n’a le droit d’importer ce genre de fichier : donnez une adresse avec --as."
            )
        if alone and not current_app.config["ODIS"].demo and len({person.organisation_id for person in people}) > 1:
            raise click.ClickException("Plusieurs organisations importent ici : donnez une adresse avec --as.")
        person = people[0]
    with unit_of_work(None):
        token = open_session(
            current_app.extensions["odis_minter"], user_id=person.user_id, organisation_id=person.organisation_id, device="commande odis import",
            idle=MINUTES, absolute=MINUTES,
        )  # fmt: skip
    if token is None:
        raise click.ClickException("Cette personne n’a plus de droits.")
    click.echo(f"Au nom de {person.first_name} {person.last_name}, {person.name}.")
    return token


def _people(kind: ImportKind, email: str | None) -> list[Row[int, int, str, str, str]]:
    statement = (
        select(Membership.user_id, Membership.organisation_id, User.first_name, User.last_name, Organisation.name)
        .join(User, User.id == Membership.user_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(User.deactivated_at.is_(None), Membership.role.in_([role.value for role in kind.permission.roles]))
        .order_by(Membership.id)
    )
    return list(db.execute(statement.where(User.email == email) if email else statement))
