"""Writing offers: each line is an offer received, to be qualified, or corrects the one that it gave before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.exchange.kinds import Draft, Finding, Saved, Values
from odis_app.exchange.values import Context
from odis_app.households.enums import Language
from odis_app.households.imports.columns import DEFAULT_DISPOSITIF
from odis_app.households.operations import normal_phone
from odis_app.housing import operations
from odis_app.housing.enums import HousingKind, ProviderKind
from odis_app.housing.models import Offer, OfferAddress, OfferHost
from odis_app.housing.operations.home import FACTS
from odis_app.organisations.queries import dispositifs
from odis_app.territories import queries as territories
from odis_app.territories.models import Commune

_FACTS = {
    "kind": "kind", "capacity": "capacity", "available_from": "free_from", "available_to": "free_until", "accepts_minors": "minors",
    "max_minors": "max_minors", "accepts_animals": "animals_accepted", "animals_present": "animals_present", "smoking_allowed": "smokers",
    "wheelchair": "wheelchair", "ground_floor_or_lift": "ground_floor", "rent": "rent", "hosts_women_only": "women_hosts",
    "bedrooms": "bedrooms", "charges": "charges", "min_stay_days": "min_stay", "max_stay_days": "max_stay", "renewable": "renewable",
    "min_child_age": "min_child_age", "accepted_compositions": "compositions", "employment_area": "employment_area",
}  # fmt: skip
_LANGUAGES = {language.value for language in Language}
_CORPORATE = {
    HousingKind.INTERMEDIATION_LOCATIVE.value,
    HousingKind.LOGEMENT_TREMPLIN.value,
    HousingKind.LOGEMENT_SOCIAL.value,
}
_MISSING_BEDROOMS = "le nombre de chambres"


def validate(lines: Sequence[Values], _context: Context) -> Iterable[Finding]:
    """Rules across the cells of one offer: dates, bedrooms, minors, contact."""
    line = lines[0]
    starts, ends = line["free_from"], line["free_until"]
    if isinstance(starts, date) and isinstance(ends, date) and ends < starts:
        yield Finding(0, "free_until", "la fin de disponibilité est avant le début. Corrigez l’une des deux dates.")
    if line["bedrooms"] == 0 and line["kind"] == HousingKind.CHAMBRE_CHEZ_HABITANT.value:
        yield Finding(0, "bedrooms", "une chambre chez l’habitant compte au moins une chambre privative.")
    if lacks_bedrooms(line):
        yield Finding(0, "bedrooms", "le nombre de chambres manque : l’offre arrive « à compléter ».", blocking=False)
    if line["minors"] is False and line["max_minors"]:
        yield Finding(0, "max_minors", "des mineurs sont comptés alors qu’ils ne sont pas acceptés.")
    yield from _stay_and_charges(line)
    contact = _contact(line)
    if line["contact"] is not None and not contact[0]:
        yield Finding(0, "contact", "le nom de qui propose manque.")
    if contact[1] and line["phone"] is not None and normal_phone(contact[1]) != normal_phone(str(line["phone"])):
        yield Finding(
            0, "phone", "un autre numéro suit le nom du contact : celui de cette colonne est gardé.", blocking=False
        )


def _stay_and_charges(line: Values) -> Iterable[Finding]:
    """What ``operations.home`` would refuse of these cells, told on the cell."""
    least, most, rent, charges = (line[name] for name in ("min_stay", "max_stay", "rent", "charges"))
    if isinstance(least, int) and isinstance(most, int) and most < least:
        yield Finding(0, "max_stay", "la durée maximale est plus courte que la durée minimale.")
    starts, ends = line["free_from"], line["free_until"]
    if (
        isinstance(least, int)
        and isinstance(starts, date)
        and isinstance(ends, date)
        and 0 <= (ends - starts).days < least
    ):
        yield Finding(0, "min_stay", "le logement n’est pas libre aussi longtemps.")
    if isinstance(charges, Decimal) and not (isinstance(rent, Decimal) and charges <= rent):
        yield Finding(0, "charges", "les charges sont comprises dans le loyer, qui manque ou est plus petit.")
    if line["min_child_age"] is not None and not (line["minors"] or line["max_minors"]):
        yield Finding(0, "min_child_age", "un âge est donné alors que des mineurs ne sont pas acceptés.")
    if isinstance(line["rooms"], list) and isinstance(line["bedrooms"], int) and len(line["rooms"]) > line["bedrooms"]:
        yield Finding(0, "rooms", f"{len(line['rooms'])} chambres sont décrites, {line['bedrooms']} sont comptées.")


def lacks_bedrooms(line: Values) -> bool:
    """True when the offer needs its number of bedrooms and the file does not give it."""
    return line["bedrooms"] is None and not line["rooms"] and not HousingKind(str(line["kind"])).is_collective


def compare(_identity: Identity, drafts: Sequence[Draft]) -> Sequence[Iterable[Finding]]:
    """Against the territories and the offers: a home stays in its département."""
    find = cache(territories.commune)  # a file names the same communes again and again
    return [list(_compare(draft, find(str(draft.lines[0]["commune"])))) for draft in drafts]


def _compare(draft: Draft, commune: Commune | None) -> Iterable[Finding]:
    line = draft.lines[0]
    if commune is None:
        yield Finding(0, "commune", "cette commune n’existe plus sous ce nom. Écrivez son nom d’aujourd’hui.")
        return
    if line["departement"] not in (None, commune.department_code):
        yield Finding(
            0, "departement", f"{commune.name} est dans le {commune.department_code} : vérifiez.", blocking=False
        )
    if draft.record_id is None:
        return
    offer = db.get_one(Offer, draft.record_id)
    if commune.department_code != offer.department_code:
        yield Finding(
            0,
            "commune",
            f"l’offre {offer.number} est dans le {offer.department_code} : déclarez un autre logement ailleurs.",
        )
    if isinstance(line["units"], int) and line["units"] < offer.units and offer.validated_until is not None:
        yield Finding(
            0, "units", f"l’offre {offer.number} a déjà {offer.units} unités : fermez ses places dans l’offre."
        )


def commit(identity: Identity, drafts: Sequence[Draft]) -> Sequence[Saved]:
    """Receive the new offers and correct the known ones; raises RuleError to refuse them all."""
    schemes = {d.code: d.id for d in dispositifs()}
    new = [_new_offer(draft.lines[0], schemes) for draft in drafts if draft.record_id is None]
    received = iter(operations.receive_offers(identity, new))
    return [
        Saved(*next(received)) if draft.record_id is None else _correct(identity, draft, schemes) for draft in drafts
    ]


def _new_offer(line: Values, schemes: Mapping[str, int]) -> operations.NewOffer:
    values = _values(line, schemes)
    values.setdefault("dispositif_id", schemes[DEFAULT_DISPOSITIF])
    if lacks_bedrooms(line):
        values["bedrooms"] = int(line["kind"] == HousingKind.CHAMBRE_CHEZ_HABITANT.value)
    return operations.NewOffer(
        values, _host(line, operations.Host("")), address=str(line["address"] or ""), ban_id=str(line["ban_id"] or ""), provider_kind=_provider(line),
        units=line["units"] if isinstance(line["units"], int) else 1, qualities=_qualities(line),
        received_on=line["received_on"] if isinstance(line["received_on"], date) else None,
        missing=_MISSING_BEDROOMS if lacks_bedrooms(line) else "",
    )  # fmt: skip


def _values(line: Values, schemes: Mapping[str, int]) -> dict[str, Any]:
    """The facts that the line gives, by column of the offer; what it does not say is absent."""
    found = {name: line[key] for name, key in _FACTS.items() if line[key] is not None}
    if line["max_minors"]:
        found.setdefault("accepts_minors", True)
    elif "max_minors" in found and not line["minors"]:
        del found["max_minors"]  # « 0 mineur » says that none is accepted, not a limit
    if isinstance(line["rooms"], list):
        found.setdefault("bedrooms", len(line["rooms"]))
    if line["floor"] == 0:
        found.setdefault("ground_floor_or_lift", True)
    if line["dispositif"] is not None:
        found["dispositif_id"] = schemes[str(line["dispositif"])]
    if isinstance(line["languages"], list):
        found["languages"] = [code for code in line["languages"] if code in _LANGUAGES]
    return found | {"commune_code": str(line["commune"])}


def _provider(line: Values) -> str:
    kind = HousingKind(str(line["kind"]))
    guess = ProviderKind.PERSONNE_MORALE if kind.is_collective or kind.value in _CORPORATE else ProviderKind.PARTICULIER
    return str(line["provider"] or guess.value)


def _contact(line: Values) -> list[str]:
    return [str(part) for part in line["contact"]] if isinstance(line["contact"], list) else ["", "", ""]


def _host(line: Values, before: operations.Host) -> operations.Host:
    """Who offers, as the line tells; what it does not say stays as ``before``."""
    name, number, mail = _contact(line)
    number, mail = str(line["phone"] or number), str(line["email"] or mail)
    note = before.note
    unlisted = (
        [word for word in line["languages"] if word not in _LANGUAGES] if isinstance(line["languages"], list) else []
    )
    if unlisted and not note:
        note = f"Langues : {', '.join(unlisted)}."
    return operations.Host(
        name or before.name,
        normal_phone(number) or before.phone,
        mail or before.email,
        before.siret,
        note,
        before.living,
    )


def _qualities(line: Values) -> dict[str, Any]:
    area, rooms = line["area"], line["rooms"]
    found: dict[str, Any] = {"rooms": rooms} if isinstance(rooms, list) else {}
    if isinstance(area, Decimal):
        found["surface_m2"] = int(area) if area == int(area) else float(area)
    return found


def _correct(identity: Identity, draft: Draft, schemes: Mapping[str, int]) -> Saved:
    line, offer = draft.lines[0], db.get_one(Offer, draft.record_id)
    before = snapshot(offer)
    values = _facts(offer) | _values(line, schemes)
    if not values["accepts_minors"]:
        values["max_minors"] = values["min_child_age"] = None
    operations.update_offer(
        identity, offer=offer, values=values, host=_host(line, host_of(offer)), address=None if line["address"] is None else str(line["address"]),
        ban_id=None if line["ban_id"] is None else str(line["ban_id"]),
        units=line["units"] if isinstance(line["units"], int) else None, qualities={**offer.qualities, **_qualities(line)},
    )  # fmt: skip
    return Saved(offer.id, offer.number, before)


def _facts(offer: Offer) -> dict[str, Any]:
    """All that ``update_offer`` takes, as the offer has it."""
    facts = {name: getattr(offer, name) for name in (*FACTS, "employment_area", "location_secret")}
    return facts | {"commune_code": db.get_one(OfferAddress, offer.id).commune_code}


def host_of(offer: Offer) -> operations.Host:
    """Who offers, in clear."""
    row = db.get_one(OfferHost, offer.id)
    return operations.Host(row.name, row.phone, row.email, row.siret, row.note, row.home)


def snapshot(offer: Offer) -> dict[str, Any]:
    """What undo puts back, as JSON."""
    host, where = host_of(offer), db.get_one(OfferAddress, offer.id)
    return {
        "values": {name: _plain(value) for name, value in _facts(offer).items()},
        "host": [host.name, host.phone, host.email, host.siret, host.note],
        "address": where.address, "ban_id": where.ban_id, "units": offer.units, "qualities": dict(offer.qualities),
    }  # fmt: skip


def restore(identity: Identity, saved: Sequence[Saved]) -> Sequence[str]:
    """Put back what an import changed."""
    for one in saved:
        before: Any = one.before
        values = {name: _typed(value) for name, value in before["values"].items()}
        operations.update_offer(
            identity, offer=db.get_one(Offer, one.record_id), values=values, host=operations.Host(*before["host"]), address=before["address"],
            ban_id=before["ban_id"], units=before["units"], qualities=before["qualities"],
        )  # fmt: skip
    return [""] * len(saved)


def _plain(value: Any) -> Any:
    return [type(value).__name__, str(value)] if isinstance(value, date | Decimal) else value


def _typed(value: Any) -> Any:
    match value:
        case ["date", str(text)]:
            return date.fromisoformat(text)
        case ["Decimal", str(text)]:
            return Decimal(text)
    return value
