"""The list of files: filters, search, views, and its rows in a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from werkzeug.datastructures import MultiDict

from odis_app.access.readers import organisations_named
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.crypto import blind_index
from odis_app.core.db import db
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.text import sound, tokens
from odis_app.core.web import Page, paginate
from odis_app.households import policy
from odis_app.households.enums import HouseholdStatus, NeedKind, ProtectionStatus
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdToken,
    HouseholdWish,
)
from odis_app.households.queries.blocks import protection_label
from odis_app.households.queries.people import composition_words
from odis_app.organisations.models import Mandate
from odis_app.territories.queries import department

WITHOUT_HOME = (
    HouseholdStatus.BROUILLON,
    HouseholdStatus.COMPLET,
    HouseholdStatus.A_ORIENTER,
    HouseholdStatus.ORIENTATION_EN_COURS,
)
HALF_DAYS, STALE_DAYS = 15, 30
SOON_DAYS, TITLE_DAYS = 15, 90
MOST_WORDS = 6
SHORTEST_SOUND = 3
_NUMBER = re.compile(r"m[- ]?(\d[\dab]{0,2})(?:[- ](\d{0,6}))?", re.IGNORECASE)
_DIGITS = re.compile(r"\d{2,6}")
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
    news: str = ""
    title: str = ""
    order: str = ""


@dataclass(slots=True)
class HouseholdRow:
    """One line of the list: the file and what a full share adds to it, in words. ``days`` of waiting."""

    household: Household
    name: str
    composition: str
    days: int
    needs: list[str] = field(default_factory=list)
    wishes: list[str] = field(default_factory=list)
    is_own: bool = True
    in_full: bool = True
    owner: str = ""


@dataclass(frozen=True, slots=True)
class HouseholdPage(Page[HouseholdRow]):
    """A page of the list; ``people``: how many they are in all the files of the list."""

    people: int


def filter_of(args: MultiDict[str, str]) -> HouseholdFilter:
    """What the address of a list asks for."""
    given = args.get
    return HouseholdFilter(
        q=given("q", "").strip()[:100], view=given("vue", ""), status=tuple(s for s in args.getlist("etape") if s), priority=given("priorite", ""),
        protection=given("protection", ""), referent=given("referent", ""), department=given("departement", ""),
        news=given("nouvelles", ""), title=given("titre", ""), order=given("tri", ""),
    )  # fmt: skip


def filtered(identity: Identity, filters: HouseholdFilter) -> Select[Household]:
    """The visible files that match the filters, in the order asked."""
    statement = policy.visible_households(identity)
    for condition in _conditions(identity, filters):
        statement = statement.where(condition)
    return statement.order_by(*_order(filters.order))


def _conditions(identity: Identity, filters: HouseholdFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [*_search(filters.q), *_views(identity).get(filters.view, [])]
    if filters.status:
        found.append(Household.status.in_(filters.status))
    elif not filters.view and not filters.q:
        found.append(Household.status != HouseholdStatus.ARCHIVE.value)
    if filters.priority.isdecimal():
        found.append(Household.priority == int(filters.priority[:4]))
    if filters.protection:
        found.append(_with_protection(identity, filters.protection))
    if filters.referent == "moi":
        found.append(Household.referent_user_id == identity.user_id)
    elif filters.referent:
        found.append(Household.referent_user_id.in_(select(User.id).where(User.public_id == filters.referent)))
    if filters.department:
        found.append(Household.department_code == filters.department)
    return [*found, *_news(filters.news), *_title(filters.title)]


def _news(news: str) -> list[ColumnElement[bool]]:
    """Files by the time since somebody read them over: « moins_15 », « 15_30 » or « plus_30 » days."""
    at, now = Household.reviewed_at, clock.now()
    half, stale = now - timedelta(days=HALF_DAYS), now - timedelta(days=STALE_DAYS)
    bands = {"moins_15": [at >= half], "15_30": [at < half, at >= stale], "plus_30": [at < stale]}
    return bands.get(news, [])


def _title(title: str) -> list[ColumnElement[bool]]:
    """« echeance »: a residence title that ends within ninety days, or has ended, in a file still followed."""
    block = HouseholdAdministrative
    ends = select(block.household_id).where(block.title_valid_until <= clock.today() + timedelta(days=TITLE_DAYS))
    over = (HouseholdStatus.SORTI.value, HouseholdStatus.ARCHIVE.value)
    return [Household.id.in_(ends), Household.status.not_in(over)] if title == "echeance" else []


def _with_protection(identity: Identity, value: str) -> ColumnElement[bool]:
    """Files whose status is ``value``; « bpi » groups; a status that the reader does not see selects nothing."""
    statuses = [s.value for s in ProtectionStatus if (s.is_bpi if value == "bpi" else s.value == value)]
    shown = [s for s in statuses if protection_label(identity, s) == ProtectionStatus.label_of(s)]
    block = HouseholdAdministrative
    return Household.id.in_(select(block.household_id).where(block.protection_status.in_(shown))) if shown else false()


def _search(q: str) -> list[ColumnElement[bool]]:
    """Every word must begin a name, or sound like the beginning of one; a file number is recognised, whole or begun."""
    typed = q.strip()
    if not typed:
        return []
    if number := _NUMBER.fullmatch(typed):
        department, digits = number[1].upper(), number[2]
        begun = f"M-{department}" if digits is None else f"M-{department}-{digits}"
        return [
            or_(
                and_(Household.number >= begun, Household.number < begun + LAST),
                Household.number == f"M-{department}-{digits or '':0>4}",
            )
        ]
    if _DIGITS.fullmatch(typed):
        return [Household.number.like(f"%-{typed:0>4}")]
    words = tokens(typed)[:MOST_WORDS]
    return [Household.id.in_(select(HouseholdToken.household_id).where(_begins(word))) for word in words] or [false()]


def _begins(word: str) -> ColumnElement[bool]:
    token, heard = HouseholdToken.token, sound(word)
    spelt = and_(token >= word, token < word + LAST)
    if len(heard) < SHORTEST_SOUND:
        return spelt
    return or_(spelt, and_(token >= f"~{heard}", token < f"~{heard}{LAST}"))


_WITHOUT_HOME = Household.status.in_([s.value for s in WITHOUT_HOME])


def _views(identity: Identity) -> dict[str, list[ColumnElement[bool]]]:
    today = clock.today()
    without_home = _WITHOUT_HOME
    return {
        "mes_menages": [Household.referent_user_id == identity.user_id, without_home],
        "sans_logement": [without_home],
        "sans_solution": [
            without_home,
            Household.id.in_(
                select(HouseholdRequest.household_id).where(
                    HouseholdRequest.need_from <= today + timedelta(days=SOON_DAYS)
                )
            ),
        ],
        "sans_nouvelle": [
            Household.reviewed_at < clock.now() - timedelta(days=STALE_DAYS),
            Household.status != HouseholdStatus.ARCHIVE.value,
        ],
        "partages": [Household.owner_org_id != identity.org_id],
    }


VIEWS = (
    ("", "Tous les ménages"),
    ("mes_menages", "Mes ménages sans logement"),
    ("sans_logement", "Sans logement"),
    ("sans_solution", "Sans solution sous 15 jours"),
    ("sans_nouvelle", "Sans nouvelle depuis 30 jours"),
    ("partages", "Partagés avec nous"),
)


def _order(order: str) -> tuple[Any, ...]:
    """The keys of ``?tri=``; « - » turns the order round. Waiting counts in days: the longest wait is the oldest date."""
    orders: Mapping[str, tuple[Any, ...]] = {
        "attente": (Household.seniority_date.desc(), Household.id),
        "-attente": (Household.seniority_date, Household.id),
        "nouvelle": (Household.reviewed_at, Household.id),
        "-nouvelle": (Household.reviewed_at.desc(), Household.id),
        "numero": (Household.number, Household.id),
        "-numero": (Household.number.desc(), Household.id),
        "priorite": (Household.priority, Household.seniority_date, Household.id),
    }
    return orders.get(order, (Household.priority.desc(), Household.seniority_date, Household.id))


def list_page(identity: Identity, filters: HouseholdFilter, *, number: int) -> HouseholdPage:
    """One page of the list: names, indispensable needs and wishes come in one statement each, whatever the number of rows."""
    statement = filtered(identity, filters)
    counted = statement.order_by(None).with_only_columns(func.count(), func.coalesce(func.sum(Household.size), 0))
    total, people = db.execute(counted).one()
    page = paginate(statement, number=number, total=total)
    ids = [h.id for h in page.items]
    names = dict(
        _pairs(
            select(HouseholdIdentity.household_id, HouseholdIdentity.name).where(
                HouseholdIdentity.household_id.in_(ids)
            )
        )
    )
    needs = _grouped(
        select(HouseholdNeed.household_id, HouseholdNeed.kind)
        .where(HouseholdNeed.household_id.in_(ids), HouseholdNeed.level == 2)
        .order_by(HouseholdNeed.kind)
    )
    wishes = _grouped(
        select(HouseholdWish.household_id, HouseholdWish.department_code)
        .where(HouseholdWish.household_id.in_(ids))
        .order_by(HouseholdWish.rank)
    )
    owners = organisations_named({h.owner_org_id for h in page.items} - {identity.org_id or 0})
    today = clock.today()
    rows = [
        HouseholdRow(
            household=h,
            name=names.get(h.id, h.initials),
            composition=composition_words(h) if h.id in names else pluriel(h.size, "personne"),
            days=max((today - h.seniority_date).days, 0),
            needs=[NeedKind.label_of(kind) for kind in needs.get(h.id, [])],
            wishes=[_department_name(code) for code in wishes.get(h.id, [])],
            is_own=h.owner_org_id == identity.org_id,
            in_full=h.id in names,
            owner=owners[h.owner_org_id].short_name if h.owner_org_id in owners else "",
        )
        for h in page.items
    ]
    return HouseholdPage(rows, page.number, page.per_page, page.total, int(people))


def _department_name(code: str) -> str:
    found = department(code)
    return found.name if found else code


def view_counts(identity: Identity) -> dict[str, int]:
    """How many files each ready-made view holds, in one statement."""
    views = {"tous": [Household.status != HouseholdStatus.ARCHIVE.value], **_views(identity)}
    columns = [func.count().filter(and_(*conditions)).label(name) for name, conditions in views.items()]
    row = db.execute(policy.visible_households(identity).with_only_columns(*columns)).mappings().one()
    return {name: int(row[name or "tous"]) for name, _ in VIEWS}


def _pairs(statement: Select[int, str]) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in db.execute(statement)]


def _grouped(statement: Select[int, str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, value in _pairs(statement):
        found.setdefault(key, []).append(value)
    return found


def working_departments(identity: Identity) -> list[str]:
    """Where a file may be opened: the organisation's areas, then the départements of its standing mandates."""
    today = clock.today()
    standing = or_(Mandate.ends_on.is_(None), Mandate.ends_on >= today)
    mandates = select(Mandate.department_code).where(
        Mandate.organisation_id == identity.org_id, Mandate.starts_on <= today, standing
    )
    return list(dict.fromkeys([*identity.departments, *sorted(set(db.execute(mandates).scalars()))]))


def find_by_identifier(identity: Identity, *, phone: str = "", agdref: str = "") -> Sequence[Household]:
    """One's own files with this phone (normalised) or AGDREF number, by blind index: nothing is compared across organisations."""
    org = identity.require_org()
    conditions: list[ColumnElement[bool]] = []
    if phone:
        index = blind_index(phone, org_id=org, column="phone")
        conditions.append(
            Household.id.in_(select(HouseholdIdentity.household_id).where(HouseholdIdentity.phone_index == index))
        )
    if agdref:
        index = blind_index(agdref, org_id=org, column="agdref")
        conditions.append(
            Household.id.in_(
                select(HouseholdAdministrative.household_id).where(HouseholdAdministrative.agdref_index == index)
            )
        )
    if not conditions:
        return []
    statement = policy.visible_households(identity).where(Household.owner_org_id == org, or_(*conditions))
    return db.execute(statement.order_by(Household.number)).scalars().all()
