"""Proposals, entries, exits and moves between départements of a département's bilan."""

from __future__ import annotations

from collections.abc import Mapping

from odis_app.core.formats import pluriel
from odis_app.pilotage.figures import Count, DepartmentFigures, MovementFigures, Share
from odis_app.pilotage.secrecy import LEAST
from odis_app.pilotage.secrecy import SECRET as SECRETS
from odis_app.placements.enums import ExitReason, Outcome
from odis_app.reports.department.words import PROPOSAL_LABELS, cell, counted, labelled, many, opening, ratio
from odis_app.reports.document import SECRET, Cell, Column, Section, Table, columns, text_columns

BY_YEAR = f"{SECRET}, elles ne sont dites qu’à partir de {LEAST} ménages et pour une année civile terminée"
FEW = f"{SECRET}, elles ne sont dites qu’à partir de {LEAST}, pour un mois, un trimestre ou une année civile terminés"


def movements_section(f: DepartmentFigures) -> Section:
    """What became of proposals; exits by class and by reason."""
    m = f.movements
    tables, sentences = [], [_made(m), _left(m)]
    if m.proposals.total.households:
        tables.append(_proposals(m))
    if m.exits_total.households:
        told = [
            table
            for table, cells in ((_outcomes, m.outcomes.cells.values()), (_reasons, [e.count for e in m.exits]))
            if set(cells) != {SECRETS}
        ]
        tables += [table(m) for table in told]
        if len(told) < 2:
            sentences.append(
                f"{'Nature et motifs' if not told else 'Motifs'} de sortie : {SECRET}, ils ne sont dits qu’à partir de {LEAST} ménages et pour une année civile terminée."
            )
    return Section("3. Propositions, entrées et sorties", sentences, [], tables)


def _made(m: MovementFigures) -> str:
    made, entered = m.proposals.total.households, m.proposals.cells["entree_effective"].households
    if made is None:
        return f"Propositions et ce qu’elles sont devenues : {FEW}."
    if made == 0:
        return "Aucune proposition n’a été faite pendant la période."
    verb = "ont été faites" if many(made) else "a été faite"
    return f"{opening(counted(Count(made, None), 'proposition'))} {verb} pendant la période, suivies d’une entrée : {ratio(entered, made)}."


def _left(m: MovementFigures) -> str:
    left, positive = m.exits_total, m.outcomes.cells[Outcome.POSITIVE.value].households
    if left.households == 0:
        return "Aucune sortie n’est enregistrée pendant la période."
    verb = "ont" if many(left.households) else "a"
    return f"{opening(counted(left, 'ménage'))} {verb} quitté un logement{'' if positive is None else f' ; sorties positives : {ratio(positive, left.households)}'}."


def _proposals(m: MovementFigures) -> Table:
    answers, made = labelled(m.proposals, PROPOSAL_LABELS), m.proposals.total.households
    rows: list[list[Cell]] = [
        [label, cell(c.households), _share(c.households, made)] for label, c in answers.cells.items()
    ]
    caption = "Propositions de la période et ce qu’elles sont devenues"
    head = columns("Suite", "Propositions", "Part")
    return Table(
        "Propositions", caption, head, [*rows, ["Total", cell(made), _share(made, made)]], has_total=True, is_half=True
    )


def _outcomes(m: MovementFigures) -> Table:
    left = m.exits_total
    found = labelled(m.outcomes, {o.value: o.label for o in Outcome}).cells.items()
    rows: list[list[Cell]] = [[label, *_both(c), _share(c.households, left.households)] for label, c in found]
    total: list[Cell] = ["Total", *_both(left), _share(left.households, left.households)]
    head = columns("Nature", "Ménages", "Personnes", "Part")
    return Table("Sorties", "Sorties de la période, par nature", head, [*rows, total], has_total=True, is_half=True)


def _reasons(m: MovementFigures) -> Table:
    rows: list[list[Cell]] = [
        [ExitReason.label_of(e.reason), Outcome.label_of(e.outcome), *_both(e.count)]
        if e.reason
        else ["Autres motifs", "", *_both(e.count)]
        for e in m.exits
    ]
    head = [*text_columns("Motif", "Nature"), Column("Ménages"), Column("Personnes")]
    total: list[Cell] = ["Total", "", *_both(m.exits_total)]
    return Table("Motifs de sortie", "Sorties de la période, par motif", head, [*rows, total], has_total=True)


def _both(count: Count) -> list[Cell]:
    return [cell(count.households), cell(count.people)]


def _share(number: int | None, whole: int | None) -> Cell:
    return SECRET if number is None or whole is None else Share(number, whole)


def flows_section(f: DepartmentFigures, names: Mapping[str, str]) -> Section:
    """Entries between this département and the others."""
    title, m = "5. Mobilité entre départements", f.movements
    arrivals, departures = m.flows_total.arrivals, m.flows_total.departures
    if arrivals.households is None and departures.households is None:
        return Section(title, [f"Entrées entre ce département et les autres : {BY_YEAR}."])
    if not m.flows:
        return Section(title, ["Aucune entrée entre ce département et un autre n’est enregistrée pendant la période."])
    rows: list[list[Cell]] = [
        [
            names.get(flow.department, flow.department) or "Autres départements",
            *_both(flow.arrivals),
            *_both(flow.departures),
        ]
        for flow in m.flows
    ]
    rows.append(["Total", *_both(arrivals), *_both(departures)])
    head = columns("Autre département", "Ménages arrivés", "Personnes arrivées", "Ménages partis", "Personnes parties")
    sentence = f"{_moved(arrivals, 'est venu', 'sont venus')} d’un autre département, {_moved(departures, 'est parti', 'sont partis')} vers un autre."
    caption = "Entrées de la période entre ce département et les autres"
    return Section(title, [opening(sentence)], [], [Table("Mobilité", caption, head, rows, has_total=True)])


def _moved(count: Count, one: str, several: str) -> str:
    if count.households == 0:
        return f"aucun ménage n’{one}"
    return (
        f"un nombre secret de ménages {one}"
        if count.households is None
        else pluriel(count.households, f"ménage {one}", f"ménages {several}")
    )
