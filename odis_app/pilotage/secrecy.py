"""What may be told of households that the reader does not follow one by one: one rule for every such figure of a whole territory.

A number is told from ten households up, rounded down to a multiple of five; below, it is secret, and so is a second one where the
secret could be read by subtracting. Nought is as secret as nine: that nobody is concerned is an answer too. What is hidden depends on the
rounded numbers alone, so that hiding tells nothing more. ``odis.published`` says the same inside the database.
"""

from __future__ import annotations

from collections.abc import Mapping

from odis_app.pilotage.figures import Count, Group

LEAST, STEP = 10, 5


def published(number: int | None) -> int | None:
    """The number rounded down to a multiple of five; None (secret) under ten."""
    return number - number % STEP if number is not None and number >= LEAST else None


def told(count: Count) -> Count:
    """Both numbers as they are told: people only with their households."""
    households = published(count.households)
    return Count(households, published(count.people) if households is not None else None)


def protected(cells: Mapping[str, Count], whole: Count) -> Group:
    """A table of parts and their whole. A lone secret would be the whole less the others: the smallest told one is hidden with it."""
    whole, kept = told(whole), {key: told(count) for key, count in cells.items()}
    shown = sorted((count.households, key) for key, count in kept.items() if count.households is not None)
    if whole.households is None:
        return Group(dict.fromkeys(cells, SECRET), SECRET)
    if shown and len(cells) - len(shown) == 1:
        kept[shown[0][1]] = SECRET
    return Group(kept, whole)


SECRET = Count(None, None)
