"""Opening many files at once, as an import does: the same rows as one by one, in few statements."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from odis_app.access.models import Record
from odis_app.core import clock
from odis_app.core.crypto import blind_index, place, seal
from odis_app.core.db import current_unit, db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.text import fold
from odis_app.households.enums import FactKind, HouseholdEvent, MemberLink, ProtectionStatus
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdChange,
    HouseholdCounter,
    HouseholdFact,
    HouseholdIdentity,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdToken,
    HouseholdVersion,
    HouseholdWish,
    Member,
    MemberSafety,
)
from odis_app.households.operations.changes import secret_change
from odis_app.households.operations.composition import Person, count, display_name, kind_of
from odis_app.households.operations.file import Opening
from odis_app.households.operations.search import search_words
from odis_app.households.queries import is_minor
from odis_app.households.status import compute_status

CHUNK = 500


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to open with all that is already known of it.

    ``papers``, ``request``: columns of these blocks; ``needs``: {kind: (level, detail)}; ``source``: who said it;
    ``assessed``: every adult was asked about their safety and has nothing to report.
    """

    opening: Opening
    accommodation_note: str = ""
    papers: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    wished: Sequence[str] = ()
    needs: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    source: str = ""
    assessed: bool = False


@dataclass(slots=True)
class _Opened:
    """A file being written: its row, its people, the facts of its stage."""

    new: NewFile
    household: Household
    members: list[Member]
    facts: list[HouseholdFact]


def open_households(identity: Identity, files: Sequence[NewFile]) -> list[tuple[int, str]]:
    """(id, number) of each new file, in order. Raises RuleError when one has not exactly one person who asks first."""
    for new in files:
        if [p.link for p in new.opening.people].count(MemberLink.DEMANDEUR_PRINCIPAL.value) != 1:
            raise RuleError("people", "Un ménage a un demandeur principal et un seul.")
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
    org_id, today = identity.require_org(), clock.today()
    records = [
        Record(kind="household", owner_org_id=org_id, department_code=o.department_code, dispositif_id=o.dispositif_id)
        for o in (new.opening for new in files)
    ]
    db.add_all(records)
    db.flush()
    opened = []
    for record, new in zip(records, files, strict=True):
        code = new.opening.department_code
        household = _household(identity, new.opening, record, f"M-{code}-{next(numbers[code]):04d}")
        members = [_member(household, person, new.opening.opened_on or today) for person in new.opening.people]
        opened.append(_Opened(new, household, members, []))
        _compose(opened[-1], today)
    db.add_all(one.household for one in opened)
    db.flush()
    for one in opened:
        db.add_all(_rows(identity, one, today))
    db.flush()
    _assess(identity, opened, today)
    _set_stages(opened, today)
    _tell(opened)
    result = [(one.household.id, one.household.number) for one in opened]
    db.flush()
    db.expire_all()
    return result


def _household(identity: Identity, opening: Opening, record: Record, number: str) -> Household:
    now = clock.now()
    return Household(
        id=record.id, owner_org_id=record.owner_org_id, public_id=new_public_id(), number=number, department_code=opening.department_code,
        dispositif_id=opening.dispositif_id, priority=opening.priority, seniority_date=opening.seniority_date,
        referent_user_id=opening.referent_user_id or identity.user_id, referent_label=opening.referent_label or identity.name,
        status_since=opening.opened_on or clock.today(), reviewed_at=now, reviewed_by_label=identity.name, created_at=now,
    )  # fmt: skip


def _member(household: Household, person: Person, since: date) -> Member:
    return Member(
        household_id=household.id, owner_org_id=household.owner_org_id, link=person.link, first_name=person.first_name, last_name=person.last_name,
        sex=person.sex, birth_date=person.birth_date, birth_year=person.birth_date.year if person.birth_date else person.birth_year,
        nationality=person.nationality, french_level=person.french_level, situation=person.situation, situation_note=person.situation_note,
        present_in_france=person.present_in_france, since=since,
    )  # fmt: skip


def _compose(one: _Opened, today: date) -> None:
    """What the members make of the file: sizes, kind, initials."""
    for name, value in count(one.members, today).items():
        setattr(one.household, name, value)
    principal = _principal(one)
    one.household.composition_kind = kind_of(one.members, today).value
    one.household.initials = f"{principal.first_name[:1]}. {principal.last_name[:1]}."


def _principal(one: _Opened) -> Member:
    return next(m for m in one.members if m.link == MemberLink.DEMANDEUR_PRINCIPAL.value)


def _rows(identity: Identity, one: _Opened, today: date) -> Iterator[object]:
    """Every row that hangs on the file."""
    household, new, opening = one.household, one.new, one.new.opening
    child: dict[str, Any] = {"household_id": household.id, "owner_org_id": household.owner_org_id}
    opened_on, phone = opening.opened_on or today, opening.phone
    principal = _principal(one)
    yield HouseholdIdentity(
        **child, name=display_name(principal, household), folded=fold(f"{principal.last_name} {principal.first_name}"), languages=opening.languages,
        accommodation_mode=opening.accommodation_mode, accommodation_note=new.accommodation_note,
        phone_index=blind_index(phone, org_id=household.owner_org_id, column="phone") if phone else None,
        phone_sealed=seal(phone, place("household_identities", "phone", household.public_id)) if phone else None,
    )  # fmt: skip
    yield HouseholdAdministrative(**child, **new.papers)
    yield HouseholdRequest(**child, **new.request)
    yield HouseholdVersion(
        **child, version=1, event=HouseholdEvent.OUVERTURE.value, happened_on=opened_on, recorded_at=clock.now(), recorded_by_label=identity.name
    )  # fmt: skip
    yield from one.members
    yield from (HouseholdWish(**child, rank=rank, department_code=code) for rank, code in enumerate(new.wished, 1))
    for kind, (level, detail) in new.needs.items():
        yield HouseholdNeed(**child, kind=kind, level=level, detail=detail, source=new.source, noted_on=today)
    names = [(m.first_name, m.last_name) for m in one.members]
    yield from (HouseholdToken(**child, token=word) for word in sorted(search_words(names)))
    one.facts = [
        HouseholdFact(**child, kind=kind.value, happened_on=day, subject="", data={})
        for kind, day in _facts(one, opened_on, today)
    ]
    yield from one.facts


def _facts(one: _Opened, opened_on: date, today: date) -> Iterator[tuple[FactKind, date]]:
    """As ``refresh_completeness`` would record them: opened, then complete, then dated."""
    yield FactKind.OPENED, opened_on
    child = MemberLink.ENFANT_MINEUR.value
    ages_known = all(m.age_on(today) is not None for m in one.members if m.link == child)
    status = one.new.papers.get("protection_status") or ProtectionStatus.NON_RENSEIGNE.value
    asked = one.new.assessed or all(is_minor(m, today) for m in one.members)
    if ages_known and asked and status != ProtectionStatus.NON_RENSEIGNE.value:
        yield FactKind.COMPLETED, today
    if one.new.request.get("need_from") is not None:
        yield FactKind.NEED_DATED, today


def _assess(identity: Identity, opened: Sequence[_Opened], today: date) -> None:
    """« Nothing to report » of each adult, when the file says so; remembered and told as class 3."""
    for one in opened:
        if not one.new.assessed:
            continue
        household = one.household
        child: dict[str, Any] = {"household_id": household.id, "owner_org_id": household.owner_org_id}
        adults = [m for m in one.members if not is_minor(m, today)]
        db.add_all(
            MemberSafety(
                **child, member_id=m.id, fvv_teh=False, women_hosts_only=False, excluded_departments=[], assessed_on=today, assessed_by_label=identity.name
            )
            for m in adults
        )  # fmt: skip
        db.add(
            HouseholdChange(
                **child, section="Sécurité", version=1, sensitivity=3, changes=[secret_change("safety", f"Sécurité de {m.first_name}") for m in adults],
                author_label=identity.name, author_org_label=identity.org_short_name, at=clock.now(),
            )
        )  # fmt: skip
    db.flush()


def _set_stages(opened: Sequence[_Opened], today: date) -> None:
    stages = [compute_status(one.facts, today) for one in opened]
    allowed = db.execute(
        text(
            "SELECT bool_and(odis.set_household_status(v.id, v.status, v.reason, v.since, NULL, NULL, NULL, NULL)) "
            "FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]), CAST(:since AS date[])) "
            "AS v(id, status, reason, since)"
        ),
        {
            "ids": [one.household.id for one in opened],
            "statuses": [stage.status.value for stage in stages],
            "reasons": [stage.reason.value for stage in stages],
            "since": [stage.since for stage in stages],
        },
    ).scalar_one()
    if not allowed:
        raise PermissionError("the stage of these files may not be moved from here")


def _tell(opened: Sequence[_Opened]) -> None:
    """One event of the trail per file, and one of class 3 per file whose adults were assessed."""
    events: list[tuple[_Opened, str, int, str, dict[str, Any]]] = [
        (one, "household:create", 0, "Dossier ouvert", {"number": one.household.number}) for one in opened
    ]
    told: dict[str, Any] = {"section": "Sécurité", "fields": ["safety"]}
    events += [(one, "household:update", 3, "Sécurité : modification", told) for one in opened if one.new.assessed]
    written = db.execute(
        text(
            "SELECT bool_and(odis.audit_append(v.action, v.record, v.class, '', v.summary, v.data, :request) IS NOT NULL) "
            "FROM unnest(CAST(:actions AS text[]), CAST(:records AS bigint[]), CAST(:classes AS smallint[]), CAST(:summaries AS text[]), "
            "CAST(:data AS jsonb[])) AS v(action, record, class, summary, data)"
        ),
        {
            "actions": [action for _one, action, *_ in events],
            "records": [one.household.id for one, *_ in events],
            "classes": [sensitivity for _one, _action, sensitivity, *_ in events],
            "summaries": [summary for *_, summary, _data in events],
            "data": [json.dumps(data) for *_, data in events],
            "request": current_unit().request_id,
        },
    ).scalar_one()
    if not written:
        raise PermissionError("these files may not be named in the trail by who acts")
