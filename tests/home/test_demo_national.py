"""The demonstration of a country, at the thousandth: the walls hold, the product reads every kind of row, the same seed draws the same."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.db import db
from odis_app.home.demo import national
from odis_app.home.demo.national import proofs, tables
from odis_app.home.demo.sizes import SIZES, National
from odis_app.households.models import Household, HouseholdFact, Member
from odis_app.households.operations.facts import refresh_status
from odis_app.households.queries import missing_items
from odis_app.households.status import compute_status
from odis_app.housing.models import Offer, OfferEvent, Place
from odis_app.housing.status import compute_qualification
from odis_app.journal.models import JournalEntry
from odis_app.organisations.seeds import World, load_accounts, open_actor, open_sessions
from tests import conftest
from tests.security.test_demo_walls import BESIDES, first_walls
from tests.support.client import StrictClient
from tests.support.worlds import confirmed, open_class2, owner_unit

SIZE = National(
    households=200, places=110, offers=40, entries=2_000, users=70, organisations=24, largest=50, steered=45, median=8, departments=4
)  # fmt: skip
PASSWORD = "mot-de-passe-du-pays"
DRAWN = "atttypid <> ALL ('{timestamptz, bytea, bytea[]}'::regtype[])"
"""Instants follow the hour, what is sealed the keys, which no seed draws."""


@pytest.fixture(scope="module")
def country(app: Flask, admin_url: str) -> Iterator[World]:
    """Accounts of the small demonstration and the country around them; « mediane » coordinates an association of it."""
    conftest._configure(app)
    with owner_unit():
        world = load_accounts(app.extensions["odis_minter"], PASSWORD)
    open_class2()
    open_sessions(world)
    said: list[str] = []
    with app.app_context():
        national.fill(world, SIZE, seed=5, password=PASSWORD, say=said.append)
    assert said[-1].startswith("Pays chargé")
    conftest._configure(app)  # the loading closes the installation's own connections
    with owner_unit():
        query = (
            "SELECT m.user_id, m.organisation_id FROM memberships m JOIN households h ON h.owner_org_id = m.organisation_id "
            "WHERE m.role = 'coordinateur' AND m.organisation_id <> :book GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1"
        )
        row = db.execute(text(query), {"book": world["association"].org_id}).one()
    open_actor(world, "mediane", user_id=row.user_id, organisation_id=row.organisation_id)
    yield world
    if core_db.in_unit():
        core_db.close_unit(commit=False)
    conftest.empty(admin_url)


@pytest.fixture
def here(country: World, app: Flask) -> World:
    conftest._configure(app)
    return country


def test_it_has_what_it_says(here: World) -> None:
    with owner_unit():
        for model, wanted in (
            (Household, SIZE.households),
            (Place, SIZE.places),
            (Offer, SIZE.offers),
            (JournalEntry, SIZE.entries),
        ):
            assert db.execute(select(func.count()).select_from(model)).scalar_one() == wanted
        files = db.execute(select(Household.owner_org_id, func.count()).group_by(Household.owner_org_id)).all()
        there = dict(
            db.execute(select(Household.department_code, func.count()).group_by(Household.department_code)).all()
        )
        people = db.execute(select(func.count()).select_from(Member)).scalar_one()
        stages = set(db.scalars(select(Household.status)))
    counted = {row[0]: row[1] for row in files}
    assert counted[here["association"].org_id] == SIZE.largest == max(counted.values())
    assert there["44"] == SIZE.steered
    assert len(there) >= 4
    assert 4 <= median(counted.values()) <= 12
    assert 1.8 < people / SIZE.households < 3.2
    assert {"brouillon", "complet", "a_orienter", "orientation_en_cours", "suivi", "sorti", "archive"} <= stages
    assert SIZES["national"] == National(200_000, 110_000, 40_000, 2_000_000, 5_000, 1_500, 10_000, 8_000, 130, None)


def test_stages_and_qualifications_are_what_the_product_computes(here: World) -> None:
    today = clock.today()
    with owner_unit():
        facts: dict[int, list[HouseholdFact]] = {}
        for fact in db.scalars(select(HouseholdFact).order_by(HouseholdFact.id)):
            facts.setdefault(fact.household_id, []).append(fact)
        for household in db.scalars(select(Household)):
            stage = compute_status(facts[household.id], today)
            stored = (household.status, household.status_reason, household.status_since)
            assert stored == (stage.status.value, stage.reason.value, stage.since)
        events: dict[int, list[OfferEvent]] = {}
        for event in db.scalars(select(OfferEvent).order_by(OfferEvent.id)):
            events.setdefault(event.offer_id, []).append(event)
        for offer in db.scalars(select(Offer)):
            stands = compute_qualification(events[offer.id])
            assert (offer.qualification_status, offer.validated_until) == (stands.status.value, stands.validated_until)
    with confirmed(here["coordination"]).acting() as identity:
        own = db.scalars(
            select(Household).where(Household.owner_org_id == identity.org_id).order_by(Household.id)
        ).all()
        for household in own:
            before = (household.status, household.status_since)
            refresh_status(identity, household_id=household.id)
            assert (household.status, household.status_since) == before
            kinds = {fact.kind for fact in facts[household.id]}
            missing, dated = missing_items(household)
            assert (not missing, dated) == ("completed" in kinds, "need_dated" in kinds)
        assert own


@pytest.mark.parametrize(
    "account", ["association", "coordination", "operateur", "ddets44", "dihal", "admin", "mediane"]
)
def test_the_second_wall_shows_no_row_that_the_first_would_not(here: World, account: str) -> None:
    with here[account].acting() as identity:
        for name, functions in first_walls().items():
            table = functions[0](identity).column_descriptions[0]["entity"].__table__
            doors = [*functions, *([BESIDES[name]] if name in BESIDES else [])]
            given = {
                row
                for door in doors
                for row in db.execute(door(identity).with_only_columns(*table.primary_key).order_by(None)).all()
            }
            assert set(db.execute(select(*table.primary_key)).all()) <= given, name
        others = select(func.count()).select_from(Household).where(Household.owner_org_id != identity.org_id)
        assert account not in {"dihal", "admin"} or db.execute(others).scalar_one() == 0


PAGES = {
    "association": ("/", "/menages", "/menages?page=99", "/menages?q=exemplov", "/suivi", "/places?perimetre=territoire", "/offres", "/offres/a-qualifier",
                    "/appariement", "/orientations", "/hebergements"),
    "operateur": ("/", "/places", "/orientations", "/hebergements"), "ddets44": ("/", "/suivi", "/places", "/offres"), "dihal": ("/",),
    "mediane": ("/", "/menages", "/orientations"),
}  # fmt: skip


@pytest.mark.parametrize("account", PAGES)
def test_a_page_of_each_kind_answers(here: World, app: Flask, account: str) -> None:
    client = StrictClient(app).as_(here[account])
    for url in PAGES[account]:
        client.get(url)


@pytest.mark.parametrize("kind", ["households", "places", "offers", "orientations", "placements"])
def test_every_tab_of_a_file_opens_what_is_sealed(here: World, app: Flask, kind: str) -> None:
    paths = {
        "households": ("/menages/{}", ("", "/composition", "/situation", "/besoins", "/projet", "/securite", "/journal", "/appariement", "/historique", "/logement")),
        "places": ("/places/{}", ("",)), "offers": ("/offres/{}", ("",)), "orientations": ("/orientations/{}", ("",)), "placements": ("/hebergements/{}", ("",)),
    }  # fmt: skip
    owner = {"orientations": "household_owner_org_id", "placements": "household_owner_org_id"}.get(kind, "owner_org_id")
    actor = confirmed(here["coordination"])
    with owner_unit():
        query = text(f"SELECT public_id FROM {kind} WHERE {owner} = :org ORDER BY id DESC LIMIT 3")
        found = db.scalars(query, {"org": actor.org_id}).all()
    assert found
    path, tabs = paths[kind]
    client = StrictClient(app).as_(actor)
    for public_id in found:
        for tab in tabs:
            client.get(path.format(public_id) + tab)


def test_people_of_the_country_sign_in(here: World, app: Flask) -> None:
    with owner_unit():
        query = "SELECT u.email FROM users u JOIN memberships m ON m.user_id = u.id WHERE m.organisation_id = :org AND m.role = 'coordinateur'"
        email = db.scalars(text(query), {"org": here["mediane"].org_id}).one()
    client = StrictClient(app)
    client.submit(client.get("/connexion"), {"email": email, "password": PASSWORD}, action="/connexion", status=303)
    client.get("/menages")


def test_nothing_is_set_aside_and_a_broken_rule_is_told(here: World) -> None:
    with owner_unit():
        connection = national.raw_connection()
        proofs.check(connection)
        forced = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = ANY (:names) AND relkind = 'r' AND relnamespace = 'public'::regnamespace"
        assert db.execute(text(forced), {"names": list(tables.WALLED)}).scalar_one()
        db.execute(
            text(
                "UPDATE household_tracking SET size = size + 1 WHERE record_id = (SELECT min(record_id) FROM household_tracking)"
            )
        )
        with pytest.raises(proofs.BrokenError, match=r"étape \(1\)"):
            proofs.check(connection)
        db.rollback()


def test_the_same_seed_draws_the_same_rows(here: World) -> None:
    small = National(
        households=40, places=30, offers=12, entries=200, users=40, organisations=12, largest=10, steered=9, median=4, departments=2
    )  # fmt: skip
    first, again, other = (_drawn(here, small, seed) for seed in (1, 1, 2))
    assert {name for name in first if first[name] != again[name]} == set()
    assert first["members"] != other["members"]


def _drawn(world: World, size: National, seed: int) -> dict[str, list[str]]:
    """The rows of each table as one seed draws them, in clear; nothing is kept."""
    with owner_unit():
        national.write(world, size, seed=seed, password=PASSWORD, say=lambda _sentence: None)
        found = {}
        for name in tables.WALLED:
            if name == "record_keys":
                continue
            query = text(
                f"SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND {DRAWN}"
            )
            kept = db.scalars(query, {"name": name}).all()
            found[name] = list(db.scalars(text(f"SELECT row({', '.join(kept)})::text FROM {name} ORDER BY 1")))
        db.rollback()
    return found
