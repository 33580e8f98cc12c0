"""Who is in a household, from what its lines say: those it names, then those it only counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from odis_app.core.formats import pluriel
from odis_app.exchange.kinds import Finding, Values
from odis_app.exchange.values import Context
from odis_app.households.enums import CompositionKind, MemberLink, Sex
from odis_app.households.imports.cells import child_link
from odis_app.households.imports.lists import spoken_of
from odis_app.households.models import age_on
from odis_app.households.operations.composition import MOST_PEOPLE, TOO_MANY, Person
from odis_app.households.queries import is_minor

MAJORITY = 18
PRINCIPAL = MemberLink.DEMANDEUR_PRINCIPAL.value
DETAILS = {
    "nationality": "nationality", "family_situation": "family_situation", "french_level": "french", "education_level": "education", "mobility": "mobility",
}  # fmt: skip
"""What a line says of one person beside their name: attribute of ``Person`` → column."""
JOB = ("rome_code", "target_job")
_COUPLES = {CompositionKind.COUPLE_SANS_ENFANT.value, CompositionKind.COUPLE_AVEC_ENFANTS.value}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many adults and minors a household has in all, as far as its lines say."""

    adults: int
    minors: int


def split_name(text: str) -> tuple[str, str, bool]:
    """(family name, first name, whether the case told them apart) of « DE L'INVENTION Yusuf », « Yusuf FICTIF », « Exemplova Nour »."""
    words = text.split()
    shouted = [word for word in words if word.upper() == word and any(letter.isalpha() for letter in word)]
    if shouted and len(shouted) < len(words):
        return " ".join(shouted), " ".join(word for word in words if word not in shouted), True
    return " ".join(words[:-1]), words[-1] if words else "", False


def names_of(values: Values) -> tuple[str, str]:
    """(family name, first name) of one line, whether they have two cells or share one."""
    last, first = str(values["last_name"] or ""), values["first_name"]
    if first is not None:
        return last, str(first)
    found_last, found_first, _told = split_name(last)
    return found_last, found_first


def head_of(lines: Sequence[Values]) -> int:
    """Position of the line of the person who asks: the one that says so, else the first."""
    return next((index for index, values in enumerate(lines) if values["link"] == PRINCIPAL), 0)


def check(lines: Sequence[Values], context: Context) -> Iterable[Finding]:
    """What is wrong with the names, the links and the numbers of people."""
    yield from _check_names(lines)
    yield from _check_links(lines)
    yield from _check_counts(lines, context.today)


def _check_names(lines: Sequence[Values]) -> Iterable[Finding]:
    for index, values in enumerate(lines):
        if values["first_name"] is not None:
            continue
        last, first, told = split_name(str(values["last_name"] or ""))
        if not last:
            yield Finding(
                index, "last_name", "le prénom manque. Écrivez-le dans sa colonne, ou « NOM Prénom » dans cette case."
            )
        elif not told:
            yield Finding(index, "last_name", f"est lu nom « {last} », prénom « {first} » : vérifiez.", blocking=False)


def _check_links(lines: Sequence[Values]) -> Iterable[Finding]:
    principals = [index for index, values in enumerate(lines) if values["link"] == PRINCIPAL]
    for index in principals[1:]:
        yield Finding(
            index,
            "link",
            "ce ménage a déjà un demandeur principal. Choisissez un autre lien, ou un autre numéro de famille.",
        )
    if not principals and lines[0]["link"] is not None:
        yield Finding(
            0,
            "link",
            "personne n’est le demandeur principal de ce ménage. Écrivez son numéro de famille sur chaque ligne, et « DP » sur la sienne.",
        )
    for index, values in enumerate(lines):
        if len(lines) > 1 and values["link"] is None and index != head_of(lines):
            yield Finding(index, "link", "le lien avec le demandeur principal manque.")


def _check_counts(lines: Sequence[Values], today: date) -> Iterable[Finding]:
    head = lines[head_of(lines)]
    size, adults, minors = (_number(head, key) for key in ("size", "adults", "minors"))
    if size is not None and adults is not None and minors is not None and size != adults + minors:
        yield Finding(
            0,
            "size",
            f"{size} personnes annoncées, mais {pluriel(adults, 'adulte')} et {pluriel(minors, 'mineur')}. Corrigez l’un des trois nombres.",
        )
        return
    if len(lines) == 1 and size is not None and size > 1 and adults is None and minors is None and not head["ages"]:
        yield Finding(0, "size", f"{size} personnes : ajoutez combien sont adultes et combien sont mineures.")
        return
    children = head["ages"] if isinstance(head["ages"], list) else []
    if minors is not None and len(children) > minors:
        yield Finding(0, "ages", f"{pluriel(len(children), 'âge')} pour {pluriel(minors, 'mineur')}.")
        return
    people = _named(lines, today)
    named = [person for person in people if not is_minor(person, today)]
    total = _count(lines, people, today)
    if total.adults + total.minors > MOST_PEOPLE:
        yield Finding(0, "size", f"{total.adults + total.minors} personnes. {TOO_MANY}")
        return
    if total.adults < len(named):
        yield Finding(
            0,
            "adults" if adults is not None else "size",
            f"{pluriel(total.adults, 'adulte annoncé', 'adultes annoncés')}, {pluriel(len(named), 'nommé')}. Corrigez le nombre.",
        )
    if total.minors < len(lines) - len(named):
        yield Finding(
            0,
            "minors" if minors is not None else "size",
            f"{pluriel(total.minors, 'mineur annoncé', 'mineurs annoncés')}, {pluriel(len(lines) - len(named), 'nommé')}. Corrigez le nombre.",
        )


def count(lines: Sequence[Values], today: date) -> Counted:
    """Adults and minors in all: what is counted, completed by those who are named and by the ages given."""
    return _count(lines, _named(lines, today), today)


def _count(lines: Sequence[Values], named: Sequence[Person], today: date) -> Counted:
    head = lines[head_of(lines)]
    size, adults, minors = (_number(head, key) for key in ("size", "adults", "minors"))
    named_minors = sum(is_minor(person, today) for person in named)
    children = len(head["ages"]) if isinstance(head["ages"], list) else 0
    if minors is None:
        minors = size - adults if size is not None and adults is not None else max(named_minors, children)
    if adults is None:
        adults = size - minors if size is not None else len(lines) - named_minors
    return Counted(adults, minors)


def people_of(lines: Sequence[Values], today: date) -> list[Person]:
    """Everybody, the person who asks first; those who are only counted are « Adulte 2 », « Enfant 1 », with the age given."""
    named = _named(lines, today)
    head = lines[head_of(lines)]
    total = _count(lines, named, today)
    adults = sum(not is_minor(person, today) for person in named)
    minors = len(named) - adults
    ages = sorted(head["ages"], reverse=True) if isinstance(head["ages"], list) else []
    unnamed = [_adult(rank, named[0], head) for rank in range(adults + 1, total.adults + 1)]
    for rank in range(minors + 1, total.minors + 1):
        age = ages[rank - minors - 1] if rank - minors <= len(ages) else None
        unnamed.append(
            Person(
                f"Enfant {rank}",
                named[0].last_name,
                Sex.X.value,
                link=MemberLink.ENFANT_MINEUR.value,
                birth_year=None if age is None else today.year - age,
            )
        )
    return named + unnamed


def is_unnamed(first_name: str) -> bool:
    """True for « Adulte 2 » and « Enfant 1 »."""
    word, _, rank = first_name.partition(" ")
    return word in {"Adulte", "Enfant"} and rank.isdecimal()


def _adult(rank: int, principal: Person, head: Values) -> Person:
    link = MemberLink.TIERS
    if head["composition"] in _COUPLES and rank == 2:
        link = MemberLink.CONJOINT
    elif head["composition"] == CompositionKind.FRATRIE_MAJEURS.value:
        link = MemberLink.FRATRIE
    return Person(f"Adulte {rank}", principal.last_name, Sex.X.value, link=link.value)


def _named(lines: Sequence[Values], today: date) -> list[Person]:
    first = head_of(lines)
    others = (values for index, values in enumerate(lines) if index != first)
    return [_person(lines[first], today, PRINCIPAL), *(_person(values, today) for values in others)]


def _person(values: Values, today: date, link: str = "") -> Person:
    """The person of a line; ``link``: theirs when it is known, else what the line says of it."""
    last, first = names_of(values)
    birth = values["birth"]
    born = birth if isinstance(birth, date) else None
    year = birth if isinstance(birth, int) else None
    details: dict[str, Any] = {name: _text(values[key]) for name, key in DETAILS.items()}
    if isinstance(job := values["job"], list):
        details |= {"rome_code": job[0], "target_job": job[1]}
    if not link:
        age = age_on(born, year, today)
        link = child_link(str(values["link"] or MemberLink.TIERS.value), minor=age is None or age < MAJORITY)
    sex, spoken = str(values["sex"] or Sex.X.value), spoken_of(values)
    return Person(first, last, sex, link=link, birth_date=born, birth_year=year, languages=spoken, **details)


def _text(value: object) -> str | None:
    return str(value) if value is not None else None


def _number(values: Values, key: str) -> int | None:
    value = values[key]
    return value if isinstance(value, int) else None
