"""The offers of one household, or the households of one offer: ranked, with what excludes the others."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from odis_app.matching.engine.codes import Code, codes_in
from odis_app.matching.engine.constraints import CodeArray, PairFacts, failing_codes, to_check_codes
from odis_app.matching.engine.facts import FloatArray, Household, Households, IntArray, Offer, Offers
from odis_app.matching.engine.policy import Criterion, Policy
from odis_app.matching.engine.score import Indices, criteria, totals

LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Ranked:
    """A feasible candidate. `index` is its place in the columns given; criteria that are unknown are absent."""

    index: int
    id: str
    score: float
    criteria: Mapping[Criterion, float]
    to_check: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A candidate that cannot be proposed: the code shown, then all of them, in order."""

    index: int
    id: str
    first: Code
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Concession:
    """What giving way on one code would open: how many candidates, and the best of them."""

    code: Code
    opens: int
    best: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The answer for one household or one offer; the same whoever reads it, only words differ (`explain`).

    `codes` is the mask of each candidate, in the order given, `shown` its lowest bit: the code shown. `counts` counts every
    failing code, `first_counts` the code shown. `concessions` come best first: most opened, then the lower code.
    """

    ranked: tuple[Ranked, ...]
    feasible: int
    total: int
    counts: Mapping[Code, int]
    first_counts: Mapping[Code, int]
    concessions: tuple[Concession, ...]
    ids: tuple[str, ...]
    id_rank: IntArray
    codes: CodeArray
    shown: CodeArray

    @property
    def concession(self) -> Concession | None:
        """The single concession that opens most, or None when none opens any."""
        return self.concessions[0] if self.concessions else None

    def excluded(self, first: Code | None = None, limit: int = LIMIT) -> tuple[Excluded, ...]:
        """Excluded candidates by id, at most `limit`, all or those whose shown code is `first`."""
        found = np.flatnonzero(self.codes > 0 if first is None else self.shown == first.bit)
        if 0 < limit < len(found):
            found = found[np.argpartition(self.id_rank[found], limit - 1)[:limit]]
        found = found[np.argsort(self.id_rank[found])][:limit]
        return tuple(self._excluded(int(index)) for index in found)

    def _excluded(self, index: int) -> Excluded:
        codes = tuple(codes_in(self.codes[index]))
        return Excluded(index, self.ids[index], codes[0], codes)


def shortlist(
    household: Household, offers: Offers, policy: Policy, facts: PairFacts, *, limit: int = LIMIT
) -> Shortlist:
    """The offers of one household: by score, then id. `facts` has one value per offer.

    `limit` bounds the ranked list and the examples of each concession; counts are over all offers.
    """
    one = Households.build([household])
    urgency = np.zeros(len(offers), dtype=np.int32)
    return _answer(_Comparison(one, offers, policy, facts, offers.ids, offers.id_rank, urgency), limit)


def candidates(
    offer: Offer, households: Households, policy: Policy, facts: PairFacts, *, limit: int = LIMIT
) -> Shortlist:
    """The households of one offer: the most urgent first, then by score, then id. `facts` has one value per household.

    A concession here is what each of these households would have to give way on.
    """
    one = Offers.build([offer])
    return _answer(
        _Comparison(households, one, policy, facts, households.ids, households.id_rank, households.priority), limit
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    """One against many: `ids`, `id_rank` and `urgency` belong to the many candidates."""

    households: Households
    offers: Offers
    policy: Policy
    facts: PairFacts
    ids: tuple[str, ...]
    id_rank: IntArray
    urgency: IntArray

    def best(self, chosen: Indices, to_check: CodeArray, limit: int) -> tuple[Ranked, ...]:
        """The best of the candidates `chosen`: the most urgent, then the best score, then the first id."""
        none = np.zeros_like(chosen)
        rows, columns = (none, chosen) if len(self.households) == 1 else (chosen, none)
        values = criteria(self.households, self.offers, rows, columns, self.policy)
        scores = totals(values, self.policy)
        order = _first(scores, self.urgency[chosen], self.id_rank[chosen], limit)
        return tuple(
            Ranked(
                index=int(chosen[place]),
                id=self.ids[chosen[place]],
                score=float(scores[place]),
                criteria=_known(values[:, place]),
                to_check=tuple(codes_in(to_check[chosen[place]])),
            )
            for place in order
        )


def _answer(comparison: _Comparison, limit: int) -> Shortlist:
    """Rank what is feasible, count what is not, and see what one concession would open."""
    shape = (len(comparison.households), len(comparison.offers))
    codes = failing_codes(comparison.households, comparison.offers, comparison.facts).reshape(-1)
    to_check = to_check_codes(shape, comparison.facts).reshape(-1)
    feasible = np.flatnonzero(codes == 0)
    counts = {code: int(np.count_nonzero(codes & code.bit)) for code in Code}
    shown = _shown(codes)
    concessions = []
    for code in Code:
        if code.is_concession and counts[code]:
            opened = np.flatnonzero(codes == code.bit)
            if len(opened):
                concessions.append(Concession(code, len(opened), comparison.best(opened, to_check, limit)))
    return Shortlist(
        ranked=comparison.best(feasible, to_check, limit),
        feasible=len(feasible),
        total=len(codes),
        counts={code: count for code, count in counts.items() if count},
        first_counts={code: count for code in Code if (count := int(np.count_nonzero(shown == code.bit)))},
        concessions=tuple(sorted(concessions, key=lambda concession: -concession.opens)),
        ids=comparison.ids,
        id_rank=comparison.id_rank,
        codes=codes,
        shown=shown,
    )


def _first(scores: FloatArray, urgency: IntArray, id_rank: IntArray, limit: int) -> Indices:
    """The first `limit` places by urgency, score and id, without sorting the rest."""
    kept = np.arange(len(scores))
    if 0 < limit < len(scores):
        value = urgency * 1000.0 + scores
        kept = np.flatnonzero(value >= np.partition(value, -limit)[-limit])
    order = np.lexsort((id_rank[kept], -scores[kept], -urgency[kept]))
    return kept[order[:limit]]


def _shown(codes: CodeArray) -> CodeArray:
    """The lowest bit of each mask: the code that is shown."""
    return codes & (~codes + np.uint32(1))


def _known(values: FloatArray) -> dict[Criterion, float]:
    """The criteria that are known, in order."""
    return {
        criterion: float(value) for criterion, value in zip(Criterion, values, strict=True) if not math.isnan(value)
    }
