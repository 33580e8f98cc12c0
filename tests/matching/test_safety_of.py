"""One place of each form is judged for all its likes: the same answer, place by place, as judging every one."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.households.operations.protected import Safety
from odis_app.matching import supply
from odis_app.matching.queries import safety_of
from tests.placements.conftest import Town, found, town  # noqa: F401 - ``town`` is a fixture


@pytest.mark.parametrize(
    "safety",
    [
        Safety(),
        Safety(women_hosts_only=True),
        Safety(fvv_teh=True),
        Safety(women_hosts_only=True, fvv_teh=True),
        Safety(excluded_departments=["44"]),
    ],
)
def test_the_likes_of_a_place_share_its_answer(town: Town, safety: Safety) -> None:  # noqa: F811
    for form in ({}, {"hosts_women_only": True}, {"women_only_certified": True}, {"specialised_fvv_teh": True}):
        for _ in range(2):
            town.another_place(**form)
    supply.forget()
    household = town.another_file(safety=safety)
    with town.camille.acting() as identity:
        stock = supply.supply(identity)
        file = town.file(household)
        everywhere = set(db.execute(text("SELECT odis.safety_compatible(:id)"), {"id": file.id}).scalars())
        assert len(stock.safety.samples) < len(stock.ids)
        assert set(stock.ids[safety_of(file, stock)].tolist()) == everywhere & set(stock.ids.tolist())
        assert everywhere or safety.excluded_departments
