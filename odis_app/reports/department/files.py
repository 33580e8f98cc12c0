"""Files and delays of a département's bilan."""

from __future__ import annotations

from odis_app.core.formats import NBSP, SHORT_MONTHS, nombre, pluriel
from odis_app.households.enums import HouseholdStatus
from odis_app.pilotage.figures import Count, Delay, DepartmentFigures
from odis_app.pilotage.queries import WAITING_BOUNDS, WAITING_MORE
from odis_app.reports.department.words import (
    DELAY_LABELS,
    WAITING_LABELS,
    cell,
    count_table,
    counted,
    days,
    labelled,
    many,
    opening,
    tidy,
    told_delay,
)
from odis_app.reports.document import SECRET, Cell, Chart, Column, Section, Table, columns


def files_section(f: DepartmentFigures) -> Section:
    """Stages, waiting, schemes, activity."""
    stages = labelled(f.files.stages, {s.value: s.label for s in HouseholdStatus})
    shown = {label: c.households for label, c in stages.cells.items() if c.households is not None}
    chart = Chart(
        "hbars", "Ménages par étape, au jour du calcul", "Ménages par étape : " + ", ".join(f"{label} {nombre(n)}" for label, n in shown.items()) + ".",
        list(shown), list(shown.values()),
    )  # fmt: skip
    return Section(
        "1. Dossiers",
        _sentences(f),
        [chart] if any(shown.values()) else [],
        [
            count_table("Attente", "Ménages qui attendent un logement, par durée", "Durée", labelled(f.files.waiting, WAITING_LABELS), is_half=True),
            count_table("Dispositifs", "Dossiers ni sortis ni archivés, par dispositif", "Dispositif", f.files.dispositifs, is_half=True),
            count_table("Étapes", "Dossiers et personnes par étape, au jour du calcul", "Étape", stages),
            _activity(f),
        ],
    )  # fmt: skip


def _sentences(f: DepartmentFigures) -> list[str]:
    everything, waiting = f.files.stages.total, f.files.waiting.total
    long = f.files.waiting.cells[WAITING_MORE].households
    told = nombre(long) if long else "aucun"
    waits = "attendent" if many(waiting.households) else "attend"
    count = f.files.signalled
    said = f"{pluriel(count, 'dossier')} {'ont été signalés' if many(count) else 'a été signalé'}"
    signalled = said if count else "Aucun dossier n’a été signalé"
    return [
        f"{opening(counted(everything, 'dossier'))} {'sont connus' if many(everything.households) else 'est connu'} au jour du calcul.",
        f"{opening(counted(Count(waiting.households, None), 'ménage'))} {waits} un logement, dont {told} depuis plus de {WAITING_BOUNDS[-1][0]}{NBSP}jours.",
        f"{opening(counted(Count(f.files.opened.households, None), 'demande'))} {'datent' if many(f.files.opened.households) else 'date'} de la période.",
        f"{signalled} à l’État pour arbitrage pendant la période.",
    ]


def _activity(f: DepartmentFigures) -> Table:
    pairs = (
        ("Demandes datées de la période", f.files.opened.households, f.files.opened_before.households),
        ("Ménages entrés dans un logement", f.movements.entries.households, f.movements.entries_before.households),
        ("Personnes entrées dans un logement", f.movements.entries.people, f.movements.entries_before.people),
        ("Ménages sortis", f.movements.exits_total.households, f.movements.exits_before.households),
    )
    rows = [_compared(label, now, before) for label, now, before in pairs]
    head = [Column("Fait", is_number=False), Column("Période"), Column("Précédente"), Column("Écart"), Column("Sens", is_number=False)]  # fmt: skip
    return Table(
        "Activité", f"Activité de la période, comparée à la précédente ({f.period.previous.label})", head, rows
    )


def _compared(label: str, now: int | None, before: int | None) -> list[Cell]:
    if now is None or before is None:
        return [label, cell(now), cell(before), SECRET, SECRET]
    way = "en hausse" if now > before else "en baisse" if now < before else "stable"
    return [label, now, before, abs(now - before), way]


def aside(f: DepartmentFigures) -> int:
    """Delays left out because their dates are the wrong way round."""
    return sum(delay.aside for delay in f.delays.now.values())


def delays_section(f: DepartmentFigures) -> Section:
    """Medians of the period, of the one before, and month by month."""
    none = "donnée non renseignée, aucun dossier compté"
    sentences = [
        told_delay(f.delays.now[key], f"{label} : délai médian de") or f"{label} : {none} pendant la période."
        for key, label in DELAY_LABELS.items()
    ]
    if left := aside(f):
        sentences.append(
            f"{pluriel(left, 'délai est écarté', 'délais sont écartés')} : {'ses' if left < 2 else 'leurs'} dates sont dans le désordre."
        )
    rows: list[list[Cell]] = [
        [label, *_median(f.delays.now[key]), *_median(f.delays.before[key])] for key, label in DELAY_LABELS.items()
    ]
    head = columns("Étape", "Médiane", "Dossiers", "Médiane avant", "Dossiers avant")
    caption = f"Délais médians, en jours, et nombre de dossiers comptés ; avant : {f.period.previous.label}"
    table = Table("Délais", caption, head, rows)
    if all(d.median is None for _, d in f.delays.months):
        return Section("2. Délais", sentences, [], [table] if any(d.counted for d in f.delays.before.values()) else [])
    return Section("2. Délais", sentences, [_by_month(f)], [table, _months(f)])


def _median(delay: Delay) -> list[Cell]:
    return [delay.median, delay.counted]


def _by_month(f: DepartmentFigures) -> Chart:
    known = ", ".join(f"{m.label} {days(d.median)}" for m, d in f.delays.months if d.median is not None)
    return Chart(
        "columns",
        "Délai médian de la demande à la première proposition, en jours",
        f"Délai médian jusqu’à la première proposition, mois par mois : {known}.",
        [SHORT_MONTHS[m.since.month - 1] for m, _ in f.delays.months],
        [tidy(d.median) for _, d in f.delays.months],
        "j",
    )


def _months(f: DepartmentFigures) -> Table:
    rows: list[list[Cell]] = [[m.label, *_median(d)] for m, d in f.delays.months]
    caption = "De la demande à la première proposition, en jours, par mois"
    return Table("Délais par mois", caption, columns("Mois", "Médiane", "Dossiers"), rows)
