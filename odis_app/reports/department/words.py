"""Labels of a département's bilan, and how a number or a secret is said."""

from __future__ import annotations

from odis_app.core.formats import NBSP, nombre, part, pluriel
from odis_app.pilotage.figures import Count, Delay, Group
from odis_app.placements.enums import OrientationStatus
from odis_app.reports.document import SECRET, Cell, Table, columns

DELAY_LABELS = {
    "first_proposal": "Demande à première proposition",
    "proposal_to_entry": "Première proposition à entrée",
    "entry": "Demande à entrée",
}
WAITING_LABELS = {
    "moins_de_31": "30 jours au plus",
    "de_31_a_90": "31 à 90 jours",
    "de_91_a_180": "91 à 180 jours",
    "plus_de_180": "Plus de 180 jours",
}
PROPOSAL_LABELS = {
    "entree_effective": "Entrée effective",
    "confirmee": "Confirmée, entrée prévue",
    "en_attente": "En attente de réponse",
    **{
        s.value: s.label
        for s in (
            OrientationStatus.REFUSEE,
            OrientationStatus.EXPIREE,
            OrientationStatus.ANNULEE,
            OrientationStatus.OBSOLETE,
        )
    },
}


def cell(number: float | None) -> Cell:
    """A number of a table, or the word « secret »."""
    return SECRET if number is None else number


def counted(count: Count, singular: str, plural: str | None = None) -> str:
    """« 35 ménages (80 personnes) », « un nombre secret de ménages »."""
    if count.households is None:
        return f"un nombre secret de {plural or f'{singular}s'}"
    people = "" if count.people is None else f" ({pluriel(count.people, 'personne')})"
    return pluriel(count.households, singular, plural) + people


def many(number: int | None) -> bool:
    """Whether the verb is plural."""
    return (number or 0) > 1


def opening(sentence: str) -> str:
    """With a capital."""
    return sentence[:1].upper() + sentence[1:]


def ratio(number: int | None, whole: int | None) -> str:
    """« 73,8 % (31 sur 42) », or « secret »."""
    return SECRET if number is None or whole is None else part(number, whole)


def told_delay(delay: Delay, beginning: str) -> str:
    """A median in a sentence; empty when there is none."""
    if delay.median is None:
        return ""
    return f"{beginning} {days(delay.median)}, sur {pluriel(delay.counted or 0, 'dossier')}."


def tidy(value: float | None) -> float | None:
    """A whole number without its point."""
    return int(value) if value is not None and value.is_integer() else value


def days(value: float) -> str:
    """« 42 jours »."""
    return f"{nombre(tidy(value))}{NBSP}{'jour' if value < 2 else 'jours'}"


def count_table(sheet: str, caption: str, first: str, group: Group, *, is_half: bool = False) -> Table:
    """Households and people by key, with their total."""
    rows: list[list[Cell]] = [[label, cell(c.households), cell(c.people)] for label, c in group.cells.items()]
    total = ["Total", cell(group.total.households), cell(group.total.people)]
    return Table(
        sheet, caption, columns(first, "Ménages", "Personnes"), [*rows, total], has_total=True, is_half=is_half
    )


def labelled(group: Group, labels: dict[str, str]) -> Group:
    """The same with the words of each key, in the order of the words."""
    return Group({label: group.cells.get(key, Count()) for key, label in labels.items()}, group.total)
