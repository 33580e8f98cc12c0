"""What an offer and a place have in common: the facts that matching reads, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from odis_app.access import keys
from odis_app.core.errors import RuleError
from odis_app.housing.enums import HousingKind
from odis_app.housing.models import PLACE_LABEL, Offer, Place, PlaceAddress
from odis_app.structures.operations import department_of

FACTS = (
    "dispositif_id", "orientation_authority", "kind", "capacity", "bedrooms", "max_minors", "available_from", "available_to", "wheelchair",
    "ground_floor_or_lift", "hosts_women_only", "accepts_animals", "animals_present", "smoking_allowed", "accepts_minors", "specialised_fvv_teh",
    "women_only_certified", "rent", "accepted_statuses", "languages",
)  # fmt: skip
LOCATED = ("department_code", "commune_code", "employment_area", "location_secret")


def home_values(values: Mapping[str, Any], *, locate: Callable[[str], str] = department_of) -> dict[str, Any]:
    """The columns of an offer or a place from what a form or an import gives. Raises RuleError.

    ``commune_code`` is required and tells the département. ``location_secret`` defaults to the place being specialised
    (FVV/TEH); then neither commune nor employment area stays in the row: they go beside the address. ``locate``: the département of a commune.
    """
    found = {name: values[name] for name in FACTS if name in values}
    _check(found)
    commune = values.get("commune_code") or ""
    secret = values.get("location_secret")
    secret = bool(found.get("specialised_fvv_teh")) if secret is None else bool(secret)
    return found | {
        "department_code": locate(commune),
        "commune_code": None if secret else commune,
        "employment_area": None if secret else values.get("employment_area") or None,
        "location_secret": secret,
    }


def _check(values: Mapping[str, Any]) -> None:
    kind = HousingKind(values["kind"])
    if not 1 <= values["capacity"] <= 60:
        raise RuleError("capacity", "La capacité va de 1 à 60 personnes.")
    if values.get("bedrooms") is None and not kind.is_collective:
        raise RuleError("bedrooms", "Écrivez le nombre de chambres : 0 pour un studio.")
    if values.get("bedrooms") == 0 and kind is HousingKind.CHAMBRE_CHEZ_HABITANT:
        raise RuleError("bedrooms", "Une chambre chez l’habitant compte au moins une chambre privative.")
    if values.get("max_minors") is not None and not values.get("accepts_minors"):
        raise RuleError("max_minors", "Cochez d’abord que les mineurs sont accueillis, ou laissez ce nombre vide.")
    first, last = values.get("available_from"), values.get("available_to")
    if first and last and last < first:
        raise RuleError("available_to", "La fin de disponibilité est avant le début. Corrigez l’une des deux dates.")


def same_department(home: Offer | Place, values: Mapping[str, Any]) -> None:
    """A home does not move to another département: rights and numbers hang on it. Raises RuleError."""
    if values["department_code"] != home.department_code:
        raise RuleError(
            "commune_code", "La commune doit rester dans le même département. Déclarez un autre logement ailleurs."
        )


def locate(place: Place, kept: PlaceAddress, *, label: str, commune_code: str, address: str) -> None:
    """Write what a place is called and where it is: the label in clear, or sealed and found by its words when the location is secret."""
    secret = place.location_secret
    place.label = "" if secret else label
    kept.label = label if secret else ""
    kept.label_index = keys.word_indexes(label, org_id=place.owner_org_id, column=PLACE_LABEL) if secret else None
    kept.commune_code, kept.address = commune_code, address
