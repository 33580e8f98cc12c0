"""« Qui peut lire ceci » on the journal and the documents: what is said of each audience is what the wall does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from odis_app.core.permissions import Role
from odis_app.documents.enums import Audience
from odis_app.documents.sight import audience_readers
from odis_app.journal.policy import JOURNAL_READ
from tests.journal.conftest import EVERYBODY, Circle
from tests.journal.test_walls import second_wall
from tests.support.client import StrictClient, text_of


@pytest.mark.parametrize("writer", ["author", "partner"])
def test_each_audience_is_said_as_the_wall_has_it(circle: Circle, write: Callable[..., str], writer: str) -> None:
    """As told to who follows the file, and to a partner who is shown its own share alone: of their own people."""
    with circle[writer].acting() as identity:
        told = dict(zip(Audience, audience_readers(identity, circle, JOURNAL_READ), strict=True))
    shown = EVERYBODY if writer == "author" else ("author", "colleague", "coordinator", "partner", "chosen")
    for audience in (Audience.PARTENAIRES, Audience.ORGANISATION, Audience.ETAT):
        entry = write(writer, audience)
        for name in shown:
            actor = circle[name]
            with actor.acting() as identity:
                roles = {Role(role) for role in identity.roles}
            said = told[audience].includes(org_id=actor.org_id, user_id=actor.user_id, roles=roles)
            assert said is (entry in second_wall(circle, name)), (audience, name)
    assert told[Audience.CHOISIS].roles == ()
    assert "celles qu’elle choisit" in told[Audience.CHOISIS].more[0]


def test_the_pages_say_it_for_each_audience(circle: Circle, client: StrictClient) -> None:
    for page in ("journal", "documents"):
        words = text_of(client.as_(circle["author"]).get(f"/{circle.path}/{page}"))
        for audience in Audience:
            assert f"Qui peut lire ceci : {audience.label.lower()}" in words, (page, audience)
        assert ("Un document de santé demande en plus" in words) is (page == "documents")
