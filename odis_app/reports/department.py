"""The words, tables and charts of a département's bilan, from its figures alone."""

from __future__ import annotations

from collections.abc import Mapping

from odis_app.core.formats import NBSP, jour, jour_long, nombre, part, pluriel
from odis_app.households.enums import HouseholdStatus
from odis_app.housing.enums import UnavailabilityMotif
from odis_app.pilotage.figures import Count, Delay, DepartmentFigures, PlaceFigures, Share, total
from odis_app.pilotage.queries import SMALLEST, WAITING_BOUNDS, WAITING_MORE
from odis_app.placements.enums import ExitReason, OrientationStatus, Outcome
from odis_app.reports.document import MISSING, Bilan, Box, Cell, Chart, Column, Section, Table, columns, text_columns

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
SHORT_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


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
        source=f"Période du {jour_long(f.period.since)} au {jour_long(f.period.until)}, chiffres calculés le {jour_long(f.computed_at)}. Usage interne : de petits effectifs peuvent désigner des personnes.",
        author=f.organisation,
        lead=_lead(f),
        boxes=_boxes(f.places),
        sections=[_files(f), _delays(f), _movements(f), _places(f.places), _flows(f, names), _coverage(f), _method(f)],
        facts=_facts(f, name, scope),
    )


def _facts(f: DepartmentFigures, name: str, scope: str) -> list[tuple[str, Cell]]:
    return [
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
        ("Motif de sortie ou département regroupé au-dessous de (ménages)", SMALLEST),
        ("Dossiers signalés à l’État pendant la période", f.files.signalled),
        ("Délais écartés, dates dans le désordre", _aside(f)),
        ("Organisations gestionnaires de places", f.places.answering.whole),
        ("Organisations gestionnaires répondantes", f.places.answering.part),
        ("Organisations gestionnaires silencieuses", f.places.answering.whole - f.places.answering.part),
        ("Associations mandatées ou qui suivent des dossiers", len(f.mandated) if f.whole_territory else None),
        ("Associations avec un dossier ici", sum(m.files > 0 for m in f.mandated) if f.whole_territory else None),
    ]


def _aside(f: DepartmentFigures) -> int:
    return sum(delay.aside for delay in f.delays.now.values())


# ── Opening ─────────────────────────────────────────────────────────────────


def _lead(f: DepartmentFigures) -> list[str]:
    first = f.delays.now["first_proposal"]
    return [
        _entered(f),
        _told(first, "Le délai médian de la demande à la première proposition est de")
        or "Délai jusqu’à la première proposition : donnée non renseignée, aucune première proposition n’a été faite pendant la période.",
        _occupied(f.places),
        _answering(f.places),
    ]


def _entered(f: DepartmentFigures) -> str:
    count = f.movements.entries
    verb = "sont entrés" if count.households > 1 else "est entré"
    subject = (
        f"{pluriel(count.households, 'ménage')} ({pluriel(count.people, 'personne')}) {verb}"
        if count.households
        else "Aucun ménage n’est entré"
    )
    difference = count.households - f.movements.entries_before.households
    compared = f"autant que pendant la période précédente ({f.period.previous.label})"
    if difference:
        compared = f"{nombre(abs(difference))} de {'plus' if difference > 0 else 'moins'} que pendant la période précédente ({f.period.previous.label})"
    return f"{subject} dans un logement pendant la période, {compared}."


def _told(delay: Delay, beginning: str) -> str:
    if delay.median is None:
        return ""
    return f"{beginning} {_days(delay.median)}, sur {pluriel(delay.counted, 'dossier')}."


def _tidy(value: float | None) -> float | None:
    return int(value) if value is not None and value.is_integer() else value


def _days(value: float) -> str:
    return f"{nombre(_tidy(value))}{NBSP}{'jour' if value < 2 else 'jours'}"


def _occupied(p: PlaceFigures) -> str:
    if not p.sum("open"):
        return f"Aucune place ouverte n’est connue au {jour_long(p.day)}."
    return f"Les places ouvertes sont occupées à {part(p.rate.part, p.rate.whole)} au {jour_long(p.day)}."


def _answering(p: PlaceFigures) -> str:
    if not p.managers:
        return "Aucune organisation ne déclare de place."
    share = p.answering
    verb = "ont" if share.part > 1 else "a"
    return (
        f"{nombre(share.part)} sur {pluriel(share.whole, 'organisation gestionnaire', 'organisations gestionnaires')} {verb} donné des nouvelles de "
        f"ses places depuis {p.stale_days}{NBSP}jours."
    ).replace(" ses places", " leurs places" if share.part > 1 else " ses places")


def _boxes(p: PlaceFigures) -> list[Box]:
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


# ── Chapters ────────────────────────────────────────────────────────────────


def _files(f: DepartmentFigures) -> Section:
    stages = {HouseholdStatus.label_of(key): count for key, count in f.files.stages.items()}
    everything, waiting = total(stages.values()), total(f.files.waiting.values())
    long = f.files.waiting.get(WAITING_MORE, Count())
    sentences = [
        f"{pluriel(everything.households, 'dossier')} ({pluriel(everything.people, 'personne')}) {'sont connus' if everything.households > 1 else 'est connu'} au jour du calcul.",
        f"{pluriel(waiting.households, 'ménage attend', 'ménages attendent')} un logement, dont {nombre(long.households) if long.households else 'aucun'} depuis plus de {WAITING_BOUNDS[-1][0]}{NBSP}jours.",
        f"{pluriel(f.files.opened.households, 'demande')} {'datent' if f.files.opened.households > 1 else 'date'} de la période.",
        f"{pluriel(f.files.signalled, 'dossier a été signalé', 'dossiers ont été signalés')} à l’État pour arbitrage pendant la période.",
    ]
    chart = Chart(
        "hbars", "Ménages par étape, au jour du calcul", "Ménages par étape : " + ", ".join(f"{label} {nombre(c.households)}" for label, c in stages.items()) + ".",
        list(stages), [c.households for c in stages.values()],
    )  # fmt: skip
    waits = {WAITING_LABELS[key]: f.files.waiting.get(key, Count()) for key in WAITING_LABELS}
    return Section(
        "1. Dossiers",
        sentences,
        [chart] if everything.households else [],
        [
            _count_table("Attente", "Ménages qui attendent un logement, par durée", "Durée", waits, is_half=True),
            _count_table(
                "Dispositifs",
                "Dossiers ni sortis ni archivés, par dispositif",
                "Dispositif",
                f.files.dispositifs,
                is_half=True,
            ),
            _count_table("Étapes", "Dossiers et personnes par étape, au jour du calcul", "Étape", stages),
            _activity(f),
        ],
    )


def _count_table(sheet: str, caption: str, first: str, counts: Mapping[str, Count], *, is_half: bool = False) -> Table:
    whole = total(counts.values())
    rows: list[list[Cell]] = [[label, c.households, c.people] for label, c in counts.items()]
    return Table(
        sheet,
        caption,
        columns(first, "Ménages", "Personnes"),
        [*rows, ["Total", whole.households, whole.people]],
        has_total=True,
        is_half=is_half,
    )


def _activity(f: DepartmentFigures) -> Table:
    pairs = (
        ("Demandes datées de la période", f.files.opened.households, f.files.opened_before.households),
        ("Ménages entrés dans un logement", f.movements.entries.households, f.movements.entries_before.households),
        ("Personnes entrées dans un logement", f.movements.entries.people, f.movements.entries_before.people),
        ("Ménages sortis", f.movements.exits_total.households, f.movements.exits_before.households),
    )
    rows: list[list[Cell]] = [
        [label, now, before, abs(now - before), _way(now - before)] for label, now, before in pairs
    ]
    head = [
        Column("Fait", is_number=False),
        Column("Période"),
        Column("Précédente"),
        Column("Écart"),
        Column("Sens", is_number=False),
    ]
    return Table(
        "Activité", f"Activité de la période, comparée à la précédente ({f.period.previous.label})", head, rows
    )


def _way(difference: int) -> str:
    return "en hausse" if difference > 0 else "en baisse" if difference < 0 else "stable"


def _delays(f: DepartmentFigures) -> Section:
    sentences = [
        _told(f.delays.now[key], f"{label} : délai médian de")
        or f"{label} : donnée non renseignée, aucun dossier compté pendant la période."
        for key, label in DELAY_LABELS.items()
    ]
    if _aside(f):
        sentences.append(
            f"{pluriel(_aside(f), 'délai est écarté', 'délais sont écartés')} : leurs dates sont dans le désordre."
        )
    labels = [SHORT_MONTHS[m.since.month - 1] for m, _ in f.delays.months]
    values = [d.median for _, d in f.delays.months]
    known = [(m.label, v) for (m, _), v in zip(f.delays.months, values, strict=True) if v is not None]
    said = (
        "Délai médian jusqu’à la première proposition, mois par mois : "
        + ", ".join(f"{label} {_days(v)}" for label, v in known)
        + "."
    )
    chart = Chart(
        "columns",
        "Délai médian de la demande à la première proposition, en jours",
        said,
        labels,
        [_tidy(v) for v in values],
        "j",
    )
    rows: list[list[Cell]] = [
        [
            label,
            f.delays.now[key].median,
            f.delays.now[key].counted,
            f.delays.before[key].median,
            f.delays.before[key].counted,
        ]
        for key, label in DELAY_LABELS.items()
    ]
    months: list[list[Cell]] = [[m.label, d.median, d.counted] for m, d in f.delays.months]
    head = columns("Étape", "Médiane", "Dossiers", "Médiane avant", "Dossiers avant")
    caption = f"Délais médians, en jours, et nombre de dossiers comptés ; avant : {f.period.previous.label}"
    table = Table("Délais", caption, head, rows)
    if not known:
        return Section("2. Délais", sentences, [], [table] if any(d.counted for d in f.delays.before.values()) else [])
    by_month = Table(
        "Délais par mois",
        "De la demande à la première proposition, en jours, par mois",
        columns("Mois", "Médiane", "Dossiers"),
        months,
    )
    return Section("2. Délais", sentences, [chart], [table, by_month])


def _movements(f: DepartmentFigures) -> Section:
    m, left = f.movements, f.movements.exits_total
    by_outcome = {o: total(e.count for e in m.exits if e.outcome == o.value) for o in Outcome}
    positive = by_outcome[Outcome.POSITIVE].households
    made = sum(m.proposals.values())
    entered = m.proposals.get("entree_effective", 0)
    sentences = [
        f"{pluriel(made, 'proposition')} {'ont été faites' if made > 1 else 'a été faite'} pendant la période, suivies d’une entrée : {part(entered, made)}."
        if made
        else "Aucune proposition n’a été faite pendant la période.",
        f"{pluriel(left.households, 'ménage')} ({pluriel(left.people, 'personne')}) {'ont' if left.households > 1 else 'a'} quitté un logement ; sorties positives : {part(positive, left.households)}."
        if left.households
        else "Aucune sortie n’est enregistrée pendant la période.",
    ]
    answers = {label: m.proposals.get(key, 0) for key, label in PROPOSAL_LABELS.items()}
    proposals: list[list[Cell]] = [[label, n, Share(n, made)] for label, n in answers.items()]
    reasons: list[list[Cell]] = [
        [_reason(e.reason), Outcome.label_of(e.outcome), e.count.households, e.count.people] for e in m.exits
    ]
    classes: list[list[Cell]] = [
        [o.label, c.households, c.people, Share(c.households, left.households)] for o, c in by_outcome.items()
    ]
    reason_head = [*text_columns("Motif", "Nature"), Column("Ménages"), Column("Personnes")]
    tables = []
    if made:
        tables.append(Table("Propositions", "Propositions de la période et ce qu’elles sont devenues", columns("Suite", "Propositions", "Part"), [
            *proposals, ["Total", made, Share(made, made)]], has_total=True, is_half=True))  # fmt: skip
    if left.households:
        tables.append(Table("Sorties", "Sorties de la période, par nature", columns("Nature", "Ménages", "Personnes", "Part"), [
            *classes, ["Total", left.households, left.people, Share(left.households, left.households)]], has_total=True, is_half=True))  # fmt: skip
    if reasons:
        tables.append(
            Table(
                "Motifs de sortie",
                "Sorties de la période, par motif",
                reason_head,
                [*reasons, ["Total", "", left.households, left.people]],
                has_total=True,
            )
        )
    return Section("3. Propositions, entrées et sorties", sentences, [], tables)


def _reason(reason: str) -> str:
    return f"Autres motifs, moins de {SMALLEST} ménages chacun" if reason == "" else ExitReason.label_of(reason)


def _places(p: PlaceFigures) -> Section:
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
        "4. Places", sentences if opened else [_occupied(p)], [chart] if opened else [], tables if opened else []
    )


def _motif(value: str) -> str:
    return UnavailabilityMotif.label_of(value)


def _flows(f: DepartmentFigures, names: Mapping[str, str]) -> Section:
    arrivals = total(flow.arrivals for flow in f.movements.flows)
    departures = total(flow.departures for flow in f.movements.flows)
    if not f.movements.flows:
        return Section(
            "5. Mobilité entre départements",
            ["Aucune entrée entre ce département et un autre n’est enregistrée pendant la période."],
        )
    rows: list[list[Cell]] = [
        [
            names.get(flow.department, flow.department) or f"Autres, moins de {SMALLEST} ménages chacun",
            flow.arrivals.households,
            flow.arrivals.people,
            flow.departures.households,
            flow.departures.people,
        ]
        for flow in f.movements.flows
    ]
    rows.append(["Total", arrivals.households, arrivals.people, departures.households, departures.people])
    head = columns("Autre département", "Ménages arrivés", "Personnes arrivées", "Ménages partis", "Personnes parties")
    came = (
        pluriel(arrivals.households, "ménage est venu", "ménages sont venus")
        if arrivals.households
        else "Aucun ménage n’est venu"
    )
    went = (
        pluriel(departures.households, "ménage est parti", "ménages sont partis")
        if departures.households
        else "aucun n’est parti"
    )
    sentence = f"{came} d’un autre département, {went} vers un autre."
    return Section(
        "5. Mobilité entre départements",
        [sentence],
        [],
        [Table("Mobilité", "Entrées de la période entre ce département et les autres", head, rows, has_total=True)],
    )


def _coverage(f: DepartmentFigures) -> Section:
    silent = f.places.answering.whole - f.places.answering.part
    sentences = [_answering(f.places)]
    if silent:
        told = pluriel(silent, "organisation est silencieuse", "organisations sont silencieuses")
        sentences.append(f"{told} : {'ses' if silent < 2 else 'leurs'} chiffres sont ceux de la dernière nouvelle.")
    if f.mandated:
        following = sum(m.files > 0 for m in f.mandated)
        sentences.append(
            f"Associations mandatées, ou qui suivent des dossiers : {nombre(following)} sur {nombre(len(f.mandated))} en suivent au moins un ici."
        )
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


def _method(f: DepartmentFigures) -> Section:
    sentences = [
        "Un délai est compté en jours calendaires entre deux faits datés ; la médiane porte sur les dossiers dont l’étape s’achève dans la période. La demande est la date d’ancienneté du dossier.",
        "Étapes, attente et dispositifs sont ceux du jour du calcul ; entrées, sorties et propositions sont celles des dossiers du département, où que soit le logement.",
        f"Une place réservée couvre aussi une entrée prévue plus tard. Une organisation répond si elle a confirmé une place au moins depuis {f.places.stale_days}{NBSP}jours.",
        f"Les motifs de sortie et les autres départements qui concernent moins de {SMALLEST} ménages sont regroupés. Ce que personne n’a renseigné est écrit « donnée non renseignée », jamais zéro.",
    ]
    return Section("Méthode", sentences)
