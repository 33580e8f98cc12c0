"""What the tests of housing build with: homes of a world made on demand, through the operations."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from jobs.runner import perform
from jobs.schedule import SCHEDULE
from jobs.scheduler import plan
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.housing import operations as do
from odis_app.housing.models import Occupancy, Offer, Place
from odis_app.housing.status import CHECKLIST, SAFEGUARDS
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import Actor
from odis_app.structures.enums import StructureKind
from odis_app.structures.models import Structure
from odis_app.structures.operations import create_structure
from tests.support.worlds import owner_unit

NANTES, LAVAL, BORDEAUX = "44109", "53130", "33063"
MARK = "Impasse Marqueur 75"


def values(commune: str = NANTES, **changes: Any) -> dict[str, Any]:
    """The facts of a home of two rooms for four."""
    dispositif = db.execute(select(Dispositif.id).where(Dispositif.code == "hebergement_citoyen")).scalar_one()
    base = {
        "dispositif_id": dispositif,
        "kind": "logement_entier_gratuit",
        "capacity": 4,
        "bedrooms": 2,
        "accepts_minors": True,
        "commune_code": commune,
    }
    return base | changes


class Homes:
    """``homes.place(operator)``, ``homes.offer(association, stage="visited")``: objects of a closed unit of work."""

    def structure(self, actor: Actor, commune: str = NANTES, *, secret: bool = False) -> Structure:
        with actor.acting() as identity:
            return create_structure(
                identity,
                name=f"Foyer {MARK}" if secret else "Foyer d’essai",
                kind=StructureKind.CADA,
                commune_code=commune,
                address=MARK,
                location_secret=secret,
            )

    def place(
        self,
        actor: Actor,
        commune: str = NANTES,
        *,
        structure: Structure | None = None,
        secret: bool = False,
        **changes: Any,
    ) -> Place:
        structure = structure or self.structure(actor, commune, secret=secret)
        label = f"Studio {MARK}" if secret else "Studio d’essai"
        with actor.acting() as identity:
            return do.create_place(
                identity,
                structure=structure,
                values=values(commune, **changes),
                label=label,
                address=MARK,
                opened_on=clock.today() - timedelta(days=30),
            )

    def offer(
        self, actor: Actor, *, stage: str = "received", host: str = "Jeanne Marqueuse", units: int = 1, **changes: Any
    ) -> Offer:
        with actor.acting() as identity:
            offer = do.create_offer(
                identity, values=values(**changes), host=do.Host(name=host, phone="+33639980001", email="hote@exemple.test"), address=MARK, units=units,
                received_on=clock.today() - timedelta(days=10),
            )  # fmt: skip
            self.qualify(identity, offer, "checked" if stage == "validated" else stage)
        return self.validate(actor, offer) if stage == "validated" else offer

    def validate(self, actor: Actor, offer: Offer) -> Offer:
        """By two people: a colleague, whom nothing names here, recorded the visit. Stage « alone » of ``qualify`` is the other case."""
        with owner_unit():
            db.execute(text("UPDATE offer_events SET data = data - 'author' WHERE offer_id = :id"), {"id": offer.id})
        with actor.acting() as identity:
            found = db.get_one(Offer, offer.id)
            do.decide(identity, offer=found, accepted=True, motif="conforme")
        return found

    def qualify(self, identity: Any, offer: Offer, stage: str) -> None:
        if stage in {"visited", "checked", "alone"}:
            do.record_visit(
                identity,
                offer=offer,
                on=clock.today(),
                visitors=("Camille Fictive", "Sacha Témoin"),
                checklist=dict.fromkeys(CHECKLIST, True),
            )
        if stage in {"checked", "alone"}:
            do.record_safeguards(identity, offer=offer, checked=dict.fromkeys(SAFEGUARDS, True))
        if stage == "alone":
            do.decide(identity, offer=offer, accepted=True, motif="conforme")

    def reserve(
        self,
        actor: Actor,
        place: Place,
        household: Any,
        *,
        days: int = 0,
        length: int | None = 90,
        subject: str = "orientation00001",
    ) -> Occupancy:
        start = clock.today() + timedelta(days=days)
        with actor.acting() as identity:
            return do.reserve(
                identity, place=db.merge(place, load=False), household_record_id=household.id, starts_on=start,
                ends_on=start + timedelta(days=length) if length else None, expires_at=clock.now() + timedelta(hours=72), subject=subject,
            )  # fmt: skip


@pytest.fixture
def homes(database: object) -> Homes:
    return Homes()


LINE = next(item for item in SCHEDULE if item.name == "remind-operators")
MONDAY = date(2026, 11, 16)


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


@pytest.fixture
def association(world):
    return world.actor("association", "44")


@pytest.fixture
def behind(admin_url):
    """SQL that no wall stops: one statement, what it returns."""

    def run(sql, *values):
        with psycopg.connect(libpq(admin_url), autocommit=True) as admin:
            found = admin.execute(sql, values)
            return found.fetchall() if found.description else None

    return run


@pytest.fixture
def remind(database, monkeypatch):
    """The scheduled job of a day, as a worker runs it; what it reports."""
    runs = iter(range(1, 100))

    def run(day=MONDAY):
        monkeypatch.setattr(clock, "today", lambda: day)
        core_db.configure("app", database.config["ODIS"].worker_database_url)
        try:
            (job,) = plan(clock.now() + timedelta(days=next(runs)), [LINE])
            with database.app_context():
                assert perform(LINE.task, job) == "done"
        finally:
            core_db.configure("app", database.config["ODIS"].database_url)
            monkeypatch.undo()
        with owner_unit():
            return db.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": job}).scalar_one()

    return run
