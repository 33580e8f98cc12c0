"""French dates, numbers and counts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odis_app.core import formats
from odis_app.core.formats import NARROW

TODAY = date(2026, 11, 17)
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def plain(text: str) -> str:
    """The text with ordinary spaces, to be readable in a test."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def test_dates_as_people_write_them() -> None:
    assert plain(formats.jour(TODAY)) == "mardi 17 novembre 2026"
    assert plain(formats.jour(date(2026, 3, 1))) == "dimanche 1ᵉʳ mars 2026"
    assert plain(formats.jour_long(TODAY)) == "17 novembre 2026"
    assert plain(formats.jour_court(TODAY, TODAY)) == "17 nov."
    assert plain(formats.jour_court(date(2025, 8, 1), TODAY)) == "1ᵉʳ août 2025"
    assert formats.jour_chiffres(date(2036, 3, 3)) == "3/03/2036"


def test_an_instant_belongs_to_the_day_of_paris() -> None:
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert plain(formats.jour_court(late, date(2026, 7, 2))) == "2 juil."
    assert plain(formats.heure(late)) == "0 h 30"
    assert formats.il_y_a(late, date(2026, 7, 2)) == "aujourd’hui"


@pytest.mark.parametrize(
    ("ago", "words"),
    [(0, "aujourd’hui"), (1, "hier"), (-1, "demain"), (2, "il y a 2 jours"), (22, "il y a 22 jours"), (59, "il y a 59 jours"),
     (60, "il y a 2 mois"), (400, "il y a 13 mois"), (730, "il y a 2 ans"), (-5, "dans 5 jours"), (-78, "dans 2 mois")],
)  # fmt: skip
def test_how_long_ago(ago: int, words: str) -> None:
    assert plain(formats.il_y_a(TODAY - timedelta(days=ago), TODAY)) == words


def test_hours() -> None:
    assert plain(formats.heure(time(10, 30))) == "10 h 30"
    assert plain(formats.heure(time(14, 0))) == "14 h"
    assert plain(formats.heure(time(9, 5))) == "9 h 05"


def test_numbers() -> None:
    assert formats.nombre(2314) == f"2{NARROW}314"
    assert plain(formats.nombre(1234567.5)) == "1 234 567,5"
    assert formats.nombre(-12) == "−12"
    assert formats.nombre(Decimal("2.5"), 0) == "3"
    assert formats.nombre(0.05, 1) == "0,1"
    assert formats.nombre(-0.04, 1) == "0,0"
    assert formats.nombre(72.9, 1) == "72,9"
    assert formats.nombre(None) == "donnée absente"
    assert plain(formats.euros(1250)) == "1 250 €"
    assert formats.euros(None) == "donnée absente"


def test_a_share_shows_its_two_numbers() -> None:
    assert plain(formats.part(31, 42)) == "73,8 % (31 sur 42)"
    assert plain(formats.part(0, 0)) == "sans objet (0 sur 0)"
    assert plain(formats.pourcent(0.83, 0)) == "83 %"
    assert formats.pourcent(None) == "donnée absente"


def test_counts() -> None:
    assert plain(formats.pluriel(0, "ménage")) == "0 ménage"
    assert plain(formats.pluriel(1, "ménage", "ménages")) == "1 ménage"
    assert plain(formats.pluriel(2314, "ménage")) == "2 314 ménages"
    assert plain(formats.pluriel(3, "travail", "travaux")) == "3 travaux"


def test_sizes_of_files() -> None:
    assert plain(formats.octets(1)) == "1 octet"
    assert plain(formats.octets(312_400)) == "312 ko"
    assert plain(formats.octets(4_200_000)) == "4,2 Mo"


@pytest.mark.parametrize("name", ["jour", "jour_long", "jour_court", "jour_chiffres", "il_y_a", "heure"])
def test_no_date_is_written_as_nothing(name: str) -> None:
    assert formats.FILTERS[name](None) == ""


@pytest.mark.parametrize(("ago", "level"), [(0, "full"), (7, "full"), (8, "half"), (14, "half"), (15, "stale")])
def test_freshness(ago: int, level: str) -> None:
    assert formats.freshness(TODAY - timedelta(days=ago), 7, 14, TODAY) == level


def test_never_confirmed_is_stale() -> None:
    assert formats.freshness(None, 7, 14, TODAY) == "stale"


@given(days)
def test_a_written_date_can_be_read_back(day: date) -> None:
    words = plain(formats.jour(day)).replace("1ᵉʳ", "1").split()
    assert date(int(words[3]), formats.MONTHS.index(words[2]) + 1, int(words[1])) == day
    assert formats.DAYS.index(words[0]) == day.weekday()


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=3))
def test_a_written_number_can_be_read_back(value: Decimal) -> None:
    text = formats.nombre(value)
    assert re.fullmatch(rf"−?\d{{1,3}}({NARROW}\d{{3}})*(,\d+)?", text)
    assert Decimal(text.replace(NARROW, "").replace(",", ".").replace("−", "-")) == value


@given(st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=6), st.integers(0, 4))
def test_rounding_stays_within_half_a_unit_and_never_writes_minus_zero(value: Decimal, decimals: int) -> None:
    text = formats.nombre(value, decimals)
    read = Decimal(text.replace(NARROW, "").replace(",", ".").replace("−", "-"))
    assert abs(read - value) <= Decimal("0.5").scaleb(-decimals)
    assert read != 0 or "−" not in text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_every_share_names_both_numbers(numerator: int, denominator: int) -> None:
    text = formats.part(numerator, denominator)
    assert text.endswith(f"({formats.nombre(numerator)} sur {formats.nombre(denominator)})")


@given(days, st.integers(0, 400), st.integers(1, 60), st.integers(1, 60))
def test_freshness_only_wanes(day: date, ago: int, half: int, more: int) -> None:
    order = ["full", "half", "stale"]
    levels = [
        order.index(formats.freshness(day, half, half + more, day + timedelta(days=ago + step))) for step in (0, 1)
    ]
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("number", "said"),
    [("+33600000044", "06 00 00 00 44"), ("+380440000000", "+380440000000"), ("", ""), ("+3360000004", "+3360000004")],
)
def test_a_phone_is_written_as_people_write_it(number: str, said: str) -> None:
    assert formats.telephone(number) == said
