"""The weights of the score: versioned, and shown to everyone."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final


class Criterion(StrEnum):
    """What the score looks at, in the order in which it is always shown."""

    LOCATION = "localisation"
    SIZE = "taille"
    EMPLOYMENT_AREA = "bassin_emploi"
    LANGUAGE = "langue"
    DURATION = "duree"
    LIFESTYLE = "mode_de_vie"

    @property
    def label(self) -> str:
        """The criterion's name on pages."""
        return _LABELS[self]


_LABELS: Final = {
    Criterion.LOCATION: "Localisation",
    Criterion.SIZE: "Taille",
    Criterion.EMPLOYMENT_AREA: "Bassin d’emploi",
    Criterion.LANGUAGE: "Langue",
    Criterion.DURATION: "Durée",
    Criterion.LIFESTYLE: "Mode de vie",
}
DEFAULT_WEIGHTS: Final = {
    Criterion.LOCATION: 34.0,
    Criterion.SIZE: 20.0,
    Criterion.EMPLOYMENT_AREA: 16.0,
    Criterion.LANGUAGE: 14.0,
    Criterion.DURATION: 8.0,
    Criterion.LIFESTYLE: 8.0,
}
DEFAULT_RANKS: Final = (1.0, 0.8, 0.6, 0.4)
MAX_WEIGHT: Final = 1_000_000


class PolicyError(ValueError):
    """A policy that cannot be used; the message is a French sentence for the person who wrote it."""


@dataclass(frozen=True)
class Policy:
    """Weights of the criteria and agreement by rank of wish; the last rank also stands for all later ones."""

    weights: Mapping[Criterion, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    ranks: tuple[float, ...] = DEFAULT_RANKS

    def __post_init__(self) -> None:
        """Refuse what would give a score outside [0, 100] or none at all. Raises PolicyError."""
        if set(self.weights) != set(Criterion):
            raise PolicyError("La politique doit donner un poids à chaque critère, et à eux seuls.")
        for criterion, weight in self.weights.items():
            if not 0 <= weight <= MAX_WEIGHT:
                raise PolicyError(f"Le poids de « {criterion} » doit être un nombre entre 0 et {MAX_WEIGHT}.")
        if not any(self.weights.values()):
            raise PolicyError("Un critère au moins doit avoir un poids.")
        if not self.ranks or not all(0 <= rank <= 1 for rank in self.ranks):
            raise PolicyError("Les rangs des vœux (« ranks ») doivent être des nombres entre 0 et 1.")

    @classmethod
    def from_mapping(cls, data: object) -> "Policy":
        """Read `{"weights": {criterion: number}, "ranks": [number, …]}`; what is absent keeps its default.

        Raises PolicyError on an unknown key or on what is no number.
        """
        if not isinstance(data, Mapping) or not set(data) <= {"weights", "ranks"}:
            raise PolicyError("La politique est un objet JSON avec « weights » et « ranks » seulement.")
        weights, ranks = data.get("weights", {}), data.get("ranks", DEFAULT_RANKS)
        if not isinstance(weights, Mapping) or not isinstance(ranks, list | tuple):
            raise PolicyError("« weights » est un objet JSON et « ranks » une liste de nombres.")
        unknown = sorted(str(name) for name in weights if name not in set(Criterion))
        if unknown:
            raise PolicyError(f"Critère inconnu dans la politique : « {unknown[0]} ».")
        given = {Criterion(name): _number(value, name) for name, value in weights.items()}
        return cls({**DEFAULT_WEIGHTS, **given}, tuple(_number(value, "ranks") for value in ranks))

    @cached_property
    def canonical(self) -> str:
        """The complete policy as canonical JSON: sorted keys, no space, whole numbers without a point."""
        content = {
            "ranks": [_plain(rank) for rank in self.ranks],
            "weights": {criterion.value: _plain(self.weights[criterion]) for criterion in Criterion},
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @cached_property
    def sha256(self) -> str:
        """What identifies the policy in every result: the SHA-256 of its canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def version(self) -> str:
        """The first twelve digits of the hash, short enough for a page."""
        return self.sha256[:12]


def _number(value: object, name: str) -> float:
    """A JSON number as a float; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolicyError(f"« {name} » attend un nombre, pas « {value} ».")
    try:
        return float(value)
    except OverflowError as error:
        raise PolicyError(f"« {name} » attend un nombre raisonnable.") from error


def _plain(value: float) -> int | float:
    """1.0 and 1 are the same number, so they give the same hash."""
    return int(value) if float(value).is_integer() else value
