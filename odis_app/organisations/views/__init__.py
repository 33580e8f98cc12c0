"""Getting in and the team; each module adds its routes to the one blueprint."""

from odis_app.organisations.views import acceptances, access, invitation, security, team, territory, words
from odis_app.organisations.views.base import blueprint

__all__ = ["acceptances", "access", "blueprint", "invitation", "security", "team", "territory", "words"]
