"""Households written with the vocabularies of offers, so that texts are compared as numbers.

Tables by département have one column per code of `offers.department_codes` and a last one for offers without a
département, which NumPy reaches by the code `UNKNOWN` (-1).
"""

from typing import Final

import numpy as np

from odis_app.matching.engine.facts import UNKNOWN, BoolArray, Households, IntArray, Offers, WordArray, encode_lists

NOT_WISHED: Final = -1
ELSEWHERE: Final = -2
"""An employment area that no offer has: known, and different from all."""


def wish_ranks(households: Households, offers: Offers) -> IntArray:
    """Rank of each département among the wishes, from 0, or `NOT_WISHED`; shape (m, départements + 1)."""
    table = np.full((len(households), len(offers.department_codes) + 1), NOT_WISHED, dtype=np.int32)
    for row, wishes in enumerate(households.wishes):
        for rank, department in reversed(list(enumerate(wishes))):
            code = offers.department_codes.get(department)
            if code is not None:
                table[row, code] = rank
    return table


def excluded_departments(households: Households, offers: Offers) -> BoolArray:
    """Whether each département is excluded; shape (m, départements + 1).

    Unknown excludes: exclusions that are not known close every département, and an offer without a département is
    closed to a household that has exclusions.
    """
    table = np.zeros((len(households), len(offers.department_codes) + 1), dtype=np.bool_)
    for row, excluded in enumerate(households.excluded):
        if excluded is None:
            table[row] = True
            continue
        table[row, UNKNOWN] = len(excluded) > 0
        for department in excluded:
            code = offers.department_codes.get(department)
            if code is not None:
                table[row, code] = True
    return table


def status_masks(households: Households, offers: Offers) -> WordArray:
    """Each household's status as a bit mask over the statuses that offers name; shape (m, words)."""
    return encode_lists([(status,) if status else () for status in households.statuses], offers.status_codes)


def language_masks(households: Households, offers: Offers) -> WordArray:
    """Each household's languages as a bit mask over the languages that offers name; shape (m, words)."""
    return encode_lists(households.languages, offers.language_codes)


def composition_masks(households: Households, offers: Offers) -> WordArray:
    """Each household's composition as a bit mask over those that offers name; shape (m, words)."""
    return encode_lists([(kind,) if kind else () for kind in households.compositions], offers.composition_codes)


def employment_areas(households: Households, offers: Offers) -> IntArray:
    """Each household's employment area as the offers' code, `ELSEWHERE` or `UNKNOWN`; shape (m,)."""
    codes = offers.employment_area_codes
    values = [codes.get(area, ELSEWHERE) if area else UNKNOWN for area in households.employment_areas]
    return np.array(values, dtype=np.int32)
