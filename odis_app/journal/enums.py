"""How an exchange happened, and what it was about."""

from __future__ import annotations

from odis_app.core.enums import Labelled
from odis_app.documents.enums import Audience


class EntryKind(Labelled):
    """Who speaks: a person, or the file itself."""

    NOTE = "note", "Note"
    SYSTEM = "system", "Événement"


class Medium(Labelled):
    """By what means the exchange took place (practice §2.9)."""

    RDV = "rdv", "Rendez-vous"
    SPONTANE = "spontane", "Passage spontané"
    TELEPHONE = "telephone", "Téléphone"
    DOMICILE = "domicile", "À domicile"
    EXTERIEUR = "exterieur", "À l’extérieur"
    COURRIER = "courrier", "Courrier"
    EMAIL = "email", "E-mail"
    VISIO = "visio", "Visio"
    TIERS = "tiers", "Par un tiers"


class Tag(Labelled):
    """What an entry is about (domains of practice §2.9). Tags are stored in clear: none of them tells of health."""

    LOGEMENT = "logement", "Logement"
    DROITS = "droits", "Droits"
    SCOLARITE = "scolarite", "Scolarité"
    FRANCAIS = "francais", "Français"
    EMPLOI = "emploi", "Emploi et formation"
    MOBILITE = "mobilite", "Mobilité"
    LIEN_SOCIAL = "lien_social", "Lien social"
    NUMERIQUE = "numerique", "Numérique"


__all__ = ["Audience", "EntryKind", "Medium", "Tag"]
