"""Who is reminded of places without news, how often, and about what nobody is."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.housing import operations as do
from odis_app.housing.models import Place
from tests.housing.conftest import MONDAY
from tests.housing.reminding import aged, reminders
from tests.support.worlds import owner_unit

HOLIDAY, SATURDAY = date(2026, 11, 11), date(2026, 11, 21)


def test_who_is_written_to_and_how_often(world, homes, operator, association, remind, behind):
    colleague = world.actor("operateur", "44", colleague_of=operator)
    world.actor("admin_organisation", "44", colleague_of=operator)
    first, second = homes.structure(operator), homes.structure(operator)
    aged(operator, homes.place(operator, structure=first))
    aged(operator, homes.place(operator, structure=second), days=13)
    offer = homes.offer(association, stage="validated")
    behind("UPDATE places SET confirmed_at = now() - interval '20 days' WHERE offer_id = %s", offer.id)
    social = world.actor("association", "44", colleague_of=association, roles=(Role.TRAVAILLEUR_SOCIAL,))
    assert remind() == {"reminded": 3, "forgotten": 0}  # two operators for one structure, who qualifies for the offer
    assert sorted(m.context["structure"] for m in reminders()) == ["Autres places", "Foyer d’essai", "Foyer d’essai"]
    to = {m.to for m in reminders()}
    assert len(to) == 3
    with owner_unit():
        address = dict(db.execute(text("SELECT id, email FROM users")).all())
    assert to == {address[a.user_id] for a in (operator, colleague, association)}
    assert address[social.user_id] not in to
    assert remind() == {"reminded": 0, "forgotten": 0}
    behind("UPDATE availability_links SET sent_on = sent_on - 6")
    assert remind()["reminded"] == 0
    behind("UPDATE availability_links SET sent_on = sent_on - 1")
    assert remind()["reminded"] == 3
    behind("UPDATE availability_links SET expires_at = now() - interval '91 days' WHERE sent_on < current_date - 5")
    assert remind()["forgotten"] == 3


@pytest.mark.parametrize("day", [HOLIDAY, SATURDAY])
def test_nobody_is_written_to_on_a_day_of_rest(homes, operator, remind, day):
    aged(operator, homes.place(operator))
    assert remind(day)["reminded"] == 0
    assert remind(MONDAY)["reminded"] == 1


def test_nobody_is_written_to_about_closed_places_nor_in_a_closed_organisation(homes, operator, remind, behind):
    place = aged(operator, homes.place(operator))
    with operator.acting() as identity:
        do.close_place(identity, place=db.get_one(Place, place.id))
    assert remind()["reminded"] == 0
    other = aged(operator, homes.place(operator))
    behind("UPDATE organisations SET deactivated_at = now() WHERE id = %s", operator.org_id)
    assert remind()["reminded"] == 0
    assert other.id != place.id
