"""Who imports, and the only selects that lead to an import: those of one's own organisation."""

from __future__ import annotations

from sqlalchemy import Select, false, func, or_, select

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.exchange.enums import ImportState
from odis_app.exchange.kinds import ImportKind, all_kinds, get_kind
from odis_app.exchange.models import Import

IMPORTERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.QUALIFICATEUR_OFFRES, Role.OPERATEUR}


def may_handle(identity: Identity, found: Import) -> bool:
    """On importe ce que l’on a le droit de créer."""
    kind = get_kind(found.kind)
    return kind is not None and found.owner_org_id == identity.case_org_id and identity.can(kind.permission)


IMPORT_USE = permission("import:use", "Importer un tableau", roles=IMPORTERS, rule=may_handle)


def kinds_for(identity: Identity) -> list[ImportKind]:
    """The kinds of things that this person may create."""
    return [kind for kind in all_kinds() if identity.can(kind.permission)]


def visible_imports(identity: Identity) -> Select[Import]:
    """The imports of one's organisation; an expired draft is gone, even before it is purged."""
    if identity.case_org_id is None:
        return select(Import).where(false())
    alive = or_(Import.state != ImportState.DRAFT.value, Import.expires_at > func.now())
    return select(Import).where(Import.owner_org_id == identity.case_org_id, alive)


def find_import(identity: Identity, public_id: str) -> Import | None:
    """The import at this address, or None."""
    return db.execute(visible_imports(identity).where(Import.public_id == public_id)).scalar_one_or_none()


def find_kind(identity: Identity, code: str) -> ImportKind | None:
    """The kind of that code when this person may create such things, or None."""
    kind = get_kind(code)
    return kind if kind is not None and identity.can(kind.permission) else None
