"""The right to restrict processing: the file is kept and read, nothing more, through both walls, until it is lifted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import JoinReason, ShareLevel, SharePurpose
from odis_app.access.models import Grant, Passation
from odis_app.access.operations import revoke_share, share_record
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.documents.enums import Audience
from odis_app.households import operations as files
from odis_app.households.models import Household
from odis_app.households.operations.protected import Safety
from odis_app.households.queries import present_members
from odis_app.households.queries.lists import HouseholdFilter
from odis_app.journal.operations import add_entry, add_system_entry
from odis_app.notifications.sealing import opened
from odis_app.placements import operations as placements
from odis_app.privacy import operations
from odis_app.privacy.enums import RequestKind
from odis_app.privacy.models import Limitation
from odis_app.privacy.queries import plan_rows
from odis_app.reports.export_kinds import KINDS
from tests.housing.conftest import Homes
from tests.privacy.conftest import Town, ask, organisation_of, silent_since
from tests.support.client import StrictClient, text_of
from tests.support.worlds import confirmed, owner_unit

Find = Callable[[Identity, str], Household]
REFUSED = "Le traitement de ce dossier est limité"


def limit(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.LIMITATION)
        operations.answer_request(
            identity, request=request, accepted=True, answer="Votre dossier est gardé, sans être utilisé."
        )


def lift(town: Town) -> None:
    with town.camille.acting() as identity:
        standing = db.execute(select(Limitation).where(Limitation.lifted_at.is_(None))).scalar_one()
        operations.lift_limitation(
            identity, limitation=standing, reason="La correction est faite.", told_on=clock.today()
        )


def share(identity: Identity, household: Household, town: Town) -> Grant:
    return share_record(
        identity, record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=town.neighbour.org_id, level=ShareLevel.FULL,
        purpose=SharePurpose.ACCOMPAGNEMENT,
    )  # fmt: skip


def acts(town: Town, place: object) -> dict[str, Callable[[Identity, Household], object]]:
    """Everything that uses a file."""
    return {
        "changed": lambda who, h: files.update_identity(who, household=h, values={"priority": 3}, version=None),
        "needs": lambda who, h: files.update_needs(who, household=h, values={"school": (1, "")}, source="entretien", version=None),
        "wishes": lambda who, h: files.update_request(who, household=h, values={}, wished=["85"], version=None),
        "papers": lambda who, h: files.update_administrative(who, household=h, values={"protection_status": "apatride"}, version=None),
        "shared": lambda who, h: share(who, h, town),
        "signalled": lambda who, h: files.signal_household(who, household=h, motive="Sans solution"),
        "noted": lambda who, h: add_entry(who, record_id=h.id, owner_org_id=h.owner_org_id, body="Appel", audience=Audience.PARTENAIRES),
        "handed over": lambda who, h: files.propose_passation(
            who, household=h, to=organisation_of(town.neighbour), due_on=clock.today(), reason="Déménage", packet=files.Packet()
        ),
        "proposed": lambda who, h: placements.propose(who, household=h, place=db.merge(place, load=False), starts_on=clock.today()),
    }  # fmt: skip


def test_nothing_is_done_with_a_limited_file_until_it_is_lifted(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        dispositif = file_of(identity, family).dispositif_id
    place = Homes().place(town.operator, "44109", dispositif_id=dispositif)
    everything = acts(town, place)
    limit(town, family, file_of)
    for name, act in everything.items():
        with town.camille.acting() as identity:
            household = file_of(identity, family)
            with pytest.raises(RuleError, match=REFUSED):
                act(identity, household)
        assert name
    with town.camille.acting() as identity:
        assert KINDS["menages"].counted(identity, HouseholdFilter()) == 0
    lift(town)
    for act in everything.values():
        with town.camille.acting() as identity:
            act(identity, file_of(identity, family))
    with town.camille.acting() as identity:
        assert KINDS["menages"].counted(identity, HouseholdFilter()) == 1
    with owner_unit():
        actions = set(db.execute(text("SELECT action FROM audit_events")).scalars())
    assert {"rights:limit", "rights:lift"} <= actions


BARE = {
    "household_identities": "UPDATE household_identities SET accommodation_mode = 'x' WHERE household_id = :id",
    "household_administrative": "UPDATE household_administrative SET procedure = 'x' WHERE household_id = :id",
    "household_needs": "DELETE FROM household_needs WHERE household_id = :id",
    "household_wishes": "DELETE FROM household_wishes WHERE household_id = :id",
    "household_enrolments": "DELETE FROM household_enrolments WHERE household_id = :id",
    "household_resources": """INSERT INTO household_resources (household_id, owner_org_id, kind, noted_on)
                              VALUES (:id, odis.case_org(), 'rsa', current_date)""",
    "member_languages": """INSERT INTO member_languages (household_id, owner_org_id, member_id, language, spoken)
                           SELECT household_id, owner_org_id, id, 'am', 'courant' FROM members WHERE household_id = :id""",
    "members": "UPDATE members SET first_name = 'X' WHERE household_id = :id",
    "households": "UPDATE households SET priority = 3 WHERE id = :id",
    "grants": """INSERT INTO grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, granted_by_id, expires_at)
                 SELECT :key, :id, odis.case_org(), :to, 'full', 1, 'accompagnement', odis.user_id(), now() + interval '9 days'""",
    "passations": """INSERT INTO passations (public_id, record_id, owner_org_id, from_org_id, to_org_id, state, by_user_id, by_label, by_org_label, at,
                     reason_sealed, due_on) SELECT :key, :id, odis.case_org(), odis.case_org(), :to, 'proposed', odis.user_id(), 'Moi', 'Nous', now(), '', current_date""",
}  # fmt: skip


@pytest.mark.parametrize("table", BARE)
def test_bare_sql_meets_the_second_wall(table: str, town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        values = {"id": file_of(identity, family).id, "key": new_public_id(), "to": town.neighbour.org_id}
        statement, savepoint = text(BARE[table]), db.begin_nested()
        assert db.execute(statement, values).rowcount  # type: ignore[attr-defined]
        savepoint.rollback()
    limit(town, family, file_of)
    with town.camille.acting(), pytest.raises(DBAPIError, match="kept and read"), db.begin_nested():
        db.execute(statement, values)


def test_what_protects_and_what_closes_goes_on(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        grant, number = share(identity, household, town), household.number
    limit(town, family, file_of)
    sure = confirmed(town.sacha)
    with sure.acting() as identity:
        household = file_of(identity, family)
        laila = present_members(household.id)[0]
        files.update_member_safety(
            identity, household=household, member=laila, safety=Safety(excluded_departments=["75"]), version=None
        )
    with town.camille.acting() as identity:
        revoke_share(identity, grant=db.merge(grant, load=False))
        household = file_of(identity, family)
        add_system_entry(identity, record_id=household.id, owner_org_id=household.owner_org_id, body="Partage retiré")
        ask(identity, household, RequestKind.COPIE)
    with confirmed(
        town.neighbour
    ).acting() as identity:  # a household in danger stays closed; the try is written, as ever
        assert (
            files.join_file(
                identity, number=number, born=clock.today(), reason=JoinReason.MISE_A_L_ABRI, words="Devant la porte"
            )
            is None
        )


def test_a_limited_file_is_kept_past_its_day(town: Town, family: str, file_of: Find) -> None:
    limit(town, family, file_of)
    with town.camille.acting() as identity:
        household_id = file_of(identity, family).id
    silent_since(household_id, 800, warned_days=31)
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
        assert [(row.blocks, row.state) for row in plan_rows(plan)] == [(["limitation"], "blocked")]


def test_a_limitation_is_granted_by_an_answer_and_lifted_once_the_person_knows(
    town: Town, family: str, file_of: Find
) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        refused = ask(identity, household, RequestKind.LIMITATION)
        operations.answer_request(identity, request=refused, accepted=False, answer="Sans objet.")
        assert db.execute(select(Limitation.id)).all() == []
        row = {"key": new_public_id(), "id": household.id, "request": refused.id}
        with pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
            db.execute(
                text("""INSERT INTO limitations (public_id, household_id, owner_org_id, request_id, granted_by_id, granted_by_label)
                        VALUES (:key, :id, odis.case_org(), :request, odis.user_id(), 'Moi')"""), row,
            )  # fmt: skip
    limit(town, family, file_of)
    for actor in town.strangers:
        with actor.acting():
            assert db.execute(select(Limitation.id)).all() == []
    with town.camille.acting() as identity:
        standing = db.execute(select(Limitation)).scalar_one()
        with pytest.raises(RuleError, match="pourquoi"):
            operations.lift_limitation(identity, limitation=standing, reason="", told_on=clock.today())
        with pytest.raises(RuleError, match="d’abord"):
            operations.lift_limitation(
                identity, limitation=standing, reason="Fait.", told_on=clock.today() + timedelta(days=1)
            )
    lift(town)
    with town.camille.acting() as identity:
        standing = db.execute(select(Limitation)).scalar_one()
        with pytest.raises(RuleError, match="déjà levée"):
            operations.lift_limitation(identity, limitation=standing, reason="Encore.", told_on=clock.today())


def test_who_accepted_a_handover_is_told_why_it_waits(
    town: Town, family: str, file_of: Find, client: StrictClient
) -> None:
    """A mail in the transaction of the limitation, to the receiver's people alone; the page says it to both sides until it is lifted."""
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        passation = files.propose_passation(
            identity, household=household, to=organisation_of(town.neighbour), due_on=clock.today() + timedelta(days=3), reason="Déménage",
            packet=files.Packet(),
        )  # fmt: skip
        key, public_id, record = passation.id, passation.public_id, household.id
    with town.neighbour.acting() as identity:
        proposed = db.execute(select(Passation)).scalar_one()
        files.accept_passation(identity, passation=proposed, referent=db.get_one(User, town.neighbour.user_id))
    address = f"/menages/passations/{public_id}"
    assert "Cette passation attend" not in text_of(client.as_(town.neighbour).get(address))
    limit(town, family, file_of)
    with owner_unit():
        row = db.execute(text("SELECT public_id, sealed FROM mails WHERE template = 'handover_waits'")).one()
        email = db.get_one(User, town.neighbour.user_id).email
    assert opened(row.public_id, bytes(row.sealed)) == (email, {"link": address})
    for actor in (town.neighbour, town.camille):
        page = text_of(client.as_(actor).get(address))
        assert "Cette passation attend" in page
        assert "Votre réponse est gardée" in page
    for stranger in (town.elsewhere, town.ddets):
        with stranger.acting():
            assert db.execute(text("SELECT odis.passation_waits(:id)"), {"id": key}).scalar_one() is None
            assert db.execute(text("SELECT * FROM odis.passation_contacts(:id)"), {"id": record}).all() == []
    lift(town)
    assert "Cette passation attend" not in text_of(client.as_(town.neighbour).get(address))


def test_the_file_says_so_on_every_page(town: Town, family: str, file_of: Find, client: StrictClient) -> None:
    me = client.as_(town.camille)
    with town.camille.acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.LIMITATION).public_id
    address = f"/menages/{family}/demandes/{request}"
    assert "ni proposition, ni partage" in me.get(address).text
    me.post(f"{address}/repondre", {"decision": "oui", "answer": "Votre dossier n’est plus utilisé."})
    for page in ("", "/composition", "/besoins", "/droits", "/partages"):
        assert "Traitement limité depuis" in me.get(f"/menages/{family}{page}").text
    page = me.get(f"/menages/{family}")
    assert "Chercher un logement" not in page.text
    assert "Noter l’échange" not in page.text
    assert "Noter l’échange" not in me.get(f"/menages/{family}/journal").text
    typed = {"organisation": "", "reason": "La famille déménage."}
    assert REFUSED in me.get(f"/menages/{family}/appariement", follow=True).text
    assert typed["reason"] in me.post(f"/menages/{family}/passation", typed, status=422).text
    with owner_unit():
        limitation = db.execute(select(Limitation.public_id)).scalar_one()
    lifting = f"/menages/{family}/limitations/{limitation}/lever"
    me.post(lifting, {"told_on": "", "reason": "Corrigé."}, status=422)
    client.as_(town.neighbour).post(lifting, {"told_on": clock.today().isoformat(), "reason": "x"}, status=404)
    me = client.as_(town.camille)
    me.post(lifting, {"told_on": clock.today().isoformat(), "reason": "Corrigé."})
    assert "Traitement limité depuis" not in me.get(f"/menages/{family}").text
    assert "Corrigé." in me.get(f"/menages/{family}/droits").text
