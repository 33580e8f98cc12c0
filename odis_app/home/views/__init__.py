"""/, /recherche, /suivi, /sante and the legal pages; each module adds its routes to the one blueprint."""

from odis_app.home.views import find, today, tracking
from odis_app.home.views.pages import blueprint

__all__ = ["blueprint", "find", "today", "tracking"]
