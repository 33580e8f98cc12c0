"""How well a feasible pair fits: criteria in [0, 1], and their weighted mean out of 100."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from odis_app.matching.engine import relations
from odis_app.matching.engine.facts import FOREVER, UNKNOWN, BoolArray, FloatArray, Households, Offers
from odis_app.matching.engine.policy import Criterion, Policy

NO_WISH: Final = 0.5
DECIMALS: Final = 6

Indices = NDArray[np.intp]


def criteria(households: Households, offers: Offers, rows: Indices, columns: Indices, policy: Policy) -> FloatArray:
    """Agreement of the pairs (rows[k], columns[k]): shape (criteria, k), in the order of `Criterion`.

    NaN is unknown, and left out of the score. Values of pairs that are not feasible are clamped to [0, 1].
    """
    values = np.empty((len(Criterion), len(rows)))
    values[0] = _location(households, offers, rows, columns, policy)
    values[1] = _size(households, offers, rows, columns)
    values[2] = _employment_area(households, offers, rows, columns)
    values[3] = _language(households, offers, rows, columns)
    values[4] = _duration(households, offers, rows, columns)
    values[5] = _lifestyle(households, offers, rows, columns)
    np.clip(values, 0.0, 1.0, out=values)
    return values


def totals(values: FloatArray, policy: Policy) -> FloatArray:
    """The score of each pair out of 100, over the criteria that are known, rounded to 6 decimals; shape (k,).

    0 where no weighted criterion is known.
    """
    known = ~np.isnan(values)
    points = np.zeros(values.shape[1])
    possible = np.zeros(values.shape[1])
    for position, criterion in enumerate(Criterion):
        weight = policy.weights[criterion]
        points += np.where(known[position], weight * values[position], 0.0)
        possible += weight * known[position]
    scores = np.zeros(values.shape[1])
    np.divide(100 * points, possible, out=scores, where=possible > 0)
    return scores.round(DECIMALS)


Days = TypeVar("Days", int, NDArray[np.int64])


def days_available(start: Days, end: Days) -> Days:
    """Days from `start` to `end`, both included."""
    return end - start + 1


def _location(h: Households, o: Offers, rows: Indices, columns: Indices, policy: Policy) -> FloatArray:
    ranks = relations.wish_ranks(h, o)
    last = len(policy.ranks) - 1
    table = np.where(ranks == relations.NOT_WISHED, 0.0, np.array(policy.ranks)[np.clip(ranks, 0, last)])
    table[:, UNKNOWN] = np.nan
    table[[len(wishes) == 0 for wishes in h.wishes]] = NO_WISH
    location: FloatArray = table[rows, o.department[columns]]
    return location


def _size(h: Households, o: Offers, rows: Indices, columns: Indices) -> FloatArray:
    capacity = o.capacity[columns].astype(np.float64)
    share = np.full(len(columns), np.nan)
    np.divide(h.size[rows], capacity, out=share, where=capacity > 0)
    return share


def _employment_area(h: Households, o: Offers, rows: Indices, columns: Indices) -> FloatArray:
    wanted, found = relations.employment_areas(h, o)[rows], o.employment_area[columns]
    unknown = (wanted == UNKNOWN) | (found == UNKNOWN)
    return np.where(unknown, np.nan, wanted == found)


def _language(h: Households, o: Offers, rows: Indices, columns: Indices) -> FloatArray:
    spoken, heard = relations.language_masks(h, o), o.languages
    shared: BoolArray = np.zeros(len(rows), dtype=np.bool_)
    for word in range(heard.shape[1]):
        shared |= (spoken[rows, word] & heard[columns, word]) != 0
    silent = np.array([len(languages) == 0 for languages in h.languages], dtype=np.bool_)[rows]
    unknown = silent | o.no_language[columns]
    return np.where(unknown, np.nan, shared)


def _duration(h: Households, o: Offers, rows: Indices, columns: Indices) -> FloatArray:
    asked, end = h.min_days[rows], o.available_to[columns]
    start = np.maximum(o.available_from[columns], h.need_from[rows])
    days = days_available(start.astype(np.int64), end.astype(np.int64))
    share = np.divide(days, 2.0 * asked, out=np.ones(len(rows)), where=asked > 0)
    share[end == FOREVER] = 1.0
    share[asked == UNKNOWN] = np.nan
    duration: FloatArray = np.minimum(share, 1.0)
    return duration


def _lifestyle(h: Households, o: Offers, rows: Indices, columns: Indices) -> FloatArray:
    indifferent_to_smoke = ~(h.smoker | h.cannot_stand_smoke)
    smoke = np.where(indifferent_to_smoke[rows] & o.smoking_allowed[columns], 0.5, 1.0)
    animals = np.where(~h.animals[rows] & o.animals_present[columns], 0.5, 1.0)
    lifestyle: FloatArray = (smoke + animals) / 2
    return lifestyle
