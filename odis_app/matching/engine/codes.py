"""The hard constraints: one code, one bit and one French sentence each."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import numpy as np


class Code(StrEnum):
    """A reason why an offer cannot be proposed to a household, in the order in which reasons are shown.

    `SAFETY` is the opaque code of the application, where one database function only answers « compatible » or not
    and stands for H08, H12 and H15 to H17 together. Its place, before the first of them, is the same whatever the
    cause, so that its rank tells nothing.
    """

    H01 = "H01"
    H02 = "H02"
    H03 = "H03"
    H04 = "H04"
    H05 = "H05"
    H06 = "H06"
    H07 = "H07"
    SAFETY = "securite"
    H08 = "H08"
    H09 = "H09"
    H10 = "H10"
    H11 = "H11"
    H12 = "H12"
    H13 = "H13"
    H14 = "H14"
    H15 = "H15"
    H16 = "H16"
    H17 = "H17"
    H18 = "H18"
    H19 = "H19"
    H20 = "H20"
    H21 = "H21"

    @property
    def bit(self) -> np.uint32:
        """The code's bit in a mask; a lower bit is shown first."""
        return _BITS[self]

    @property
    def sentence(self) -> str:
        """The reason in French, for a reader who may know it. `explain.exclusion_sentence` chooses what to show."""
        return _SENTENCES[self]

    @property
    def is_safety(self) -> bool:
        """Whether the code protects someone: never a concession, and opaque without the right on class 3."""
        return self in SAFETY_CODES

    @property
    def is_concession(self) -> bool:
        """Whether the household itself can give way on it."""
        return self in CONCESSION_CODES


_BITS: Final = {code: np.uint32(1 << position) for position, code in enumerate(Code)}

SAFETY_CODES: Final = frozenset({Code.SAFETY, Code.H08, Code.H12, Code.H15, Code.H16, Code.H17})
CONCESSION_CODES: Final = frozenset({Code.H02, Code.H05, Code.H06, Code.H09, Code.H10, Code.H13, Code.H14})
UNVERIFIED_CODES: Final = frozenset({Code.H07, Code.H18})
"""The codes whose distance may be unknown: the pair then has to be checked before it is proposed."""

_SENTENCES: Final = {
    Code.H01: "Offre non validée, à relire par une seconde personne, ou validation échue avant l’entrée",
    Code.H02: "Libre trop tard ou trop peu de temps",
    Code.H03: "Statut de protection non accepté pour cette offre",
    Code.H04: "Trop petit pour le ménage",
    Code.H05: "Pas assez de chambres",
    Code.H06: "Accessibilité insuffisante",
    Code.H07: "Soin indispensable trop loin",
    Code.SAFETY: (
        "Contrainte de sécurité : hébergement par des femmes, département exclu, refus ou incident antérieur, "
        "périmètre de partage ou lieu spécialisé"
    ),
    Code.H08: "Hébergement par des femmes exigé, et le lieu ne l’assure pas",
    Code.H09: "Animaux non acceptés",
    Code.H10: "Habitudes de tabac incompatibles",
    Code.H11: "Mineurs non acceptés, trop nombreux ou trop jeunes pour l’offre",
    Code.H12: "Département exclu par le ménage",
    Code.H13: "Département hors des vœux, vœu exclusif",
    Code.H14: "Loyer au-dessus du maximum du ménage",
    Code.H15: "Refus ou incident antérieur entre ce ménage et cette offre",
    Code.H16: "Hors du périmètre de l’organisation, ou sans le partage nécessaire",
    Code.H17: "Lieu ni spécialisé FVV/TEH ni certifié réservé aux femmes",
    Code.H18: "École du niveau indispensable trop loin",
    Code.H19: "Partage non accordé avec ce type d’hébergeur",
    Code.H20: "Orientation décidée par une autre autorité, dispositif auquel le ménage n’est pas inscrit aujourd’hui, ou place hors de votre mandat",
    Code.H21: "Composition du ménage que l’hébergeur n’accueille pas",
}


def codes_in(mask: int | np.uint32) -> Iterator[Code]:
    """Yield the codes of a bit mask in the order in which they are shown."""
    return (code for code in Code if int(mask) & int(_BITS[code]))


def first_code(mask: int | np.uint32) -> Code | None:
    """The code shown for a pair: the first in order, or None when the pair is feasible."""
    return next(codes_in(mask), None)
