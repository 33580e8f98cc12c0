"""Writing households: each line opens a file or moves the one that it opened before, through the operations of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.exchange.kinds import Draft, Finding, Saved, Values
from odis_app.households import operations, queries
from odis_app.households.enums import HouseholdEvent, NeedKind
from odis_app.households.imports import lists, people
from odis_app.households.imports.columns import DEFAULT_DISPOSITIF
from odis_app.households.models import Household, HouseholdIdentity, Member
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.many import NewFile, open_households
from odis_app.households.operations.protected import Safety
from odis_app.households.operations.situation import meet
from odis_app.households.queries.twins import Known, twins
from odis_app.organisations.queries import dispositifs
from odis_app.territories import queries as territories

SOURCE = "Fichier importé"
USEFUL = 1
_REQUEST = {
    "need_from": "needed_on", "min_days": "min_days", "max_rent": "max_rent", "wheelchair": "wheelchair", "ground_floor_or_lift": "ground_floor",
    "smoking": "smoking", "employment_area": "employment_area", "wishes_exclusive": "exclusive",
}  # fmt: skip
_PAPERS = {
    "protection_status": "status",
    "title_valid_until": "title_until",
    "arrived_on": "arrived_on",
    "housing_right": "housing_right",
    "si_siao_number": "siao_number",
    "si_siao_state": "siao_state",
    "si_siao_on": "siao_on",
    "si_siao_asked_on": "siao_asked_on",
}
_NEEDS = {NeedKind.SCHOOL.value: "schooling", NeedKind.EMPLOYMENT.value: "employment"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What one import asks once: the day, the départements of the organisation, the public schemes by code."""

    today: date
    departments: tuple[str, ...]
    dispositifs: Mapping[str, int]


def desk(identity: Identity) -> Desk:
    """The desk of this organisation today."""
    return Desk(clock.today(), tuple(queries.working_departments(identity)), {d.code: d.id for d in dispositifs()})


def compare(identity: Identity, drafts: Sequence[Draft]) -> Sequence[Iterable[Finding]]:
    """Against the files: where one may be opened, people whom a file already has, files that look like the same household."""
    at = desk(identity)
    alike = _twins(identity, at, drafts)
    return [list(_compare(at, draft, some)) for draft, some in zip(drafts, alike, strict=True)]


def _compare(at: Desk, draft: Draft, alike: Sequence[Household]) -> Iterable[Finding]:
    head = _head(draft)
    code = head["followed_in"]
    if draft.record_id is None:
        if code is not None and code not in at.departments:
            listed = ", ".join(at.departments) or "aucun"
            yield Finding(0, "followed_in", f"votre organisation ne suit pas de ménage dans ce département ({listed}).")
        for number in sorted({household.number for household in alike}):
            sentence = f"le dossier {number} a déjà ce téléphone, ce nom ou cette personne : vérifiez que c’est un autre ménage."
            yield Finding(0, "last_name", sentence, blocking=False)
        return
    household = db.get_one(Household, draft.record_id)
    yield from _registered_already(at, household, head)
    if code is not None and code != household.department_code:
        yield Finding(
            0,
            "followed_in",
            f"le dossier {household.number} est suivi dans le {household.department_code} : un import ne le déplace pas.",
        )
    total = people.count(draft.lines, at.today)
    stated = any(head[key] is not None for key in ("size", "adults", "minors")) or len(draft.lines) > 1
    if stated and (total.adults < household.adults or total.minors < household.minors):
        told = f"{household.adults} adultes et {household.minors} mineurs"
        yield Finding(
            0,
            "size",
            f"le dossier {household.number} compte {told} : enregistrez d’abord dans le dossier qui est parti, et quand.",
        )


def _registered_already(at: Desk, household: Household, head: Values) -> Iterable[Finding]:
    """A registration to a scheme on days when the file has another one to it, which began another day."""
    known = queries.enrolments(household) if head["enrolments"] else []
    for one in _registrations(at, head):
        for other in known:
            if one.dispositif_id == other.dispositif_id and one.starts_on != other.starts_on and meet(one, other):
                said = f"le dossier {household.number} est déjà inscrit à « {other.label} » à ces dates : corrigez-les ici ou dans le dossier."
                yield Finding(0, "enrolments", said)


def _twins(identity: Identity, at: Desk, drafts: Sequence[Draft]) -> list[list[Household]]:
    """One's own files that look like each household to open: same phone, same name born the same day, or same name alone."""
    new = [draft for draft in drafts if draft.record_id is None]
    named = _named(identity, {_folded(_head(draft)) for draft in new})
    found = iter(twins(identity, [_known(at, draft) for draft in new]))
    return [
        [*next(found), *named.get(_folded(_head(draft)), ())] if draft.record_id is None else [] for draft in drafts
    ]


def _known(at: Desk, draft: Draft) -> Known:
    head = _head(draft)
    told = tuple((p.first_name, p.last_name, p.birth_date) for p in people.people_of(draft.lines, at.today))
    number = head["phone"] or head["phone_2"]
    return Known(operations.normal_phone(str(number)) if number is not None else "", told)


def _named(identity: Identity, wanted: set[str]) -> dict[str, list[Household]]:
    """Folded name → one's own files that bear it."""
    listed = list(wanted)
    found: dict[str, list[Household]] = {}
    for start in range(0, len(listed), 5_000):
        statement = (
            select(HouseholdIdentity.folded, Household)
            .join(Household, Household.id == HouseholdIdentity.household_id)
            .where(
                HouseholdIdentity.owner_org_id == identity.case_org_id,
                HouseholdIdentity.folded.in_(listed[start : start + 5_000]),
            )
        )
        for folded, household in db.execute(statement):
            found.setdefault(folded, []).append(household)
    return found


def _head(draft: Draft) -> Values:
    return draft.lines[people.head_of(draft.lines)]


def _folded(head: Values) -> str:
    return fold(" ".join(people.names_of(head)))


def commit(identity: Identity, drafts: Sequence[Draft]) -> Sequence[Saved]:
    """Open the new files and move the known ones; raises RuleError to refuse them all."""
    at = desk(identity)
    keys.load(draft.record_id for draft in drafts if draft.record_id is not None)
    opened = iter(open_households(identity, [new_file(at, draft) for draft in drafts if draft.record_id is None]))
    return [Saved(*next(opened)) if draft.record_id is None else _move(identity, at, draft) for draft in drafts]


def new_file(at: Desk, draft: Draft) -> NewFile:
    """All that the lines say of a household to open."""
    head = _head(draft)
    block = _identity_values(draft.lines, head)
    opening = Opening(
        department_code=_department(at, head), dispositif_id=at.dispositifs[str(head["dispositif"] or DEFAULT_DISPOSITIF)],
        people=people.people_of(draft.lines, at.today), seniority_date=block.get("seniority_date", at.today), priority=block.get("priority", 0),
        phone=block.get("phone", ""), languages=block.get("languages", []), accommodation_mode=block.get("accommodation_mode"),
    )  # fmt: skip
    return NewFile(
        opening, accommodation_note=block.get("accommodation_note", ""), papers=_papers(head), request=_request_values(draft.lines, head),
        wished=wishes_of(head), needs=_needs(head), source=SOURCE, assessed=bool(head["safety"]), resources=lists.resources_of(head),
        registrations=_registrations(at, head),
    )  # fmt: skip


def _department(at: Desk, head: Values) -> str:
    """Where the file is followed: what the line says, else the organisation's own, the one wished when it has several."""
    if head["followed_in"] is not None:
        return str(head["followed_in"])
    wished = wishes_of(head)
    code = next((code for code in wished if code in at.departments), None) or next(iter(at.departments or wished), None)
    if code is None:
        raise RuleError(
            "", "Ajoutez une colonne « Département de suivi » : où ces ménages sont suivis n’est écrit nulle part."
        )
    return code


def wishes_of(head: Values) -> list[str]:
    """The départements wished, in order; else that of the commune wished."""
    if isinstance(head["departements"], list):
        return [str(code) for code in head["departements"]]
    commune = territories.commune(str(head["commune"])) if head["commune"] is not None else None
    return [commune.department_code] if commune else []


def _identity_values(lines: Sequence[Values], head: Values) -> dict[str, Any]:
    """What the lines say of the file itself; what they do not say is absent."""
    found: dict[str, Any] = {}
    if languages := list(dict.fromkeys(code for values in (head, *lines) for code in lists.languages_of(values))):
        found["languages"] = languages
    if head["accommodation"] is not None:
        found["accommodation_mode"], found["accommodation_note"] = _list(head["accommodation"])
    if head["priority"] is not None:
        found["priority"] = int(str(head["priority"]))
    if head["seniority"] is not None:
        found["seniority_date"] = head["seniority"]
    number = head["phone"] or head["phone_2"]
    if number is not None:
        found["phone"] = operations.normal_phone(str(number))
    return found


def _request_values(lines: Sequence[Values], head: Values) -> dict[str, Any]:
    found = {name: head[key] for name, key in _REQUEST.items() if head[key] is not None}
    for name, key in (("wheelchair", "wheelchair"), ("ground_floor_or_lift", "ground_floor")):
        if any(values[key] for values in lines):  # said of one member, it is asked for the household
            found[name] = True
    if head["animals"] is not None:
        found["animals"] = head["animals"] is not False
        found["animals_note"] = head["animals"] if isinstance(head["animals"], str) else ""
    project = _project(head)
    return found | ({"life_project": project} if project else {})


def _project(head: Values) -> str:
    """The words that no field holds: what the household wishes, the commune, the languages out of the list."""
    parts = [str(head["remarks"])] if head["remarks"] is not None else []
    if head["commune"] is not None:
        parts.append(f"Commune souhaitée : {territories.label_of(str(head['commune']))}.")
    if unlisted := lists.unlisted_of(head):
        parts.append(f"Langues : {', '.join(unlisted)}.")
    return "\n".join(parts)


def _registrations(at: Desk, head: Values) -> list[operations.Registration]:
    told = lists.registrations_of(head)
    return [operations.Registration(at.dispositifs[code], first, last, lead) for code, first, last, lead in told]


def _write(identity: Identity, at: Desk, household: Household, draft: Draft) -> None:
    """Papers, request, wishes, needs, resources, registrations and safety, as far as the line speaks of them."""
    head = _head(draft)
    given: dict[str, Any] = {"household": household, "version": None}
    papers, request, wished, needs = _papers(head), _request_values(draft.lines, head), wishes_of(head), _needs(head)
    if papers:
        operations.update_administrative(identity, values=papers, **given)
    if request or wished:
        operations.update_request(identity, values=request, wished=wished or None, **given)
    if needs:
        operations.update_needs(identity, values=needs, source=SOURCE, **given)
    if resources := lists.resources_of(head):
        known = {row.kind: row.amount for row in queries.resources(household)}
        operations.update_resources(identity, wanted=known | resources, **given)
    if told := _registrations(at, head):
        known_ones = {(e.dispositif_id, e.starts_on): _registration(e) for e in queries.enrolments(household)}
        wanted = known_ones | {(one.dispositif_id, one.starts_on): one for one in told}
        operations.update_enrolments(identity, wanted=list(wanted.values()), **given)
    if head["safety"]:
        _assess(identity, household)


def _registration(known: queries.Enrolment) -> operations.Registration:
    return operations.Registration(known.dispositif_id, known.starts_on, known.ends_on, known.lead)


def _papers(head: Values) -> dict[str, Any]:
    return {name: head[key] for name, key in _PAPERS.items() if head[key] is not None}


def _needs(head: Values) -> dict[str, tuple[int, str]]:
    return {kind: (USEFUL, str(head[key])) for kind, key in _NEEDS.items() if head[key] is not None}


def _assess(identity: Identity, household: Household) -> None:
    """Nothing to report for each adult of whom nothing is recorded; an answer already there stays."""
    told = queries.safety_answered(household)
    for member in queries.present_members(household.id):
        if member.id not in told and not queries.is_minor(member, clock.today()):
            operations.update_member_safety(identity, household=household, member=member, safety=Safety(), version=None)


def _move(identity: Identity, at: Desk, draft: Draft) -> Saved:
    household = db.get_one(Household, draft.record_id)
    before = snapshot(household)
    block = _identity_values(draft.lines, _head(draft))
    if block:
        operations.update_identity(identity, household=household, values=block, version=None)
    before["added"] = _move_people(identity, household, people.people_of(draft.lines, at.today))
    _write(identity, at, household, draft)
    before["assessed"] = len(queries.safety_answered(household)) > before.pop("told")
    return Saved(household.id, household.number, before)


def _move_people(identity: Identity, household: Household, wanted: Sequence[Person]) -> list[int]:
    """Correct the people who are there, add those who came; answers the ids of these. Nobody leaves by an import."""
    present = list(queries.present_members(household.id))
    _correct(identity, household, present.pop(0), wanted[0])
    unmatched = []
    for person in wanted[1:]:
        found = next((m for m in present if fold(m.name) == fold(f"{person.first_name} {person.last_name}")), None)
        if found is None:
            unmatched.append(person)
            continue
        present.remove(found)
        if not people.is_unnamed(person.first_name):
            _correct(identity, household, found, person)
    added = []
    for person in unmatched:
        # Somebody counted in the file may have been named on the page since: they are the same person.
        same = next((m for m in present if people.is_unnamed(person.first_name) and _same_age_group(m, person)), None)
        if same is not None:
            present.remove(same)
            continue
        given: dict[str, Any] = {"event": HouseholdEvent.ARRIVEE, "happened_on": clock.today(), "version": None}
        given["languages"] = person.languages
        added.append(operations.add_member(identity, household=household, person=person, **given).id)
    return added


def _same_age_group(member: Member, person: Person) -> bool:
    return queries.is_minor(member, clock.today()) == person.first_name.startswith("Enfant")


def _correct(identity: Identity, household: Household, member: Member, person: Person) -> None:
    values: dict[str, Any] = {"first_name": person.first_name, "last_name": person.last_name}
    if person.sex != "x":
        values["sex"] = person.sex
    if person.birth_date is not None or (person.birth_year is not None and member.birth_year != person.birth_year):
        values |= {"birth_date": person.birth_date, "birth_year": person.birth_year}
    values |= {name: told for name in (*people.DETAILS, *people.JOB) if (told := getattr(person, name))}
    spoken = {row.language: row for row in _spoken(member)} | {one.language: one for one in person.languages}
    languages = list(spoken.values()) if person.languages else None
    operations.change_member(
        identity, household=household, member=member, values=values, version=None, languages=languages
    )


def _spoken(member: Member) -> list[operations.Spoken]:
    return [operations.Spoken(row.language, row.spoken, row.written) for row in queries.languages_told(member)]


def snapshot(household: Household) -> dict[str, Any]:
    """What undo puts back, as JSON: the blocks that an import may move, and its members by id."""
    block, papers, asked = (
        queries.identity_block(household),
        queries.administrative(household),
        queries.request_of(household),
    )
    members = queries.present_members(household.id)
    fields = ("first_name", "last_name", "sex", "birth_date", "birth_year", *people.DETAILS, *people.JOB)
    return {
        "identity": _plain(block, ("languages", "accommodation_mode", "accommodation_note"))
        | _plain(household, ("priority", "seniority_date"))
        | {"phone": queries.phone_of(household)},
        "papers": _plain(papers, tuple(_PAPERS)),
        "request": _plain(asked, (*_REQUEST, "animals", "animals_note", "life_project")),
        "wishes": queries.wishes(household),
        "needs": {need.kind: [need.level, need.detail] for need in queries.needs(household) if need.kind in _NEEDS},
        "members": {str(member.id): _plain(member, fields) for member in members},
        "spoken": {str(member.id): [[s.language, s.spoken, s.written] for s in _spoken(member)] for member in members},
        "resources": {row.kind: _value(row.amount) for row in queries.resources(household)},
        "enrolments": [
            [_value(value) for value in (e.dispositif_id, e.starts_on, e.ends_on, e.lead)]
            for e in queries.enrolments(household)
        ],
        "told": len(queries.safety_answered(household)),
    }


def restore(identity: Identity, saved: Sequence[Saved]) -> Sequence[str]:
    """Put back what an import changed; what it cannot unsay, it says."""
    keys.load(one.record_id for one in saved)
    return [_restore(identity, db.get_one(Household, one.record_id), one.before) for one in saved]


def _restore(identity: Identity, household: Household, before: Any) -> str:
    given: dict[str, Any] = {"household": household, "version": None}
    operations.update_administrative(identity, values=_typed(before["papers"]), **given)
    operations.update_request(identity, values=_typed(before["request"]), wished=before["wishes"], **given)
    needs = {kind: tuple(before["needs"].get(kind, (0, ""))) for kind in _NEEDS}
    operations.update_needs(identity, values=needs, source=SOURCE, **given)
    for member in queries.present_members(household.id):
        if member.id in before["added"]:
            operations.close_member(
                identity, member=member, event=HouseholdEvent.DEPART, happened_on=clock.today(), **given
            )
        elif (key := str(member.id)) in before["members"]:
            told = [operations.Spoken(*one) for one in before["spoken"][key]]
            operations.change_member(
                identity, member=member, values=_typed(before["members"][key]), languages=told, **given
            )
    operations.update_resources(identity, wanted=_typed(before["resources"]), **given)
    wanted = [operations.Registration(*map(_read, one)) for one in before["enrolments"]]
    operations.update_enrolments(identity, wanted=wanted, **given)
    operations.update_identity(
        identity, values=_typed(before["identity"]), **given
    )  # last: the languages of people move the household's
    return "la sécurité enregistrée reste, à relire dans le dossier." if before["assessed"] else ""


def _plain(block: object, fields: Sequence[str]) -> dict[str, Any]:
    return {name: _value(getattr(block, name)) for name in fields}


def _value(value: Any) -> Any:
    return [type(value).__name__, str(value)] if isinstance(value, date | Decimal) else value


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read(value) for name, value in values.items()}


def _read(value: Any) -> Any:
    match value:
        case ["date", str(text)]:
            return date.fromisoformat(text)
        case ["Decimal", str(text)]:
            return Decimal(text)
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
