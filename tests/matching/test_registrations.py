"""H20: every registration in force on the day opens the places of its dispositif, in the list, the operation and the database alike."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.operations import Registration, update_enrolments
from odis_app.housing.policy import find_place
from odis_app.matching import supply
from odis_app.matching.queries import households_for, shortlist_of, standing_of
from odis_app.placements import operations as do
from odis_app.placements.operations.proposal import NOT_REGISTERED
from tests.matching.naive_h20 import Home, Registered, closed
from tests.placements.conftest import Town, create_place, dispositif, town  # noqa: F401 - ``town`` is a fixture
from tests.placements.test_mandates import INSERT, set_mandates
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

SCHEMES = ("hebergement_citoyen", "deplaces_ukraine", "mobilite_nationale")
CITIZEN, UKRAINE, MOBILITY = SCHEMES


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    supply.forget()


def register(town: Town, *registrations: Registered, household: str = "") -> None:  # noqa: F811
    """The household's only registrations, as the table would hold them: the past and days to come as well."""
    with owner_unit():
        file = town.file(household)
        db.execute(text("DELETE FROM household_enrolments WHERE household_id = :id"), {"id": file.id})
        for one in registrations:
            db.execute(
                text(
                    "INSERT INTO household_enrolments (household_id, owner_org_id, dispositif_id, starts_on, ends_on) "
                    "VALUES (:id, :org, :scheme, :first, :last)"
                ),
                {
                    "id": file.id, "org": file.owner_org_id, "scheme": dispositif(one.scheme), "first": one.first, "last": one.last,
                },
            )  # fmt: skip


def days(first: int, last: int | None) -> tuple[date, date | None]:
    """From and to, in days from today."""
    today = clock.today()
    return today + timedelta(days=first), None if last is None else today + timedelta(days=last)


def inserts(town: Town, place: str) -> bool:  # noqa: F811
    """Whether the database takes a bare INSERT of a proposal of the place, under the identity of who follows the file."""
    with owner_unit():
        file, home = town.file(), town.home(place)
        given = {"household": file.id, "org": town.camille.org_id, "place": home.id, "owner": home.owner_org_id, "scheme": home.dispositif_id}  # fmt: skip
        insert = INSERT.replace("'53'", f"'{home.department_code}'")
    try:
        with town.camille.acting():
            db.execute(text(insert), given)
            db.rollback()
    except DBAPIError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            return False
        raise
    return True


def homes_of(town: Town) -> dict[str, Home]:  # noqa: F811
    """A place of each dispositif: an operator's, one's own, and one whose entry the State decides."""
    found = {town.place: Home(CITIZEN, "53", "association_mandatee", is_own=False)}
    for scheme in SCHEMES:
        for actor, authority in ((town.operator, "association_mandatee"), (town.sacha, "association_mandatee"), (town.operator, "siao")):  # fmt: skip
            with actor.acting() as identity:
                place = create_place(identity, dispositif_id=dispositif(scheme), orientation_authority=authority)
                found[place.public_id] = Home(scheme, "53", authority, is_own=actor is town.sacha)
    return found


def test_the_list_the_place_and_the_database_agree_with_the_second_writing(town: Town) -> None:  # noqa: F811
    homes = homes_of(town)
    drawn = random.Random(3)
    periods = [(-9, None), (-9, 0), (0, None), (0, 0), (-9, -1), (1, None), (-9, 5)]
    seen = set()
    for _world in range(4):
        mandates = set(drawn.sample(SCHEMES, drawn.randint(0, 3)))
        set_mandates(town.camille, *mandates)
        told = [
            Registered(scheme, *days(*drawn.choice(periods))) for scheme in drawn.sample(SCHEMES, drawn.randint(0, 3))
        ]
        register(town, *told)
        shut = {
            place: closed(told, home, {("53", m) for m in mandates}, clock.today()) for place, home in homes.items()
        }
        with town.camille.acting() as identity:
            listed = shortlist_of(identity, town.file())
            known = {place for place in homes if find_place(identity, place)}
            assert {line.place.public_id for line in listed.lines} == {place for place in known if not shut[place]}
            assert sum(e.count for e in listed.exclusions if e.code == "H20") == sum(shut[place] for place in known)
            for place in known:
                assert households_for(identity, town.home(place))[1] == int(not shut[place])
        for place, home in homes.items():
            if home.decided_by == "association_mandatee":
                assert inserts(town, place) is not shut[place]
                seen.add((shut[place], home.is_own))
    assert seen == {(True, True), (True, False), (False, True), (False, False)}


def test_a_second_registration_opens_the_places_of_its_dispositif(town: Town, client: StrictClient) -> None:  # noqa: F811
    """Written on the page, it opens them at once: the list, the proposal and its rank; its end closes them the next day."""
    with town.operator.acting() as identity:
        ukrainian = create_place(identity, dispositif_id=dispositif(UKRAINE)).public_id
        create_place(identity, dispositif_id=dispositif(UKRAINE))
    with town.camille.acting() as identity:
        assert ukrainian not in [line.place.public_id for line in shortlist_of(identity, town.file()).lines]
        with pytest.raises(RuleError, match="n’est pas inscrit aujourd’hui au dispositif de cette place"):
            do.propose(identity, household=town.file(), place=town.home(ukrainian), starts_on=clock.today())
    with town.camille.acting() as identity:
        own, today = town.file(), clock.today()
        wanted = [
            Registration(own.dispositif_id, today),
            Registration(dispositif(UKRAINE), today, today, "France Horizon"),
        ]
        update_enrolments(identity, household=own, wanted=wanted, version=None)
        assert ukrainian in [line.place.public_id for line in shortlist_of(identity, own).lines]
        assert standing_of(identity, own, town.home(ukrainian))["of"] == 3
        assert households_for(identity, town.home(ukrainian))[1] == 1
    assert town.propose(place=ukrainian)
    register(town, Registered(CITIZEN, *days(-9, None)), Registered(UKRAINE, *days(-9, -1)))
    words = text_of(client.as_(town.camille).get(f"/menages/{town.household}/appariement"))
    assert "dispositif auquel le ménage n’est pas inscrit aujourd’hui" in words


def test_a_household_registered_nowhere_today_is_told_so(town: Town, client: StrictClient) -> None:  # noqa: F811
    register(town, Registered(CITIZEN, *days(-9, -1)))
    words = text_of(client.as_(town.camille).get(f"/menages/{town.household}/appariement"))
    assert "n’est inscrit aujourd’hui à aucun dispositif" in words
    with town.camille.acting() as identity, pytest.raises(RuleError) as refused:
        do.propose(identity, household=town.file(), place=town.home(), starts_on=clock.today())
    assert refused.value.message == NOT_REGISTERED


def test_a_mandate_for_the_second_dispositif_counts(town: Town) -> None:  # noqa: F811
    """Mandated for the second dispositif alone, one is told of no missing mandate and proposes the place; without any, one is told of the file's own."""
    with town.operator.acting() as identity:
        ukrainian = create_place(identity, dispositif_id=dispositif(UKRAINE)).public_id
    register(town, Registered(CITIZEN, *days(-9, None)), Registered(UKRAINE, *days(-9, None)))
    set_mandates(town.camille, UKRAINE)
    with town.camille.acting() as identity:
        listed = shortlist_of(identity, town.file())
        assert listed.missing_mandate is None
        assert [line.place.public_id for line in listed.lines] == [ukrainian]
    set_mandates(town.camille, MOBILITY)
    with town.camille.acting() as identity:
        assert "Hébergement citoyen" in str(shortlist_of(identity, town.file()).missing_mandate)
    set_mandates(town.camille, UKRAINE)
    assert town.propose(place=ukrainian)
