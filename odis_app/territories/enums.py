"""The words of the Code officiel géographique, and why a commune was found."""

from __future__ import annotations

from enum import StrEnum


class Zone(StrEnum):
    """Which part of France. Indicators exist for METRO and DROM; COM are places without them."""

    METRO = "metro"
    DROM = "drom"
    COM = "com"

    @property
    def label(self) -> str:
        """The French words."""
        return {"metro": "France métropolitaine", "drom": "Département d’outre-mer", "com": "Collectivité d’outre-mer"}[
            self.value
        ]


class PartKind(StrEnum):
    """What a commune may be made of."""

    ARRONDISSEMENT = "arrondissement"
    DELEGUEE = "deleguee"
    ASSOCIEE = "associee"

    @property
    def label(self) -> str:
        """The official French words."""
        return {
            "arrondissement": "arrondissement municipal",
            "deleguee": "commune déléguée",
            "associee": "commune associée",
        }[self.value]


class EpciKind(StrEnum):
    """The legal kinds of EPCI à fiscalité propre, as the DGCL writes them."""

    CC = "CC"
    CA = "CA"
    CU = "CU"
    METRO = "METRO"
    MET69 = "MET69"

    @property
    def label(self) -> str:
        """The official French words."""
        return {
            "CC": "communauté de communes",
            "CA": "communauté d’agglomération",
            "CU": "communauté urbaine",
            "METRO": "métropole",
            "MET69": "métropole de Lyon",
        }[self.value]


class MatchKind(StrEnum):
    """By what a commune was found, in the order in which equal matches are shown."""

    NAME = "name"
    FORMER = "former"
    PART = "part"
    POSTAL_CODE = "postal_code"
    INSEE_CODE = "insee_code"
