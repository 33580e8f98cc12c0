"""Households: who they are, what they need, where their file stands. Each is written as the import writes one (``households.operations.many``)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from odis_app.access.models import Grant
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.drawing import FEMALE, MALE, Weighted, ago, family, instant, one_of, phone, within
from odis_app.home.demo.national.homes import Builder
from odis_app.home.demo.national.lives import DRAFT, HOUSED, WAITING, Life, live, waiting_instead, without_fall
from odis_app.home.demo.national.population import Org
from odis_app.home.demo.national.stays import Stays
from odis_app.households.enums import (
    AccommodationMode,
    FamilySituation,
    FrenchLevel,
    HealthNeedKind,
    MemberLink,
    NeedKind,
    Priority,
    ProtectionStatus,
    ResourceKind,
    WorkSituation,
)
from odis_app.households.models import (
    Household,
    HouseholdChange,
    HouseholdFact,
    HouseholdHealthNeed,
    HouseholdResource,
    HouseholdTracking,
    Member,
    MemberSafety,
)
from odis_app.households.operations.composition import Person
from odis_app.households.operations.many import (
    NewFile,
    OpenedFile,
    Opening,
    marks_of_file,
    opened_file,
    rows_of,
    safety_rows,
)
from odis_app.households.status import Stage, compute_status

Row = dict[str, Any]
STATUSES = Weighted(
    (ProtectionStatus.REFUGIE, ProtectionStatus.PROTECTION_SUBSIDIAIRE, ProtectionStatus.PROTECTION_TEMPORAIRE, ProtectionStatus.DEMANDEUR_ASILE),
    (40, 25, 30, 5),
)  # fmt: skip
PEOPLES = (
    ("uk", "UKR"),
    ("fa", "AFG"),
    ("ar", "SYR"),
    ("ti", "ERI"),
    ("ar", "SDN"),
    ("so", "SOM"),
    ("fr", "GIN"),
    ("tr", "TUR"),
    ("ru", "RUS"),
    ("ps", "AFG"),
)
SHAPES = Weighted(  # a couple or not, how many children
    ((False, 0), (False, 1), (False, 2), (True, 0), (True, 1), (True, 2), (True, 3), (True, 5)),
    (46, 8, 7, 9, 9, 11, 7, 3),
)
LEVELS, SITUATIONS = tuple(level.value for level in FrenchLevel), tuple(work.value for work in WorkSituation)[:8]
MODES, URGENT = tuple(mode.value for mode in AccommodationMode), tuple(int(priority.value) for priority in Priority)[1:]
NEEDS = tuple(need.value for need in NeedKind)
RESOURCES = (ResourceKind.RSA, ResourceKind.ADA, ResourceKind.SALAIRE, ResourceKind.PRESTATIONS_FAMILIALES)
SIGNALLED = 0.01
ARBITRATION = timedelta(days=20)


def write_file(builder: Builder, stays: Stays, org: Org, code: str, rank: int) -> OpenedFile:
    """One file of ``org`` in a département, with its proposals and its stay; ``rank`` names the family."""
    draw, today = builder.draw, builder.country.today
    who, life, scheme = one_of(draw, org.workers), live(draw, today), builder.country.scheme(draw)
    people = _people(draw, today, family(rank).capitalize())
    stay = stays.reserve(code, scheme, people, life) if life.stage in HOUSED else None
    fallen = stays.reserve_fallen(code, scheme, people, life.fell)
    life = (
        waiting_instead(life)
        if stay is None and life.stage in HOUSED
        else without_fall(life)
        if fallen is None
        else life
    )
    new = _new_file(draw, today, life, people, code, scheme)
    record_id = builder.record("household", org, code, scheme)
    one = opened_file(who, new, record_id, builder.homes.number(org.id, "M", code), builder.country.now)
    one.ids = [drawn_public_id(draw) for _ in one.people]
    one.household |= {"public_id": drawn_public_id(draw), "created_at": instant(life.opened, draw)}
    one.household["reviewed_at"] = instant(
        max(life.opened, ago(today, one_of(draw, (0, 2, 5, 12, 25, 40, 75, 120)))), draw
    )
    one.facts = life.facts(stay.public_id if stay else "", fallen.public_id if fallen else "")
    stage = compute_status(one.facts, today)
    one.household |= {"status": stage.status.value, "status_reason": stage.reason.value, "status_since": stage.since}
    _write(builder, who, one, life)
    signalled = (
        _signal(builder, one, who, stays.services.get(code))
        if stage.status.value == "a_orienter" and draw.random() < SIGNALLED
        else None
    )
    builder.copier.add(HouseholdTracking, _tracking(one.household, stage) | {"signalled_at": signalled})
    if stay is not None:
        stays.write(one, who, life, stay)
    if fallen is not None:
        stays.write_fallen(one, who, life, fallen)
    return one


def _people(draw: Random, today: date, name: str) -> list[Person]:
    """A household of two and a half people on average."""
    sex = one_of(draw, "fm")
    _, nationality = one_of(draw, PEOPLES)
    known = draw.random() < 0.7
    couple, children = SHAPES.pick(draw)

    def person(sex: str, ages: tuple[int, int], **more: Any) -> Person:
        born = ago(today, round(365.25 * within(draw, *ages)) + draw.randrange(1, 340))
        when = {"birth_date": born} if known else {"birth_year": born.year}
        return Person(one_of(draw, FEMALE if sex == "f" else MALE), name, sex, nationality=nationality, **when, **more)

    adult = {"family_situation": (FamilySituation.MARIE if couple else FamilySituation.CELIBATAIRE).value}
    found = [person(sex, (19, 65), french_level=one_of(draw, LEVELS), situation=one_of(draw, SITUATIONS), **adult)]
    if couple:
        other = "m" if sex == "f" else "f"
        found.append(
            person(other, (19, 65), link=MemberLink.CONJOINT.value, french_level=one_of(draw, LEVELS), **adult)
        )
    found += [person(one_of(draw, "fm"), (0, 16), link=MemberLink.ENFANT_MINEUR.value) for _ in range(children)]
    return found


def _new_file(draw: Random, today: date, life: Life, people: list[Person], code: str, scheme: int) -> NewFile:
    """All that is known of it when it is complete; a draft lacks the safety of its adults."""
    status, draft = STATUSES.pick(draw), life.stage == DRAFT
    language = next(tongue for tongue, country in PEOPLES if country == people[0].nationality)
    priority = one_of(draw, URGENT) if draw.random() < 0.2 else 0
    opening = Opening(
        code, scheme, people, life.opened, priority, phone(draw), [language, "fr"] if language != "fr" else ["fr"],
        one_of(draw, MODES), opened_on=life.opened,
    )  # fmt: skip
    papers = {
        "protection_status": ProtectionStatus.NON_RENSEIGNE.value if draft else status.value,
        "title_valid_until": None if draft or draw.random() < 0.3 else today + timedelta(days=within(draw, -20, 1500)),
        "arrived_on": life.opened - timedelta(days=within(draw, 20, 900)),
    }  # fmt: skip
    request = {
        "need_from": life.dated + timedelta(days=within(draw, 0, 60)) if life.dated else None, "min_days": one_of(draw, (None, 90, 180)),
        "max_rent": one_of(draw, (None, 300, 450)), "wheelchair": draw.random() < 0.02, "ground_floor_or_lift": draw.random() < 0.06,
        "animals": draw.random() < 0.04, "life_project": one_of(draw, ("", "Rester près de l’école des enfants.", "Trouver un travail, puis un logement à son nom.")),
    }  # fmt: skip
    needs = {one_of(draw, NEEDS): (within(draw, 1, 2), "") for _ in range(draw.randrange(4))}
    wished = [code] if draw.random() < 0.7 else []
    return NewFile(opening, "", papers, request, wished, needs, "entretien", assessed=not draft)


def _write(builder: Builder, who: Identity, one: OpenedFile, life: Life) -> None:
    """The rows of the file, as the product would write them."""
    draw, copier, today = builder.draw, builder.copier, builder.country.today
    copier.add(Household, one.household)
    ids: dict[str, int] = {}
    for model, row in rows_of(who, one, builder.country.now):
        if model is Member:
            ids[row["public_id"]] = row["id"] = copier.next_id(Member)
        elif model is HouseholdFact:
            row["id"] = copier.next_id(HouseholdFact)
        copier.add(model, row)
    for kind, mark in sorted(marks_of_file(one)):
        copier.add_plain("household_marks", one.child | {"kind": kind, "mark": mark})
    if draw.random() < 0.6:
        amount = draw.randrange(300, 1900, 10)
        copier.add(
            HouseholdResource,
            one.child | {"kind": one_of(draw, RESOURCES).value, "amount": amount, "noted_on": life.opened},
        )
    if draw.random() < 0.03:
        care = {
            "kind": HealthNeedKind.MEDICAL_PROXIMITY.value,
            "level": 2,
            "max_minutes": 30,
            "detail_sealed": None,
            "noted_on": life.opened,
        }
        copier.add(HouseholdHealthNeed, one.child | care)
    if one.new.assessed:
        safety, change = safety_rows(who, one, ids, today)
        safety[0] |= _danger(draw) if life.stage == WAITING else {}
        for row in safety:
            copier.add(MemberSafety, row)
        copier.add(HouseholdChange, change | {"id": copier.next_id(HouseholdChange)})


def _danger(draw: Random) -> Row:
    """One in fifty is in danger, or asks to be hosted by women."""
    said = draw.random()
    if said < 0.01:
        return {"fvv_teh": True, "excluded_departments": ["75"]}
    return {"women_hosts_only": True} if said < 0.02 else {}


def _tracking(household: Row, stage: Stage) -> Row:
    """What the State steers by: as ``odis.set_household_status`` writes it."""
    same = (
        "owner_org_id", "public_id", "number", "department_code", "dispositif_id", "size", "seniority_date", "status", "status_since",
    )  # fmt: skip
    return {"record_id": household["id"]} | {name: household[name] for name in same} | {
        "first_proposed_on": stage.first_proposed_on, "entered_on": stage.entered_on, "exited_on": stage.exited_on,
    }  # fmt: skip


def _signal(builder: Builder, one: OpenedFile, who: Identity, service: int | None) -> object:
    """The DDETS of the département reads the file for a month; when it was told."""
    if service is None:
        return None
    now = builder.country.now
    builder.copier.add(Grant, {
        "id": builder.copier.next_id(Grant), "public_id": drawn_public_id(builder.draw), "record_id": one.household["id"], "owner_org_id": who.require_org(),
        "grantee_org_id": service, "level": "full", "purpose": "arbitrage", "motive": "Aucune offre compatible depuis plus de deux mois.",
        "granted_by_id": who.user_id, "granted_at": now, "expires_at": now + ARBITRATION,
    })  # fmt: skip
    return now
