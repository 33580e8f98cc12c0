"""/orientations, /hebergements, and the tab « Logement » of a household."""

from odis_app.placements.views import orientations, proposal, stays, steering, tab
from odis_app.placements.views.page import blueprint

__all__ = ["blueprint", "orientations", "proposal", "stays", "steering", "tab"]
