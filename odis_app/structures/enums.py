"""Kinds of reception structures (practice §1, the national register's own words)."""

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
