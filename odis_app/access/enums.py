"""Levels and purposes of a share."""

from __future__ import annotations

from enum import StrEnum


class ShareLevel(StrEnum):
    """How much a share opens."""

    MINIMAL = "minimal"
    FULL = "full"

    @property
    def label(self) -> str:
        """The French word."""
        return {"minimal": "Minimal", "full": "Complet"}[self.value]

    @property
    def explanation(self) -> str:
        """What the other organisation will read."""
        return {
            "minimal": "numéro, initiales, taille, département, référent",
            "full": "résumé, composition, besoins, projet de vie et journal des partenaires",
        }[self.value]


class SharePurpose(StrEnum):
    """Why a record is opened."""

    ACCOMPAGNEMENT = "accompagnement"
    ORIENTATION = "orientation"
    MOBILITE = "mobilite"
    ARBITRAGE = "arbitrage"
    PASSATION = "passation"

    @property
    def label(self) -> str:
        """The French word."""
        return {
            "accompagnement": "Accompagnement commun",
            "orientation": "Orientation vers un logement",
            "mobilite": "Mobilité nationale",
            "arbitrage": "Arbitrage par la DDETS",
            "passation": "Passation",
        }[self.value]
