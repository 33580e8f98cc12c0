"""``odis audit verify``: whether the trail is the one that was written."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from odis_app.audit.models import AuditEvent
from odis_app.audit.sealing import NOBODY, Verdict, verify
from odis_app.core import clock
from odis_app.core.cli import owner_unit
from odis_app.core.db import db


@click.group("audit")
def audit() -> None:
    """Journal des accès : vérifier ses sceaux."""


@audit.command("verify")
@with_appcontext
def verify_command() -> None:
    """Relire tout le journal ; code de sortie 1 si une ligne a changé, manque ou a été coupée."""
    with owner_unit():
        verdict = verify(current_app.config["ODIS"].anchors_dir)
        db.expunge_all()
        for line in _lines(verdict):
            click.echo(line)
    if verdict.breaks:
        sys.exit(1)


def _lines(verdict: Verdict) -> list[str]:
    said = [f"{verdict.sealed} événements scellés relus."]
    said += [f"ROMPU, {_chain(found.chain)} : {found.sentence}." for found in verdict.breaks]
    if verdict.late:
        said.append(f"Scellés plus de 24 h après leur date, à regarder : {', '.join(map(str, verdict.late[:20]))}.")
    if verdict.unsealed and verdict.oldest_unsealed is not None:
        since = verdict.oldest_unsealed.astimezone(clock.PARIS)
        said.append(f"{verdict.unsealed} événements sans sceau encore, le plus ancien du {since:%d/%m/%Y à %H:%M}.")
    if verdict.ended:
        said.append(f"{verdict.ended} événements effacés à leur terme, par mois entiers, leur fin signée.")
    if not verdict.breaks:
        said.append("Aucune rupture.")
    return said


def _chain(chain: int) -> str:
    if chain == NOBODY:
        return "événements sans organisation"
    label = db.execute(
        select(AuditEvent.org_label).where(AuditEvent.actor_org_id == chain).limit(1)
    ).scalar_one_or_none()
    return f"organisation « {label or chain} »"
