"""How the product writes dates, numbers and counts in French: one place, used as Jinja filters.

Rules: « mardi 17 novembre 2026 », then « 17 nov. », « hier », « il y a 22 jours »; « 10 h 30 »; narrow no-break space for
thousands, comma for decimals, no-break space before % and €; a share always shows its two numbers.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from odis_app.core import clock

NARROW = "\u202f"  # thousands, and before % and €
NBSP = "\u00a0"  # between a number and its word
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
SHORT_MONTHS = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin",
    "juil.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

Number = int | float | Decimal


def _day(value: date | datetime) -> date:
    """The calendar day in Paris: an instant just before midnight UTC already belongs to the next day in summer."""
    if isinstance(value, datetime):
        return value.astimezone(clock.PARIS).date() if value.tzinfo else value.date()
    return value


def _nth(day: int) -> str:
    return "1ᵉʳ" if day == 1 else str(day)


def jour(value: date | datetime | None) -> str:
    """« mardi 17 novembre 2026 »; empty for None."""
    if value is None:
        return ""
    day = _day(value)
    return f"{DAYS[day.weekday()]} {_nth(day.day)}{NBSP}{MONTHS[day.month - 1]} {day.year}"


def jour_long(value: date | datetime | None) -> str:
    """« 17 novembre 2026 », for sentences where the weekday says nothing."""
    if value is None:
        return ""
    day = _day(value)
    return f"{_nth(day.day)}{NBSP}{MONTHS[day.month - 1]} {day.year}"


def jour_court(value: date | datetime | None, today: date | None = None) -> str:
    """« 17 nov. », with the year when it is not this one: « 17 nov. 2025 »."""
    if value is None:
        return ""
    day = _day(value)
    year = "" if day.year == (today or clock.today()).year else f" {day.year}"
    return f"{_nth(day.day)}{NBSP}{SHORT_MONTHS[day.month - 1]}{year}"


def jour_chiffres(value: date | datetime | None) -> str:
    """« 3/03/2036 », for birth dates and permits in tables."""
    if value is None:
        return ""
    day = _day(value)
    return f"{day.day}/{day.month:02}/{day.year}"


def il_y_a(value: date | datetime | None, today: date | None = None) -> str:
    """« aujourd’hui », « hier », « il y a 22 jours », « demain », « dans 5 jours »; months from 60 days on."""
    if value is None:
        return ""
    days = ((today or clock.today()) - _day(value)).days
    near = {0: "aujourd’hui", 1: "hier", -1: "demain"}
    if days in near:
        return near[days]
    head = "il y a" if days > 0 else "dans"
    return f"{head} {duree(abs(days))}"


def duree(days: int) -> str:
    """A number of days in words: « 22 jours », « 3 mois » from 60 days, « 2 ans » from two years."""
    if days >= 730:
        return pluriel(days // 365, "an")
    if days >= 60:
        return f"{days // 30}{NBSP}mois"
    return pluriel(days, "jour")


def heure(value: Any) -> str:
    """« 10 h 30 », « 14 h »; an aware instant is told in Paris time."""
    if value is None:
        return ""
    moment = value.astimezone(clock.PARIS) if isinstance(value, datetime) and value.tzinfo else value
    minutes = f"{NBSP}{moment.minute:02}" if moment.minute else ""
    return f"{moment.hour}{NBSP}h{minutes}"


def nombre(value: Number | None, decimals: int | None = None) -> str:
    """« 2 314 », « 1 234,5 »: thousands apart, a comma; ``decimals`` fixes how many, otherwise as many as there are.

    Rounds half up, as people do. « donnée absente » for None: a missing figure is never zero.
    """
    if value is None:
        return "donnée absente"
    exact = Decimal(str(value))
    if decimals is not None:
        exact = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{exact:,f}".replace(",", NARROW).replace(".", ",")
    return "0" + text[2:] if text.startswith("-0") and not exact else text.replace("-", "−")


def euros(value: Number | None, decimals: int = 0) -> str:
    """« 1 250 € »."""
    return nombre(value, decimals) + (f"{NARROW}€" if value is not None else "")


def pourcent(value: Number | None, decimals: int = 1) -> str:
    """A share between 0 and 1 as « 73,8 % »; use ``part`` whenever the two numbers are known."""
    if value is None:
        return "donnée absente"
    return f"{nombre(Decimal(str(value)) * 100, decimals)}{NARROW}%"


def part(numerator: int, denominator: int, decimals: int = 1) -> str:
    """« 73,8 % (31 sur 42) »; « sans objet (0 sur 0) » when there is nothing to divide by."""
    numbers = f"({nombre(numerator)} sur {nombre(denominator)})"
    if not denominator:
        return f"sans objet {numbers}"
    return f"{pourcent(Decimal(numerator) / Decimal(denominator), decimals)} {numbers}"


def pluriel(count: int, singular: str, plural: str | None = None) -> str:
    """« 0 ménage », « 1 ménage », « 2 ménages »: French counts plural from 2; ``plural`` for irregular words."""
    word = singular if abs(count) < 2 else plural or f"{singular}s"
    return f"{nombre(count)}{NBSP}{word}"


def telephone(number: str) -> str:
    """A normalised phone as people write it: « 06 00 00 00 44 », or as it is when it is foreign."""
    if not re.fullmatch(r"\+33\d{9}", number):
        return number
    national = f"0{number[3:]}"
    return " ".join(national[i : i + 2] for i in range(0, 10, 2))


def octets(size: int) -> str:
    """« 312 ko », « 4,2 Mo »: size of a file, in powers of 1000."""
    if size < 1000:
        return pluriel(size, "octet")
    if size < 1_000_000:
        return f"{nombre(size / 1000, 0)}{NBSP}ko"
    return f"{nombre(size / 1_000_000, 1)}{NBSP}Mo"


def freshness(at: date | datetime | None, half: int, stale: int, today: date | None = None) -> str:
    """How fresh a fact is: « full », « half » after ``half`` days, « stale » after ``stale`` days or when never confirmed."""
    if at is None:
        return "stale"
    days = ((today or clock.today()) - _day(at)).days
    if days > stale:
        return "stale"
    return "half" if days > half else "full"


FILTERS = {
    "jour": jour,
    "jour_long": jour_long,
    "jour_court": jour_court,
    "jour_chiffres": jour_chiffres,
    "il_y_a": il_y_a,
    "duree": duree,
    "heure": heure,
    "nombre": nombre,
    "euros": euros,
    "pourcent": pourcent,
    "octets": octets,
    "telephone": telephone,
}
