"""Kinds of reception structures and what is said of them (practice §1, the national register's own words)."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class StructureKind(Labelled):
    """What a structure is authorised as."""

    CADA = "cada", "CADA"
    HUDA = "huda", "HUDA"
    CPH = "cph", "CPH"
    CAES = "caes", "CAES"
    PRAHDA = "prahda", "PRAHDA"
    RESIDENCE_SOCIALE = "residence_sociale", "Résidence sociale"
    RESIDENCE = "residence", "Résidence"
    CHRS = "chrs", "CHRS"
    IML = "iml", "Intermédiation locative"
    HOTEL = "hotel", "Hôtel"
    AUTRE = "autre", "Autre structure"

    @property
    def basis(self) -> str:
        """« autorisée » or « subventionnée », for the kinds of the national scheme; empty for the others."""
        if self in {StructureKind.CADA, StructureKind.CPH}:
            return "autorisée"
        return "subventionnée" if self in {StructureKind.HUDA, StructureKind.CAES, StructureKind.PRAHDA} else ""


class Public(Labelled):
    """Whom a structure takes in."""

    TOUT_PUBLIC = "tout_public", "Tout public"
    FAMILLE = "famille", "Familles"
    PERSONNES_ISOLEES = "personnes_isolees", "Personnes isolées"


class Building(Labelled):
    """How its homes stand: flats here and there, one house, or both."""

    DIFFUS = "diffus", "Diffus"
    COLLECTIF = "collectif", "Collectif"
    MIXTE = "mixte", "Mixte"


class ClosingReason(Labelled):
    """Why a structure closes."""

    FIN_AUTORISATION = "fin_autorisation", "Fin de l’autorisation"
    FIN_CONVENTION = "fin_convention", "Fin de la convention"
    TRANSFORMATION = "transformation", "Transformation en une autre structure"
    TRANSFERT = "transfert", "Places transférées à une autre structure"
    FIN_BAIL = "fin_bail", "Fin du bail ou vente des locaux"
    LOCAUX = "locaux", "Locaux inadaptés ou dangereux"
    FIN_ACTIVITE = "fin_activite", "Fin d’activité de l’opérateur"
    AUTRE = "autre", "Autre"


class StructureFact(Labelled):
    """What happens to a structure."""

    DECLAREE = "declaree", "Structure déclarée"
    MODIFIEE = "modifiee", "Structure modifiée"
    FERMEE = "fermee", "Fermeture enregistrée"
    ROUVERTE = "rouverte", "Structure rouverte"
