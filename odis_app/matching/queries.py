"""Shortlists: the offers of one household, the households of one place; ranked, explained, and what excludes the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, or_, select, text

from odis_app.access.limits import unlimited
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import policy as households_policy
from odis_app.households import queries as households
from odis_app.households.enums import HouseholdStatus, Language, MemberLink, NeedKind, NeedLevel
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdWish,
    Member,
)
from odis_app.housing.models import Place
from odis_app.housing.policy import visible_places
from odis_app.matching import policy as rights
from odis_app.matching.engine import facts as engine
from odis_app.matching.engine.codes import Code
from odis_app.matching.engine.constraints import PairFacts
from odis_app.matching.engine.explain import (
    Explanation,
    Labels,
    concession_sentence,
    counts_by_sentence,
    exclusion_sentence,
    explain,
    to_check_sentence,
)
from odis_app.matching.engine.facts import BoolArray
from odis_app.matching.engine.policy import Policy
from odis_app.matching.engine.shortlist import Ranked, Shortlist, candidates, shortlist
from odis_app.matching.supply import Supply, area_key, supply
from odis_app.organisations.models import Organisation
from odis_app.organisations.queries import missing_mandate
from odis_app.placements.models import Orientation
from odis_app.territories.models import Commune
from odis_app.territories.queries import departments

SHOWN = 10
POLICY = Policy()
WAITING = (HouseholdStatus.A_ORIENTER, HouseholdStatus.ORIENTATION_EN_COURS)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One offer of the shortlist, as the page shows it."""

    rank: int
    place: Place
    commune: str
    owner: str
    score: float
    explanation: Explanation
    to_check: list[str]
    free_from: date | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """How many offers one rule excludes, and one of them."""

    code: str
    sentence: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class HouseholdShortlist:
    """What the page of a household shows. ``unknown_safety``: nothing can be found before the question is asked.

    ``missing_mandate``: why only the organisation's own places can be found (None: it is mandated for a dispositif that the household is
    registered to). ``is_registered``: the household is registered to one today, without which nothing is found.
    """

    lines: list[OfferLine]
    feasible: int
    total: int
    exclusions: list[Exclusion]
    concessions: list[tuple[str, int, int]]
    computed_at: datetime
    policy: Policy
    unknown_safety: bool
    row: engine.Household
    missing_mandate: str | None
    is_registered: bool


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One household of a place's shortlist."""

    rank: int
    household: Household
    name: str
    score: float
    explanation: Explanation
    to_check: list[str] = field(default_factory=list)


def facts_of(households_: Sequence[Household]) -> list[engine.Household]:
    """The engine's rows of these files (class ≤ 1: safety comes apart), two statements whatever their number."""
    ids = [h.id for h in households_]
    wish = select(HouseholdWish.department_code).where(HouseholdWish.household_id == Household.id)
    wished = func.array(wish.order_by(HouseholdWish.rank).scalar_subquery())
    papers = HouseholdAdministrative.protection_status
    told = (
        select(Household.id, HouseholdRequest, papers, HouseholdIdentity.languages, wished)
        .outerjoin(HouseholdRequest, HouseholdRequest.household_id == Household.id)
        .outerjoin(HouseholdAdministrative, HouseholdAdministrative.household_id == Household.id)
        .outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
    )
    known: dict[int, Any] = {row.id: row for row in db.execute(told.where(Household.id.in_(ids)))}
    born = _youngest(ids)
    rows = []
    for h in households_:
        _id, asked, status, languages, departments_ = known.get(h.id, (h.id, None, None, None, ()))
        rows.append(_row(h, asked, status, languages, departments_, born.get(h.id)))
    return rows


def _youngest(ids: Sequence[int]) -> dict[int, date]:
    """When the last born of each household came to the world, at the latest; nothing where a child's birth is not known."""
    latest = func.coalesce(Member.birth_date, func.make_date(Member.birth_year, 12, 31))
    statement = (
        select(Member.household_id, func.max(latest))
        .where(Member.household_id.in_(ids), Member.until.is_(None))
        .group_by(Member.household_id)
        .having(
            func.bool_and(or_(latest.is_not(None), Member.link != MemberLink.ENFANT_MINEUR.value)),
            func.count(latest) > 0,
        )
    )
    return dict(db.execute(statement).all())


def _age(born: date, day: date) -> int:
    return day.year - born.year - int((day.month, day.day) < (born.month, born.day))


def _row(
    h: Household,
    asked: HouseholdRequest | None,
    status: str | None,
    languages: Sequence[str] | None,
    wished: Sequence[str],
    born: date | None,
) -> engine.Household:
    first = max(asked.need_from or clock.today(), clock.today()) if asked else clock.today()
    common = {
        "id": h.public_id, "size": h.size, "adults": h.adults, "minors": h.minors, "minors_under_2": h.minors_under_2, "couples": h.couples,
        "boys_12_plus": h.boys_12_plus, "girls_12_plus": h.girls_12_plus, "priority": h.priority, "status": status, "departments": tuple(wished),
        "languages": tuple(languages or ()), "composition": h.composition_kind, "youngest_minor": _age(born, first) if born and h.minors else None,
    }  # fmt: skip
    if asked is None:
        return engine.Household(need_from=first, **common)  # type: ignore[arg-type]
    return engine.Household(
        need_from=first, min_days=asked.min_days, max_rent=asked.max_rent, wheelchair=asked.wheelchair,
        ground_floor_or_lift=asked.ground_floor_or_lift, animals=asked.animals, smoking=asked.smoking, employment_area=asked.employment_area and area_key(asked.employment_area),
        departments_exclusive=asked.wishes_exclusive, **common,  # type: ignore[arg-type]
    )  # fmt: skip


def shortlist_of(identity: Identity, household: Household) -> HouseholdShortlist:
    """The best offers of one household; the ranking is the same whether or not the reader may read class 3."""
    row, stock, schemes = facts_of([household])[0], supply(identity), _schemes(household)
    found = shortlist(row, stock.offers, POLICY, _pair_facts(household, stock, schemes), limit=SHOWN)
    reads_class_3 = rights.names_safety(identity, household)
    excluded = _Excluded.of(found, row, reads_class_3=reads_class_3)
    shown = _Shown.of(identity, stock, [r.index for r in found.ranked] + excluded.indices)
    assessed = bool(db.execute(text("SELECT odis.safety_is_assessed(:id)"), {"id": household.id}).scalar_one())
    return HouseholdShortlist(
        lines=_lines(shown, stock, row, found.ranked),
        feasible=found.feasible,
        total=found.total,
        exclusions=_exclusions(shown, excluded),
        concessions=[
            (concession_sentence(c.code, c.opens), c.opens, sum(1 for b in c.best if b.score >= 80))
            for c in found.concessions
        ],
        computed_at=clock.now(),
        policy=POLICY,
        unknown_safety=not assessed,
        row=row,
        missing_mandate=_missing_mandate(identity, household, schemes),
        is_registered=bool(schemes),
    )


def standing_of(identity: Identity, household: Household, place: Place) -> dict[str, Any]:
    """Where a place stands for a household, kept with the proposal: {rank, of, policy} and, when it is possible, {total, criteria}.

    ``criteria`` is what the score component shows: [{label, weight, agreement}], agreement None when unknown. A place that
    some rule closes comes after every possible one: proposing it wants a motif.
    """
    row, stock = facts_of([household])[0], supply(identity)
    facts = _pair_facts(household, stock, _schemes(household))
    found = shortlist(row, stock.offers, POLICY, facts, limit=max(1, len(stock.ids)))
    standing: dict[str, Any] = {"rank": found.feasible + 1, "of": found.feasible, "policy": POLICY.version}
    for rank, item in enumerate(found.ranked, 1):
        if item.id == place.public_id:
            criteria = [
                {"label": c.label, "weight": w, "agreement": item.criteria.get(c)} for c, w in POLICY.weights.items()
            ]
            standing.update(total=item.score, rank=rank, criteria=criteria)
    return standing


def _schemes(household: Household) -> frozenset[int]:
    """The schemes that the household is registered to today: the places of each may be proposed to it (H20)."""
    return households.schemes_in_force([household.id], clock.today())[household.id]


def _missing_mandate(identity: Identity, household: Household, schemes: frozenset[int]) -> str | None:
    """Why the organisation is mandated for no scheme of the household, said of the file's own first; None when it is for one of them."""
    own_first = sorted(schemes, key=lambda scheme: (scheme != household.dispositif_id, scheme))
    said = [missing_mandate(identity, dispositif_id=scheme) for scheme in own_first]
    return said[0] if said and None not in said else None


def _pair_facts(household: Household, stock: Supply, schemes: frozenset[int]) -> PairFacts:
    ended = select(Orientation.place_id).where(
        Orientation.household_id == household.id, Orientation.ended_kind == "refusee"
    )
    refused = _keys(ended.subquery().c.place_id)
    need = db.get(HouseholdNeed, (household.id, NeedKind.SCHOOL.value))
    school = need is not None and need.level == int(NeedLevel.REQUIRED.value)
    care = any(n.level == int(NeedLevel.REQUIRED.value) for n in households.health_needs(household))
    unknown = np.ones(len(stock.ids), dtype=np.bool_)
    to_check = {code: unknown for code, wanted in ((Code.H07, care), (Code.H18, school)) if wanted}
    return PairFacts(
        # The door answers for one's own perimeter; elsewhere H20 says why, whatever the household fears.
        safety_ok=safety_of(household, stock) | ~stock.is_ours,
        fails={
            Code.H15: np.isin(stock.ids, refused),
            Code.H20: ~stock.is_ours | np.isin(stock.dispositifs, list(schemes), invert=True),
        },
        to_check=to_check,
    )


def safety_of(household: Household, stock: Supply) -> BoolArray:
    """Where the household's safety is sure (H08, H12, H17): one place of each form is judged, in the database, for all its likes."""
    samples = stock.safety.samples
    judged = func.odis.safety_compatible_among(
        literal(household.id, BigInteger), literal(samples.tolist(), ARRAY(BigInteger))
    )
    found: BoolArray = np.isin(samples, _keys(judged.column_valued()))[stock.safety.of]
    return found


def _keys(column: ColumnElement[int]) -> np.ndarray:
    """The keys of a column, packed by PostgreSQL."""
    packed = db.execute(select(func.string_agg(func.int8send(column), literal(b"")))).scalar_one()
    return np.frombuffer(packed or b"", dtype=">i8").astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The places that the page names, by their number in the stock; the words for their communes and owners."""

    places: dict[int, Place]
    communes: dict[str, str]
    owners: dict[int, str]
    labels: Labels

    @classmethod
    def of(cls, identity: Identity, stock: Supply, indices: Sequence[int]) -> _Shown:
        ids = {index: int(stock.ids[index]) for index in indices}
        named = (
            visible_places(identity)
            .where(Place.id.in_(ids.values()))
            .outerjoin(Commune, Commune.code == Place.commune_code)
            .outerjoin(Organisation, Organisation.id == Place.owner_org_id)
            .add_columns(Commune, Organisation.short_name)
        )
        found = {row.Place.id: row for row in db.execute(named)}
        here = {index: found[key].Place for index, key in ids.items() if key in found}
        communes = {row.Commune.code: row.Commune.label for row in found.values() if row.Commune}
        return cls(here, communes, {row.Place.owner_org_id: row.short_name or "" for row in found.values()}, labels())


@dataclass(frozen=True, slots=True)
class _Excluded:
    """Why offers are excluded: how many by sentence, the code behind it, and one example that may be named (None: none may)."""

    counts: dict[str, int]
    codes: dict[str, Code]
    examples: dict[str, int | None]

    @classmethod
    def of(cls, found: Shortlist, row: engine.Household, *, reads_class_3: bool) -> _Excluded:
        codes: dict[str, Code] = {}
        for code in found.first_counts:
            codes.setdefault(exclusion_sentence(code, reads_class_3=reads_class_3, household=row), code)
        counts = counts_by_sentence(found.first_counts, reads_class_3=reads_class_3, household=row)
        examples: dict[str, int | None] = {}
        for sentence in counts:
            first = [] if codes[sentence].is_safety else found.excluded(first=codes[sentence], limit=1)
            examples[sentence] = first[0].index if first else None
        return cls(counts, codes, examples)

    @property
    def indices(self) -> list[int]:
        """The places of the examples, by their number in the stock."""
        return [index for index in self.examples.values() if index is not None]


def _lines(shown: _Shown, stock: Supply, row: engine.Household, ranked: Sequence[Ranked]) -> list[OfferLine]:
    lines = []
    for rank, item in enumerate(ranked, 1):
        place = shown.places[item.index]
        lines.append(
            OfferLine(
                rank=rank,
                place=place,
                commune=shown.communes.get(place.commune_code or "", ""),
                owner=shown.owners.get(place.owner_org_id, ""),
                score=item.score,
                explanation=explain(row, _offer(place, stock, item.index), item.criteria, POLICY, shown.labels),
                to_check=[to_check_sentence(code) for code in item.to_check],
                free_from=_free_from(stock, item.index),
            )
        )
    return lines


def _free_from(stock: Supply, index: int) -> date | None:
    """The engine counts days as Python does, from year 1."""
    days = int(stock.offers.available_from[index])
    return date.fromordinal(days) if days > 0 else None


def _offer(place: Place, stock: Supply, index: int) -> engine.Offer:
    """The engine's row of a place, with the day on which it is really free."""
    return engine.Offer(
        id=place.public_id, kind=place.kind, department=place.department_code, capacity=place.capacity, bedrooms=place.bedrooms,
        max_minors=place.max_minors, available_from=_free_from(stock, index), available_to=place.available_to, wheelchair=place.wheelchair,
        ground_floor_or_lift=place.ground_floor_or_lift, accepts_animals=place.accepts_animals, animals_present=place.animals_present,
        smoking_allowed=place.smoking_allowed, accepts_minors=place.accepts_minors, rent=place.rent, accepted_statuses=tuple(place.accepted_statuses),
        languages=tuple(place.languages), employment_area=place.employment_area and area_key(place.employment_area), validated_until=place.validated_until,
        max_days=place.max_stay_days, renewable=place.renewable, min_child_age=place.min_child_age, compositions=tuple(place.accepted_compositions),
    )  # fmt: skip


def labels() -> Labels:
    """French names of départements and languages, for the sentences."""
    return Labels(
        departments={d.code: d.name for d in departments()}, languages={k: v.lower() for k, v in Language.choices()}
    )


def _exclusions(shown: _Shown, excluded: _Excluded) -> list[Exclusion]:
    result = []
    for sentence, count in excluded.counts.items():
        code, example = excluded.codes[sentence], excluded.examples[sentence]
        place = shown.places.get(example) if example is not None else None
        named = (
            f"{place.kind_label}, {shown.communes.get(place.commune_code or '', place.department_code)}"
            if place
            else ""
        )
        result.append(Exclusion("" if code.is_safety else code.value, sentence, count, named))
    return result


def names_of(ids: Sequence[int]) -> dict[int, str]:
    """The families' names, for the files that are open to the reader in full."""
    statement = select(HouseholdIdentity.household_id, HouseholdIdentity.name).where(
        HouseholdIdentity.household_id.in_(ids)
    )
    return {row.household_id: row.name for row in db.execute(statement)}


def place_mandate(identity: Identity, place: Place) -> str | None:
    """Why the organisation may propose this place to nobody; None when the place is its own or under one of its mandates."""
    if place.owner_org_id == identity.org_id:
        return None
    return missing_mandate(identity, dispositif_id=place.dispositif_id, department_code=place.department_code)


def households_for(identity: Identity, place: Place) -> tuple[list[HouseholdLine], int, int]:
    """(lines, feasible, total): one's own waiting households for a place, the most urgent first."""
    statement = households_policy.visible_households(identity).where(
        Household.owner_org_id == identity.org_id,
        Household.status.in_([s.value for s in WAITING]),
        unlimited("households.id"),
    )
    waiting = db.execute(statement.order_by(Household.id)).scalars().all()
    stock = supply(identity)
    position = np.flatnonzero(stock.ids == place.id)
    if not waiting or not len(position):
        return [], 0, len(waiting)
    rows = facts_of(waiting)
    compatible = _keys(func.odis.safety_compatible_households(literal(place.id, BigInteger)).column_valued())
    closed = not stock.is_ours[position[0]]
    registered = households.schemes_in_force([h.id for h in waiting], clock.today())
    mismatched = np.array([closed or place.dispositif_id not in registered[h.id] for h in waiting], dtype=np.bool_)
    pair = PairFacts(
        safety_ok=np.isin(np.array([h.id for h in waiting], dtype=np.int64), compatible), fails={Code.H20: mismatched}
    )
    offer = _offer(place, stock, int(position[0]))
    found = candidates(offer, engine.Households.build(rows), POLICY, pair, limit=SHOWN)
    names = names_of([h.id for h in waiting])
    words = labels()
    lines = [
        HouseholdLine(
            rank,
            waiting[item.index],
            names.get(waiting[item.index].id, waiting[item.index].initials),
            item.score,
            explain(rows[item.index], offer, item.criteria, POLICY, words),
            [to_check_sentence(c) for c in item.to_check],
        )
        for rank, item in enumerate(found.ranked, 1)
    ]
    return lines, found.feasible, found.total
