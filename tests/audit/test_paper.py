"""What the trail tells in words: the household's copy, the verdict of « odis audit verify », and how long a share stands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.operations import DEFAULT_DAYS, share_record
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import heure, jour_long
from odis_app.households.models import Household
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from tests.audit.test_sealing import act, behind, seal
from tests.households.conftest import Town, family, town
from tests.reports.reading import pdf_text, plain
from tests.support.client import StrictClient
from tests.support.worlds import confirmed, owner_unit

__all__ = ["family", "town"]


def read(client: StrictClient, actor: Actor, path: str) -> str:
    """Open a page; when it was written in the trail, as the paper says it."""
    client.as_(actor).get(path)
    with owner_unit():
        at = db.execute(text("SELECT max(at) FROM audit_events WHERE right(action, 5) = '\\:read'")).scalar_one()
    return plain(f"{jour_long(at)}, {heure(at)}")


def test_the_household_s_copy_word_for_word(client: StrictClient, town: Town, family: str, tmp_path: Path) -> None:
    """Four reads: two of the organisation that follows, one by a share, one of class 3. Three lines, and nobody's name."""
    with town.camille.acting() as identity:
        household = db.query(Household).filter_by(public_id=family).one()
        number = household.number
        share_record(
            identity, record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=town.neighbour.org_id,
            level=ShareLevel.FULL, purpose=SharePurpose.MOBILITE, max_class=1,
        )  # fmt: skip
    first = read(client, town.camille, f"/menages/{family}")
    second = read(client, town.neighbour, f"/menages/{family}")
    client.as_(confirmed(town.camille)).get(f"/menages/{family}/securite")
    third = read(client, town.sacha, f"/menages/{family}")
    with owner_unit():
        names = dict(db.execute(text("SELECT id, name FROM organisations")).all())
        people = db.execute(text("SELECT last_name FROM users")).scalars().all()
    answer = client.as_(town.camille).browser.get(f"/menages/{family}/consultations.pdf")
    words = pdf_text(answer.data, tmp_path)
    if words is None:
        pytest.skip("poppler (pdftotext) is not installed: the words of a PDF cannot be read")
    own, other = names[town.camille.org_id], names[town.neighbour.org_id]
    lines = [
        f"{third} {own} Coordination Suivi du dossier",
        f"{second} {other} Qualification des offres, Travail social Mobilité nationale",
        f"{first} {own} Qualification des offres, Travail social Suivi du dossier",
    ]
    assert f"Qui a consulté le dossier {number}" in words
    assert "3 consultations. Chaque fois qu’une personne ouvre votre dossier, une ligne est inscrite." in words
    assert f"Quand Organisation Fonction Pour {' '.join(lines)}" in words
    assert [name for name in people if name in words] == []
    assert "écurité" not in words


def test_a_share_stands_thirty_days_unless_told_otherwise(town: Town, family: str) -> None:
    assert DEFAULT_DAYS == 30
    with town.camille.acting() as identity:
        household = db.query(Household).filter_by(public_id=family).one()
        partner = db.get_one(Organisation, town.neighbour.org_id)
        given = share_record(
            identity, record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=partner.id,
            level=ShareLevel.MINIMAL, purpose=SharePurpose.MOBILITE,
        )  # fmt: skip
        assert isinstance(given, Grant)
        assert timedelta(days=29, hours=23) < given.expires_at - clock.now() <= timedelta(days=30)


def test_the_command_names_the_first_broken_row_and_the_unsealed_tail(
    database: Flask, town: Town, admin_url: str
) -> None:
    """Two rows of a chain are changed: the first is named, with its act and its day; what is not sealed yet is counted, with its oldest."""
    for rank in range(3):
        act(town.camille, f"essai {rank}")
    seal()
    act(town.camille, "sans sceau")
    with owner_unit():
        first = db.execute(text("SELECT id, at FROM audit_events WHERE summary = 'essai 1'")).one()
        tail = db.execute(text("SELECT at FROM audit_events WHERE summary = 'sans sceau'")).scalar_one()
        own = db.execute(
            text("SELECT name FROM organisations WHERE id = :id"), {"id": town.camille.org_id}
        ).scalar_one()
        sealed = db.execute(text("SELECT count(*) FROM audit_seals")).scalar_one()
    behind(admin_url, "UPDATE audit_events SET summary = 'faux' WHERE summary IN ('essai 1', 'essai 2')")
    told = database.test_cli_runner().invoke(args=["audit", "verify"])
    assert told.exit_code == 1
    day = first.at.astimezone(clock.PARIS)
    assert told.output.splitlines() == [
        f"{sealed} événements scellés relus.",
        f"ROMPU, organisation « {own} » : l’événement {first.id} (essai:write, {day:%d/%m/%Y %H:%M}) n’est plus celui qui a été scellé, ou son sceau a changé.",
        f"1 événements sans sceau encore, le plus ancien du {tail.astimezone(clock.PARIS):%d/%m/%Y à %H:%M}.",
    ]
