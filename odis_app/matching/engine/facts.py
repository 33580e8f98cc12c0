"""What the engine knows of households and offers: one row each for people, columns for NumPy.

An empty fact is None or an empty list. How it reads is said in the rows and settled in the columns, nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
WordArray = NDArray[np.uint64]

FOREVER: Final = 2**31 - 1
"""The day after all others: an open end."""
ANY_NUMBER: Final = 2**31 - 1
UNKNOWN: Final = -1

SHARED_HOME: Final = "chambre_chez_habitant"
COLLECTIVE_KINDS: Final = frozenset(
    {"residence_collective", "foyer", "hotel", "centre_vacances", "local_entreprise", "place_dna", "sas_urgence"}
)
"""The kinds that may have no bedrooms: an empty count there is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """One household. Days are dates, durations days, rents euros a month, `departments` wishes in order.

    `gender_constraint`, `excluded_departments` and `fvv_teh` protect someone: None means that the fact is not known,
    and then no offer that depends on it passes. « No constraint » is said: "none", (), False.
    """

    id: str
    size: int
    need_from: date
    adults: int = 0
    minors: int = 0
    minors_under_2: int = 0
    couples: int = 0
    boys_12_plus: int = 0
    girls_12_plus: int = 0
    status: str | None = None
    departments: Sequence[str] = ()
    departments_exclusive: bool = False
    excluded_departments: Sequence[str] | None = None
    min_days: int | None = None
    wheelchair: bool = False
    ground_floor_or_lift: bool = False
    gender_constraint: str | None = None
    animals: bool = False
    smoking: str = "none"
    fvv_teh: bool | None = None
    max_rent: Decimal | float | None = None
    languages: Sequence[str] = ()
    employment_area: str | None = None
    priority: int = 0
    composition: str | None = None
    youngest_minor: int | None = None
    """Age in years of the youngest minor when they come in; not known: younger than any minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offer or place. Empty `available_from`: already; empty `available_to`: open-ended; empty limits: none.

    An empty `validated_until` means not validated. `available_from` and `available_to` are `from` and `to` in files.
    """

    id: str
    kind: str
    department: str | None
    capacity: int
    bedrooms: int | None = None
    max_minors: int | None = None
    available_from: date | None = None
    available_to: date | None = None
    wheelchair: bool = False
    ground_floor_or_lift: bool = False
    hosts_women_only: bool = False
    accepts_animals: bool = False
    animals_present: bool = False
    smoking_allowed: bool = False
    accepts_minors: bool = False
    specialised_fvv_teh: bool = False
    women_only_certified: bool = False
    rent: Decimal | float | None = None
    accepted_statuses: Sequence[str] = ()
    languages: Sequence[str] = ()
    employment_area: str | None = None
    validated_until: date | None = None
    max_days: int | None = None
    renewable: bool = False
    min_child_age: int | None = None
    compositions: Sequence[str] = ()


def bedrooms_needed(household: Household) -> int:
    """Bedrooms: one per couple and per other adult; children in twos, boys and girls apart from 12 years on.

    Children of 2 to 11 first take the free beds beside older ones; those under 2 sleep in their parents' room.
    """
    boys, girls = household.boys_12_plus, household.girls_12_plus
    young = household.minors - household.minors_under_2 - boys - girls
    beside_older = boys % 2 + girls % 2
    adults_rooms = household.couples + (household.adults - 2 * household.couples)
    return adults_rooms + _halves(boys) + _halves(girls) + _halves(max(0, young - beside_older))


def _halves(children: int) -> int:
    """Rooms for children sleeping in twos."""
    return (children + 1) // 2


@dataclass(frozen=True, slots=True, eq=False)
class Households:
    """Columns of m households: arrays of shape (m,), lists of m texts or lists of texts."""

    ids: tuple[str, ...]
    id_rank: IntArray
    size: IntArray
    minors: IntArray
    bedrooms: IntArray
    need_from: IntArray
    need_until: IntArray
    min_days: IntArray
    wheelchair: BoolArray
    ground_floor_or_lift: BoolArray
    women_hosts: BoolArray
    animals: BoolArray
    smoker: BoolArray
    cannot_stand_smoke: BoolArray
    fvv_teh: BoolArray
    exclusive: BoolArray
    max_rent: FloatArray
    priority: IntArray
    statuses: tuple[str | None, ...]
    wishes: tuple[Sequence[str], ...]
    excluded: tuple[Sequence[str] | None, ...]
    languages: tuple[Sequence[str], ...]
    employment_areas: tuple[str | None, ...]
    compositions: tuple[str | None, ...]
    youngest: IntArray

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(cls, rows: Iterable[Household]) -> "Households":
        """Columns from rows. Raises ValueError when an id comes twice, OverflowError beyond 32 bits."""
        rows = tuple(rows)
        ids = tuple(row.id for row in rows)
        return cls(
            ids=ids,
            id_rank=_ranks(ids),
            size=_integers(row.size for row in rows),
            minors=_integers(row.minors for row in rows),
            bedrooms=_integers(bedrooms_needed(row) for row in rows),
            need_from=_integers(row.need_from.toordinal() for row in rows),
            need_until=_integers(min(row.need_from.toordinal() + (row.min_days or 0), FOREVER) for row in rows),
            min_days=_integers(UNKNOWN if row.min_days is None else row.min_days for row in rows),
            wheelchair=_flags(row.wheelchair for row in rows),
            ground_floor_or_lift=_flags(row.ground_floor_or_lift for row in rows),
            women_hosts=_flags(row.gender_constraint != "none" for row in rows),
            animals=_flags(row.animals for row in rows),
            smoker=_flags(row.smoking == "smoker" for row in rows),
            cannot_stand_smoke=_flags(row.smoking == "cannot_stand" for row in rows),
            fvv_teh=_flags(row.fvv_teh is not False for row in rows),
            exclusive=_flags(row.departments_exclusive for row in rows),
            max_rent=_amounts((row.max_rent for row in rows), empty=np.inf),
            priority=_integers(row.priority for row in rows),
            statuses=tuple(row.status or None for row in rows),
            wishes=tuple(row.departments for row in rows),
            excluded=tuple(row.excluded_departments for row in rows),
            languages=tuple(row.languages for row in rows),
            employment_areas=tuple(row.employment_area or None for row in rows),
            compositions=tuple(row.composition or None for row in rows),
            youngest=_integers(UNKNOWN if row.youngest_minor is None else row.youngest_minor for row in rows),
        )

    def block(self, start: int, stop: int) -> "Households":
        """The households from `start` to before `stop`, as views on the same arrays."""
        return replace(self, **{item.name: getattr(self, item.name)[start:stop] for item in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """Columns of n offers: arrays of shape (n,), lists as bit masks of shape (n, words), texts as codes.

    The vocabularies give the code of each text; `UNKNOWN` is an empty text.
    """

    ids: tuple[str, ...]
    id_rank: IntArray
    capacity: IntArray
    bedrooms: IntArray
    max_minors: IntArray
    available_from: IntArray
    available_to: IntArray
    validated_until: IntArray
    wheelchair: BoolArray
    ground_floor_or_lift: BoolArray
    hosts_women_only: BoolArray
    accepts_animals: BoolArray
    animals_present: BoolArray
    smoking_allowed: BoolArray
    accepts_minors: BoolArray
    specialised_fvv_teh: BoolArray
    women_only_certified: BoolArray
    shared_home: BoolArray
    rent: FloatArray
    department: IntArray
    employment_area: IntArray
    accepted_statuses: WordArray
    any_status: BoolArray
    languages: WordArray
    no_language: BoolArray
    renewable: BoolArray
    longest_stay: IntArray
    """Days; a stay that may be renewed has no end of its own."""
    min_child_age: IntArray
    compositions: WordArray
    any_composition: BoolArray
    department_codes: Mapping[str, int]
    employment_area_codes: Mapping[str, int]
    status_codes: Mapping[str, int]
    language_codes: Mapping[str, int]
    composition_codes: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(cls, rows: Iterable[Offer]) -> "Offers":
        """Columns from rows. Raises as `from_columns`."""
        rows = tuple(rows)
        return cls.from_columns({item.name: [getattr(row, item.name) for row in rows] for item in fields(Offer)})

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> "Offers":
        """Columns from plain sequences named as the fields of `Offer`; an absent one takes the field's default.

        This is the quick way from a cursor. Raises ValueError on an unknown or missing column, unequal lengths or an
        id that comes twice, OverflowError on a number beyond 32 bits.
        """
        full = _complete(columns)
        kinds, rooms = full["kind"], full["bedrooms"]
        department, department_codes = _coded(full["department"])
        area, area_codes = _coded(full["employment_area"])
        statuses, status_codes = _masks(full["accepted_statuses"])
        languages, language_codes = _masks(full["languages"])
        compositions, composition_codes = _masks(full["compositions"])
        stays = zip(full["max_days"], full["renewable"], strict=True)
        flags = {item.name: _flags(full[item.name]) for item in fields(Offer) if item.default is False}
        return cls(
            ids=tuple(full["id"]),
            id_rank=_ranks(full["id"]),
            capacity=_integers(full["capacity"]),
            bedrooms=_integers(_bedrooms(kind, count) for kind, count in zip(kinds, rooms, strict=True)),
            max_minors=_integers(ANY_NUMBER if value is None else value for value in full["max_minors"]),
            available_from=_days(full["available_from"], empty=0),
            available_to=_days(full["available_to"], empty=FOREVER),
            validated_until=_days(full["validated_until"], empty=0),
            shared_home=_flags(kind == SHARED_HOME for kind in kinds),
            rent=_amounts(full["rent"], empty=-np.inf),
            department=department,
            employment_area=area,
            accepted_statuses=statuses,
            any_status=_empty(statuses),
            languages=languages,
            no_language=_empty(languages),
            department_codes=department_codes,
            employment_area_codes=area_codes,
            status_codes=status_codes,
            language_codes=language_codes,
            longest_stay=_integers(ANY_NUMBER if days is None or more else days for days, more in stays),
            min_child_age=_integers(value or 0 for value in full["min_child_age"]),
            compositions=compositions,
            any_composition=_empty(compositions),
            composition_codes=composition_codes,
            **flags,
        )


def _bedrooms(kind: str, count: int | None) -> int:
    """An empty count is no limit in a collective kind and no bedroom anywhere else."""
    if count is None:
        return ANY_NUMBER if kind in COLLECTIVE_KINDS else 0
    return count


def _complete(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Every column of `Offer`, with the default where one is absent."""
    defaults = {item.name: item.default for item in fields(Offer)}
    unknown = set(columns) - set(defaults)
    missing = {name for name, default in defaults.items() if default is MISSING} - set(columns)
    if unknown or missing:
        raise ValueError(f"Offer columns unknown: {sorted(unknown)}, missing: {sorted(missing)}")
    count = len(columns["id"])
    if any(len(values) != count for values in columns.values()):
        raise ValueError("Offer columns have unequal lengths")
    return {name: columns[name] if name in columns else [default] * count for name, default in defaults.items()}


def _ranks(ids: Sequence[str]) -> IntArray:
    """The place of each id in the order of texts, which breaks ties. Raises ValueError when one comes twice."""
    if len(set(ids)) != len(ids):
        raise ValueError("An id comes twice")
    ranks = np.empty(len(ids), dtype=np.int32)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids), dtype=np.int32)
    return ranks


def _integers(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int32)


def _flags(values: Iterable[bool | None]) -> BoolArray:
    """An empty yes/no is no."""
    return np.array(list(values), dtype=np.bool_)


def _amounts(values: Iterable[Decimal | float | None], *, empty: float) -> FloatArray:
    return np.array([empty if value is None else float(value) for value in values], dtype=np.float64)


def _days(values: Iterable[date | None], *, empty: int) -> IntArray:
    return np.array([empty if value is None else value.toordinal() for value in values], dtype=np.int32)


def _coded(values: Iterable[str | None]) -> tuple[IntArray, dict[str, int]]:
    """The code of each text, in order of appearance, and the vocabulary."""
    codes: dict[str, int] = {}
    numbers = _integers(codes.setdefault(value, len(codes)) if value else UNKNOWN for value in values)
    return numbers, codes


def _masks(lists: Sequence[Sequence[str]]) -> tuple[WordArray, dict[str, int]]:
    """Each list of texts as a row of 64-bit words, and the vocabulary; one word at least."""
    codes: dict[str, int] = {}
    for texts in set(map(tuple, lists)):
        for text in texts:
            codes.setdefault(text, len(codes))
    return encode_lists(lists, codes), codes


def _empty(masks: WordArray) -> BoolArray:
    """Rows without any bit."""
    return np.asarray(masks.max(axis=1, initial=0) == 0, dtype=np.bool_)


def encode_lists(lists: Sequence[Sequence[str]], codes: Mapping[str, int]) -> WordArray:
    """Lists of texts as bit masks of shape (len(lists), words); a text outside the vocabulary is left out."""
    words = len(codes) // 64 + 1
    rows: dict[tuple[str, ...], list[int]] = {}
    for texts in set(map(tuple, lists)):
        mask = 0
        for text in texts:
            if text in codes:
                mask |= 1 << codes[text]
        rows[texts] = [(mask >> (64 * word)) & (2**64 - 1) for word in range(words)]
    return np.array([rows[tuple(texts)] for texts in lists], dtype=np.uint64).reshape(len(lists), words)
