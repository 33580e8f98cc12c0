"""A household file for the tests of housing, opened by its association's operations."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.households import operations as files
from odis_app.households.models import Household, Member
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.protected import Safety
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import Actor
from tests.support.worlds import confirmed


def open_file(actor: Actor, *, department: str = "44", safety: list[Safety | None] | None = None) -> Household:
    """A household of as many adults as there are answers on safety; None: the question was not asked."""
    answers: list[Safety | None] = [Safety()] if safety is None else safety
    people = [
        Person(
            link="demandeur_principal" if rank == 0 else "conjoint",
            first_name=f"Essai{rank}",
            last_name="Fictif",
            sex="f",
            birth_date=date(1990, 1, 1),
        )
        for rank, _ in enumerate(answers)
    ]
    with actor.acting() as identity:
        dispositif = db.execute(select(Dispositif.id).where(Dispositif.code == "hebergement_citoyen")).scalar_one()
        opening = Opening(
            department_code=department, dispositif_id=dispositif, people=people, seniority_date=date(2024, 1, 1)
        )
        household = files.open_household(identity, opening=opening)
        members = (
            db.execute(select(Member).where(Member.household_id == household.id).order_by(Member.id)).scalars().all()
        )
        for member, answer in zip(members, answers, strict=True):
            if answer is not None:
                files.update_member_safety(
                    identity, household=household, member=member, safety=answer, version=household.version
                )
    return household


def change_safety(actor: Actor, household: Any, rank: int, safety: Safety) -> None:
    """Another answer of the adult number ``rank``."""
    with confirmed(actor).acting() as identity:
        file = db.get_one(Household, household.id)
        members = db.execute(select(Member).where(Member.household_id == file.id).order_by(Member.id)).scalars().all()
        files.update_member_safety(identity, household=file, member=members[rank], safety=safety, version=file.version)
