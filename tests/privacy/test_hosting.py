"""The gate of class 2: closed until an administrator says where health data are, closed again by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from odis_app.access.enums import SharePurpose
from odis_app.access.queries import class2_is_open
from odis_app.core import clock
from odis_app.core.config import ROOT
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.operations import update_health_needs
from odis_app.households.operations.protected import HealthNeed
from odis_app.privacy import operations, queries
from odis_app.privacy.models import HostingRecord, Purpose
from tests.privacy.conftest import Town
from tests.support.client import StrictClient
from tests.support.worlds import owner_unit

Find = Callable[..., object]


def is_open(town: Town) -> bool:
    with town.camille.acting():
        return class2_is_open()


def test_closed_then_open_until_the_certificate_ends(
    town: Town, client: StrictClient, family: str, file_of: Find
) -> None:
    assert not is_open(town)
    browser, today = client.as_(town.admin), clock.today()
    browser.get("/droits/sante")
    typed = {
        "applies": "oui",
        "host": "Hébergeur inventé",
        "certificate": "HDS-TEST-1",
        "valid_until": (today + timedelta(days=20)).isoformat(),
    }
    for missing in ("host", "certificate", "valid_until"):
        browser.post("/droits/sante", data=typed | {missing: ""}, status=422)
    browser.post("/droits/sante", data=typed | {"valid_until": (today - timedelta(days=1)).isoformat()}, status=422)
    browser.post("/droits/sante", data=typed)
    assert is_open(town)
    assert "Le certificat prend fin" in browser.get("/droits/sante").text
    assert "certificat d’hébergement de santé" in browser.get("/").text
    with town.sacha.acting() as identity:
        update_health_needs(
            identity, household=file_of(identity, family), values={"maternity": HealthNeed(2, None, "")}, version=None
        )  # type: ignore[arg-type]
    for day, expected in ((0, True), (1, False)):
        with owner_unit():
            db.execute(
                text(
                    "UPDATE instance SET value = jsonb_build_object('open', true, 'until', current_date - :day) WHERE key = 'class2'"
                ),
                {"day": day},
            )
        assert is_open(town) is expected
        with town.sacha.acting():
            assert db.execute(text("SELECT count(*) FROM household_health_needs")).scalar_one() == int(expected)
    with owner_unit():
        record = db.scalars(select(HostingRecord)).one()
        assert (record.host, record.recorded_by_id) == ("Hébergeur inventé", town.admin.user_id)
        assert db.execute(text("SELECT count(*) FROM audit_events WHERE action = 'hosting:record'")).scalar_one() == 1


def test_or_why_it_does_not_apply(town: Town) -> None:
    with town.admin.acting() as identity:
        with pytest.raises(RuleError, match="pourquoi"):
            operations.record_hosting(identity, applies=False)
        operations.record_hosting(identity, applies=False, reason="Aucun professionnel de santé n’écrit ici.")
        assert queries.class2_state().ends_soon is None
    assert is_open(town)


def test_nobody_else_opens_it(town: Town) -> None:
    for actor in (town.camille, town.sacha, town.ddets):
        with actor.acting() as identity:
            with pytest.raises(PermissionError):
                operations.record_hosting(identity, applies=False, reason="Sans droit")
            with pytest.raises(PermissionError):
                operations.switch_erasures(identity, running=False)
            assert db.execute(text("SELECT count(*) FROM hosting_records")).scalar_one() == 0
    with pytest.raises(ProgrammingError, match="permission denied"), town.admin.acting():
        db.execute(text("INSERT INTO instance (key, value) VALUES ('class2', '{\"open\": true}')"))
    assert not is_open(town)


def test_no_column_is_class_4_but_the_story_closed_by_default(town: Town) -> None:
    found = [
        f"{table}.{column}"
        for path in Path(ROOT / "odis_app").glob("*/data_classes.yml")
        for table, columns in yaml.safe_load(path.read_text()).items()
        for column, facts in columns.items()
        if facts["class"] == 4
    ]
    assert {name.partition(".")[0] for name in found} <= {"protection_stories"}
    with town.sacha.acting(), pytest.raises(ProgrammingError, match="row-level security"):
        db.execute(
            text(
                "INSERT INTO protection_stories (household_id, owner_org_id, member_id, story_sealed) VALUES (1, odis.org(), 1, 'x')"
            )
        )


def test_every_purpose_of_a_share_has_its_basis(town: Town) -> None:
    with town.camille.acting():
        known = {p.code: p for p in db.scalars(select(Purpose).where(Purpose.is_share))}
    assert {p.value for p in SharePurpose} == set(known)
    for purpose in SharePurpose:
        assert known[purpose.value].label == purpose.label
        assert (known[purpose.value].legal_basis == "consentement") is purpose.rests_on_consent


def test_everybody_reads_the_legal_bases(town: Town, client: StrictClient) -> None:
    for actor in (town.camille, town.operator, town.ddets, town.admin):
        page = client.as_(actor).get("/droits").text
        assert "RGPD, article 6, 1, e" in page
        assert "24 mois" in page
