"""The life of one file: composition, stages, needs, proposals, stay, journal counted.

Class 0 and 1 only, so that the household itself may read it: no health, no safety, no papers, no free text, no address, no
reason of a refusal nor of an exit. Facts, proposals and entries of the journal are those of the period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import jour, jour_long, nombre, pluriel
from odis_app.documents.enums import Audience
from odis_app.households.enums import FactKind, MemberLink, NeedKind, NeedLevel
from odis_app.households.models import Household, HouseholdFact, HouseholdRequest
from odis_app.households.queries import composition_words, identity_block, members_on, needs, request_of
from odis_app.pilotage.period import Period
from odis_app.placements.enums import EndedBy, OrientationStatus, PlacementStatus
from odis_app.placements.models import Orientation, Placement
from odis_app.reports.document import (
    MISSING,
    Bilan,
    Box,
    Cell,
    Column,
    Section,
    Table,
    columns,
    lower_first,
    text_columns,
)


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What a bilan reads of a file, all of it through the identity's own walls."""

    number: str
    name: str
    department: str
    stage: str
    stage_since: date
    composition: str
    size: int
    adults: int
    minors: int
    members: list[tuple[str, int | None]]
    facts: list[tuple[date, str]]
    opened_on: date | None
    first_proposed_on: date | None
    entered_on: date | None
    needs: list[tuple[str, str]]
    request: HouseholdRequest | None
    proposals: list[Orientation]
    stays: list[Placement]
    journal: dict[str, int] = field(default_factory=dict)


def household_facts(household: Household, period: Period) -> HouseholdFacts:
    """Read a file that the identity was found to read in full."""
    block = identity_block(household)
    members = members_on(household, period.until)
    every = db.scalars(
        select(HouseholdFact)
        .where(HouseholdFact.household_id == household.id)
        .order_by(HouseholdFact.happened_on, HouseholdFact.id)
    ).all()
    told = [f for f in every if f.happened_on <= period.until]
    return HouseholdFacts(
        number=household.number,
        name=block.name if block else "",
        department=household.department_code,
        stage=household.status_label,
        stage_since=household.status_since,
        composition=composition_words(household, members, period.until),
        size=household.size,
        adults=household.adults,
        minors=household.minors,
        members=[(MemberLink.label_of(m.link), m.age_on(period.until)) for m in members],
        facts=[(f.happened_on, FactKind.label_of(f.kind)) for f in told if f.happened_on >= period.since],
        opened_on=_first(told, FactKind.OPENED),
        first_proposed_on=_first(told, FactKind.PROPOSED),
        entered_on=_first(told, FactKind.ENTERED),
        needs=[(NeedKind.label_of(n.kind), NeedLevel.label_of(str(n.level))) for n in needs(household)],
        request=request_of(household),
        proposals=_proposals(household, period),
        stays=list(db.scalars(select(Placement).where(Placement.household_id == household.id, Placement.planned_on <= period.until).order_by(Placement.id))),
        journal=_journal(household, period),
    )  # fmt: skip


def _first(facts: Sequence[HouseholdFact], kind: FactKind) -> date | None:
    return next((f.happened_on for f in facts if f.kind == kind.value), None)


def _proposals(household: Household, period: Period) -> list[Orientation]:
    found = db.scalars(
        select(Orientation)
        .where(Orientation.household_id == household.id)
        .order_by(Orientation.proposed_at, Orientation.id)
    )
    return [o for o in found if period.since <= _paris(o.proposed_at) <= period.until]


def _journal(household: Household, period: Period) -> dict[str, int]:
    """How many entries that the identity may read, by audience: the wall of the journal decides which."""
    statement = text("""SELECT audience, count(*) FROM journal_entries WHERE record_id = :record AND moderated_at IS NULL
        AND (happened_at AT TIME ZONE 'Europe/Paris')::date BETWEEN :since AND :until GROUP BY audience ORDER BY audience""")
    rows = db.execute(statement, {"record": household.id, "since": period.since, "until": period.until})
    return {row[0]: row[1] for row in rows}


def _paris(instant: datetime) -> date:
    return instant.astimezone(clock.PARIS).date()


# ── The document ────────────────────────────────────────────────────────────


def household_bilan(
    f: HouseholdFacts, period: Period, names: Mapping[str, str], *, organisation: str, computed_at: datetime
) -> Bilan:
    """The bilan of one file. ``names`` gives the name of each département by its code."""
    return Bilan(
        kind="bilan d’un ménage",
        folder="is-household",
        title=f"Dossier {f.number}",
        subtitle=f"{f.name or 'Ménage'}, {f.composition}. Établi par {organisation} le {jour(computed_at)}.",
        source=f"Période du {jour_long(period.since)} au {jour_long(period.until)}, dossier lu le {jour_long(computed_at)}. Document personnel : il peut être remis au ménage.",
        author=organisation,
        lead=_lead(f),
        boxes=[
            Box("Personnes", nombre(f.size), f"{pluriel(f.adults, 'adulte')}, {pluriel(f.minors, 'mineur')}"),
            Box("Étape", f.stage, f"depuis le {jour_long(f.stage_since)}"),
            Box("Propositions", nombre(len(f.proposals)), "pendant la période"),
        ],
        sections=[_composition(f, period), _stages(f), _needs(f), _answers(f, names), _stay(f), _entries(f), _method()],
        facts=[
            ("Bilan", f"Dossier {f.number}"), ("Établi par", organisation), ("Département", names.get(f.department, f.department)),
            ("Début de la période", period.since), ("Fin de la période", period.until), ("Étape", f.stage), ("Étape depuis le", f.stage_since),
            ("Personnes", f.size), ("Adultes", f.adults), ("Mineurs", f.minors), ("Ouvert le", f.opened_on),
            ("Première proposition le", f.first_proposed_on), ("Première entrée le", f.entered_on), ("Dossier lu le", computed_at),
            ("Personnes présentes à la fin de la période", len(f.members)), ("Faits datés pendant la période", len(f.facts)),
            ("Propositions pendant la période", len(f.proposals)),
        ],
    )  # fmt: skip


def _lead(f: HouseholdFacts) -> list[str]:
    opened = f"ouvert le {jour_long(f.opened_on)}" if f.opened_on else f"dont la date d’ouverture est une {MISSING}"
    return [
        f"Le dossier, {opened}, concerne {pluriel(f.size, 'personne')}. Il est à l’étape « {f.stage} » depuis le {jour_long(f.stage_since)}.",
        *(told for _, _, told in _delays(f) if told),
    ]


def _delays(f: HouseholdFacts) -> list[tuple[str, int | None, str]]:
    steps = (
        ("De l’ouverture à la première proposition", f.first_proposed_on),
        ("De l’ouverture à la première entrée", f.entered_on),
    )
    found: list[tuple[str, int | None, str]] = []
    for label, end in steps:
        days = (end - f.opened_on).days if end and f.opened_on and end >= f.opened_on else None
        found.append((label, days, f"{label} : {pluriel(days, 'jour')}." if days is not None else ""))
    return found


def _composition(f: HouseholdFacts, period: Period) -> Section:
    rows: list[list[Cell]] = [[label, age] for label, age in f.members]
    sentence = (
        f"Au {jour_long(period.until)}, le dossier compte {pluriel(len(f.members), 'personne')}."
        if f.members
        else f"Composition au {jour_long(period.until)} : {MISSING}."
    )
    table = Table("Composition", "Personnes présentes et leur âge, en années", columns("Personne", "Âge"), rows)
    return Section("1. Composition", [sentence], [], [table] if rows else [])


def _stages(f: HouseholdFacts) -> Section:
    rows: list[list[Cell]] = [[label, on] for on, label in f.facts]
    delays: list[list[Cell]] = [[label, days] for label, days, _ in _delays(f)]
    sentence = (
        f"{pluriel(len(rows), 'fait daté', 'faits datés')} pendant la période."
        if rows
        else "Aucun fait daté pendant la période."
    )
    tables = (
        [Table("Étapes", "Faits de la période, dans l’ordre", text_columns("Fait", "Date"), rows, is_half=True)]
        if rows
        else []
    )
    tables.append(
        Table("Délais", "Délais du dossier, en jours calendaires", columns("Étape", "Jours"), delays, is_half=True)
    )
    return Section("2. Étapes et dates", [sentence], [], tables)


def _needs(f: HouseholdFacts) -> Section:
    tables = []
    if f.needs:
        tables.append(
            Table(
                "Besoins",
                "Besoins de la vie quotidienne",
                text_columns("Besoin", "Niveau"),
                [list(n) for n in f.needs],
                is_half=True,
            )
        )
    if f.request is not None:
        r = f.request
        asked: list[list[Cell]] = [
            ["Logement attendu à partir du", r.need_from],
            ["Durée d’au moins, en jours", r.min_days],
            ["Loyer au plus, en euros par mois", r.max_rent],
            ["Logement accessible en fauteuil", _yes(r.wheelchair)],
            ["Rez-de-chaussée ou ascenseur", _yes(r.ground_floor_or_lift)],
            ["Animaux", _yes(r.animals)],
        ]
        tables.append(
            Table(
                "Demande",
                "Logement demandé",
                [Column("Demande", is_number=False), Column("Réponse", is_number=False)],
                asked,
                is_half=True,
            )
        )
    return Section("3. Besoins", [] if f.needs else [f"Besoins de la vie quotidienne : {MISSING}."], [], tables)


def _yes(value: bool) -> str:
    return "oui" if value else "non"


def _answers(f: HouseholdFacts, names: Mapping[str, str]) -> Section:
    if not f.proposals:
        return Section("4. Propositions et réponses", ["Aucune proposition n’a été faite pendant la période."])
    rows: list[list[Cell]] = [
        [
            _paris(o.proposed_at),
            names.get(o.department_code, o.department_code),
            o.status.label,
            _answered(o),
            EndedBy.label_of(o.ended_by),
        ]
        for o in f.proposals
    ]
    states = [o.status for o in f.proposals]
    counts = [(s, states.count(s)) for s in OrientationStatus if s in states]
    summary: list[list[Cell]] = [[s.label, n] for s, n in counts]
    sentence = (
        f"{pluriel(len(states), 'proposition')} pendant la période : "
        + ", ".join(f"{lower_first(s.label)} {nombre(n)}" for s, n in counts)
        + "."
    )
    head = text_columns("Proposée le", "Département", "État", "Réponse le", "Terminée par")
    return Section("4. Propositions et réponses", [sentence], [], [
        Table("Propositions", "Propositions de la période", head, rows),
        Table("Suites", "Propositions par suite", columns("Suite", "Propositions"), [*summary, ["Total", len(states)]], has_total=True),
    ])  # fmt: skip


def _answered(o: Orientation) -> Cell:
    """The day of its end, of the entry or of both agreements; an empty cell while an answer is awaited."""
    instant = o.ended_at or o.confirmed_at
    return o.entered_on or (_paris(instant) if instant else "")


def _stay(f: HouseholdFacts) -> Section:
    if not f.stays:
        return Section("5. Logement", ["Aucun séjour n’est enregistré."])
    rows: list[list[Cell]] = [
        [
            PlacementStatus(s.status).label,
            s.title_label,
            s.planned_on,
            s.entered_on,
            s.ends_on,
            s.exited_on or ("" if s.entered_on else None),
        ]
        for s in f.stays
    ]
    head = text_columns("Séjour", "Titre d’occupation", "Entrée prévue", "Entrée", "Fin prévue", "Sortie")
    return Section("5. Logement", [], [], [Table("Logement", "Séjours", head, rows)])


def _entries(f: HouseholdFacts) -> Section:
    count = sum(f.journal.values())
    if not count:
        return Section(
            "6. Journal partagé", ["Aucune note que votre organisation puisse lire n’est datée de la période."]
        )
    rows: list[list[Cell]] = [[Audience.label_of(key), n] for key, n in f.journal.items()]
    return Section("6. Journal partagé", [f"{pluriel(count, 'note est datée', 'notes sont datées')} de la période ; leur texte n’est pas repris ici."], [], [
        Table("Journal", "Notes de la période, par destinataires", columns("Destinataires", "Notes"), [*rows, ["Total", count]], has_total=True)])  # fmt: skip


def _method() -> Section:
    return Section("Ce que ce bilan ne dit pas", [
        "Ni la santé, ni la sécurité, ni les papiers, ni l’adresse, ni le texte des notes.",
        f"Un délai est compté en jours calendaires. Ce que personne n’a renseigné est écrit « {MISSING} », jamais zéro."])  # fmt: skip
