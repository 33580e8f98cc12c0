"""States judged in one pass for a territory, place by place for one's own: the same answer, and as many statements whatever the length."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from odis_app.core import clock
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.enums import PlaceState
from odis_app.housing.queries.places import PER_PAGE, PlaceFilter
from odis_app.organisations.seeds import World
from tests.housing.conftest import MARK, values
from tests.support.client import text_of
from tests.support.sql import LIST_LIMIT, recorded


def listed(identity, filters):
    first = queries.list_places(identity, filters, number=1)
    others = (queries.list_places(identity, filters, number=n).items for n in range(2, first.pages + 1))
    found = [*first.items, *(row for page in others for row in page)]
    assert len(found) == first.total
    return found


def test_a_territory_judged_in_one_pass_says_what_each_place_says(demo: tuple[Flask, World]) -> None:
    _, world = demo
    with world["ddets44"].acting() as identity:
        every = listed(identity, PlaceFilter(scope="territoire"))
        assert len({row.state for row in every}) >= 5
        for state in (PlaceState.DISPONIBLE, PlaceState.ATTRIBUEE, PlaceState.EN_LIBERATION, PlaceState.FERMEE):
            kept = listed(identity, PlaceFilter(scope="territoire", state=state.value))
            assert {row.place.id for row in kept} == {row.place.id for row in every if row.state is state}
        counts = queries.place_counts(identity, PlaceFilter(scope="territoire"))
        for view, count in counts.items():
            assert len(listed(identity, PlaceFilter(scope="territoire", view=view))) == count
        days = [row.free_from for row in listed(identity, PlaceFilter(scope="territoire", order="libre"))]
        known = [day for day in days if day is not None]
        assert days == sorted(known) + [None] * (len(days) - len(known))
        assert {row.place.id: row.free_from for row in every} == {
            row.place.id: row.free_from for row in listed(identity, PlaceFilter(scope="territoire", order="-libre"))
        }
    with world["operateur"].acting() as identity:
        own = {name: {row.place.id for row in listed(identity, PlaceFilter(view=name))} for name in ("libres", "bientot")}  # fmt: skip
        wide = {name: {row.place.id for row in listed(identity, PlaceFilter(scope="territoire", view=name)) if row.is_own} for name in own}  # fmt: skip
        assert own == wide


def test_one_place_or_fifty_make_as_many_statements(homes, operator, client):
    structure, browser, told = homes.structure(operator), client.as_(operator), []
    opened = clock.today() - timedelta(days=30)
    for more in (1, PER_PAGE - 1):
        with operator.acting() as identity:
            for _ in range(more):
                do.create_place(identity, structure=structure, values=values(), label="Studio", address=MARK, opened_on=opened)  # fmt: skip
        for url in ("/places", "/places?perimetre=territoire", "/places?perimetre=territoire&etat=disponible"):
            browser.get(url)
            with recorded() as statements:
                page = text_of(browser.get(url))
            assert page.count("Studio") >= more
            assert len(statements) <= LIST_LIMIT, statements.told()
            told.append(len(statements))
    assert told[:3] == told[3:]
