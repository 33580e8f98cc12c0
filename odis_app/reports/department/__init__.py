"""The words, tables and charts of a département's bilan, from its figures alone."""

from __future__ import annotations

from collections.abc import Mapping

from odis_app.core.formats import NBSP, jour, jour_long, nombre
from odis_app.pilotage.figures import DepartmentFigures
from odis_app.pilotage.queries import WAITING_BOUNDS
from odis_app.pilotage.secrecy import LEAST, STEP
from odis_app.reports.department.files import aside, delays_section, files_section
from odis_app.reports.department.movements import flows_section, movements_section
from odis_app.reports.department.places import answering, boxes, coverage_section, occupied, places_section
from odis_app.reports.department.words import counted, many, opening, told_delay
from odis_app.reports.document import Bilan, Cell, Section

OWN_USE = "Usage interne : de petits effectifs peuvent désigner des personnes."
TOLD = f"Nature et motifs des sorties, propositions, mobilité : arrondis au multiple de {STEP} inférieur, secret sous {LEAST} ménages."


def department_bilan(f: DepartmentFigures, names: Mapping[str, str]) -> Bilan:
    """The bilan. ``names`` gives the name of each département by its code."""
    name = names.get(f.department, f.department)
    scope = (
        f"Tous les dossiers du département ({f.department})"
        if f.whole_territory
        else f"Dossiers suivis par {f.organisation} seulement"
    )
    computed = jour(f.computed_at)
    return Bilan(
        kind="bilan départemental",
        folder="is-place",
        title=f"{name}, {f.period.label}"
        if f.whole_territory
        else f"{name}, {f.period.label}, dossiers de {f.organisation}",
        subtitle=f"{scope}. Établi par {f.organisation} le {computed}.",
        source=f"Période du {jour_long(f.period.since)} au {jour_long(f.period.until)}, chiffres calculés le {jour_long(f.computed_at)}. {TOLD if f.whole_territory else OWN_USE}",
        author=f.organisation,
        lead=_lead(f),
        boxes=boxes(f.places),
        sections=[
            files_section(f),
            delays_section(f),
            movements_section(f),
            places_section(f.places),
            flows_section(f, names),
            coverage_section(f),
            _method(f),
        ],
        facts=_facts(f, name, scope),
    )


def _facts(f: DepartmentFigures, name: str, scope: str) -> list[tuple[str, Cell]]:
    facts: list[tuple[str, Cell]] = [
        ("Bilan", f"{name} ({f.department})"),
        ("Périmètre", scope),
        ("Établi par", f.organisation),
        ("Début de la période", f.period.since),
        ("Fin de la période", f.period.until),
        ("Début de la période de comparaison", f.period.previous.since),
        ("Fin de la période de comparaison", f.period.previous.until),
        ("Places au", f.places.day),
        ("Calculé le", f.computed_at),
        ("Une place est sans nouvelle après (jours)", f.places.stale_days),
        ("Longue attente au-delà de (jours)", WAITING_BOUNDS[-1][0]),
        ("Secret au-dessous de (ménages)", LEAST if f.whole_territory else None),
        ("Arrondi au multiple inférieur de", STEP if f.whole_territory else None),
        ("Dossiers signalés à l’État pendant la période", f.files.signalled),
        ("Délais écartés, dates dans le désordre", aside(f)),
        ("Organisations gestionnaires de places", f.places.answering.whole),
        ("Organisations gestionnaires répondantes", f.places.answering.part),
        ("Organisations gestionnaires silencieuses", f.places.answering.whole - f.places.answering.part),
        ("Associations mandatées ou qui suivent des dossiers", len(f.mandated) if f.whole_territory else None),
    ]
    return [fact for fact in facts if fact[1] is not None]


# ── Opening ─────────────────────────────────────────────────────────────────


def _lead(f: DepartmentFigures) -> list[str]:
    first = f.delays.now["first_proposal"]
    none = "donnée non renseignée, aucune première proposition n’a été faite"
    return [
        _entered(f),
        told_delay(first, "Le délai médian de la demande à la première proposition est de")
        or f"Délai jusqu’à la première proposition : {none} pendant la période.",
        occupied(f.places),
        answering(f.places),
    ]


def _entered(f: DepartmentFigures) -> str:
    count, before = f.movements.entries, f.movements.entries_before
    verb = "sont entrés" if many(count.households) else "est entré"
    subject = f"{counted(count, 'ménage')} {verb}" if count.households != 0 else "aucun ménage n’est entré"
    return f"{opening(subject)} dans un logement pendant la période{_compared(f, count.households, before.households)}."


def _compared(f: DepartmentFigures, now: int | None, before: int | None) -> str:
    if now is None or before is None:
        return ""
    than = f"pendant la période précédente ({f.period.previous.label})"
    if now == before:
        return f", autant que {than}"
    return f", {nombre(abs(now - before))} de {'plus' if now > before else 'moins'} que {than}"


def _method(f: DepartmentFigures) -> Section:
    sentences = [
        "Un délai est compté en jours calendaires entre deux faits datés ; la médiane porte sur les dossiers dont l’étape s’achève dans la période. La demande est la date d’ancienneté du dossier.",
        "Étapes, attente et dispositifs sont ceux du jour du calcul ; entrées, sorties et propositions sont celles des dossiers du département, où que soit le logement.",
        f"Une place réservée couvre aussi une entrée prévue plus tard. Une organisation répond si elle a confirmé une place au moins depuis {f.places.stale_days}{NBSP}jours.",
        "Ce que personne n’a renseigné est écrit « donnée non renseignée », jamais zéro.",
    ]
    if f.whole_territory:
        sentences += [
            f"Étapes, attente, délais, entrées et sorties sont exacts : le service suit chaque dossier par son étape et ses dates. Nature et motifs des sorties, propositions et mobilité, que le suivi ne dit pas, sont arrondis au multiple de {STEP} inférieur ; « secret » : moins de {LEAST} ménages, zéro compris, ou un nombre dont on déduirait celui-là par soustraction.",
            "Les propositions sont dites pour un mois, un trimestre ou une année civile terminés, la mobilité, la nature et les motifs des sorties pour une année : deux périodes qui diffèrent d’un jour désigneraient un ménage. Elles sont comptées une seule fois ; ce qui est saisi ensuite n’y change rien.",
        ]
    return Section("Méthode", sentences)
