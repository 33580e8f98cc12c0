"""What an offer and a place have in common: the facts that matching reads, checked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg.errors import CheckViolation
from sqlalchemy.exc import IntegrityError

from odis_app.access import keys
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.enums import CompositionKind
from odis_app.housing.enums import HousingKind
from odis_app.housing.models import PLACE_LABEL, Living, Offer, Place, PlaceAddress
from odis_app.structures.operations import department_of
from odis_app.territories import ban
from odis_app.territories import queries as territories

PEOPLE = "ck_places_people"  # the name that the database gives to its refusal
FACTS = (
    "dispositif_id", "orientation_authority", "kind", "capacity", "bedrooms", "max_minors", "available_from", "available_to", "wheelchair",
    "ground_floor_or_lift", "hosts_women_only", "accepts_animals", "animals_present", "smoking_allowed", "accepts_minors", "specialised_fvv_teh",
    "women_only_certified", "rent", "charges", "min_stay_days", "max_stay_days", "renewable", "min_child_age", "accepted_compositions",
    "accepted_statuses", "languages",
)  # fmt: skip
LONGEST_STAY = 3660  # days
_ALONE = {CompositionKind.ISOLE_FEMME.value, CompositionKind.ISOLE_HOMME.value}
LOCATED = ("department_code", "commune_code", "employment_area", "location_secret")


def home_values(values: Mapping[str, Any], *, locate: Callable[[str], str] = department_of) -> dict[str, Any]:
    """The columns of an offer or a place from what a form or an import gives. Raises RuleError.

    ``commune_code`` is required and tells the département. ``location_secret`` defaults to the place being specialised
    (FVV/TEH); then neither commune nor employment area stays in the row: the commune goes beside the address. The area is the
    commune's zone d’emploi; what was typed stays where the commune has none. ``locate``: the département of a commune.
    """
    found = {name: values[name] for name in FACTS if name in values}
    _check(found)
    _check_stay(found)
    if "accepted_compositions" in found:
        found["accepted_compositions"] = _accepted(found["accepted_compositions"])
    commune = values.get("commune_code") or ""
    secret = values.get("location_secret")
    secret = bool(found.get("specialised_fvv_teh")) if secret is None else bool(secret)
    return found | {
        "department_code": locate(commune),
        "commune_code": None if secret else commune,
        "employment_area": None
        if secret
        else territories.employment_zone(commune) or values.get("employment_area") or None,
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
    if values.get("min_child_age") is not None and not values.get("accepts_minors"):
        raise RuleError("min_child_age", "Cochez d’abord que les mineurs sont accueillis, ou laissez cet âge vide.")
    charges, rent = values.get("charges"), values.get("rent")
    if charges is not None and (rent is None or charges > rent):
        raise RuleError(
            "charges",
            "Les charges sont comprises dans le reste à payer : écrivez d’abord celui-ci, plus grand ou égal.",
        )
    first, last = values.get("available_from"), values.get("available_to")
    if first and last and last < first:
        raise RuleError("available_to", "La fin de disponibilité est avant le début. Corrigez l’une des deux dates.")


def _check_stay(values: Mapping[str, Any]) -> None:
    """A stay of some days at least and at most, which the time when the home is free can hold."""
    least, most = values.get("min_stay_days"), values.get("max_stay_days")
    for name, days in (("min_stay_days", least), ("max_stay_days", most)):
        if days is not None and not 1 <= days <= LONGEST_STAY:
            raise RuleError(name, "Écrivez un nombre de jours, entre 1 et 3 660.")
    if least and most and most < least:
        raise RuleError(
            "max_stay_days", "La durée maximale est plus courte que la durée minimale. Corrigez l’une des deux."
        )
    first, last = values.get("available_from"), values.get("available_to")
    if least and first and last and (last - first).days < least:
        raise RuleError("min_stay_days", "Le logement n’est pas libre aussi longtemps. Corrigez la durée ou les dates.")


def _accepted(kinds: Iterable[str]) -> list[str]:
    """The kinds of households that are accepted, of the closed list; a person whose sex is not told is taken where both are."""
    found = set(kinds)
    if not found <= set(CompositionKind):
        raise RuleError("accepted_compositions", "Choisissez dans la liste.")
    if found >= _ALONE:
        found.add(CompositionKind.ISOLE.value)
    return [kind.value for kind in CompositionKind if kind.value in found]


def ban_key(value: str) -> str:
    """The identifier of an address in the national address base, or empty. Raises RuleError."""
    key = value.strip()
    if key and not ban.KEY.fullmatch(key):
        raise RuleError(
            "ban_id", "Un identifiant BAN ressemble à 44109_1234_00012. Corrigez-le, ou laissez cette case vide."
        )
    return key


def check_living(home: Mapping[str, Any], living: Living | None) -> None:
    """« By women only » is not said of a home where a man lives. Raises RuleError."""
    if living is not None and living.men and home.get("hosts_women_only"):
        raise RuleError(
            "hosts_women_only", "Un homme vit au foyer : ce logement n’est pas proposé par des femmes seulement."
        )


@contextmanager
def keeping_room() -> Iterator[None]:
    """A savepoint where the database refuses fewer beds than the household that stays, or that is expected (RuleError)."""
    try:
        with db.begin_nested():
            yield
            db.flush()
    except IntegrityError as error:
        if isinstance(error.orig, CheckViolation) and error.orig.diag.constraint_name == PEOPLE:
            raise RuleError(
                "capacity", "Un ménage plus nombreux y vit ou y est attendu. Gardez au moins une place par personne."
            ) from None
        raise


def same_department(home: Offer | Place, values: Mapping[str, Any]) -> None:
    """A home does not move to another département: rights and numbers hang on it. Raises RuleError."""
    if values["department_code"] != home.department_code:
        raise RuleError(
            "commune_code", "La commune doit rester dans le même département. Déclarez un autre logement ailleurs."
        )


def locate(place: Place, kept: PlaceAddress, *, label: str, commune_code: str, address: str, ban_id: str) -> None:
    """Write what a place is called and where it is: the label in clear, or sealed and found by its words when the location is secret."""
    secret = place.location_secret
    place.label = "" if secret else label
    kept.label = label if secret else ""
    kept.label_index = keys.word_indexes(label, org_id=place.owner_org_id, column=PLACE_LABEL) if secret else None
    kept.commune_code, kept.address, kept.ban_id = commune_code, address, ban_id
