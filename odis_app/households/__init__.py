"""Households: the file of those who look for a home, its stage, its readers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from flask import Flask, url_for

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.slots import slot
from odis_app.exchange.kinds import register
from odis_app.households.imports import KIND
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_LIST, find_household, visible_households
from odis_app.households.views import blueprint, rapprochements
from odis_app.households.views.page import display_name, file_context, register_tabs
from odis_app.journal.records import register_record_kind


def setup(app: Flask) -> None:
    """Routes, the entry of the masthead, the tabs of the file, what can be imported."""
    app.register_blueprint(blueprint)
    app.register_blueprint(rapprochements.blueprint)
    slot("nav.main").add(
        label="Ménages",
        endpoint="households.index",
        permission=HOUSEHOLD_LIST,
        order=20,
        folder="household",
        prefixes=("/menages",),
    )
    slot("audit.records").add(provider=_numbers)
    register_tabs()
    register(KIND)
    register_record_kind(
        "household",
        prefix="/menages",
        find=find_household,
        url=_address,
        title=display_name,
        layout="households/_file.html",
        context=file_context,
    )


def _numbers(identity: Identity, record_ids: AbstractSet[int]) -> dict[int, tuple[str, str]]:
    found = db.execute(visible_households(identity).where(Household.id.in_(record_ids))).scalars()
    return {household.id: (household.number, _address(household)) for household in found}


def _address(household: Household) -> str:
    return url_for("households.show", household=household.public_id)
