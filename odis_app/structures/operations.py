"""Declaring a structure, correcting it, closing it, and numbering what is housed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from odis_app.access.operations import create_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.slots import slot
from odis_app.structures.enums import ClosingReason, StructureFact, StructureKind
from odis_app.structures.models import (
    POSITIONS,
    HousingCounter,
    Structure,
    StructureAddress,
    StructureContact,
    StructureEvent,
)
from odis_app.structures.queries import contacts_of, describe, events_of
from odis_app.territories import queries as territories

FACTS = (
    "capacity_authorised", "public", "building", "opened_on", "authorised_from", "authorised_to", "convention_from", "convention_to",
)  # fmt: skip
CODES = {"finess_codes": re.compile(r"\d[\dAB]\d{7}"), "dna_codes": re.compile(r"[A-Z]\d[\dAB]\d{2}")}
CODE_HELP = {
    "finess_codes": "Un code FINESS a neuf chiffres, par exemple 440000000. Corrigez « {} ».",
    "dna_codes": "Un code DNA est une lettre et quatre chiffres, par exemple C4401. Corrigez « {} ».",
}
FAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call at a structure; nothing at all is no contact."""

    name: str = ""
    role: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return bool(self.name or self.role or self.phone or self.email)


def next_number(identity: Identity, series: str, department_code: str) -> str:
    """« P-53-0012 »: the next number of ``series`` (O, P or S) of one's organisation in a département."""
    statement = insert(HousingCounter).values(
        owner_org_id=identity.require_org(), series=series, department_code=department_code, last_number=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["owner_org_id", "series", "department_code"],
        set_={"last_number": HousingCounter.last_number + 1},
    )
    number = db.execute(statement.returning(HousingCounter.last_number)).scalar_one()
    return f"{series}-{department_code}-{number:0{4 if series == 'O' else 3}d}"


def department_of(commune_code: str) -> str:
    """The département of a commune. Raises RuleError on ``commune_code`` when it is not one of today's communes."""
    commune = territories.commune(commune_code)
    if commune is None:
        raise RuleError("commune_code", "Cette commune n’existe pas. Écrivez son nom ou son code postal.")
    return str(commune.department_code)


def create_structure(
    identity: Identity,
    *,
    name: str,
    kind: StructureKind,
    commune_code: str,
    address: str = "",
    location_secret: bool = False,
    details: Mapping[str, Any] | None = None,
    contacts: Sequence[Contact] = (),
) -> Structure:
    """A structure of one's organisation; ``details``: some of ``FACTS`` and ``CODES``. What would tell where a secret one is stays beside its address. Raises RuleError."""
    details = _checked(name, details or {})
    department = department_of(commune_code)
    record = create_record(identity, kind="structure", department_code=department)
    structure = Structure(
        id=record.id, owner_org_id=record.owner_org_id, number=next_number(identity, "S", department), department_code=department,
        kind=kind.value, created_at=clock.now(), name="", **{fact: details[fact] for fact in FACTS if fact in details},
    )  # fmt: skip
    _place_it(structure, name, commune_code, details, location_secret=location_secret)
    db.add(structure)
    db.flush()
    kept = StructureAddress(
        structure_id=structure.id, owner_org_id=structure.owner_org_id, department_code=department, location_secret=location_secret
    )  # fmt: skip
    _seal(kept, name, commune_code, address, details)
    db.add(kept)
    _set_contacts(structure, contacts)
    _tell(identity, structure, StructureFact.DECLAREE, {})
    record_event(
        identity,
        "structure:create",
        record_id=structure.id,
        summary="Structure déclarée",
        data={"number": structure.number},
    )
    return structure


def update_structure(
    identity: Identity,
    *,
    structure: Structure,
    version: int | None,
    name: str,
    kind: StructureKind,
    commune_code: str,
    address: str,
    location_secret: bool,
    details: Mapping[str, Any],
    contacts: Sequence[Contact],
) -> None:
    """Correct a structure; a département never changes. One that becomes secret hides its places too. Raises RuleError, StaleVersionError."""
    if version is not None and version != structure.version:
        raise StaleVersionError([_sentence(event) for event in events_of(structure.id, after=version)])
    details = _checked(name, details)
    if department_of(commune_code) != structure.department_code:
        raise RuleError(
            "commune_code",
            "La commune doit rester dans le même département. Déclarez une autre structure ailleurs, puis fermez celle-ci.",
        )
    kept = db.get_one(StructureAddress, structure.id)
    before, was_secret = _state(structure, kept), structure.location_secret
    structure.kind = kind.value
    for fact in FACTS:
        setattr(structure, fact, details.get(fact, "" if fact in {"public", "building"} else None))
    _place_it(structure, name, commune_code, details, location_secret=location_secret)
    db.flush()
    db.refresh(kept)  # the key of the row followed its structure
    _seal(kept, name, commune_code, address, details)
    _set_contacts(structure, contacts)
    told = _changes(before, _state(structure, kept))
    if not told:
        return
    if location_secret != was_secret:
        for entry in slot("structure.secrecy").entries():
            if entry.provider:
                entry.provider(identity, structure)
    structure.version += 1
    _tell(identity, structure, StructureFact.MODIFIEE, told)
    fields = [*told.get("values", {}), *told.get("fields", [])]
    record_event(
        identity, "structure:update", record_id=structure.id, summary="Structure modifiée", data={"fields": fields}
    )


def close_structure(identity: Identity, *, structure: Structure, on: date, reason: str) -> None:
    """Give a structure its closing day, a year ahead at the most; its places close with it. Raises RuleError, also while somebody stays after that day."""
    if structure.closed_on is not None:
        raise RuleError("", "La fermeture de cette structure est déjà enregistrée. Rouvrez-la pour changer de date.")
    if reason not in set(ClosingReason):
        raise RuleError("reason", "Choisissez le motif de la fermeture dans la liste.")
    if structure.opened_on and on < structure.opened_on:
        raise RuleError("on", "Cette date est avant l’ouverture de la structure.")
    if on > clock.today() + FAR:
        raise RuleError("on", "Donnez une date dans l’année qui vient.")
    for entry in slot("structure.closing").entries():
        if entry.provider:
            entry.provider(identity, structure, on)
    structure.closed_on, structure.closing_reason = on, reason
    structure.version += 1
    _tell(identity, structure, StructureFact.FERMEE, {"on": on.isoformat(), "reason": reason})
    data = {"on": on.isoformat(), "reason": reason}
    record_event(identity, "structure:close", record_id=structure.id, summary="Structure fermée", data=data)


def reopen_structure(identity: Identity, *, structure: Structure) -> None:
    """The closing is undone; its places stay closed until each is opened again. Raises RuleError."""
    if structure.closed_on is None:
        raise RuleError("", "Cette structure est ouverte.")
    structure.closed_on, structure.closing_reason = None, ""
    structure.version += 1
    _tell(identity, structure, StructureFact.ROUVERTE, {})
    record_event(identity, "structure:reopen", record_id=structure.id, summary="Structure rouverte")


def _checked(name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    if not name.strip():
        raise RuleError("name", "Écrivez le nom de la structure.")
    for start, end, what in (
        ("authorised_from", "authorised_to", "de l’autorisation"),
        ("convention_from", "convention_to", "de la convention"),
    ):
        first, last = details.get(start), details.get(end)
        if first and last and last < first:
            raise RuleError(end, f"La fin {what} est avant son début. Corrigez l’une des deux dates.")
    found = dict(details)
    for field, pattern in CODES.items():
        codes = list(dict.fromkeys(code.upper() for code in details.get(field, ())))
        if wrong := [code for code in codes if not pattern.fullmatch(code)]:
            raise RuleError(field, CODE_HELP[field].format(wrong[0]))
        found[field] = codes
    return found


def _place_it(
    structure: Structure, name: str, commune_code: str, details: Mapping[str, Any], *, location_secret: bool
) -> None:
    """What everybody reads: of a secret structure, its number and its département."""
    structure.location_secret = location_secret
    structure.name = f"Structure {structure.number}" if location_secret else name
    structure.commune_code = None if location_secret else commune_code
    for field in CODES:
        setattr(structure, field, [] if location_secret else details[field])


def _seal(kept: StructureAddress, name: str, commune_code: str, address: str, details: Mapping[str, Any]) -> None:
    secret = kept.location_secret
    kept.name, kept.commune_code, kept.address = name if secret else "", commune_code, address
    kept.finess_codes = " ".join(details["finess_codes"]) if secret else ""
    kept.dna_codes = " ".join(details["dna_codes"]) if secret else ""
    db.flush()


def _set_contacts(structure: Structure, contacts: Sequence[Contact]) -> None:
    """Those that changed, those that came and those that left."""
    kept, wanted = {c.position: c for c in contacts_of(structure.id)}, dict(zip(POSITIONS, contacts, strict=False))
    for position in POSITIONS:
        contact = wanted.get(position) or Contact()
        row = kept.get(position)
        if row is None and contact:
            row = StructureContact(
                structure_id=structure.id, owner_org_id=structure.owner_org_id, position=position, public_id=new_public_id(),
                department_code=structure.department_code, location_secret=structure.location_secret,
            )  # fmt: skip
            db.add(row)
        if row is not None and contact:
            row.name, row.role, row.phone, row.email = contact.name, contact.role, contact.phone, contact.email
        elif row is not None:
            db.execute(delete(StructureContact).where(StructureContact.public_id == row.public_id))
    db.flush()


def _state(structure: Structure, kept: StructureAddress) -> dict[str, Any]:
    """Everything that the form writes, to be compared."""
    contacts = [(c.position, c.name, c.role, c.phone, c.email) for c in contacts_of(structure.id)]
    codes = {field: getattr(kept, field).split() or list(getattr(structure, field)) for field in CODES}
    place = {"name": kept.name or structure.name, "commune_code": kept.commune_code, "address": kept.address}
    facts = {name: getattr(structure, name) for name in ("kind", "location_secret", *FACTS)}
    return facts | place | codes | {"contacts": contacts}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Figures, days and words of a list before and after; of the rest (where it is, whom to call), only what changed."""
    changed = [name for name in before if before[name] != after[name]]
    values = {name: [_plain(before[name]), _plain(after[name])] for name in changed if name in {"kind", *FACTS}}
    fields = [name for name in changed if name not in values]
    return ({"values": values} if values else {}) | ({"fields": fields} if fields else {})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _tell(identity: Identity, structure: Structure, fact: StructureFact, data: dict[str, Any]) -> None:
    db.add(
        StructureEvent(
            structure_id=structure.id, owner_org_id=structure.owner_org_id, kind=fact.value, version=structure.version, data=data,
            recorded_at=clock.now(), author_label=identity.name,
        )
    )  # fmt: skip
    db.flush()


def _sentence(event: StructureEvent) -> str:
    said = describe(event)
    return f"{event.author_label} : {event.kind_label.lower()}" + (f", {said}" if said else "") + "."
