"""Opening files, one as a page does or many as an import does: the same rows, in as many statements for a thousand as for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.crypto import blind_index, place
from odis_app.core.db import Base, db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id, public_id_from
from odis_app.core.text import fold
from odis_app.exchange.bulk import Event, append_events, create_records, insert_rows
from odis_app.households.enums import FactKind, HouseholdEvent, MemberLink, ProtectionStatus
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdChange,
    HouseholdCounter,
    HouseholdEnrolment,
    HouseholdFact,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdResource,
    HouseholdToken,
    HouseholdVersion,
    HouseholdWish,
    Member,
    MemberLanguage,
    MemberSafety,
)
from odis_app.households.operations.changes import sealed_changes, secret_change
from odis_app.households.operations.composition import Person, check_number, count, display_name, kind_of
from odis_app.households.operations.marks import Mark, marks_of, write_marks
from odis_app.households.operations.search import search_words
from odis_app.households.operations.situation import Registration
from odis_app.households.queries import is_minor
from odis_app.households.status import compute_status

CHUNK = 1_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """What is asked to open a file. ``people`` has the person who asks first; ``key`` names the form that was sent."""

    department_code: str
    dispositif_id: int
    people: list[Person]
    seniority_date: date
    priority: int = 0
    phone: str = ""
    languages: list[str] = field(default_factory=list)
    accommodation_mode: str | None = None
    referent_user_id: int | None = None
    referent_label: str = ""
    opened_on: date | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to open with all that is already known of it.

    ``papers``, ``request``: columns of these blocks; ``needs``: {kind: (level, detail)}; ``source``: who said it;
    ``assessed``: every adult was asked about their safety and has nothing to report; ``resources``: {kind: euros a month};
    ``registrations``: those to other schemes than the file's own.
    """

    opening: Opening
    accommodation_note: str = ""
    papers: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    wished: Sequence[str] = ()
    needs: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    source: str = ""
    assessed: bool = False
    resources: Mapping[str, Decimal | None] = field(default_factory=dict)
    registrations: Sequence[Registration] = ()


@dataclass(slots=True)
class PlannedFact:
    """A fact of the stage, before it is a row."""

    kind: str
    happened_on: date
    subject: str = ""
    data: Row = field(default_factory=dict)


@dataclass(slots=True)
class OpenedFile:
    """A file being written: its row, the keys of its blocks, its people and their public ids, the facts of its stage."""

    new: NewFile
    household: Row
    child: Row
    people: list[Person]
    ids: list[str]
    facts: list[PlannedFact]

    @property
    def principal(self) -> Person:
        """The person who asks first."""
        return next(p for p in self.people if p.link == MemberLink.DEMANDEUR_PRINCIPAL.value)


def open_households(identity: Identity, files: Sequence[NewFile]) -> list[tuple[int, str]]:
    """(id, number) of each new file, in order, with its first version, its first facts and the stage that follows.

    Its referent is the author unless told otherwise. Raises RuleError when one has nobody, or not exactly one person, who asks first.
    """
    for new in files:
        if [p.link for p in new.opening.people].count(MemberLink.DEMANDEUR_PRINCIPAL.value) != 1:
            raise RuleError("people", "Un ménage a un demandeur principal et un seul.")
        check_number(len(new.opening.people))
    numbers = _numbers(identity, files)
    found: list[tuple[int, str]] = []
    for start in range(0, len(files), CHUNK):
        some = files[start : start + CHUNK]
        found += _open_some(identity, some, numbers)
    return found


def _numbers(identity: Identity, files: Sequence[NewFile]) -> dict[str, Iterator[int]]:
    """The numbers reserved in each département, in the order in which files are opened."""
    reserved = {}
    for code, wanted in sorted(Counter(new.opening.department_code for new in files).items()):
        statement = insert(HouseholdCounter).values(
            owner_org_id=identity.require_org(), department_code=code, last_number=wanted
        )
        statement = statement.on_conflict_do_update(
            index_elements=["owner_org_id", "department_code"],
            set_={"last_number": HouseholdCounter.last_number + wanted},
        )
        last = db.execute(statement.returning(HouseholdCounter.last_number)).scalar_one()
        reserved[code] = iter(range(last - wanted + 1, last + 1))
    return reserved


def _open_some(
    identity: Identity, files: Sequence[NewFile], numbers: Mapping[str, Iterator[int]]
) -> list[tuple[int, str]]:
    today, now = clock.today(), clock.now()
    homes = [(new.opening.department_code, new.opening.dispositif_id) for new in files]
    opened = []
    for record_id, new in zip(create_records(identity, "household", homes), files, strict=True):
        code = new.opening.department_code
        number = f"M-{code}-{next(numbers[code]):04d}"
        one = opened_file(identity, new, record_id, number, now)
        stage = compute_status(one.facts, today)
        one.household |= {
            "status": stage.status.value,
            "status_reason": stage.reason.value,
            "status_since": stage.since,
        }
        opened.append(one)
    rows: dict[type[Base], list[Row]] = {Household: [one.household for one in opened]}
    for one in opened:
        for model, row in rows_of(identity, one, now):
            rows.setdefault(model, []).append(row)
    members = rows.pop(Member)
    for model, some in rows.items():
        insert_rows(model, some)
    written = insert_rows(Member, members, returning=("id", "public_id"))
    ids = {row.public_id: row.id for row in written}
    insert_rows(MemberLanguage, [row for one in opened for row in _languages(one, ids)])
    _assess(identity, opened, ids, today)
    write_marks({one.household["id"]: marks_of_file(one) for one in opened})
    _track(opened)
    _tell(opened)
    return [(one.household["id"], one.household["number"]) for one in opened]


def opened_file(identity: Identity, new: NewFile, record_id: int, number: str, now: datetime) -> OpenedFile:
    """A file as it will be written; what the members make of it: sizes, kind, initials."""
    opening, org_id, today = new.opening, identity.require_org(), clock.today()
    since = opening.opened_on or today
    people, ids = opening.people, [new_public_id() for _person in opening.people]
    household = {
        "id": record_id, "owner_org_id": org_id, "public_id": public_id_from(org_id, opening.key) if opening.key else new_public_id(), "number": number, "department_code": opening.department_code,
        "dispositif_id": opening.dispositif_id, "priority": opening.priority, "seniority_date": opening.seniority_date,
        "referent_user_id": opening.referent_user_id or identity.user_id, "referent_label": opening.referent_label or identity.name,
        "status_since": since, "reviewed_at": now, "reviewed_by_label": identity.name, "created_at": now,
        "composition_kind": kind_of(people, today).value, **count(people, today),
    }  # fmt: skip
    found = OpenedFile(new, household, {"household_id": record_id, "owner_org_id": org_id}, people, ids, [])
    household["initials"] = f"{found.principal.first_name[:1]}. {found.principal.last_name[:1]}."
    found.facts = [PlannedFact(kind.value, day) for kind, day in _facts(found, since, today)]
    return found


def _member(person: Person, public_id: str, since: date) -> Row:
    return {
        "public_id": public_id, "link": person.link, "first_name": person.first_name, "last_name": person.last_name,
        "sex": person.sex, "birth_date": person.birth_date, "birth_year": person.birth_date.year if person.birth_date else person.birth_year,
        "nationality": person.nationality, "family_situation": person.family_situation, "french_level": person.french_level,
        "french_written": person.french_written, "education_level": person.education_level, "mobility": person.mobility, "rome_code": person.rome_code, "target_job": person.target_job, "situation": person.situation, "situation_note": person.situation_note,
        "present_in_france": person.present_in_france, "since": since,
    }  # fmt: skip


def rows_of(identity: Identity, one: OpenedFile, now: datetime) -> Iterator[tuple[type[Base], Row]]:
    """Every row that hangs on the file, apart from the safety of its people."""
    new, child, names = one.new, one.child, [(p.first_name, p.last_name) for p in one.people]
    yield HouseholdIdentity, keys.sealed_row(HouseholdIdentity, child | _identity_block(one))
    yield HouseholdAdministrative, keys.sealed_row(HouseholdAdministrative, child | dict(new.papers))
    yield HouseholdRequest, keys.sealed_row(HouseholdRequest, child | dict(new.request))
    opened_on, event = one.facts[0].happened_on, HouseholdEvent.OUVERTURE.value
    scheme = {"dispositif_id": new.opening.dispositif_id, "starts_on": opened_on, "lead": identity.org_short_name}
    yield HouseholdEnrolment, child | scheme
    for other in new.registrations:
        told = {
            "dispositif_id": other.dispositif_id,
            "starts_on": other.starts_on,
            "ends_on": other.ends_on,
            "lead": other.lead,
        }
        yield HouseholdEnrolment, child | told
    for kind, amount in new.resources.items():
        yield HouseholdResource, child | {"kind": kind, "amount": amount, "noted_on": clock.today()}
    told = {
        "version": 1,
        "event": event,
        "happened_on": opened_on,
        "recorded_at": now,
        "recorded_by_label": identity.name,
    }
    yield HouseholdVersion, child | told
    for person, public_id in zip(one.people, one.ids, strict=True):
        yield Member, keys.sealed_row(Member, child | _member(person, public_id, opened_on))
    for rank, code in enumerate(new.wished, 1):
        yield HouseholdWish, child | {"rank": rank, "department_code": code}
    for kind, (level, detail) in new.needs.items():
        told = {"kind": kind, "level": level, "detail": detail, "source": new.source, "noted_on": clock.today()}
        yield HouseholdNeed, keys.sealed_row(HouseholdNeed, child | told)
    for word in sorted(search_words(names)):
        yield HouseholdToken, child | {"token": word}
    for fact in one.facts:
        told = {"kind": fact.kind, "happened_on": fact.happened_on, "subject": fact.subject, "data": fact.data}
        yield HouseholdFact, child | told


def _languages(one: OpenedFile, ids: Mapping[str, int]) -> Iterator[Row]:
    """What each person speaks, when it is told. ``ids``: by public id."""
    for person, public_id in zip(one.people, one.ids, strict=True):
        for told in person.languages:
            yield one.child | {
                "member_id": ids[public_id],
                "language": told.language,
                "spoken": told.spoken,
                "written": told.written,
            }


def _identity_block(one: OpenedFile) -> Row:
    household, principal, opening = one.household, one.principal, one.new.opening
    phone, org_id = opening.phone, household["owner_org_id"]
    where = place("household_identities", "phone", household["public_id"])
    return {
        "name": display_name(principal, household["composition_kind"]), "folded": fold(f"{principal.last_name} {principal.first_name}"),
        "languages": opening.languages, "accommodation_mode": opening.accommodation_mode, "accommodation_note": one.new.accommodation_note,
        "phone_index": blind_index(phone, org_id=org_id, column="phone") if phone else None,
        "phone_sealed": keys.seal(household["id"], phone, where) if phone else None,
    }  # fmt: skip


def marks_of_file(one: OpenedFile) -> set[Mark]:
    people = [(p.first_name, p.last_name, p.birth_date) for p in one.people]
    return marks_of(phone=one.new.opening.phone, agdref="", people=people)


def _facts(one: OpenedFile, opened_on: date, today: date) -> Iterator[tuple[FactKind, date]]:
    """As ``refresh_completeness`` would record them: opened, then complete, then dated."""
    yield FactKind.OPENED, opened_on
    child = MemberLink.ENFANT_MINEUR.value
    ages_known = all(p.age_on(today) is not None for p in one.people if p.link == child)
    status = one.new.papers.get("protection_status") or ProtectionStatus.NON_RENSEIGNE.value
    asked = one.new.assessed or all(is_minor(p, today) for p in one.people)
    if ages_known and asked and status != ProtectionStatus.NON_RENSEIGNE.value:
        yield FactKind.COMPLETED, today
    if one.new.request.get("need_from") is not None:
        yield FactKind.NEED_DATED, today


def _assess(identity: Identity, opened: Sequence[OpenedFile], ids: Mapping[str, int], today: date) -> None:
    """« Nothing to report » of each adult, when the file says so; remembered and told as class 3. ``ids``: by public id."""
    safety: list[Row] = []
    changes: list[Row] = []
    for one in (one for one in opened if one.new.assessed):
        found, change = safety_rows(identity, one, ids, today)
        safety += found
        changes.append(change)
    insert_rows(MemberSafety, safety)
    insert_rows(HouseholdChange, changes)


def safety_rows(identity: Identity, one: OpenedFile, ids: Mapping[str, int], today: date) -> tuple[list[Row], Row]:
    """« Nothing to report » of each adult of a file, and the change that remembers it; the keys of the file are at hand."""
    nothing = {
        "fvv_teh": False, "women_hosts_only": False, "excluded_departments": [], "assessed_on": today, "assessed_by_label": identity.name,
    }  # fmt: skip
    adults = [(p, ids[key]) for p, key in zip(one.people, one.ids, strict=True) if not is_minor(p, today)]
    told_of = ({**one.child, "member_id": member_id, **nothing} for _person, member_id in adults)
    told = [secret_change("safety", f"Sécurité de {person.first_name}") for person, _id in adults]
    change = {
        **one.child, "section": "Sécurité", "version": 1, "sensitivity": 3,
        "changes_sealed": sealed_changes(one.household["id"], 1, "Sécurité", told), "author_label": identity.name,
        "author_org_label": identity.org_short_name, "at": clock.now(),
    }  # fmt: skip
    return [keys.sealed_row(MemberSafety, row) for row in told_of], change


def _track(opened: Sequence[OpenedFile]) -> None:
    """What the State steers by, from the rows just written."""
    ids = [one.household["id"] for one in opened]
    tracked = db.execute(text("SELECT odis.track_opened(CAST(:ids AS bigint[]))"), {"ids": ids}).scalar_one()
    if tracked != len(ids):
        raise PermissionError("these files may not be opened from here")


def _tell(opened: Sequence[OpenedFile]) -> None:
    """One event of the trail per file, and one of class 3 per file whose adults were assessed."""
    events = [
        Event("household:create", one.household["id"], "Dossier ouvert", {"number": one.household["number"]})
        for one in opened
    ]
    told = {"section": "Sécurité", "fields": ["safety"]}
    events += [
        Event("household:update", one.household["id"], "Sécurité : modification", told, sensitivity=3)
        for one in opened
        if one.new.assessed
    ]
    append_events(events)
