"""The blocks of a file. The wall decides what comes: a block that may not be read is as absent as an empty one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select, text

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.crypto import place
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import MemberLink, ProtectionStatus
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdChange,
    HouseholdHealthNeed,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdWish,
    Member,
    MemberSafety,
)
from odis_app.households.queries.people import present_members
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import Organisation


def identity_block(household: Household) -> HouseholdIdentity | None:
    """Class 1 block; None when the reader holds a minimal share."""
    return db.get(HouseholdIdentity, household.id)


def phone_of(household: Household) -> str:
    """The phone, unsealed; empty when there is none or when it may not be read."""
    block = identity_block(household)
    if block is None or block.phone_sealed is None:
        return ""
    return keys.unseal(
        household.id, block.phone_sealed, place("household_identities", "phone", household.public_id)
    ).decode()


def sealed_number(household: Household, name: str) -> str:
    """``agdref`` or ``ofii_number``, unsealed; empty when there is none or when it may not be read."""
    block = administrative(household)
    sealed = getattr(block, f"{name}_sealed") if block is not None else None
    if sealed is None:
        return ""
    return keys.unseal(household.id, sealed, place("household_administrative", name, household.public_id)).decode()


def agdref_of(household: Household) -> str:
    """The AGDREF number, unsealed; empty when there is none or when it may not be read."""
    return sealed_number(household, "agdref")


def protection_label(identity: Identity, status: str) -> str:
    """The French word; to a service of the State « Débouté » reads « Autre »: these data may not serve removal (security.md 25)."""
    kind = identity.org_kind
    if status == ProtectionStatus.DEBOUTE.value and kind and OrganisationKind(kind).is_state:
        return ProtectionStatus.AUTRE.label
    return ProtectionStatus.label_of(status)


def load_blocks(household: Household) -> tuple[object, ...]:
    """What every page of a file reads one by one, in one statement: its blocks and who holds it. To be kept as long as they are read."""
    identity, papers, asked = HouseholdIdentity, HouseholdAdministrative, HouseholdRequest
    statement = (
        select(identity, papers, asked, Organisation)
        .outerjoin(papers, papers.household_id == identity.household_id)
        .outerjoin(asked, asked.household_id == identity.household_id)
        .join(Organisation, Organisation.id == identity.owner_org_id)
        .where(identity.household_id == household.id)
    )
    row = db.execute(statement).first()
    return tuple(row) if row is not None else ()


def administrative(household: Household) -> HouseholdAdministrative | None:
    """Protection status and papers."""
    return db.get(HouseholdAdministrative, household.id)


def request_of(household: Household) -> HouseholdRequest | None:
    """What is asked of a dwelling."""
    return db.get(HouseholdRequest, household.id)


def wishes(household: Household) -> list[str]:
    """Codes of the départements wished, in order."""
    statement = select(HouseholdWish.department_code).where(HouseholdWish.household_id == household.id)
    return list(db.execute(statement.order_by(HouseholdWish.rank)).scalars())


def needs(household: Household) -> Sequence[HouseholdNeed]:
    """Needs of class 1, the most pressing first."""
    statement = select(HouseholdNeed).where(HouseholdNeed.household_id == household.id)
    return db.execute(statement.order_by(HouseholdNeed.level.desc(), HouseholdNeed.kind)).scalars().all()


def health_needs(household: Household) -> Sequence[HouseholdHealthNeed]:
    """Needs of class 2; empty as well when they may not be read."""
    statement = select(HouseholdHealthNeed).where(HouseholdHealthNeed.household_id == household.id)
    return db.execute(statement.order_by(HouseholdHealthNeed.level.desc(), HouseholdHealthNeed.kind)).scalars().all()


def health_detail(household: Household, need: HouseholdHealthNeed) -> str:
    """The detail of a class-2 need, unsealed."""
    if need.detail_sealed is None:
        return ""
    where = place("household_health_needs", "detail", f"{household.public_id}.{need.kind}")
    return keys.unseal(household.id, need.detail_sealed, where).decode()


def safety_of(household: Household) -> dict[int, MemberSafety]:
    """Class 3 by member id; empty as well when it may not be read."""
    found = db.execute(select(MemberSafety).where(MemberSafety.household_id == household.id)).scalars()
    return {row.member_id: row for row in found}


def safety_answered(household: Household) -> set[int]:
    """The members who were asked about their safety, whatever they answered: known to who may write, without a renewed proof."""
    return set(db.execute(text("SELECT odis.safety_answered(:id)"), {"id": household.id}).scalars())


def safety_note(member: Member, safety: MemberSafety) -> str:
    """The class-3 note of one adult, unsealed."""
    if safety.note_sealed is None:
        return ""
    return keys.unseal(
        member.household_id, safety.note_sealed, place("member_safety", "note", member.public_id)
    ).decode()


def changes(household: Household) -> Select[HouseholdChange]:
    """The history of the file, newest first; the wall hides the sections above the reader's class."""
    return (
        select(HouseholdChange).where(HouseholdChange.household_id == household.id).order_by(HouseholdChange.id.desc())
    )


def missing_items(household: Household) -> tuple[list[str], bool]:
    """(what the file still lacks to be complete, in French; whether the date of the need is given)."""
    today = clock.today()
    found = []
    people = present_members(household.id)
    without_age = [m for m in people if m.link == MemberLink.ENFANT_MINEUR.value and m.age_on(today) is None]
    if without_age:
        found.append("l’âge de chaque enfant")
    papers = administrative(household)
    if papers is None or papers.protection_status == ProtectionStatus.NON_RENSEIGNE.value:
        found.append("le statut de protection")
    if not db.execute(text("SELECT odis.safety_is_assessed(:id)"), {"id": household.id}).scalar_one():
        found.append("la sécurité de chaque adulte, à vérifier avec la personne")
    asked = request_of(household)
    return found, asked is not None and asked.need_from is not None
