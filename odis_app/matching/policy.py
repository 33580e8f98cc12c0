"""Who may look for a home for a household, and a household for a home."""

from __future__ import annotations

from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.households.models import Household
from odis_app.households.policy import is_own, reads_safety

MATCHERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR}


def names_safety(identity: Identity, household: Household) -> bool:
    """Qui lit la classe 3 du dossier, son identité juste confirmée, lit aussi le mot « sécurité » en clair ; le résultat, lui, est le même pour tous."""
    return identity.is_confirmed and reads_safety(identity, household)


def safety_waits(identity: Identity, household: Household) -> bool:
    """Qui lirait le mot en clair, une fois son identité confirmée."""
    return reads_safety(identity, household) and not identity.is_confirmed


MATCHING_READ = permission("matching:read", "Chercher un logement pour un ménage", roles=MATCHERS, rule=is_own)
MATCHING_QUEUE = permission("matching:queue", "Voir les ménages à orienter", roles=MATCHERS)
MATCHING_PLACE = permission("matching:read_place", "Chercher un ménage pour une place", roles=MATCHERS)
