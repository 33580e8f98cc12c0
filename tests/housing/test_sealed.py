"""Where a home is and who offers it: sealed with the key of its record, read by those whom the wall lets through, found without being in clear."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.access import keys
from odis_app.access.models import RecordKey
from odis_app.core import clock, crypto
from odis_app.core.crypto import UnreadableError
from odis_app.core.db import db, unit_of_work
from odis_app.core.permissions import Role
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.models import Occupancy, Offer, OfferAddress, OfferHost, Place, PlaceAddress
from odis_app.housing.queries import OfferFilter, PlaceFilter
from odis_app.housing.status import CHECKLIST
from odis_app.structures.models import StructureAddress
from odis_app.structures.queries import names_of
from tests.housing.conftest import MARK, values
from tests.housing.households import open_file
from tests.support.sql import LIST_LIMIT, recorded
from tests.support.worlds import owner_unit

SEALED_BY = {"offer_hosts": "offer_id", "offer_addresses": "offer_id", "place_addresses": "record_id", "structure_addresses": "structure_id"}  # fmt: skip


def opened(actor):
    """(records whose key the identity reads, records of which it reads a sealed row)."""
    with actor.acting():
        held = set(db.execute(select(RecordKey.record_id)).scalars())
        rows = {
            one for table, column in SEALED_BY.items() for one in db.execute(text(f"SELECT {column} FROM {table}")).scalars()
        }  # fmt: skip
        return held, rows


def test_the_key_of_a_home_is_read_by_those_who_read_what_it_seals(world, homes):
    """Neither more nor less, whoever asks: the owner's people who hold homes, wide scopes for an open structure, a household's organisation."""
    operator, association = world.actor("operateur", "44"), world.actor("association", "44")
    plain, secret = homes.place(operator), homes.place(operator, secret=True)
    offer = homes.offer(association, stage="validated")
    ddets, file = world.actor("ddets", "44"), open_file(association)
    landlord = world.actor("operateur", colleague_of=operator, roles=[Role.BAILLEUR])
    qualifier = world.actor("association", colleague_of=association, roles=[Role.QUALIFICATEUR_OFFRES])
    theirs, public = {plain.structure_id, secret.structure_id}, {plain.structure_id}
    expected = [
        (operator, theirs), (landlord, theirs), (association, {offer.id} | public), (qualifier, {offer.id}), (ddets, public),
        (world.actor("association", "44"), public), (world.actor("association", "44", mandated=False), set()),
        (world.actor("ddets", "53"), set()), (world.actor("operateur", "44"), set()),
        (world.actor("admin_organisation", colleague_of=operator), set()), (world.actor("admin", None), set()),
    ]  # fmt: skip
    files = {association.user_id: {file.id}}  # a file's key opens with case access, not with homes
    for actor, ids in expected:
        assert opened(actor) == (ids | files.get(actor.user_id, set()), ids), actor.user_id


def test_the_key_follows_the_household_to_a_secret_place_and_no_further(world, homes):
    operator, association = world.actor("operateur", "44"), world.actor("association", "44")
    place = homes.place(operator, secret=True)
    booked = homes.reserve(association, place, open_file(association))

    def read():
        with association.acting():
            return [
                (kept.label, kept.address, kept.commune_code) for kept in db.execute(select(PlaceAddress)).scalars()
            ]

    assert (read(), place.record_id in opened(association)[0]) == ([], False)
    with operator.acting() as identity:
        do.start_stay(identity, occupancy=db.get_one(Occupancy, booked.id), starts_on=clock.today())
    assert read() == [(f"Studio {MARK}", MARK, "44109")]
    with association.acting() as identity:
        shown = queries.place_row(identity, db.get_one(Place, place.id))
        assert (shown.label, names_of(identity, [place.structure_id])) == (
            f"Studio {MARK}",
            {place.structure_id: "Structure S-44-001"},
        )
    with operator.acting() as identity:
        do.end_stay(identity, occupancy=db.get_one(Occupancy, booked.id), ended_on=clock.today())
    assert (read(), place.record_id in opened(association)[0]) == ([], False)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE place_addresses t SET address_sealed = o.address_sealed FROM place_addresses o WHERE t.place_id <> o.place_id",
        "UPDATE place_addresses SET address_sealed = label_sealed",
        "UPDATE place_addresses t SET address_sealed = s.address_sealed FROM structure_addresses s WHERE s.structure_id = t.record_id",
        "UPDATE place_addresses SET address_sealed = set_byte(address_sealed, 1, 2)",
        "UPDATE place_addresses SET address_sealed = set_byte(address_sealed, 0, 0)",
    ],
    ids=["another place", "another column", "another table", "another version", "another owner"],
)  # fmt: skip
def test_an_address_moved_from_its_place_is_refused(world, homes, statement):
    operator = world.actor("operateur", "44")
    structure = homes.structure(operator, secret=True)
    for _place in range(2):
        homes.place(operator, structure=structure, secret=True)
    with owner_unit():
        assert db.execute(text(statement)).rowcount == 2
    with operator.acting():
        for kept in db.execute(select(PlaceAddress)).scalars():
            assert kept.label == f"Studio {MARK}"
            with pytest.raises(UnreadableError):
                _ = kept.address


def test_the_key_of_another_record_reads_nothing(world, homes):
    association = world.actor("association", "44")
    first, second = homes.offer(association), homes.offer(association)
    swap = "UPDATE {t} SET {c} = (SELECT {c} FROM {t} WHERE offer_id = :from) WHERE offer_id = :to"
    with owner_unit():
        for table, column in (("offer_hosts", "name_sealed"), ("offer_addresses", "address_sealed")):
            db.execute(text(swap.format(t=table, c=column)), {"from": first.id, "to": second.id})
    with association.acting():
        for model, name in ((OfferHost, "name"), (OfferAddress, "address")):
            assert getattr(db.get_one(model, first.id), name)
            with pytest.raises(UnreadableError):
                getattr(db.get_one(model, second.id), name)


def test_a_destroyed_key_takes_the_address_and_the_host_with_it(world, homes, app: Flask, tmp_path: Path):
    keys.configure(tmp_path / "effacements")
    association = world.actor("association", "44")
    offer = homes.offer(association, stage="validated", specialised_fvv_teh=True)
    with world.actor("coordination", colleague_of=association).acting() as identity:
        assert keys.shred(identity, offer.id)
    with owner_unit():
        kept = [
            db.get_one(OfferHost, offer.id),
            db.get_one(OfferAddress, offer.id),
            *db.execute(select(PlaceAddress)).scalars(),
        ]
        for row, name in zip(kept, ("phone", "address", "label"), strict=True):
            with pytest.raises(UnreadableError, match="destroyed"):
                getattr(row, name)
    keys.configure(app.config["ODIS"].erasures_dir)


def test_the_same_text_stays_as_it_was_sealed(world, homes):
    association = world.actor("association", "44")
    offer = homes.offer(association)

    def sealed():
        with owner_unit():
            host, where = db.get_one(OfferHost, offer.id), db.get_one(OfferAddress, offer.id)
            return host.name_sealed, host.phone_sealed, host.siret_sealed, where.address_sealed

    before = sealed()
    with association.acting() as identity:
        host = do.Host("Jeanne Marqueuse", "+33639980001", "hote@exemple.test", "12345678900011")
        do.update_offer(
            identity, offer=db.get_one(Offer, offer.id), values=values(), host=host, address="Autre impasse"
        )
    after = sealed()
    assert (before[:2], before[2]) == (after[:2], None)
    assert after[2] is not None
    assert after[3] != before[3]
    with association.acting():
        kept = db.get_one(OfferHost, offer.id)
        assert (kept.name, kept.siret, kept.note, db.get_one(OfferAddress, offer.id).address) == (
            "Jeanne Marqueuse",
            "12345678900011",
            "",
            "Autre impasse",
        )


# ── Finding what is sealed ──────────────────────────────────────────────────


def found_offers(actor, q):
    with actor.acting() as identity:
        return {offer.id for offer in queries.list_offers(identity, OfferFilter(q=q), number=1).items}


def found_places(actor, q, scope="mes"):
    with actor.acting() as identity:
        page = queries.list_places(identity, PlaceFilter(q=q, scope=scope), number=1)
        return {row.place.id: row.label for row in page.items}


def test_a_host_is_found_by_the_words_that_begin_their_name(world, homes):
    association = world.actor("association", "44")
    offer, other = homes.offer(association, host="Zoé d’Exemple-Marquée"), homes.offer(association, host="Jean Du Pont")
    for q in ("zoe", "MARQ", "marquée zoé", "exemple"):
        assert found_offers(association, q) == {offer.id}, q
    assert found_offers(association, "du") == {other.id}  # a short word is found whole
    for q in ("quee", "zo", "zoe jean"):
        assert found_offers(association, q) == set(), q
    validated = homes.offer(association, host="Zoé Validée", stage="validated")
    for stranger in (world.actor("ddets", "44"), world.actor("association", "44")):
        assert found_offers(stranger, "zoé") == set()
        assert validated.id in found_offers(stranger, validated.number)


def test_a_secret_place_is_found_by_its_owner_alone(world, homes):
    operator, ddets = world.actor("operateur", "44"), world.actor("ddets", "44")
    secret, plain = homes.place(operator, secret=True), homes.place(operator)
    assert found_places(operator, "impasse marq") == {secret.id: f"Studio {MARK}"}
    assert found_places(operator, "studio") == {secret.id: f"Studio {MARK}", plain.id: "Studio d’essai"}
    assert found_places(operator, secret.number) == {secret.id: f"Studio {MARK}"}
    assert found_places(ddets, "impasse marq", "territoire") == {}
    assert found_places(ddets, secret.number, "territoire") == {secret.id: secret.number}
    assert found_places(ddets, "studio", "territoire") == {plain.id: "Studio d’essai"}


def test_the_words_follow_the_label_and_a_place_that_is_no_longer_secret(world, homes):
    operator = world.actor("operateur", "44")
    place = homes.place(operator, location_secret=True)
    for label, secret in (("Refuge des Ormes", True), ("Pavillon", False)):
        with operator.acting() as identity:
            do.update_place(
                identity, place=db.get_one(Place, place.id), values=values(location_secret=secret), label=label
            )
        assert found_places(operator, label) == {place.id: label}
        assert found_places(operator, "studio") == {}
        with operator.acting():
            kept, row = db.get_one(PlaceAddress, place.id), db.get_one(Place, place.id)
            assert (row.label, kept.label, kept.label_index is None, kept.address) == (
                ("", label) if secret else (label, "")
            ) + (not secret, MARK)


def test_two_organisations_cannot_compare_their_hosts(world, homes):
    rows = []
    for actor in (world.actor("association", "44"), world.actor("association", "44")):
        offer = homes.offer(actor)
        with actor.acting():
            host = db.get_one(OfferHost, offer.id)
            rows.append({*host.name_index, host.phone_index, host.email_index})
    assert not rows[0] & rows[1]
    assert (
        len(rows[0])
        == len(rows[1])
        == len({"jea", "jean", "jeann", "jeanne", *("marqueuse"[:n] for n in range(3, 10))}) + 2
    )


# ── Lists ───────────────────────────────────────────────────────────────────


def test_fifty_secret_places_of_fifty_structures_read_their_keys_once(world, homes):
    operator = world.actor("operateur", "44")
    for _place in range(50):
        homes.place(operator, secret=True)
    with unit_of_work(operator.token, readonly=True) as unit, recorded() as statements:
        page = queries.list_places(unit.identity, PlaceFilter(), number=1)
        assert {(row.label, row.structure_name) for row in page.items} == {(f"Studio {MARK}", f"Foyer {MARK}")}
    assert len(page.items) == 50
    assert sum("record_keys" in statement for statement in statements) == 1, statements.told()
    assert len(statements) <= LIST_LIMIT // 2, statements.told()


def test_a_list_without_a_secret_place_asks_for_no_key(world, homes):
    operator = world.actor("operateur", "44")
    homes.place(operator)
    with unit_of_work(operator.token, readonly=True) as unit, recorded() as statements:
        assert [row.label for row in queries.list_places(unit.identity, PlaceFilter(), number=1).items] == [
            "Studio d’essai"
        ]
    assert not any("record_keys" in statement for statement in statements)


def test_what_is_sealed_is_of_the_record_and_nothing_else_is_kept(world, homes):
    """Each column of these tables is a number that the wall compares, an index, or a value under the key of the record."""
    operator, association = world.actor("operateur", "44"), world.actor("association", "44")
    homes.place(operator, secret=True)
    homes.offer(association, stage="validated")
    clear = {"offer_id", "place_id", "structure_id", "owner_org_id", "record_id", "department_code", "location_secret"}
    with owner_unit():
        for model in (OfferHost, OfferAddress, PlaceAddress, StructureAddress):
            for row in db.execute(text(f"SELECT * FROM {model.__tablename__}")).mappings():
                for name, value in row.items():
                    assert name in clear or name.endswith(("_index", "_sealed")), (model, name)
                    assert value is None or not name.endswith("_sealed") or crypto.is_of_record(bytes(value)), (
                        model,
                        name,
                    )


def test_the_notes_of_a_call_a_visit_and_a_decision_are_read_with_the_key_of_the_offer(world, homes):
    """Behind the wall nothing is in clear; the history tells them; no search finds them; without the key nothing is left of them."""
    association = world.actor("association", "44")
    offer = homes.offer(association, stage="received")
    with association.acting() as identity:
        found = db.get_one(Offer, offer.id)
        do.record_call(identity, offer=found, on=clock.today(), reached=True, note="Marquenote veuve depuis mai")
        do.flag_risk(identity, offer=found, note="Marquenote crainte d’un voisin")
        do.clear_risk(identity, offer=found, note="Marquenote rassurée")
        do.record_visit(
            identity, offer=found, on=clock.today(), visitors=("Camille Fictive", "Sacha Témoin"),
            checklist=dict.fromkeys(CHECKLIST, True), note="Marquenote un enfant malade",
        )  # fmt: skip
        do.decide(identity, offer=found, accepted=False, motif="eloignement", note="Marquenote trop loin")
        told = [queries.describe(event) for event in queries.events_of(identity, found)]
        assert sum("Marquenote" in words for words in told) == 5, told
        assert list(queries.list_offers(identity, OfferFilter(q="Marquenote"), number=1).items) == []
    with owner_unit():
        assert db.execute(text("SELECT count(*) FROM offer_events WHERE note_sealed IS NOT NULL")).scalar_one() == 5
        everything = "SELECT count(*) FROM offer_events e WHERE to_jsonb(e)::text LIKE '%Marquenote%'"
        assert db.execute(text(everything)).scalar_one() == 0
        db.execute(text("DELETE FROM record_keys WHERE record_id = :id"), {"id": offer.id})
    with association.acting() as identity, pytest.raises(UnreadableError):
        [queries.describe(event) for event in queries.events_of(identity, db.get_one(Offer, offer.id))]


def test_why_an_offer_waits_or_stops_is_read_by_its_organisation_alone(world, homes, client):
    """Somebody's words about a host: the State, which reads the offer, does not read them, and the database holds none in clear."""
    association, ddets = world.actor("association", "44"), world.actor("ddets", "44")
    offer = homes.offer(association, stage="received")
    pages = (f"/offres/{offer.public_id}", "/offres/a-qualifier")

    def readers() -> list[bool]:
        return ["Marquenote" in client.as_(actor).get(page).text for actor in (association, ddets) for page in pages]

    with association.acting() as identity:
        do.ask_completion(identity, offer=db.get_one(Offer, offer.id), missing="Marquenote le bail de sa sœur")
    assert readers() == [True, True, False, False]
    with association.acting() as identity:
        do.complete_offer(identity, offer=db.get_one(Offer, offer.id))
        do.suspend_offer(identity, offer=db.get_one(Offer, offer.id), motif="Marquenote il s’est mis à boire")
    assert readers() == [True, False, False, False]
    with association.acting() as identity:
        do.resume_offer(identity, offer=db.get_one(Offer, offer.id))
        do.withdraw_offer(identity, offer=db.get_one(Offer, offer.id), motif="Marquenote parti chez son fils")
    assert readers() == [True, False, False, False]
    with owner_unit():
        everything = "SELECT (SELECT count(*) FROM offers o WHERE to_jsonb(o)::text LIKE '%Marquenote%') + (SELECT count(*) FROM offer_events e WHERE to_jsonb(e)::text LIKE '%Marquenote%')"
        assert db.execute(text(everything)).scalar_one() == 0
