"""The « organisation départementale »: mandates that begin and end, the rules of a territory, and whom they reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.notifications.sealing import opened
from odis_app.organisations import operations as do
from odis_app.organisations.enums import Attribution
from odis_app.organisations.models import Dispositif, Mandate, Organisation
from odis_app.organisations.policy import find_mandate, visible_mandates
from odis_app.organisations.queries import mandates_of, rules_of
from odis_app.organisations.seeds import Actor
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit

PAGE = "/organisation-departementale"


@dataclass(slots=True)
class Territory:
    ddets: Actor
    association: Actor
    coordinator: Actor
    elsewhere: Actor
    other: Actor

    @property
    def association_id(self) -> str:
        with owner_unit():
            return db.get_one(Organisation, self.association.org_id).public_id

    def mandate(self, starts: int = 0, ends: int | None = None, code: str = "hebergement_citoyen") -> str:
        """Set a mandate, days counted from today; its public id."""
        with self.ddets.acting() as identity:
            return do.set_mandate(
                identity, department_code="44", organisation_id=self.association.org_id, dispositif_id=scheme(code), starts_on=day(starts),
                ends_on=None if ends is None else day(ends),
            ).public_id  # fmt: skip

    def in_force(self) -> int:
        with self.association.acting() as identity:
            return len(mandates_of(identity.org_id))


def day(after: int) -> date:
    return clock.today() + timedelta(days=after)


def scheme(code: str) -> int:
    return db.execute(select(Dispositif.id).where(Dispositif.code == code)).scalar_one()


@pytest.fixture
def here(world: WorldBuilder) -> Territory:
    association = world.actor("association", "44", mandated=False)
    return Territory(
        ddets=world.actor("ddets", "44"), association=association, coordinator=world.actor("coordination", "44", colleague_of=association),
        elsewhere=world.actor("association", "33", mandated=False), other=world.actor("ddets", "53"),
    )  # fmt: skip


def mails(template: str) -> list[tuple[str, str]]:
    """(address, dispositif) of the mails of a kind."""
    with owner_unit():
        rows = db.execute(text("SELECT public_id, sealed FROM mails WHERE template = :kind"), {"kind": template}).all()
        found = [opened(row.public_id, bytes(row.sealed)) for row in rows]
    return [(to, context["dispositif"]) for to, context in found]


def test_an_association_is_mandated_then_ends_and_is_told(here: Territory, client: StrictClient) -> None:
    ddets = client.as_(here.ddets)
    page = ddets.get(PAGE)
    assert "Aucune association mandatée" in text_of(page)
    given = {"organisation": here.association_id, "dispositif": "hebergement_citoyen", "starts_on": day(0).isoformat()}
    page = ddets.submit(page, given, button="Mandater l’association", follow=True, status=200)
    assert "1 mandat" in text_of(page)
    assert here.in_force() == 1
    ended = {"ends_on": day(0).isoformat()}
    page = ddets.submit(page, ended, button="Enregistrer la fin", follow=True, status=200)
    assert "fin donnée par" in text_of(page)
    assert here.in_force() == 1  # the last day is included
    with owner_unit():
        to = db.get_one(User, here.coordinator.user_id).email
        actions = db.execute(
            text("SELECT action FROM audit_events WHERE action LIKE 'mandate:%' ORDER BY id")
        ).scalars().all()  # fmt: skip
    assert mails("mandate_set") == mails("mandate_ended") == [(to, "Hébergement citoyen")]
    assert actions == ["mandate:add", "mandate:end"]


def test_what_is_over_stays_in_the_history(here: Territory, client: StrictClient) -> None:
    with owner_unit():
        db.add(
            Mandate(
                organisation_id=here.association.org_id, department_code="44", dispositif_id=scheme("hebergement_citoyen"),
                starts_on=day(-400), ends_on=day(-30),
            )
        )  # fmt: skip
    assert here.in_force() == 0
    assert "Mandats terminés" in text_of(client.as_(here.ddets).get(PAGE))
    here.mandate()  # after its end, another one
    assert here.in_force() == 1


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (5, 4, "La fin précède le début"),
        (40, 50, "a déjà un mandat"),
        (-5, None, "a déjà un mandat"),
        (-20, 10, "a déjà un mandat"),
    ],
)
def test_dates_that_cross_are_refused_in_words(
    here: Territory, client: StrictClient, starts: int, ends: int | None, said: str
) -> None:
    here.mandate(10, 40)
    given = {
        "organisation": here.association_id,
        "dispositif": "hebergement_citoyen",
        "starts_on": day(starts).isoformat(),
        "ends_on": "" if ends is None else day(ends).isoformat(),
    }
    page = client.as_(here.ddets).post(f"{PAGE}/mandats", {**given, "department": "44"}, status=422)
    assert said in text_of(page)


def test_an_association_that_does_not_work_there_is_refused(here: Territory) -> None:
    with pytest.raises(RuleError, match="n’intervient pas"), here.ddets.acting() as identity:
        do.set_mandate(
            identity, department_code="44", organisation_id=here.elsewhere.org_id, dispositif_id=scheme("hebergement_citoyen"),
            starts_on=day(0), ends_on=None,
        )  # fmt: skip


@pytest.mark.parametrize(("last", "said"), [(-1, "Cette date est passée"), (5, "précède le début"), (60, "finit déjà")])
def test_an_end_is_neither_past_nor_before_the_start_nor_later(here: Territory, last: int, said: str) -> None:
    public_id = here.mandate(10, 40)
    with here.ddets.acting() as identity:
        mandate = find_mandate(identity, public_id)
        assert mandate is not None
        with pytest.raises(RuleError, match=said):
            do.end_mandate(identity, mandate=mandate, ends_on=day(last))


def test_the_database_says_the_same_to_whoever_goes_round(here: Territory) -> None:
    public_id = here.mandate()
    row = {
        "org": here.elsewhere.org_id,
        "own": here.association.org_id,
        "id": public_id,
        "past": day(-1),
        "later": day(9),
    }
    insert = "INSERT INTO mandates (organisation_id, department_code, dispositif_id, starts_on) SELECT {}, '{}', id, now() FROM dispositifs"
    refused = [
        (here.ddets, insert.format(":org", "44")),
        (here.ddets, insert.format(":own", "53")),
        (here.association, insert.format(":own", "44")),
        (here.ddets, "UPDATE mandates SET ends_on = :past WHERE public_id = :id"),
        (here.ddets, "UPDATE mandates SET starts_on = :past WHERE public_id = :id"),
        (here.ddets, "DELETE FROM mandates"),
    ]
    for actor, statement in refused:
        with pytest.raises(DBAPIError) as raised, actor.acting():
            db.execute(text(statement), row)
        assert isinstance(raised.value.orig, InsufficientPrivilege), statement
    for actor in (here.association, here.other):
        with actor.acting():
            change = text("UPDATE mandates SET ends_on = :later WHERE public_id = :id")
            assert db.execute(change, row).rowcount == 0
    for actor in (here.ddets, here.other, here.association):  # addresses leave in the transaction of the act alone
        with actor.acting():
            asked = text("SELECT count(*) FROM odis.mandate_contacts(:id)")
            assert db.execute(asked, row).scalar_one() == 0


def test_only_who_steers_the_departement_reaches_it(here: Territory, client: StrictClient) -> None:
    public_id = here.mandate()
    for actor in (here.association, here.other, here.elsewhere):
        with actor.acting() as identity:
            assert not db.execute(visible_mandates(identity)).all()
            with pytest.raises(PermissionError):
                do.set_rules(identity, department_code="44", attribution=Attribution.ASSOCIATION, figures={})
    client.as_(here.association).get(PAGE, status=403)
    other = client.as_(here.other)
    other.post(f"{PAGE}/mandats/{public_id}/fin", {"ends_on": day(0).isoformat()}, status=404)
    other.post(f"{PAGE}/mandats", {"department": "44"}, status=404)
    other.post(f"{PAGE}/regles", {"department": "44"}, status=404)


def test_the_rules_are_changed_and_hold(here: Territory, client: StrictClient) -> None:
    ddets = client.as_(here.ddets)
    page = ddets.get(PAGE)
    assert "celles de départ" in text_of(page)
    wrong = ddets.submit(page, {"proposals_per_place": "9"}, button="Enregistrer les règles", status=422)
    assert "entre 1 et 5" in text_of(wrong)
    given = {"urgent_answer_hours": "24", "attribution": "association_ddets"}
    page = ddets.submit(page, given, button="Enregistrer les règles", follow=True, status=200)
    assert "changées par" in text_of(page)
    with here.association.acting():
        rules = rules_of("44")
        assert (rules.urgent_answer_hours, rules.standard_answer_days, rules.attribution) == (
            24,
            7,
            "association_ddets",
        )
    with owner_unit():
        data = db.execute(text("SELECT data FROM audit_events WHERE action = 'territory:update'")).scalar_one()
    assert data["changed"]["urgent_answer_hours"] == [72, 24]


def test_who_qualifies_is_named_then_ends_and_is_told(here: Territory, client: StrictClient) -> None:
    ddets = client.as_(here.ddets)
    page = ddets.get(PAGE)
    assert "Personne n’est nommé" in text_of(page)
    given = {"qualif-organisation": here.association_id, "qualif-dispositif": "hebergement_citoyen"}
    page = ddets.submit(page, given, button="Nommer l’organisation", follow=True, status=200)
    assert "1 nomination" in text_of(page)
    again = ddets.submit(page, given, button="Nommer l’organisation", status=422)
    assert "qualifie déjà les offres de ce dispositif" in text_of(again)
    ended = {"ends_on": day(0).isoformat()}
    page = ddets.submit(page, ended, button="Enregistrer la fin", follow=True, status=200)
    assert "fin donnée par" in text_of(page)
    with owner_unit():
        to = {db.get_one(User, actor.user_id).email for actor in (here.coordinator, here.association)}
        wanted = text("SELECT action FROM audit_events WHERE action LIKE 'qualifier:%' ORDER BY id")
        actions = db.execute(wanted).scalars().all()
    for kind in ("qualifier_set", "qualifier_ended"):
        assert {address for address, _ in mails(kind)} == to
    assert actions == ["qualifier:add", "qualifier:end"]


def test_only_the_state_of_the_departement_names_who_qualifies(here: Territory, client: StrictClient) -> None:
    with here.ddets.acting() as identity:
        named = do.set_qualifier(
            identity, department_code="44", organisation_id=here.association.org_id, dispositif_id=scheme("hebergement_citoyen"),
            starts_on=day(0), ends_on=None,
        ).public_id  # fmt: skip
    row = {"org": here.elsewhere.org_id, "own": here.association.org_id, "state": here.ddets.org_id, "past": day(-1)}
    insert = "INSERT INTO qualifiers (organisation_id, department_code, dispositif_id, starts_on) SELECT {}, '{}', id, now() FROM dispositifs"
    for actor, statement in (
        (here.ddets, insert.format(":org", "44")),  # who does not work there
        (here.ddets, insert.format(":state", "44")),  # a kind that visits nobody
        (here.ddets, insert.format(":own", "53")),
        (here.association, insert.format(":own", "44")),
        (here.ddets, "UPDATE qualifiers SET ends_on = :past"),
        (here.ddets, "DELETE FROM qualifiers"),
        (here.association, "INSERT INTO territory_words (department_code, term, label) VALUES ('44', 'offre', 'x')"),
    ):
        with pytest.raises(DBAPIError) as raised, actor.acting():
            db.execute(text(statement), row)
        assert isinstance(raised.value.orig, InsufficientPrivilege), statement
    client.as_(here.association).post(f"{PAGE}/qualification", {}, status=403)
    client.as_(here.other).post(f"{PAGE}/qualification/{named}/fin", {"ends_on": day(0).isoformat()}, status=404)
    client.as_(here.other).post(f"{PAGE}/mots", {"department": "44"}, status=404)
    client.as_(here.ddets).post(f"{PAGE}/mots", {"mot_offre": "accueil"}, status=422)


def test_a_departement_says_its_own_words(here: Territory, client: StrictClient) -> None:
    ddets = client.as_(here.ddets)
    given = {"mot_offre": "accueil  proposé", "mot_dispositif_hebergement_citoyen": "Accueil 44"}
    page = ddets.submit(ddets.get(PAGE), given, button="Enregistrer les mots", follow=True, status=200)
    assert "2 mots d’ici" in text_of(page)
    long = ddets.submit(page, {"mot_offre": "x" * 61}, button="Enregistrer les mots", status=422)
    assert "60 caractères au plus" in text_of(long)
    local = client.as_(here.association)
    listed = " ".join(text_of(local.get("/mots")).split())
    assert "« accueil proposé » (Loire-Atlantique" in listed
    assert "« Accueil 44 »" in listed
    assert "Ici, « offre » se dit « accueil proposé »." in text_of(local.get("/offres"))
    assert "accueil proposé" not in text_of(client.as_(here.elsewhere).get("/mots"))
    ddets = client.as_(here.ddets)
    page = ddets.submit(ddets.get(PAGE), {"mot_offre": ""}, button="Enregistrer les mots", follow=True, status=200)
    assert "1 mot d’ici" in text_of(page)
    with owner_unit():
        wanted = text("SELECT data FROM audit_events WHERE action = 'territory:words' ORDER BY id DESC LIMIT 1")
        assert db.execute(wanted).scalar_one()["changed"] == {"offre": ["accueil proposé", ""]}
