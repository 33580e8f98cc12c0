"""Where the DDETS named who qualifies the offers of a dispositif, nobody else visits nor decides, in both walls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing import operations as do
from odis_app.housing.models import Offer
from odis_app.housing.status import CHECKLIST
from odis_app.organisations import operations as territory
from odis_app.organisations.models import Dispositif
from tests.housing.conftest import Homes, values
from tests.support.client import text_of


def name(ddets, organisation, *, starts=0, scheme="hebergement_citoyen"):
    with ddets.acting() as identity:
        dispositif = db.execute(select(Dispositif.id).where(Dispositif.code == scheme)).scalar_one()
        return territory.set_qualifier(
            identity, department_code="44", organisation_id=organisation.org_id, dispositif_id=dispositif,
            starts_on=clock.today() + timedelta(days=starts), ends_on=None,
        )  # fmt: skip


def visit(identity, offer):
    do.record_visit(
        identity, offer=offer, on=clock.today(), visitors=("Camille Fictive", "Sacha Témoin"), checklist=dict.fromkeys(CHECKLIST, True)
    )  # fmt: skip


@pytest.fixture
def ddets(world):
    return world.actor("ddets", "44")


def test_nobody_else_visits_nor_decides(association, ddets, world, client):
    other = world.actor("association", "44")
    offer = Homes().offer(association, stage="visited")
    named = name(ddets, other)
    acts = (
        visit,
        lambda who, found: do.plan_visit(who, offer=found, at=clock.now() + timedelta(days=2)),
        lambda who, found: do.record_safeguards(who, offer=found, checked={}),
        lambda who, found: do.decide(who, offer=found, accepted=False, motif="logement_non_decent"),
    )
    for act in acts:
        with association.acting() as identity, pytest.raises(RuleError, match="a chargé Organisation association"):
            act(identity, db.get_one(Offer, offer.id))
    with association.acting() as identity:  # a call and a complement stay everyone's
        do.record_call(identity, offer=db.get_one(Offer, offer.id), on=clock.today(), reached=True)
    page = text_of(client.as_(association).get(f"/offres/{offer.public_id}/qualification"))
    assert "Quelqu’un d’autre qualifie cette offre" in page
    assert "Enregistrer la décision" not in page
    assert "par décision de la DDETS" in page
    with ddets.acting() as identity:
        territory.end_qualifier(identity, qualifier=db.merge(named, load=False), ends_on=clock.today())
    with association.acting() as identity, pytest.raises(RuleError):  # its last day is included
        visit(identity, db.get_one(Offer, offer.id))


def test_who_is_named_qualifies_as_before(association, ddets, world):
    name(ddets, association)
    offer = Homes().offer(association, stage="validated")
    assert offer.qualification_status == "validee"
    name(ddets, world.actor("association", "44"))  # two may be named
    assert Homes().offer(association, stage="visited").qualification_status == "visite_faite"


def test_another_dispositif_or_a_day_to_come_changes_nothing(association, ddets, world, client):
    other = world.actor("association", "44")
    name(ddets, other, scheme="deplaces_ukraine")
    name(ddets, other, starts=1)
    offer = Homes().offer(association, stage="visited")
    assert "Qualifiée par" in text_of(client.as_(association).get(f"/offres/{offer.public_id}"))
    with association.acting() as identity:
        schemes = dict(db.execute(select(Dispositif.code, Dispositif.id)).all())
        found = db.get_one(Offer, offer.id)
        do.decide(identity, offer=found, accepted=False, motif="logement_non_decent")
        moved = values(dispositif_id=schemes["deplaces_ukraine"])
        with pytest.raises(RuleError, match="Gardez le dispositif"):
            do.update_offer(identity, offer=found, values=moved)


def test_the_database_says_the_same_to_whoever_goes_round(association, ddets, world):
    offer = Homes().offer(association, stage="visited")
    name(ddets, world.actor("association", "44"))
    event = (
        "INSERT INTO offer_events (offer_id, owner_org_id, kind, happened_on, author_label) "
        "SELECT id, owner_org_id, '{}', now(), 'x' FROM offers"
    )
    day = "UPDATE offers SET {} = (now() + interval '20 days')::date"
    refused = [event.format(kind) for kind in ("visite_planifiee", "visite_faite", "garde_fous", "decision")]
    refused += [day.format(column) for column in ("visited_on", "decided_on", "validated_until")]
    for statement in refused:
        with pytest.raises(DBAPIError) as raised, association.acting():
            db.execute(text(statement))
        assert isinstance(raised.value.orig, InsufficientPrivilege), statement
    with association.acting():
        assert db.execute(text(event.format("appel"))).rowcount == 1
        assert db.execute(text("UPDATE offers SET capacity = 3 WHERE id = :id"), {"id": offer.id}).rowcount == 1
