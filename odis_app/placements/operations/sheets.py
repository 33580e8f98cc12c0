"""What each side reads of the other before both have agreed: needs without a name, a place without an address."""

from __future__ import annotations

from typing import Any

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.text import tokens
from odis_app.households import queries
from odis_app.households.enums import CompositionKind, Language, NeedKind, NeedLevel, Smoking
from odis_app.households.models import Household
from odis_app.housing.models import Place
from odis_app.territories.models import Commune


def need_sheet(household: Household) -> dict[str, Any]:
    """Class 1 at most, no name, no number, no free text: size, composition, ages in years, languages, dates and needs, in words."""
    asked = queries.request_of(household)
    block = queries.identity_block(household)
    ages = [member.age_on(clock.today()) for member in queries.present_members(household.id)]
    wanted = [
        {
            "need": NeedKind.label_of(need.kind),
            "level": NeedLevel.label_of(str(need.level)),
            "required": need.level == 2,
        }
        for need in queries.needs(household)
        if need.level > 0
    ]
    return {
        "size": household.size,
        "adults": household.adults,
        "minors": household.minors,
        "composition": CompositionKind.label_of(household.composition_kind),
        "ages": sorted((age for age in ages if age is not None), reverse=True),
        "languages": [Language.label_of(code) for code in (block.languages if block else [])],
        "need_from": asked.need_from.isoformat() if asked and asked.need_from else None,
        "min_days": asked.min_days if asked else None,
        "needs": wanted,
        "dwelling": _dwelling(asked) if asked else [],
    }


def _dwelling(asked: Any) -> list[str]:
    found = []
    if asked.wheelchair:
        found.append("Accessible en fauteuil")
    if asked.ground_floor_or_lift:
        found.append("Rez-de-chaussée ou ascenseur")
    if asked.animals:
        found.append("Vient avec un animal")
    if asked.smoking != Smoking.NONE.value:
        found.append(Smoking.label_of(asked.smoking))
    return found


def place_sheet(place: Place) -> dict[str, Any]:
    """The place as it stood on the day of the proposal; the département alone when its location is secret."""
    commune = db.get(Commune, place.commune_code) if place.commune_code and not place.location_secret else None
    return {
        "public_id": place.public_id,
        "number": place.number,
        "title": place.title,
        "kind": place.kind_label,
        "capacity": place.capacity,
        "bedrooms": place.bedrooms,
        "department": place.department_code,
        "commune": commune.name if commune else None,
        "from_offer": place.offer_id is not None,
    }


def names_in(household: Household, sentence: str) -> list[str]:
    """The words of ``sentence`` that are names of people of the household: a message to the host holds none."""
    said = set(tokens(sentence))
    known = {word for member in queries.present_members(household.id) for word in tokens(member.name)}
    return sorted(word for word in said & known if len(word) > 2)
