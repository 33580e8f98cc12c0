"""Reading household files; every list starts from ``policy.visible_*``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text

from odis_app.core import clock
from odis_app.core.crypto import blind_index, place, unseal
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.text import sound, tokens
from odis_app.core.web import Page, paginate
from odis_app.households import policy
from odis_app.households.enums import HouseholdStatus, MemberLink, ProtectionStatus
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdChange,
    HouseholdHealthNeed,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdToken,
    HouseholdVersion,
    HouseholdWish,
    Member,
    MemberSafety,
)

MAJORITY = 18
WITHOUT_HOME = (HouseholdStatus.BROUILLON, HouseholdStatus.COMPLET, HouseholdStatus.A_ORIENTER, HouseholdStatus.ORIENTATION_EN_COURS)
STALE_DAYS = 30
_NUMBER = re.compile(r"^m[- ]?\w{2,3}([- ]?\d{0,6})?$", re.IGNORECASE)
LAST = "\uffff"


@dataclass(frozen=True, slots=True)
class HouseholdFilter:
    """What a list is narrowed by; every field comes from the address."""

    q: str = ""
    view: str = ""
    status: tuple[str, ...] = ()
    priority: str = ""
    protection: str = ""
    referent: str = ""
    department: str = ""
    order: str = ""


@dataclass(slots=True)
class HouseholdRow:
    """One line of the list: the file and what a full share adds to it."""

    household: Household
    name: str
    needs: list[str] = field(default_factory=list)
    wishes: list[str] = field(default_factory=list)
    is_own: bool = True


def is_minor(member: Member, today: date) -> bool:
    """Under 18; without any date, what the link says."""
    age = member.age_on(today)
    return age < MAJORITY if age is not None else member.link == MemberLink.ENFANT_MINEUR.value


def present_members(household_id: int) -> Sequence[Member]:
    """Those who are there today, the person who asks first, then by age."""
    statement = select(Member).where(Member.household_id == household_id, Member.until.is_(None))
    order = (Member.link != MemberLink.DEMANDEUR_PRINCIPAL.value, Member.link != MemberLink.CONJOINT.value, Member.birth_year, Member.id)
    return db.execute(statement.order_by(*order)).scalars().all()



def filtered(identity: Identity, filters: HouseholdFilter) -> Select[tuple[Household]]:
    """The visible files that match the filters, in the order asked."""
    statement = policy.visible_households(identity)
    for condition in _conditions(identity, filters):
        statement = statement.where(condition)
    return statement.order_by(*_order(filters.order))


def _conditions(identity: Identity, filters: HouseholdFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [*_search(filters.q), *_view(identity, filters.view)]
    if filters.status:
        found.append(Household.status.in_(filters.status))
    elif not filters.view and not filters.q:
        found.append(Household.status != HouseholdStatus.ARCHIVE.value)
    if filters.priority.isdecimal():
        found.append(Household.priority == int(filters.priority))
    if filters.protection:
        found.append(Household.id.in_(_with_protection(filters.protection)))
    if filters.referent == "moi":
        found.append(Household.referent_user_id == identity.user_id)
    if filters.department:
        found.append(Household.department_code == filters.department)
    return found


def _with_protection(value: str) -> Select[tuple[int]]:
    statuses = [s.value for s in ProtectionStatus if s.is_bpi] if value == "bpi" else [value]
    return select(HouseholdAdministrative.household_id).where(HouseholdAdministrative.protection_status.in_(statuses))


def _search(q: str) -> list[ColumnElement[bool]]:
    """Every word must be the beginning of a name, or sound like one; a file number is recognised."""
    if not q.strip():
        return []
    if _NUMBER.match(q.strip()):
        wanted = q.strip().upper().replace(" ", "-")
        return [and_(Household.number >= wanted, Household.number < wanted + LAST)]
    conditions: list[ColumnElement[bool]] = []
    for word in tokens(q)[:6]:
        matches = or_(and_(HouseholdToken.token >= word, HouseholdToken.token < word + LAST), HouseholdToken.token == f"~{sound(word)}")
        conditions.append(Household.id.in_(select(HouseholdToken.household_id).where(matches)))
    return conditions or [Household.id.is_(None)]


def _view(identity: Identity, view: str) -> list[ColumnElement[bool]]:
    today = clock.today()
    without_home = Household.status.in_([s.value for s in WITHOUT_HOME])
    views: dict[str, list[ColumnElement[bool]]] = {
        "mes_menages": [Household.referent_user_id == identity.user_id, without_home],
        "sans_logement": [without_home],
        "sans_solution": [
            without_home,
            Household.id.in_(select(HouseholdRequest.household_id).where(HouseholdRequest.need_from <= today + timedelta(days=15))),
        ],
        "sans_nouvelle": [Household.reviewed_at < clock.now() - timedelta(days=STALE_DAYS), Household.status != HouseholdStatus.ARCHIVE.value],
        "partages": [Household.owner_org_id != identity.org_id],
    }
    return views.get(view, [])


VIEWS = (
    ("", "Tous les ménages"),
    ("mes_menages", "Mes ménages sans logement"),
    ("sans_logement", "Sans logement"),
    ("sans_solution", "Sans solution sous 15 jours"),
    ("sans_nouvelle", "Sans nouvelle depuis 30 jours"),
    ("partages", "Partagés avec nous"),
)


def _order(order: str) -> tuple[Any, ...]:
    orders: Mapping[str, tuple[Any, ...]] = {
        "attente": (Household.seniority_date, Household.id),
        "-attente": (Household.seniority_date.desc(), Household.id),
        "nouvelle": (Household.reviewed_at.desc(), Household.id),
        "-nouvelle": (Household.reviewed_at, Household.id),
        "numero": (Household.number, Household.id),
    }
    return orders.get(order, (Household.priority.desc(), Household.seniority_date, Household.id))


def list_page(identity: Identity, filters: HouseholdFilter, *, number: int) -> Page[HouseholdRow]:
    """One page of the list: names, indispensable needs and wishes come in one statement each, whatever the number of rows."""
    page = paginate(filtered(identity, filters), number=number)
    ids = [h.id for h in page.items]
    names = dict(_pairs(select(HouseholdIdentity.household_id, HouseholdIdentity.name).where(HouseholdIdentity.household_id.in_(ids))))
    needs = _grouped(
        select(HouseholdNeed.household_id, HouseholdNeed.kind)
        .where(HouseholdNeed.household_id.in_(ids), HouseholdNeed.level == 2)  # noqa: PLR2004
        .order_by(HouseholdNeed.kind)
    )
    wishes = _grouped(
        select(HouseholdWish.household_id, HouseholdWish.department_code).where(HouseholdWish.household_id.in_(ids)).order_by(HouseholdWish.rank)
    )
    rows = [
        HouseholdRow(h, names.get(h.id, h.initials), needs.get(h.id, []), wishes.get(h.id, []), h.owner_org_id == identity.org_id) for h in page.items
    ]
    return Page(rows, page.number, page.per_page, page.total)


def people_count(identity: Identity, filters: HouseholdFilter) -> int:
    """How many people the filtered list holds."""
    inner = filtered(identity, filters).order_by(None).subquery()
    return int(db.execute(select(func.coalesce(func.sum(inner.c.size), 0))).scalar_one())


def view_counts(identity: Identity) -> dict[str, int]:
    """How many files each ready-made view holds, in one statement."""
    base = policy.visible_households(identity).order_by(None).subquery()
    visible = Household.id.in_(select(base.c.id))
    columns = []
    for name, _ in VIEWS:
        conditions = _view(identity, name) or [Household.status != HouseholdStatus.ARCHIVE.value]
        columns.append(func.count().filter(and_(*conditions)).label(name or "tous"))
    row = db.execute(select(*columns).select_from(Household).where(visible)).mappings().one()
    return {name: int(row[name or "tous"]) for name, _ in VIEWS}


def _pairs(statement: Select[Any]) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in db.execute(statement)]


def _grouped(statement: Select[Any]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, value in _pairs(statement):
        found.setdefault(key, []).append(value)
    return found


def find_by_identifier(identity: Identity, *, phone: str = "", agdref: str = "") -> Sequence[Household]:
    """One's own files with this phone (normalised) or AGDREF number, by blind index: nothing is compared across organisations."""
    org = identity.require_org()
    conditions: list[ColumnElement[bool]] = []
    if phone:
        index = blind_index(phone, org_id=org, column="phone")
        conditions.append(Household.id.in_(select(HouseholdIdentity.household_id).where(HouseholdIdentity.phone_index == index)))
    if agdref:
        index = blind_index(agdref, org_id=org, column="agdref")
        conditions.append(Household.id.in_(select(HouseholdAdministrative.household_id).where(HouseholdAdministrative.agdref_index == index)))
    if not conditions:
        return []
    statement = policy.visible_households(identity).where(Household.owner_org_id == org, or_(*conditions))
    return db.execute(statement.order_by(Household.number)).scalars().all()


def identity_block(household: Household) -> HouseholdIdentity | None:
    """Class 1 block; None when the reader holds a minimal share."""
    return db.get(HouseholdIdentity, household.id)


def phone_of(household: Household) -> str:
    """The phone, unsealed; empty when there is none or when it may not be read."""
    block = identity_block(household)
    if block is None or block.phone_sealed is None:
        return ""
    return unseal(block.phone_sealed, place("household_identities", "phone", household.public_id)).decode()


def agdref_of(household: Household) -> str:
    """The AGDREF number, unsealed; empty when there is none or when it may not be read."""
    block = administrative(household)
    if block is None or block.agdref_sealed is None:
        return ""
    return unseal(block.agdref_sealed, place("household_administrative", "agdref", household.public_id)).decode()


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
    return unseal(need.detail_sealed, place("household_health_needs", "detail", f"{household.public_id}.{need.kind}")).decode()


def safety_of(household: Household) -> dict[int, MemberSafety]:
    """Class 3 by member id; empty as well when it may not be read."""
    found = db.execute(select(MemberSafety).where(MemberSafety.household_id == household.id)).scalars()
    return {row.member_id: row for row in found}


def safety_note(member: Member, safety: MemberSafety) -> str:
    """The class-3 note of one adult, unsealed."""
    if safety.note_sealed is None:
        return ""
    return unseal(safety.note_sealed, place("member_safety", "note", member.public_id)).decode()


def members_on(household: Household, day: date) -> Sequence[Member]:
    """The composition as it was on ``day``."""
    there = and_(Member.since <= day, or_(Member.until.is_(None), Member.until > day))
    statement = select(Member).where(Member.household_id == household.id, there)
    return db.execute(statement.order_by(Member.link != MemberLink.DEMANDEUR_PRINCIPAL.value, Member.birth_year, Member.id)).scalars().all()


def versions(household: Household) -> Sequence[HouseholdVersion]:
    """The versions of the composition, newest first."""
    statement = select(HouseholdVersion).where(HouseholdVersion.household_id == household.id)
    return db.execute(statement.order_by(HouseholdVersion.version.desc())).scalars().all()


def changes(household: Household) -> Select[tuple[HouseholdChange]]:
    """The history of the file, newest first; the wall hides the sections above the reader's class."""
    return select(HouseholdChange).where(HouseholdChange.household_id == household.id).order_by(HouseholdChange.id.desc())


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
