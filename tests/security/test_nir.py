"""The social security number is refused where it is sealed too, whatever came before: no form, an operation, the name of a file."""

from __future__ import annotations

import pytest

from odis_app.access import keys
from odis_app.access.operations import create_record
from odis_app.core.crypto import place
from odis_app.core.errors import RuleError
from odis_app.documents.enums import Audience
from odis_app.documents.operations import store_document
from odis_app.journal.operations import add_entry
from odis_app.organisations.seeds import Actor
from tests.documents.conftest import PDF, upload
from tests.placements.conftest import dispositif
from tests.support.worlds import WorldBuilder

NIR = "1 85 05 78 006 084 91"


@pytest.fixture
def actor(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


def test_no_operation_writes_it_in_what_is_sealed(actor: Actor) -> None:
    with actor.acting() as identity:
        record = create_record(identity, kind="household", department_code="44", dispositif_id=dispositif())
        owner = {"record_id": record.id, "owner_org_id": actor.org_id, "audience": Audience.ORGANISATION}
        with pytest.raises(RuleError, match="sécurité sociale"):
            keys.seal(record.id, f"Carte {NIR}", place("x", "y", 1))
        with pytest.raises(RuleError, match="sécurité sociale"):
            add_entry(identity, body=f"Son numéro : {NIR}", **owner)
        with pytest.raises(RuleError, match="sécurité sociale"):
            store_document(identity, upload=upload(PDF, f"attestation {NIR}.pdf"), **owner)
