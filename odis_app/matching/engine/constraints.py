"""Which hard constraints a pair fails: one bit per code, for blocks of households against all offers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from odis_app.matching.engine import relations
from odis_app.matching.engine.codes import SAFETY_CODES, UNVERIFIED_CODES, Code
from odis_app.matching.engine.facts import BoolArray, Households, Offers

CodeArray = NDArray[np.uint32]
"""Bit masks of codes; 0 is a feasible pair."""

PAIRS_PER_BLOCK: Final = 1_000_000
"""About 4 MB of masks at a time, whatever the number of offers."""

Rule = Callable[[Households, Offers], BoolArray]


@dataclass(frozen=True, kw_only=True)
class PairFacts:
    """What columns do not say of the pairs. Arrays have the shape (m, n), or (n,) for one household, (m,) for one offer.

    `safety_ok`: the safety decision of the application, True where compatible; None or False excludes, and the reason
    stays opaque (`Code.SAFETY`). With it the columns on violence, women and exclusions are not read at all.
    `fails`: pairs that fail H07, H18, H19, H20, or H15, H16, which are then part of the opaque decision.
    `to_check`: pairs whose distance for H07 or H18 is unknown: feasible, to be checked before they are proposed.
    """

    safety_ok: NDArray[Any] | None
    fails: Mapping[Code, NDArray[Any]] = field(default_factory=dict)
    to_check: Mapping[Code, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a mask for a code that columns decide. Raises ValueError."""
        allowed = {Code.H07, Code.H15, Code.H16, Code.H18, Code.H19, Code.H20}
        if not set(self.fails) <= allowed or not set(self.to_check) <= UNVERIFIED_CODES:
            raise ValueError("A mask is given for a code that the columns decide")

    def block(self, start: int, stop: int) -> "PairFacts":
        """The facts of the households from `start` to before `stop`; every array has the shape (m, n)."""
        return PairFacts(
            safety_ok=None if self.safety_ok is None else self.safety_ok[start:stop],
            fails={code: values[start:stop] for code, values in self.fails.items()},
            to_check={code: values[start:stop] for code, values in self.to_check.items()},
        )


FROM_COLUMNS: Final = PairFacts(safety_ok=None)
"""Files: the columns say everything, and H08, H12, H17 are computed from them and shown as such."""


def failing_codes(households: Households, offers: Offers, facts: PairFacts) -> CodeArray:
    """All the codes that each pair fails; shape (m, n).

    Raises ValueError when a mask of `facts` does not have one value per pair.
    """
    shape = (len(households), len(offers))
    codes = np.zeros(shape, dtype=np.uint32)
    for code, rule in _RULES.items():
        if facts.safety_ok is None or not code.is_safety:
            _mark(codes, code, rule(households, offers))
    if facts.safety_ok is not None:
        _mark(codes, Code.SAFETY, ~known_true(facts.safety_ok, shape))
    for code, values in facts.fails.items():
        opaque = facts.safety_ok is not None and code in SAFETY_CODES
        _mark(codes, Code.SAFETY if opaque else code, ~known_false(values, shape))
    return codes


def to_check_codes(shape: tuple[int, int], facts: PairFacts) -> CodeArray:
    """The codes that remain to be checked before a pair is proposed; shape (m, n)."""
    codes = np.zeros(shape, dtype=np.uint32)
    for code, values in facts.to_check.items():
        _mark(codes, code, ~known_false(values, shape))
    return codes


def failing_blocks(households: Households, offers: Offers, facts: PairFacts) -> Iterator[tuple[slice, CodeArray]]:
    """`failing_codes` in blocks of households, so that memory stays flat: yields the rows and their masks."""
    rows = max(1, PAIRS_PER_BLOCK // max(1, len(offers)))
    for start in range(0, len(households), rows):
        stop = min(start + rows, len(households))
        yield slice(start, stop), failing_codes(households.block(start, stop), offers, facts.block(start, stop))


def known_true(values: NDArray[Any], shape: tuple[int, int]) -> BoolArray:
    """True where the value is true; None is not. Raises ValueError on another number of values than pairs."""
    return _shaped(values, shape, True)


def known_false(values: NDArray[Any], shape: tuple[int, int]) -> BoolArray:
    """True where the value is false; None is not. Raises ValueError on another number of values than pairs."""
    return _shaped(values, shape, False)


def _shaped(values: NDArray[Any], shape: tuple[int, int], wanted: bool) -> BoolArray:
    """Compare without broadcasting: one value would otherwise stand for every pair."""
    array = np.asarray(values)
    flat = 1 in shape and array.shape == (shape[0] * shape[1],)
    if array.shape != shape and not flat:
        raise ValueError(f"A mask has the shape {array.shape}, not {shape}")
    same: BoolArray = np.asarray(array == wanted, dtype=np.bool_).reshape(shape)
    return same


def _mark(codes: CodeArray, code: Code, fails: BoolArray) -> None:
    """Add the code's bit where the pair fails it."""
    if fails.any():
        codes |= fails * code.bit


def _outer(households: BoolArray, offers: BoolArray) -> BoolArray:
    """Pairs where both sides are true; shape (m, n)."""
    pairs: BoolArray = households[:, None] & offers
    return pairs


def _h01(h: Households, o: Offers) -> BoolArray:
    return o.validated_until < h.need_from[:, None]


def _h02(h: Households, o: Offers) -> BoolArray:
    closed: BoolArray = (o.available_from > h.need_from[:, None]) | (o.available_to < h.need_until[:, None])
    return closed | (h.min_days[:, None] > o.longest_stay)


def _h03(h: Households, o: Offers) -> BoolArray:
    statuses = relations.status_masks(h, o)
    accepted = _outer(np.ones(len(h), dtype=np.bool_), o.any_status)
    for word in range(statuses.shape[1]):
        accepted |= (statuses[:, word, None] & o.accepted_statuses[:, word]) != 0
    return ~accepted


def _h04(h: Households, o: Offers) -> BoolArray:
    return h.size[:, None] > o.capacity


def _h05(h: Households, o: Offers) -> BoolArray:
    return h.bedrooms[:, None] > o.bedrooms


def _h06(h: Households, o: Offers) -> BoolArray:
    return _outer(h.wheelchair, ~o.wheelchair) | _outer(h.ground_floor_or_lift, ~o.ground_floor_or_lift)


def _h08(h: Households, o: Offers) -> BoolArray:
    return _outer(h.women_hosts, ~(o.hosts_women_only | o.women_only_certified))


def _h09(h: Households, o: Offers) -> BoolArray:
    return _outer(h.animals, ~o.accepts_animals)


def _h10(h: Households, o: Offers) -> BoolArray:
    refused_at_home = o.shared_home & ~o.smoking_allowed
    return _outer(h.cannot_stand_smoke, o.smoking_allowed) | _outer(h.smoker, refused_at_home)


def _h11(h: Households, o: Offers) -> BoolArray:
    too_young = _outer(h.minors > 0, o.min_child_age > 0) & (h.youngest[:, None] < o.min_child_age)
    return _outer(h.minors > 0, ~o.accepts_minors) | (h.minors[:, None] > o.max_minors) | too_young


def _h12(h: Households, o: Offers) -> BoolArray:
    return relations.excluded_departments(h, o)[:, o.department]


def _h13(h: Households, o: Offers) -> BoolArray:
    closed: BoolArray = (relations.wish_ranks(h, o) == relations.NOT_WISHED) & h.exclusive[:, None]
    return closed[:, o.department]


def _h14(h: Households, o: Offers) -> BoolArray:
    above: BoolArray = o.rent > h.max_rent[:, None]
    return above


def _h17(h: Households, o: Offers) -> BoolArray:
    return _outer(h.fvv_teh, ~(o.specialised_fvv_teh | o.women_only_certified))


def _h21(h: Households, o: Offers) -> BoolArray:
    kinds = relations.composition_masks(h, o)
    accepted = _outer(np.ones(len(h), dtype=np.bool_), o.any_composition)
    for word in range(kinds.shape[1]):
        accepted |= (kinds[:, word, None] & o.compositions[:, word]) != 0
    return ~accepted


_RULES: Final[Mapping[Code, Rule]] = {
    Code.H01: _h01,
    Code.H02: _h02,
    Code.H03: _h03,
    Code.H04: _h04,
    Code.H05: _h05,
    Code.H06: _h06,
    Code.H08: _h08,
    Code.H09: _h09,
    Code.H10: _h10,
    Code.H11: _h11,
    Code.H12: _h12,
    Code.H13: _h13,
    Code.H14: _h14,
    Code.H17: _h17,
    Code.H21: _h21,
}
