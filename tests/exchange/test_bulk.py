"""Written together or one by one, a file and an offer are the same rows, in every table and column, under the same walls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from odis_app.access.models import Record
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.exchange.bulk import Event, append_events, create_records, insert_rows
from odis_app.households import operations as files
from odis_app.households import queries as read
from odis_app.households.models import Household, HouseholdChange, HouseholdNeed
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.many import NewFile, open_households
from odis_app.households.operations.protected import Safety
from odis_app.housing import operations as homes
from odis_app.housing.models import Offer, OfferAddress, OfferHost
from odis_app.organisations.queries import dispositifs
from odis_app.organisations.seeds import Actor
from tests.support.worlds import WorldBuilder, owner_unit

NANTES, ANGERS = "44109", "49007"
OWN = {"id", "record_id", "household_id", "offer_id", "member_id", "public_id", "number"}  # a row's own keys
INSTANTS = {"at", "confirmed_at", "made_at", "created_at", "reviewed_at", "recorded_at", "request_id"}


@pytest.fixture
def actor(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


def opening(**changes: Any) -> Opening:
    people = [
        Person("Laïla", "Exemplova", "f", birth_date=date(1990, 3, 12), nationality="UKR", french_level="a2"),
        Person(
            "Ali", "Exemplova", "m", link="conjoint", birth_year=1988, situation="emploi", situation_note="mi-temps"
        ),
        Person("Nika", "Exemplova", "f", link="enfant_mineur", birth_year=2020, present_in_france=False),
    ]
    given: dict[str, Any] = {
        "department_code": "44", "dispositif_id": dispositifs()[0].id, "people": people, "seniority_date": date(2026, 1, 1), "priority": 2,
        "phone": "+33639980100", "languages": ["ar", "fr"], "accommodation_mode": "tiers",
    }  # fmt: skip
    return Opening(**given | changes)


def written(column: str, key: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that hangs on a file or an offer (``column``), without its own keys, read behind the walls."""
    where = {
        "records": "id",
        "record_keys": "record_id",
        "households": "id",
        "offers": "id",
        "household_tracking": "record_id",
        "audit_events": "record_id",
    }
    with owner_unit():
        named = text(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = :column"
        )
        tables = sorted(set(db.scalars(named, {"column": column})) | where.keys())
        found = {}
        for table in tables:
            rows = db.execute(text(f"SELECT * FROM {table} WHERE {where.get(table, column)} = :key"), {"key": key})
            kept = [{name: value for name, value in row.items() if name not in OWN} for row in rows.mappings()]
            found[table] = sorted((_comparable(row) for row in kept), key=repr)
    return found


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A sealed value and an instant are there or not (what is sealed is compared apart); an event of the trail tells its own number."""
    there = {name: value is not None for name, value in row.items() if name.endswith("_sealed") or name in INSTANTS}
    told = {"data": {name: value for name, value in row["data"].items() if name != "number"}} if "data" in row else {}
    return row | there | told


def test_a_file_opened_with_others_is_the_file_opened_alone(actor: Actor) -> None:
    with actor.acting() as identity:
        alone = files.open_household(identity, opening=opening()).id
    with actor.acting() as identity:
        (together, number), (other, last) = open_households(
            identity, [NewFile(opening()), NewFile(opening(phone="", languages=[]))]
        )
        assert (number, last) == ("M-44-0002", "M-44-0003")
        assert read.phone_of(db.get_one(Household, together)) == "+33639980100"
    first, second = written("household_id", alone), written("household_id", together)
    assert first == second
    filled = {table for table, rows in first.items() if rows}
    assert filled >= {
        "records", "households", "household_identities", "household_administrative", "household_requests", "household_versions", "household_tokens",
        "household_facts", "household_tracking", "members", "audit_events",
    }  # fmt: skip
    assert written("household_id", other) != second


def test_a_file_that_comes_whole_is_as_one_filled_block_by_block(actor: Actor) -> None:
    papers = {"protection_status": "refugie", "title_valid_until": date(2030, 6, 30), "arrived_on": date(2025, 2, 4)}
    request = {
        "need_from": date(2026, 12, 1),
        "max_rent": Decimal("412.50"),
        "wheelchair": True,
        "life_project": "« Près d’une école »\nà Nantes",
    }
    needs = {"school": (1, "maternelle")}
    with actor.acting() as identity:
        alone = files.open_household(identity, opening=opening())
        given: dict[str, Any] = {"household": alone, "version": None}
        files.update_administrative(identity, values=papers, **given)
        files.update_request(identity, values=request, wished=["44", "49"], **given)
        files.update_needs(identity, values=needs, source="Fichier importé", **given)
        for member in read.present_members(alone.id)[:2]:
            files.update_member_safety(identity, member=member, safety=Safety(), **given)
    with actor.acting() as identity:
        new = NewFile(
            opening(), papers=papers, request=request, wished=["44", "49"], needs=needs, source="Fichier importé", assessed=True,
        )  # fmt: skip
        [(together, _number)] = open_households(identity, [new])
    first, second = written("household_id", alone.id), written("household_id", together)
    # What comes at once is one version, told once; the safety of the adults is remembered and told as class 3 both ways.
    trail = {"audit_events", "household_changes"}
    first["households"][0]["version"] = second["households"][0]["version"]
    assert {name: first[name] for name in first.keys() - trail} == {
        name: second[name] for name in second.keys() - trail
    }
    assert second["households"][0]["status"] == "a_orienter"
    assert len(second["member_safety"]) == 2
    [change] = second["household_changes"]
    assert change["sensitivity"] == 3
    assert _secret_changes(together) == _secret_changes(alone.id) != []
    assert [(e["action"], e["sensitivity"]) for e in second["audit_events"]] == [
        ("household:create", 0),
        ("household:update", 3),
    ]
    assert _actors(first["audit_events"]) == _actors(second["audit_events"])


def _secret_changes(household_id: int) -> list[str]:
    """What the history tells of the safety of a file's adults, unsealed."""
    secret = HouseholdChange.household_id == household_id, HouseholdChange.sensitivity == 3
    with owner_unit():
        return sorted(repr(one) for row in db.scalars(select(HouseholdChange).where(*secret)) for one in row.changes)


def _actors(events: Sequence[dict[str, Any]]) -> set[object]:
    return {
        (
            e["actor_kind"],
            e["actor_user_id"],
            e["actor_org_id"],
            e["actor_label"],
            e["org_label"],
            e["record_owner_org_id"],
        )
        for e in events
    }


def _values(commune: str = NANTES, **changes: Any) -> dict[str, Any]:
    scheme = next(d.id for d in dispositifs() if d.code == "hebergement_citoyen")
    base = {
        "dispositif_id": scheme, "kind": "logement_entier_gratuit", "capacity": 4, "bedrooms": 2, "max_minors": 3, "accepts_minors": True,
        "available_from": date(2026, 12, 1), "rent": Decimal("0.00"), "accepted_statuses": ["refugie"], "languages": ["fr", "en"],
        "commune_code": commune, "employment_area": "5203", "wheelchair": True,
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize("missing", ["", "le nombre de chambres"])
@pytest.mark.parametrize("secret", [False, True])
def test_an_offer_received_with_others_is_the_offer_received_alone(actor: Actor, missing: str, *, secret: bool) -> None:
    host = homes.Host("Jeanne D’Exemple", "+33639980001", "Hote@exemple.test", "12345678900011", "Langues : soninké.")
    given: dict[str, Any] = {
        "host": host, "address": "3 rue du Conte", "provider_kind": "personne_morale", "units": 2, "qualities": {"surface_m2": 12.5},
        "received_on": date(2026, 1, 5),
    }  # fmt: skip
    with actor.acting() as identity:
        values = _values(specialised_fvv_teh=secret)
        alone = homes.create_offer(identity, values=values, **given)
        if missing:
            homes.ask_completion(identity, offer=alone, missing=missing)
    with actor.acting() as identity:
        elsewhere = homes.NewOffer(_values(ANGERS), homes.Host("Paul D’Exemple"))
        received = homes.receive_offers(identity, [elsewhere, homes.NewOffer(values, missing=missing, **given)])
        assert [number for _id, number in received] == ["O-49-0001", "O-44-0002"]
        together = db.get_one(Offer, received[1][0])
        contacts = [_contacts(alone), _contacts(together)]
    assert contacts[0] == contacts[1]
    assert contacts[0][2:4] == ["+33639980001", "hote@exemple.test"]
    first, second = written("offer_id", alone.id), written("offer_id", together.id)
    assert first == second
    assert {table for table, rows in first.items() if rows} == {
        "records", "record_keys", "offers", "offer_hosts", "offer_addresses", "offer_events", "audit_events"
    }  # fmt: skip
    assert second["offers"][0]["qualification_status"] == ("a_completer" if missing else "recue")
    assert second["offers"][0]["location_secret"] is secret


def _contacts(offer: Offer) -> list[str]:
    host, where = db.get_one(OfferHost, offer.id), db.get_one(OfferAddress, offer.id)
    return [host.name, host.siret, host.phone, host.email, host.note, where.commune_code, where.address]


def test_one_bad_offer_and_none_is_received(actor: Actor) -> None:
    with actor.acting():
        values = _values(), _values(bedrooms=None)
    offers = [homes.NewOffer(one, homes.Host("Jeanne D’Exemple")) for one in values]
    with pytest.raises(RuleError, match="nombre de chambres"), actor.acting() as identity:
        homes.receive_offers(identity, offers)
    with owner_unit():
        assert db.execute(select(func.count()).select_from(Record)).scalar_one() == 0


def test_many_rows_meet_the_second_wall(actor: Actor, world: WorldBuilder) -> None:
    neighbour = world.actor("association", "44")
    with actor.acting() as identity:
        assert db.execute(text("SELECT current_user")).scalar_one() == "odis_app"
        [(theirs, _number)] = open_households(identity, [NewFile(opening())])
    need = {"household_id": theirs, "kind": "school", "level": 1, "noted_on": clock.today()}
    with pytest.raises(ProgrammingError, match="row-level security"), neighbour.acting():
        insert_rows(HouseholdNeed, [need | {"owner_org_id": actor.org_id}])
    with pytest.raises(IntegrityError, match="foreign key"), neighbour.acting():
        insert_rows(HouseholdNeed, [need | {"owner_org_id": neighbour.org_id}])
    with pytest.raises(ProgrammingError, match="row-level security"), neighbour.acting():
        insert_rows(Record, [{"kind": "household", "owner_org_id": actor.org_id, "department_code": "44"}])
    with pytest.raises(PermissionError), neighbour.acting():
        append_events([Event("household:create", theirs, "Dossier ouvert")])
    with owner_unit():
        assert db.execute(select(func.count()).select_from(HouseholdNeed)).scalar_one() == 0
        assert db.execute(select(func.count()).select_from(Record)).scalar_one() == 1


def test_many_rows_meet_the_constraints_and_a_unit_that_only_reads(actor: Actor) -> None:
    with actor.acting() as identity:
        new = NewFile(opening())
        [(household, _number)] = open_households(identity, [new])
    need = {"household_id": household, "owner_org_id": actor.org_id, "kind": "school", "noted_on": clock.today()}
    with pytest.raises(IntegrityError, match="level"), actor.acting():
        insert_rows(HouseholdNeed, [need | {"level": 1}, need | {"kind": "employment", "level": 7}])
    with actor.acting():
        db.execute(text("UPDATE household_counters SET last_number = 0"))
    with pytest.raises(IntegrityError, match="uq_households_number"), actor.acting() as identity:
        open_households(identity, [new])
    with pytest.raises(Exception, match="read-only"), unit_of_work(actor.token, readonly=True):
        insert_rows(HouseholdNeed, [need | {"level": 1}])
    with owner_unit():
        assert db.execute(select(func.count()).select_from(HouseholdNeed)).scalar_one() == 0


def test_records_keep_the_order_of_their_homes(actor: Actor) -> None:
    with actor.acting() as identity:
        first, second = (d.id for d in dispositifs()[:2])
        asked = [("49", first), ("44", second), ("44", first), ("49", first)]
        ids = create_records(identity, "household", asked)
        found = {r.id: (r.department_code, r.dispositif_id) for r in db.scalars(select(Record))}
        assert [found[record_id] for record_id in ids] == asked
        assert create_records(identity, "household", []) == []
