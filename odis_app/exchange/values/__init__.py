"""Parsers of cells: each answers a value, None for a blank cell, a CellError or a CellWarning, and never raises."""

from .base import CellError, CellWarning, CommuneMatch, Context, Parser
from .choices import choice
from .contacts import NIR_REFUSED, email, holds_nir, phone, postal_code
from .dates import birth, day
from .numbers import free_text, integer, money, several, yes_no
from .places import commune, departement, departements

__all__ = [
    "NIR_REFUSED",
    "CellError",
    "CellWarning",
    "CommuneMatch",
    "Context",
    "Parser",
    "birth",
    "choice",
    "commune",
    "day",
    "departement",
    "departements",
    "email",
    "free_text",
    "holds_nir",
    "integer",
    "money",
    "phone",
    "postal_code",
    "several",
    "yes_no",
]
