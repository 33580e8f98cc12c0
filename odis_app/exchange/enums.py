"""Where an import stands."""

from __future__ import annotations

from enum import StrEnum


class ImportState(StrEnum):
    """A draft holds what the file said; a committed import holds only what it wrote."""

    DRAFT = "draft"
    COMMITTED = "committed"
    UNDONE = "undone"

    @property
    def label(self) -> str:
        """French label."""
        return {"draft": "À enregistrer", "committed": "Enregistré", "undone": "Annulé"}[self.value]

    @property
    def sign(self) -> str:
        """The kind of state mark."""
        return {"draft": "wait", "committed": "ok", "undone": "off"}[self.value]


class Shown(StrEnum):
    """Which lines the preview shows."""

    ERRORS = "erreurs"
    WARNINGS = "avertissements"
    ALL = "toutes"
    CREATES = "nouvelles"
    UPDATES = "modifiees"
    UNCHANGED = "inchangees"
    ASIDE = "ecartees"
