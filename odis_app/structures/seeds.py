"""Structures of the demonstration: invented names, streets, codes and people in real communes."""

from __future__ import annotations

from datetime import date
from typing import Any

from odis_app.core import clock
from odis_app.organisations.seeds import World
from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import Contact, create_structure

K = StructureKind
# (account, name, kind, INSEE code, street, secret location, places authorised, public, building, DNA code, years of authorisation left)
STRUCTURES = (
    ("operateur", "CPH d’Exemple", K.CPH, "44184", "1 rue de l’Exemple", False, 40, "tout_public", "diffus", "R4499", 7),
    ("operateur", "CADA du Spécimen", K.CADA, "44109", "3 rue de l’Exemple", False, 45, "tout_public", "mixte", "C4499", 2),
    ("operateur", "Résidence Modèle", K.RESIDENCE_SOCIALE, "49007", "5 rue de l’Exemple", False, 30, "", "collectif", "", 0),
    ("operateur", "Maison Abri Fictif", K.AUTRE, "44109", "impasse du Marqueur secret", True, 10, "famille", "collectif", "", 0),
    ("aval", "HUDA du Gabarit", K.HUDA, "53130", "7 rue de l’Exemple", False, 16, "personnes_isolees", "collectif", "H5399", 0),
    ("aval", "Résidence Prototype", K.RESIDENCE, "53062", "9 rue de l’Exemple", False, 40, "", "collectif", "", 0),
    ("gites", "Gîte Maquette", K.RESIDENCE, "33063", "11 rue de l’Exemple", False, 12, "", "diffus", "", 0),
)  # fmt: skip
PEOPLE = (("Inès Modèle", "Direction"), ("Paul Gabarit", "Admissions"), ("Aya Témoin", "Direction"))


def load(world: World) -> None:
    """Each operator declares its own, with its dates: a convention that ends soon, another that has years to go."""
    for rank, (account, name, kind, commune, street, secret, capacity, public, building, code, years) in enumerate(
        STRUCTURES
    ):
        details: dict[str, Any] = {"capacity_authorised": capacity, "public": public, "building": building}
        details |= _dates(rank, years) | ({"dna_codes": [code]} if code else {})
        if not secret:
            details["finess_codes"] = [f"{commune[:2]}999{rank:04}"]
        called, job = PEOPLE[rank % len(PEOPLE)]
        contact = Contact(called, job, f"02 00 00 00 {rank:02}", f"contact{rank}@demo.odis.example")
        with world[account].acting() as identity:
            create_structure(
                identity, name=name, kind=kind, commune_code=commune, address=street, location_secret=secret, details=details,
                contacts=[contact],
            )  # fmt: skip


def _dates(rank: int, years: int) -> dict[str, date]:
    """Open for years; an authorisation of fifteen years for the kinds that have one, a convention that ends within three."""
    this = clock.today().year
    found = {"opened_on": date(this - 10 - rank, 1, 1)}
    if years:
        found |= {"authorised_from": date(this + years - 14, 1, 1), "authorised_to": date(this + years, 12, 31)}
    return found | {"convention_from": date(this - 3 + rank % 3, 1, 1), "convention_to": date(this + rank % 3, 12, 31)}
