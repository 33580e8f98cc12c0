"""Proposing without a mandate for the dispositif of the place, or after its end: refused by the operation, by the page and by the database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.operations import update_request
from odis_app.housing.models import Place
from odis_app.matching import supply
from odis_app.matching.queries import households_for, shortlist_of
from odis_app.organisations.models import Mandate
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from tests.placements.conftest import Town, create_place, dispositif, found, open_file
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit

CITIZEN, UKRAINE = "hebergement_citoyen", "deplaces_ukraine"
H20 = "place hors de votre mandat"


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    supply.forget()


def set_mandates(actor: Actor, *codes: str, starts_on: date = date(2020, 1, 1), ends_on: date | None = None) -> None:
    """The only mandates of the actor's organisation, in Mayenne."""
    with owner_unit():
        db.execute(text("DELETE FROM mandates WHERE organisation_id = :id"), {"id": actor.org_id})
        db.add_all(
            Mandate(
                organisation_id=actor.org_id,
                department_code="53",
                dispositif_id=dispositif(code),
                starts_on=starts_on,
                ends_on=ends_on,
            )
            for code in codes
        )


def without_mandate(town: Town) -> list[tuple[str, str]]:
    """Each way to have no mandate for the place, set one after the other; the words of the refusal."""
    yesterday, tomorrow = clock.today() - timedelta(days=1), clock.today() + timedelta(days=1)
    for words, codes, days in (
        ("n’est pas mandatée pour « Hébergement citoyen »", (UKRAINE,), {}),
        ("a pris fin le", (CITIZEN, UKRAINE), {"ends_on": yesterday}),
        ("commence le", (CITIZEN, UKRAINE), {"starts_on": tomorrow}),
    ):
        set_mandates(town.camille, *codes, **days)
        yield words, codes[0]


def place_of(town: Town) -> Place:
    """The place, as a page opened yesterday still holds it."""
    with owner_unit():
        found = db.execute(select(Place).where(Place.public_id == town.place)).scalar_one()
        db.expunge(found)
        return found


def test_the_operation_refuses_and_says_why(town: Town) -> None:
    place = place_of(town)
    for words, _ in without_mandate(town):
        with town.camille.acting() as identity:
            seen = db.merge(place, load=False)
            with pytest.raises(RuleError) as refused:
                do.propose(identity, household=town.file(), place=seen, starts_on=clock.today())
            assert words in refused.value.message
    set_mandates(town.camille, CITIZEN, ends_on=clock.today())
    assert town.propose()


def test_the_page_of_a_place_outside_the_mandate_does_not_exist(town: Town, client: StrictClient) -> None:
    camille = client.as_(town.camille)
    address = f"/menages/{town.household}/proposer/{town.place}"
    page = camille.get(address)
    for _ in without_mandate(town):
        camille.get(address, status=404)
        camille.submit(page, {"starts_on": clock.today().isoformat()}, status=404)
    with owner_unit():
        assert db.execute(text("SELECT count(*) FROM orientations")).scalar_one() == 0


INSERT = """INSERT INTO orientations (public_id, household_id, household_owner_org_id, place_id, place_owner_org_id, department_code, dispositif_id,
              proposed_at, proposed_by_label, proposed_org_label, expires_at, starts_on, need_sheet, place_sheet)
            VALUES ('essai00000000001', :household, :org, :place, :owner, '53', :scheme, now(), 'x', 'x', now() + interval '1 day', current_date, '{}', '{}')"""


def insert(town: Town, place: Place, scheme: str, *, key: int | None = None) -> type[Any] | None:
    """A bare INSERT of a proposal under Camille's identity: the error, or None."""
    with owner_unit():
        household = town.file().id
        given = {
            "household": household,
            "org": town.camille.org_id,
            "place": key or place.id,
            "owner": place.owner_org_id,
        }
        given["scheme"] = dispositif(scheme)
    try:
        with town.camille.acting():
            db.execute(text(INSERT), given)
            db.rollback()
    except DBAPIError as error:
        return type(error.orig)
    return None


def test_the_database_refuses_with_no_operation_before_it(town: Town) -> None:
    """Neither without the mandate, nor under the name of a dispositif that is not the place's; a place that is not there answers the same."""
    place = place_of(town)
    set_mandates(town.camille, CITIZEN)
    assert insert(town, place, CITIZEN) is None
    for _, mandated in without_mandate(town):
        for scheme in (CITIZEN, mandated):
            assert insert(town, place, scheme) is InsufficientPrivilege
        assert insert(town, place, CITIZEN, key=999_999) is InsufficientPrivilege
    set_mandates(town.camille, CITIZEN, UKRAINE)
    assert insert(town, place, UKRAINE) is InsufficientPrivilege


def test_what_stands_on_a_place_is_counted_for_whoever_may_propose_it(town: Town, world: WorldBuilder) -> None:
    town.propose()
    place = place_of(town)
    other = world.actor("association", "44", mandated=False)
    counted = text("SELECT odis.active_proposals(:id, daterange(current_date, NULL))")
    seen = {}
    for code in (UKRAINE, CITIZEN):
        set_mandates(other, code)
        with other.acting():
            seen[code] = db.execute(counted, {"id": place.id}).scalar_one()
    assert seen == {UKRAINE: 0, CITIZEN: 1}


def test_one_s_own_place_needs_no_mandate(town: Town) -> None:
    """The organisation alone on the first morning, or whose mandate has ended, still houses people in what it manages."""
    with town.sacha.acting() as identity:
        own = create_place(identity).public_id
    set_mandates(town.camille)
    with town.camille.acting() as identity:
        listed = shortlist_of(identity, town.file())
        assert [line.place.public_id for line in listed.lines] == [own]
        assert "n’est pas mandatée" in str(listed.missing_mandate)
    assert town.propose(place=own)


def test_a_proposal_made_in_time_goes_on_after_the_end(town: Town) -> None:
    """A family does not pay for the calendar of a mandate: both still answer, and the stay is agreed on."""
    orientation = town.propose()
    set_mandates(town.camille, CITIZEN, ends_on=clock.today() - timedelta(days=1))
    for actor, act in ((town.camille, do.accept_for_household), (town.operator, do.accept_for_host)):
        with actor.acting() as identity:
            act(identity, orientation=found(orientation))
    with town.camille.acting():
        assert found(orientation).confirmed_at is not None


def test_a_place_that_one_still_sees_is_excluded_with_its_reason(town: Town, client: StrictClient) -> None:
    """One's household stays there: the place is read, it is proposed to nobody else once the mandate has ended."""
    town.confirmed(length=30)
    second = town.another_file()
    after_the_stay = {"need_from": clock.today() + timedelta(days=60)}
    with town.camille.acting() as identity:
        update_request(identity, household=town.file(second), values=after_the_stay, wished=["53"], version=None)
        assert H20 not in " ".join(e.sentence for e in shortlist_of(identity, town.file(second)).exclusions)
    set_mandates(town.camille, CITIZEN, ends_on=clock.today() - timedelta(days=1))
    with town.camille.acting() as identity:
        listed = shortlist_of(identity, town.file(second))
        assert (listed.feasible, listed.total) == (0, 1)
        assert [(e.code, e.count) for e in listed.exclusions] == [("H20", 1)]
        assert H20 in listed.exclusions[0].sentence
        assert households_for(identity, town.home())[:2] == ([], 0)
    camille = client.as_(town.camille)
    assert "a pris fin le" in text_of(camille.get(f"/menages/{second}/appariement"))
    assert "ne peut pas être proposée" in text_of(camille.get(f"/places/{town.place}/appariement"))
    later = (clock.today() + timedelta(days=60)).isoformat()
    page = camille.get(f"/menages/{second}/proposer/{town.place}")
    answer = text_of(camille.submit(page, {"starts_on": later}, status=422))
    assert (
        "Le mandat de votre organisation pour « Hébergement citoyen » dans ce département (53) a pris fin le" in answer
    )


def test_the_shortlist_follows_the_mandate_of_the_day(town: Town) -> None:
    """What is kept in memory for one set of mandates is not given to the next one."""
    with town.operator.acting() as identity:
        create_place(identity, dispositif_id=dispositif(UKRAINE))
    with town.camille.acting() as identity:
        ukrainian = open_file(identity, code=UKRAINE).public_id
    seen = []
    for codes in ((CITIZEN, UKRAINE), (CITIZEN,), (UKRAINE,), ()):
        set_mandates(town.camille, *codes)
        with town.camille.acting() as identity:
            listed = [shortlist_of(identity, town.file(f)) for f in ("", ukrainian)]
            seen.append((len(supply.supply(identity).ids), *(one.missing_mandate is None for one in listed)))
    assert seen == [(2, True, True), (1, True, False), (1, False, True), (0, False, False)]
