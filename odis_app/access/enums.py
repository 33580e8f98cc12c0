"""Levels and purposes of a share."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class ShareLevel(Labelled):
    """How much a share opens."""

    MINIMAL = "minimal", "Minimal"
    FULL = "full", "Complet"

    @property
    def explanation(self) -> str:
        """What the other organisation will read."""
        if self is ShareLevel.MINIMAL:
            return "numéro, initiales, taille, département, référent"
        return "résumé, composition, besoins, projet de vie et journal des partenaires"


class SharePurpose(Labelled):
    """Why a record is opened."""

    ACCOMPAGNEMENT = "accompagnement", "Accompagnement commun"
    ORIENTATION = "orientation", "Orientation vers un logement"
    MOBILITE = "mobilite", "Mobilité nationale"
    ARBITRAGE = "arbitrage", "Arbitrage par la DDETS"
    PASSATION = "passation", "Passation"
