"""/droits, and the tab « Droits » of a household."""

from odis_app.privacy.views import cards, durations, hosting, household, requests, retention
from odis_app.privacy.views.page import blueprint

__all__ = ["blueprint", "cards", "durations", "hosting", "household", "requests", "retention"]
