"""What the home page shows to whom. A person who holds several roles sees the blocks of each."""

from __future__ import annotations

from odis_app.core.permissions import EVERYONE, Role, permission

WORK_READ = permission(
    "home:work",
    "Voir ce qui attend sur les dossiers et les offres",
    roles={Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.QUALIFICATEUR_OFFRES, Role.OPERATEUR},
)
CAPACITY_READ = permission("home:capacity", "Voir ce qui attend sur ses places", roles={Role.OPERATEUR, Role.BAILLEUR})
STEERING_READ = permission("home:steering", "Voir ce qui attend dans ses départements", roles={Role.DDETS})
NATIONAL_READ = permission("home:national", "Voir la couverture des départements", roles={Role.NATIONAL})
PLATFORM_READ = permission("home:platform", "Voir l’état de la plateforme", roles={Role.ADMIN_PLATEFORME})
TEAM_READ = permission("home:team", "Voir l’équipe de son organisation", roles={Role.ADMIN_ORGANISATION})
SEARCH_USE = permission("search:use", "Chercher un ménage, une place, une commune", roles=EVERYONE)
