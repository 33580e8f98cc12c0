"""Declaring a structure, and numbering what is housed."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from odis_app.access.operations import create_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.structures.enums import StructureKind
from odis_app.structures.models import HousingCounter, Structure, StructureAddress
from odis_app.territories import queries as territories


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
) -> Structure:
    """A structure of one's organisation. A secret one keeps its name and commune beside its address. Raises RuleError."""
    if not name.strip():
        raise RuleError("name", "Écrivez le nom de la structure.")
    department = department_of(commune_code)
    record = create_record(identity, kind="structure", department_code=department)
    number = next_number(identity, "S", department)
    structure = Structure(
        id=record.id,
        owner_org_id=record.owner_org_id,
        number=number,
        name=f"Structure {number}" if location_secret else name,
        kind=kind.value,
        department_code=department,
        commune_code=None if location_secret else commune_code,
        location_secret=location_secret,
        created_at=clock.now(),
    )
    db.add(structure)
    db.flush()
    db.add(
        StructureAddress(
            structure_id=structure.id,
            owner_org_id=structure.owner_org_id,
            department_code=department,
            location_secret=location_secret,
            name=name if location_secret else "",
            commune_code=commune_code,
            address=address,
        )
    )
    db.flush()
    record_event(
        identity, "structure:create", record_id=structure.id, summary="Structure déclarée", data={"number": number}
    )
    return structure
