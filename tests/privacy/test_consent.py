"""Optional shares rest on the consent of every adult; withdrawing it closes them in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.enums import HouseholdEvent
from odis_app.households.models import Household
from odis_app.households.operations import add_member, share_household
from odis_app.households.operations.composition import Person
from odis_app.households.policy import visible_households
from odis_app.households.queries import present_members
from odis_app.journal.models import JournalEntry
from odis_app.notifications.models import Mail
from odis_app.privacy import operations
from odis_app.privacy.enums import ConsentChannel
from odis_app.privacy.models import Consent
from odis_app.privacy.policy import visible_consents
from tests.privacy.conftest import LAILA, Town, agree, open_file, organisation_of
from tests.support.client import StrictClient
from tests.support.workers import run_job
from tests.support.worlds import owner_unit

Find = Callable[[Identity, str], Household]


def share(identity: Identity, household: Household, town: Town) -> Grant:
    return share_household(
        identity,
        household=household,
        organisation=organisation_of(town.neighbour),
        level=ShareLevel.FULL,
        purpose=SharePurpose.AUTRE_ASSOCIATION,
    )


def sees(town: Town, family: str) -> bool:
    with town.neighbour.acting() as identity:
        first = db.execute(visible_households(identity).where(Household.public_id == family)).scalar_one_or_none()
        second = db.execute(text("SELECT count(*) FROM members")).scalar_one()
        assert (first is not None) is (second > 0)
        return first is not None


def test_no_share_without_the_consent_of_every_adult(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        laila, farid, _ = present_members(household.id)
        with pytest.raises(RuleError, match="accord de chaque adulte"):
            share(identity, household, town)
        agree(identity, household, laila, town.neighbour)
        with pytest.raises(RuleError, match="accord de chaque adulte"):
            share(identity, household, town)
        agree(identity, household, farid, town.neighbour)
        share(identity, household, town)
    assert sees(town, family)


def slip_a_grant(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household, now = file_of(identity, family), clock.now()
        db.add(
            Grant(
                record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=town.neighbour.org_id, level="minimal", max_class=0,
                purpose="autre_association", granted_at=now, expires_at=now + timedelta(days=3), granted_by_id=identity.user_id,
            )
        )  # fmt: skip
        db.flush()


def test_the_database_refuses_it_too(town: Town, family: str, file_of: Find) -> None:
    with pytest.raises(ProgrammingError, match="consent"):
        slip_a_grant(town, family, file_of)


def test_a_consent_opens_no_more_than_it_says(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        for adult in present_members(household.id)[:2]:
            agree(identity, household, adult, town.neighbour, max_class=0)
        with pytest.raises(RuleError, match="accord de chaque adulte"):
            share(identity, household, town)


def test_withdrawing_closes_the_shares_at_once_and_tells_neutrally(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        given = [agree(identity, household, adult, town.neighbour) for adult in present_members(household.id)[:2]]
        share(identity, household, town)
        kept = share_household(
            identity,
            household=household,
            organisation=organisation_of(town.operator),
            level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )
    assert sees(town, family)
    with town.sacha.acting() as identity:
        consent = db.get_one(Consent, given[1].id)
        assert operations.withdraw_consent(identity, consent=consent) == 1
        assert operations.withdraw_consent(identity, consent=consent) == 0
    assert not sees(town, family)
    with owner_unit():
        assert db.get_one(Grant, kept.id).revoked_at is None
        assert db.scalars(select(Mail.template)).all() == ["share_ended"]
        events = db.execute(
            text("SELECT action, data::text FROM audit_events WHERE action IN ('consent:withdraw', 'record:unshare')")
        ).all()
        assert sorted(e.action for e in events) == ["consent:withdraw", "record:unshare"]
        assert not any("Laila" in e.data or "Nemounehzadeh" in e.data for e in events)


def test_bare_sql_cannot_withdraw_and_keep_the_share(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        for adult in present_members(household.id)[:2]:
            agree(identity, household, adult, town.neighbour)
        grant = share(identity, household, town)
        db.execute(
            text(
                "UPDATE consents SET withdrawn_at = now(), withdrawn_by_id = :me, withdrawn_by_label = 'x' WHERE household_id = :id"
            ),
            {"me": identity.user_id, "id": household.id},
        )
        db.refresh(grant)
        assert grant.revoked_at is not None
    with pytest.raises(ProgrammingError, match="consent"), town.camille.acting():
        db.execute(text("UPDATE grants SET revoked_at = NULL, revoked_by_id = NULL WHERE id = :id"), {"id": grant.id})


def test_an_adult_who_arrives_agreed_to_nothing(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        for adult in present_members(household.id)[:2]:
            agree(identity, household, adult, town.neighbour)
        share(identity, household, town)
        child = Person("Omid", "Nemounehzadeh", "m", link="enfant_mineur", birth_year=clock.today().year - 5)
        add_member(
            identity,
            household=household,
            person=child,
            event=HouseholdEvent.REUNIFICATION,
            happened_on=clock.today(),
            version=None,
        )
    assert sees(town, family)
    with town.camille.acting() as identity:
        aunt = Person("Roya", "Nemounehzadeh", "f", link="fratrie", birth_year=1992)
        household = file_of(identity, family)
        add_member(
            identity,
            household=household,
            person=aunt,
            event=HouseholdEvent.REUNIFICATION,
            happened_on=clock.today(),
            version=None,
        )
        notes = [entry.body for entry in db.execute(select(JournalEntry).order_by(JournalEntry.id)).scalars()]
        assert "Recueillez-le dans l’onglet « Droits »" in notes[-1]
    assert not sees(town, family)
    with owner_unit():
        told = db.execute(text("SELECT data FROM audit_events WHERE action = 'record:unshare'")).scalars().all()
        assert [event["grantee_org_id"] for event in told] == [town.neighbour.org_id]
        assert db.execute(select(Mail.template)).scalars().all().count("consent_needed") == 1


def test_a_child_who_turns_eighteen_is_asked(town: Town, file_of: Find, database: Flask) -> None:
    with town.camille.acting() as identity:
        son = Person(
            "Omid", "Nemounehzadeh", "m", link="enfant_mineur", birth_date=clock.today() - timedelta(days=17 * 365)
        )
        household = open_file(identity, LAILA, son)
        agree(identity, household, present_members(household.id)[0], town.neighbour)
        share(identity, household, town)
        family = household.public_id
    with owner_unit():
        job = text(
            "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) "
            "VALUES (:id, 'schedule', 'jobs.privacy.nightly', 'nuit', 'x', 'warn-erasures', now() + make_interval(mins => :n)) RETURNING id"
        )
        jobs = [db.execute(job, {"id": f"night-of-test{n:03}", "n": n}).scalar_one() for n in range(3)]
    assert run_job(database, "jobs.privacy.nightly", jobs[0]) == "done"
    assert sees(town, family)
    with owner_unit():  # a year later: days pass without a write, hence without the trigger
        db.execute(text("ALTER TABLE members DISABLE TRIGGER consent"))
        db.execute(
            text(
                "UPDATE members SET birth_date = current_date - interval '18 years', birth_year = extract(year FROM current_date) - 18 WHERE first_name = 'Omid'"
            )
        )
        db.execute(text("ALTER TABLE members ENABLE TRIGGER consent"))
    for night in jobs[1:]:
        assert run_job(database, "jobs.privacy.nightly", night) == "done"
    assert not sees(town, family)
    with owner_unit():
        results = [
            db.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": night}).scalar_one()["closed"]
            for night in jobs
        ]
        assert results == [0, 1, 0]
        assert db.execute(text("SELECT count(*) FROM audit_events WHERE action = 'record:unshare'")).scalar_one() == 1
        assert db.execute(select(Mail.template)).scalars().all().count("consent_needed") == 1


def test_what_was_agreed_never_changes(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        agree(
            identity,
            file_of(identity, family),
            present_members(file_of(identity, family).id)[0],
            town.neighbour,
            max_class=0,
        )
    with pytest.raises(ProgrammingError, match="permission denied"), town.camille.acting():
        db.execute(text("UPDATE consents SET max_class = 2"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"purpose": "orientation"}, "ne repose pas sur un consentement"), ({"witness": ""}, "qui était présent"), ({"organisations": []}, "au moins une organisation"),
        ({"max_class": 3}, "jamais la sécurité"), ({"given_on": clock.today() + timedelta(days=1)}, "à venir"),
        ({"witness": "carte 1 85 05 78 006 084 91"}, "sécurité sociale"),
    ],
)  # fmt: skip
def test_refusals(town: Town, family: str, file_of: Find, changes: dict[str, object], sentence: str) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        given = {
            "member": present_members(household.id)[0], "purpose": "photos", "organisations": [organisation_of(town.neighbour)], "max_class": 1,
            "language": "fa", "channel": ConsentChannel.ORAL, "given_on": clock.today(), "witness": "Une collègue",
        } | changes  # fmt: skip
        with pytest.raises(RuleError, match=sentence):
            operations.give_consent(identity, household=household, **given)  # type: ignore[arg-type]


def test_a_child_does_not_consent(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        with pytest.raises(RuleError, match="adulte présent"):
            agree(identity, household, present_members(household.id)[2], town.neighbour)


def test_nobody_else_reads_them(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        for adult in present_members(household.id)[:2]:
            agree(identity, household, adult, town.neighbour)
        share(identity, household, town)
    for actor in town.strangers:
        with actor.acting() as identity:
            assert db.scalars(visible_consents(identity)).all() == []
            assert db.execute(text("SELECT count(*) FROM consents")).scalar_one() == 0
            assert db.execute(text("SELECT count(*) FROM consent_recipients")).scalar_one() == 0


def test_pages_record_and_withdraw_in_two_taps(client: StrictClient, town: Town, family: str, file_of: Find) -> None:
    browser = client.as_(town.camille)
    browser.get(f"/menages/{family}/consentements/nouveau")
    with town.camille.acting() as identity:
        member = present_members(file_of(identity, family).id)[0].public_id
        partner = organisation_of(town.neighbour).public_id
    typed = {"member": member, "purpose": "photos", "organisations": partner, "max_class": "1", "language": "fa", "channel": "oral",
             "given_on": clock.today().isoformat(), "witness": "Une collègue", "document": ""}  # fmt: skip
    browser.post(f"/menages/{family}/consentements/nouveau", data=typed | {"witness": ""}, status=422)
    browser.post(f"/menages/{family}/consentements/nouveau", data=typed)
    tab = browser.get(f"/menages/{family}/droits")
    assert "Photos du ménage" in tab.text
    with town.camille.acting() as identity:
        consent = db.scalars(visible_consents(identity)).one().public_id
    browser.post(f"/menages/{family}/consentements/{consent}/retirer")
    assert "Retiré le" in browser.get(f"/menages/{family}/droits").text
