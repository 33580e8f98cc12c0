"""Where the qualification of an offer stands, from its events; nobody types it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from odis_app.housing.enums import HousingKind, OfferFact, QualificationStatus

S = QualificationStatus
RISK = "Risque signalé"
WITHOUT_VISIT = frozenset({"injoignable", "doublon", "hors_perimetre"})
"""Refusal motifs that need no visit: there is nobody or nothing to visit."""


class Event(Protocol):
    """What is read of an event."""

    kind: Any
    happened_on: Any
    data: Any


@dataclass(slots=True)
class Qualification:
    """The result: stored on the offer as it is. ``stage`` stays behind a suspension, to come back to it."""

    status: QualificationStatus = S.RECUE
    motif: str = ""  # a word of a closed list; what somebody wrote is the note of its event, sealed
    called_on: date | None = None
    visit_planned_at: datetime | None = None
    visited_on: date | None = None
    decided_on: date | None = None
    validated_until: date | None = None
    safeguards: frozenset[str] = frozenset()
    stage: QualificationStatus = S.RECUE
    at_risk: bool = False


def compute_qualification(events: Iterable[Event]) -> Qualification:
    """Fold the events, oldest first."""
    state = Qualification()
    for event in events:
        _apply(state, OfferFact(event.kind), event.happened_on, event.data)
    return state


def _apply(state: Qualification, fact: OfferFact, on: date, data: dict[str, Any]) -> None:
    if fact is OfferFact.APPEL and data.get("reached"):
        state.called_on = state.called_on or on
        _move(state, S.APPEL_FAIT)
    elif fact is OfferFact.A_COMPLETER:
        state.status = state.stage = S.A_COMPLETER
        state.motif = ""
    elif fact is OfferFact.COMPLETEE and state.status is S.A_COMPLETER:
        state.status = state.stage = _reached(state)
        state.motif = ""
    elif fact is OfferFact.VISITE_PLANIFIEE:
        state.visit_planned_at = datetime.fromisoformat(data["at"])
        _move(state, S.VISITE_PLANIFIEE)
    elif fact is OfferFact.VISITE_FAITE:
        state.visited_on, state.visit_planned_at = on, None
        _move(state, S.VISITE_FAITE)
    elif fact is OfferFact.GARDE_FOUS:
        state.safeguards = frozenset(name for name, done in data.items() if done)
    elif fact is OfferFact.DECISION:
        state.decided_on, state.motif = on, data["motif"]
        state.status = state.stage = S.VALIDEE if data["accepted"] else S.REFUSEE
        state.validated_until = date.fromisoformat(data["until"]) if data["accepted"] else None
    elif fact is OfferFact.CONTESTEE:
        _undo_decision(state)
    else:
        _stop(state, fact)


def _stop(state: Qualification, fact: OfferFact) -> None:
    """A stop, or its end."""
    if fact in {OfferFact.SUSPENDUE, OfferFact.RETIREE}:
        state.status, state.motif = S(fact.value), ""
    elif fact is OfferFact.REPRISE:
        state.status, state.motif = state.stage, ""
    elif fact is OfferFact.RISQUE:
        state.at_risk = True
        if state.status is S.VALIDEE:  # not proposed any more; it is resumed once somebody has looked into it
            state.status, state.motif = S.SUSPENDUE, RISK
    elif fact is OfferFact.RISQUE_LEVE:
        state.at_risk = False


def _undo_decision(state: Qualification) -> None:
    """A second person contested the validation (``odis.offer_undone`` writes the same): visited, to be decided again; a stop goes on."""
    state.decided_on = state.validated_until = None
    state.stage = S.VISITE_FAITE
    if state.status is S.VALIDEE:
        state.status, state.motif = S.VISITE_FAITE, ""


def _move(state: Qualification, status: QualificationStatus) -> None:
    """Forward; a validated offer that is visited again for its renewal stays validated until the new decision."""
    if state.status is S.VALIDEE:
        return
    state.status = state.stage = status
    state.motif = ""


def _reached(state: Qualification) -> QualificationStatus:
    if state.visited_on:
        return S.VISITE_FAITE
    if state.visit_planned_at:
        return S.VISITE_PLANIFIEE
    return S.APPEL_FAIT if state.called_on else S.RECUE


SAFEGUARDS = {
    "identity_checked": "Identité vérifiée",
    "adults_listed": "Adultes du foyer listés",
    "motivation_heard": "Entretien de motivation",
    "charter_signed": "Charte signée",
    "minors_rule": "Règle pour l’accueil de mineurs rappelée",
    "b3_seen": "Extrait B3 présenté, sans copie",
    "erp_checked": "Contrôle de sécurité ERP vu",
}
CHECKLIST = {
    "private_room": "Chambre privative qui ferme",
    "surface": "9 m² au moins par chambre",
    "water_heating": "Eau chaude et chauffage",
    "electricity": "Électricité sans danger visible",
    "smoke_detector": "Détecteur de fumée",
    "bathroom": "Salle d’eau utilisable",
    "kitchen": "Cuisine accessible",
    "damp": "Pas d’humidité ni de nuisible",
    "no_counterpart": "Aucune contrepartie attendue",
}


def required_safeguards(kind: str, *, accepts_minors: bool) -> tuple[str, ...]:
    """What must be checked before an offer of this kind may be validated; a collective place has its ERP check instead of a home."""
    if HousingKind(kind).is_collective:
        return ("erp_checked", "charter_signed")
    return (
        "identity_checked",
        "adults_listed",
        "motivation_heard",
        "charter_signed",
        *(("minors_rule",) if accepts_minors else ()),
    )


QUALITIES = {
    "surface_m2": "Surface en m²",
    "bathroom": "Salle d’eau",
    "kitchen": "Cuisine",
    "internet": "Internet",
    "heating": "Chauffage",
    "smoke_detector": "Détecteur de fumée",
    "transport_minutes": "Transports, minutes à pied",
    "shops_minutes": "Commerces, minutes à pied",
    "school_minutes": "École, minutes à pied",
    "doctor_minutes": "Médecin, minutes à pied",
}
