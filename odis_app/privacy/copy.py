"""What one adult is given of a file: their own data, read alone (security.md 2).

Nothing of class 2 or more about another adult: a health need belongs to the file and not to one person, so it is there only when
the file holds one adult. The same goes for the phone, the address and the words of notes, which may speak of the other. Their own
safety (class 3) is there on an explicit choice of the coordination. Staff are named by their function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import euros, jour_long, pluriel, telephone
from odis_app.core.identity import Identity
from odis_app.households import queries as households
from odis_app.households.enums import AccommodationMode, HealthNeedKind, Language, NeedKind, NeedLevel, SafeChannel
from odis_app.households.models import Household, HouseholdResource, Member, MemberSafety
from odis_app.journal.queries import timeline
from odis_app.organisations.queries import colleagues
from odis_app.placements.models import Orientation, Placement
from odis_app.privacy.enums import LegalBasis
from odis_app.privacy.models import Consent
from odis_app.privacy.queries import purposes, recipients_of
from odis_app.reports.document import Bilan, Section, Table, text_columns
from odis_app.territories.queries import label_of

Lines = list[tuple[str, str]]
WORKER = "un membre de l’équipe"
SHARED = "Cette partie du dossier parle de plusieurs adultes. Chacun reçoit ce qui est à lui : la personne qui traite votre demande la relit avec vous."
MOST_NOTES = 500


@dataclass(frozen=True, slots=True)
class Copy:
    """The same thing twice: what a program reads, and what a person reads."""

    data: dict[str, Any]
    document: Bilan


def copy_of(identity: Identity, household: Household, member: Member, *, with_safety: bool) -> Copy:
    """Read a file that the identity's organisation follows, for one adult of it."""
    today = clock.today()
    ever = [*households.present_members(household.id), *households.past_members(household)]
    alone = all(
        m.id == member.id or households.is_minor(m, today) for m in ever
    )  # somebody who left may still be told of
    sections: list[tuple[str, Lines, str]] = [
        ("Vous", _person(member), ""),
        ("Votre dossier", _file(household, alone=alone), ""),
        ("Vos besoins", [(NeedKind.label_of(n.kind), NeedLevel.label_of(str(n.level))) for n in households.needs(household)], ""),
        ("Propositions et hébergements", _homes(household), ""),
        ("Vos consentements", _consents(household, member), ""),
        ("Notes du journal", _notes(identity, household, with_words=alone), "" if alone else SHARED),
    ]  # fmt: skip
    if alone:
        sections.insert(3, ("Vos besoins de santé", _health(household), ""))
    if with_safety:
        sections.append(("Votre sécurité", _safety(household, member), ""))
    data: dict[str, Any] = {
        "person": member.public_id, "file": household.number, "made_on": today.isoformat(),
        "sections": [{"title": title, "lines": [{"label": a, "value": b} for a, b in lines], "remark": remark} for title, lines, remark in sections],
        "purposes": [{"label": p.label, "legal_basis": p.basis_label, "article": p.article, "right": p.right_text} for p in purposes().values()],
    }  # fmt: skip
    return Copy(data, _document(identity, household, member, sections))


def _document(
    identity: Identity, household: Household, member: Member, sections: Sequence[tuple[str, Lines, str]]
) -> Bilan:
    return Bilan(
        kind="copie de vos données", folder="household", title=f"Copie des données de {member.name}", subtitle=f"Remise le {jour_long(clock.today())}",
        source=f"OD&IS, dossier {household.number}, {identity.org_name}", author=identity.org_name,
        lead=["Voici les données que nous gardons sur vous.", "Vous pouvez demander de corriger, de limiter ou d’effacer ce qui vous concerne."],
        boxes=[],
        sections=[*(_section(number, title, lines, remark) for number, (title, lines, remark) in enumerate(sections, 1)), _bases()],
    )  # fmt: skip


def _section(number: int, title: str, lines: Lines, remark: str) -> Section:
    words = [remark] if remark else []
    if not lines:
        return Section(title, [*words, "Rien n’est enregistré."])
    return Section(
        title, words, tables=[Table(f"{number} {title}"[:31], title, text_columns("Donnée", "Ce qui est écrit"), lines)]
    )


def _bases() -> Section:
    rows = [(p.label, f"{LegalBasis.label_of(p.legal_basis)} ({p.article})", p.right_text) for p in purposes().values()]
    return Section(
        "Pourquoi, et vos droits",
        tables=[Table("Bases légales", "Finalités", text_columns("Pourquoi", "Base légale", "Vos droits"), rows)],
    )


def _person(member: Member) -> Lines:
    birth = jour_long(member.birth_date) if member.birth_date else str(member.birth_year or "")
    lines = [
        ("Prénom", member.first_name), ("Nom", member.last_name), ("Naissance", birth), ("Place dans le ménage", member.link_label),
        ("Niveau de français", member.french_label), ("Langues", ", ".join(row.words for row in households.languages_told(member))), *member.details,
        ("Situation", member.situation_label),
        ("Précision sur la situation", member.situation_note), ("Dans le dossier depuis le", jour_long(member.since)),
    ]  # fmt: skip
    return _filled(lines)


def _file(household: Household, *, alone: bool) -> Lines:
    block, papers, request = (
        households.identity_block(household),
        households.administrative(household),
        households.request_of(household),
    )
    lines = [
        ("Numéro", household.number), ("Étape", household.status_label), ("Suivi par", "la personne référente de l’organisation"),
        ("Attente depuis le", jour_long(household.seniority_date)), ("Taille du ménage", f"{pluriel(household.adults, 'adulte')}, {pluriel(household.minors, 'enfant')}"),
        ("Langues", ", ".join(Language.label_of(code) for code in (block.languages if block else []))),
        ("Dispositifs", ", ".join(e.label for e in households.enrolments(household))),
    ]  # fmt: skip
    if alone:
        lines += [
            ("Téléphone", telephone(households.phone_of(household))),
            ("Hébergement actuel", AccommodationMode.label_of(block.accommodation_mode) if block else ""),
            ("Précision sur l’hébergement", block.accommodation_note if block else ""),
            ("Numéro étranger", households.agdref_of(household)),
            ("Fin du titre", jour_long(papers.title_valid_until) if papers and papers.title_valid_until else ""),
            ("Domiciliation", papers.domiciliation if papers else ""),
            ("DALO ou DAHO", papers.housing_right_label if papers else ""),
            ("Numéro SI-SIAO", (papers.si_siao_number or "") if papers else ""),
            ("Demande SI-SIAO", papers.si_siao_label if papers else ""),
            ("Demande SI-SIAO, depuis le", jour_long(papers.si_siao_on) if papers and papers.si_siao_on else ""),
            (
                "Demande SI-SIAO faite le",
                jour_long(papers.si_siao_asked_on) if papers and papers.si_siao_asked_on else "",
            ),
            ("Ressources", ", ".join(_resource(row) for row in households.resources(household))),
        ]
    if request is not None:
        lines += [
            ("Logement attendu le", jour_long(request.need_from) if request.need_from else ""),
            ("Projet de vie", request.life_project if alone else ""),
            ("Régime alimentaire", request.diet_label if alone else ""),
            ("Départements souhaités", ", ".join(label_of(f"dep:{code}") for code in households.wishes(household))),
        ]
    return _filled(lines)


def _resource(row: HouseholdResource) -> str:
    return f"{row.kind_label} ({euros(row.amount)} par mois)" if row.amount is not None else row.kind_label


def _health(household: Household) -> Lines:
    return [
        (
            HealthNeedKind.label_of(n.kind),
            f"{NeedLevel.label_of(str(n.level))}. {households.health_detail(household, n)}".strip(),
        )
        for n in households.health_needs(household)
    ]


def _homes(household: Household) -> Lines:
    proposals = db.scalars(select(Orientation).where(Orientation.household_id == household.id).order_by(Orientation.id))
    stays = db.scalars(select(Placement).where(Placement.household_id == household.id).order_by(Placement.id))
    lines = [
        (f"Proposition du {jour_long(o.proposed_at)}", "en cours" if o.ended_at is None else "terminée")
        for o in proposals
    ]
    return lines + [
        (
            f"Hébergement à partir du {jour_long(s.entered_on or s.planned_on)}",
            f"jusqu’au {jour_long(s.exited_on)}" if s.exited_on else "sans date de fin",
        )
        for s in stays
    ]


def _consents(household: Household, member: Member) -> Lines:
    own = db.scalars(
        select(Consent).where(Consent.household_id == household.id, Consent.member_id == member.id).order_by(Consent.id)
    ).all()
    names, known = recipients_of(own), purposes()
    return [
        (
            f"{known[c.purpose].label}, donné le {jour_long(c.given_on)}",
            ", ".join(names.get(c.id, [])) + (f", retiré le {jour_long(c.withdrawn_at)}" if c.withdrawn_at else ""),
        )
        for c in own
    ]


def _notes(identity: Identity, household: Household, *, with_words: bool) -> Lines:
    found = timeline(identity, household.id, 1, per_page=MOST_NOTES)
    staff = {name for user in colleagues(identity) for name in (f"{user.first_name} {user.last_name}", user.last_name)}
    hidden = re.compile(
        "|".join(rf"\b{re.escape(name)}\b" for name in sorted(staff, key=len, reverse=True) if name) or r"(?!)"
    )
    return [
        (
            f"Note du {jour_long(view.happened_at)}, {view.organisation}",
            hidden.sub(WORKER, view.body) if with_words else "texte à relire avec vous",
        )
        for view in found.items
        if not view.is_system and view.moderated_at is None
    ]


def _safety(household: Household, member: Member) -> Lines:
    row = db.execute(select(MemberSafety).where(MemberSafety.member_id == member.id)).scalar_one_or_none()
    if row is None and member.id in households.safety_answered(household):
        raise RuleError(
            "",
            "La sécurité de la personne ne peut pas être lue ici. Confirmez votre identité, puis redemandez la copie.",
        )
    if row is None:
        return []
    yes, contact = {True: "oui", False: "non"}, row.safe_contact
    return _filled([
        ("Violences ou traite déclarées", yes[row.fvv_teh]), ("Accueil par des femmes seulement", yes[row.women_hosts_only]),
        ("Lieu sûr pour une personne LGBT", yes[row.lgbt_safe]), ("Départements à éviter", ", ".join(row.excluded_departments)),
        ("Moyen sûr de vous joindre", SafeChannel.label_of(contact.channel)), ("Heures sûres", contact.hours),
        ("Ne pas laisser de message", yes[contact.no_message]), ("Note", households.safety_note(member, row)),
    ])  # fmt: skip


def _filled(lines: Lines) -> Lines:
    return [(label, value) for label, value in lines if value]
