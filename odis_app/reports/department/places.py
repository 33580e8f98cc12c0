"""Places of a département's bilan, and who answered."""

from __future__ import annotations

from odis_app.core.formats import NBSP, jour_long, nombre, part, pluriel
from odis_app.housing.enums import UnavailabilityMotif
from odis_app.pilotage.figures import DepartmentFigures, PlaceFigures, Share
from odis_app.reports.document import MISSING, Box, Cell, Chart, Column, Section, Table, columns, text_columns


def occupied(p: PlaceFigures) -> str:
    if not p.sum("open"):
        return f"Aucune place ouverte n’est connue au {jour_long(p.day)}."
    return f"Les places ouvertes sont occupées à {part(p.rate.part, p.rate.whole)} au {jour_long(p.day)}."


def answering(p: PlaceFigures) -> str:
    if not p.managers:
        return "Aucune organisation ne déclare de place."
    share = p.answering
    verb = "ont" if share.part > 1 else "a"
    return (
        f"{nombre(share.part)} sur {pluriel(share.whole, 'organisation gestionnaire', 'organisations gestionnaires')} {verb} donné des nouvelles de "
        f"ses places depuis {p.stale_days}{NBSP}jours."
    ).replace(" ses places", " leurs places" if share.part > 1 else " ses places")


def boxes(p: PlaceFigures) -> list[Box]:
    opened = p.sum("open")

    def box(label: str, name: str) -> Box:
        return Box(
            label,
            nombre(p.sum(name)),
            part(p.sum(name), opened).partition(" (")[0] + " des places ouvertes" if opened else MISSING,
        )

    return [
        Box("Places ouvertes", nombre(opened), f"{pluriel(p.sum('capacity'), 'personne')} au plus"),
        box("Occupées", "occupied"),
        box("Réservées", "reserved"),
        box("Vacantes", "vacant"),
        box("Indisponibles", "unavailable"),
    ]


def places_section(p: PlaceFigures) -> Section:
    states = {
        "Occupées": p.sum("occupied"),
        "Réservées": p.sum("reserved"),
        "Vacantes": p.sum("vacant"),
        "Indisponibles": p.sum("unavailable"),
    }
    opened = p.sum("open")
    sentences = [
        f"{pluriel(opened, 'place est ouverte', 'places sont ouvertes')} au {jour_long(p.day)}, pour {pluriel(p.sum('capacity'), 'personne')} au plus.",
        f"{pluriel(p.sum('stale'), 'place est', 'places sont')} sans nouvelle depuis plus de {p.stale_days}{NBSP}jours.",
    ]
    if p.sum("unavailable"):
        sentences.append(
            f"{pluriel(p.sum('unavailable'), 'place ne peut', 'places ne peuvent')} pas servir : "
            + ", ".join(f"{_motif(k).lower()} {nombre(v)}" for k, v in sorted(p.motifs.items()))
            + "."
        )
    said = "Places par état : " + ", ".join(f"{label} {nombre(v)}" for label, v in states.items()) + "."
    chart = Chart("hbars", f"Places par état au {jour_long(p.day)}", said, list(states), list(states.values()))
    rows: list[list[Cell]] = [
        [m.organisation, m.capacity, m.open, m.occupied, m.rate, m.reserved, m.vacant, m.unavailable, m.stale]
        for m in p.managers
    ]
    whole = (
        [p.sum(n) for n in ("capacity", "open", "occupied")],
        [p.sum(n) for n in ("reserved", "vacant", "unavailable", "stale")],
    )
    head = columns(
        "Organisation", "Capacité", "Ouvertes", "Occupées", "Taux", "Réservées", "Vacantes", "Indispo.", "Sans nouvelle"
    )
    capacity: list[list[Cell]] = [[label, v, Share(v, opened)] for label, v in states.items()]
    tables = [
        Table("Places par état", f"Places au {jour_long(p.day)}, par état", columns("État", "Places", "Part"), [*capacity, ["Total", opened, Share(opened, opened)]], has_total=True, is_half=True),
        Table("Places par organisation", f"Places au {jour_long(p.day)}, par organisation gestionnaire ; capacité en personnes", head, [*rows, ["Total", *whole[0], p.rate, *whole[1]]], has_total=True),
    ]  # fmt: skip
    if p.motifs:
        motifs: list[list[Cell]] = [[_motif(k), v] for k, v in sorted(p.motifs.items())]
        tables.insert(
            1,
            Table(
                "Indisponibilités",
                "Places indisponibles, par motif",
                columns("Motif", "Places"),
                [*motifs, ["Total", p.sum("unavailable")]],
                has_total=True,
                is_half=True,
            ),
        )
    return Section(
        "4. Places", sentences if opened else [occupied(p)], [chart] if opened else [], tables if opened else []
    )


def _motif(value: str) -> str:
    return UnavailabilityMotif.label_of(value)


def coverage_section(f: DepartmentFigures) -> Section:
    silent = f.places.answering.whole - f.places.answering.part
    sentences = [answering(f.places)]
    if silent:
        told = pluriel(silent, "organisation est silencieuse", "organisations sont silencieuses")
        sentences.append(f"{told} : {'ses' if silent < 2 else 'leurs'} chiffres sont ceux de la dernière nouvelle.")
    if f.mandated:
        sentences.append(f"Associations mandatées, ou qui suivent des dossiers : {nombre(len(f.mandated))}.")
    if not f.whole_territory:
        sentences.append(
            f"Les dossiers des autres organisations ne sont pas comptés : ce bilan ne vaut que pour {f.organisation}."
        )
    rows: list[list[Cell]] = [
        [m.organisation, "répond" if m.answers else "silencieuse", m.last_heard, m.confirmed, m.open]
        for m in f.places.managers
    ]
    head = [
        *text_columns("Organisation", "Réponse", "Dernière nouvelle"),
        Column("Places confirmées"),
        Column("Places ouvertes"),
    ]
    tables = (
        [Table("Couverture", "Organisations gestionnaires répondantes et silencieuses", head, rows)] if rows else []
    )
    if f.mandated:
        files: list[list[Cell]] = [[m.organisation, m.files] for m in f.mandated]
        tables.append(
            Table(
                "Associations",
                "Associations mandatées, ou qui suivent des dossiers",
                columns("Association", "Dossiers"),
                files,
            )
        )
    return Section("6. Qui a répondu", sentences, [], tables)
