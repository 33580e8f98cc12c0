"""/menages: the list, the file and its tabs. Each module adds its routes to the one blueprint."""

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
    sharing,
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
    "sharing",
]
