"""What is drawn, from a seed: names that are nobody's, keys, days. The same seed and day draw the same."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from odis_app.core import clock

# Invented families: the words « exemple », « modèle », « fictif »… with endings of everywhere; a few letters tell each apart.
STEMS = (
    "Exemplov", "Fictivsk", "Inventad", "Modelian", "Specimenk", "Prototyp", "Gabaritz", "Maquettov", "Simulakh", "Imaginar", "Figurat", "Pretexti",
    "Echantill", "Copiad", "Patronov", "Esquiss", "Brouillon", "Canevass", "Trameh", "Essaiyan", "Balisade", "Jalonov", "Cobayev", "Tepoin",
)  # fmt: skip
FEMALE = (
    "Nour", "Amina", "Zahra", "Olena", "Selam", "Rojda", "Camila", "Awa", "Mariam", "Hana", "Leïla", "Oksana", "Tsega", "Fatou", "Shirin", "Dilan",
    "Lucia", "Aster", "Natia", "Samira", "Yara", "Iryna", "Bintou", "Parwana",
)  # fmt: skip
MALE = (
    "Yohannes", "Farid", "Ilya", "Deniz", "Omar", "Petro", "Tesfay", "Mamadou", "Navid", "Baran", "Mateo", "Dawit", "Giorgi", "Karim", "Samir", "Andriy",
    "Ibrahima", "Najib", "Serhat", "Jorge", "Yusuf", "Taras", "Moussa", "Rahim",
)  # fmt: skip
# The ranges that are kept for fiction (ARCEP): nobody's numbers.
FICTION = ("06 39 98", "01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49")
T = TypeVar("T")


def one_of(draw: Random, things: Sequence[T]) -> T:
    """One of them, evenly; several times faster than ``choice``."""
    return things[int(draw.random() * len(things))]


def within(draw: Random, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included, evenly; faster than ``randint``."""
    return low + int(draw.random() * (high - low + 1))


def letters(number: int) -> str:
    """1 → « b », 26 → « ba »."""
    found = ""
    while number:
        number, rest = divmod(number, 26)
        found = chr(97 + rest) + found
    return found


def family(rank: int) -> str:
    """The name of the household of this rank: one per rank."""
    number, stem = divmod(rank, len(STEMS))
    return STEMS[stem] + letters(number + 26)


def phone(draw: Random) -> str:
    """« 06 39 98 12 34 »."""
    number = draw.randrange(10_000)
    return f"{one_of(draw, FICTION)} {number // 100:02d} {number % 100:02d}"


def instant(day: date, draw: Random) -> datetime:
    """A moment of a working day, in Paris; never after now."""
    moment = datetime.combine(day, time(within(draw, 8, 18), draw.randrange(60)), clock.PARIS)
    return min(moment, clock.now())


def ago(today: date, days: int) -> date:
    """That day."""
    return today - timedelta(days=days)


class Weighted(Generic[T]):
    """A choice among things of unequal weights."""

    def __init__(self, things: Sequence[T], weights: Sequence[float]) -> None:
        self.things, self._sums = list(things), list(accumulate(weights))

    def pick(self, draw: Random) -> T:
        """One of them."""
        return self.things[bisect(self._sums, draw.random() * self._sums[-1], 0, len(self._sums) - 1)]


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """``total`` cut in whole parts that follow ``weights``: the largest remainders get what is left."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    left = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[: total - sum(parts)]
    for i in left:
        parts[i] += 1
    return parts
