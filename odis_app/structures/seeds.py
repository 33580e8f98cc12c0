"""Structures of the demonstration: invented names and streets in real communes."""

from __future__ import annotations

from odis_app.organisations.seeds import World
from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import create_structure

K = StructureKind
# (account, name, kind, INSEE code, street, secret location)
STRUCTURES = (
    ("operateur", "CPH d’Exemple", K.CPH, "44184", "1 rue de l’Exemple", False),
    ("operateur", "CADA du Spécimen", K.CADA, "44109", "3 rue de l’Exemple", False),
    ("operateur", "Résidence Modèle", K.RESIDENCE_SOCIALE, "49007", "5 rue de l’Exemple", False),
    ("operateur", "Maison Abri Fictif", K.AUTRE, "44109", "impasse du Marqueur secret", True),
    ("aval", "HUDA du Gabarit", K.HUDA, "53130", "7 rue de l’Exemple", False),
    ("aval", "Résidence Prototype", K.RESIDENCE, "53062", "9 rue de l’Exemple", False),
    ("gites", "Gîte Maquette", K.RESIDENCE, "33063", "11 rue de l’Exemple", False),
)


def load(world: World) -> None:
    """Each operator declares its own."""
    for account, name, kind, commune, street, secret in STRUCTURES:
        with world[account].acting() as identity:
            create_structure(
                identity, name=name, kind=kind, commune_code=commune, address=street, location_secret=secret
            )
