"""/menages: the list, the file and its tabs; each module adds its routes to the one blueprint. /rapprochements has its own."""

from odis_app.households.views import (
    composition,
    cooperation,
    file,
    history,
    joining,
    listing,
    needs,
    opening,
    protected,
    rapprochements,
    sharing,
    situation,
)
from odis_app.households.views.page import blueprint

__all__ = [
    "blueprint",
    "composition",
    "cooperation",
    "file",
    "history",
    "joining",
    "listing",
    "needs",
    "opening",
    "protected",
    "rapprochements",
    "sharing",
    "situation",
]
