"""The sizes of the demonstration. That of a département: the two files that an association would bring, drawn from a seed, through the import.

People are invented (« Exemplova » and a few letters, telephones of the range kept for fiction), communes are real.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from odis_app.core import clock
from odis_app.exchange import operations
from odis_app.exchange.kinds import get_kind
from odis_app.households.enums import Priority, ProtectionStatus
from odis_app.housing.enums import HousingKind
from odis_app.organisations.seeds import World

FIRST_NAMES = (
    "Nour",
    "Amina",
    "Zahra",
    "Olena",
    "Yohannes",
    "Farid",
    "Selam",
    "Ilya",
    "Rojda",
    "Camila",
    "Deniz",
    "Awa",
)
LANGUAGES = ("arabe", "ukrainien", "persan", "pachto", "tigrigna", "russe", "français", "anglais", "espagnol")
COMMUNES = (
    ("Nantes", "44000"), ("Saint-Nazaire", "44600"), ("Rezé", "44400"), ("Orvault", "44700"), ("Vertou", "44120"), ("Pornic", "44210"),
    ("Clisson", "44190"), ("Carquefou", "44470"), ("Châteaubriant", "44110"),
)  # fmt: skip
KINDS = (HousingKind.CHAMBRE_CHEZ_HABITANT, HousingKind.LOGEMENT_ENTIER_GRATUIT, HousingKind.LOGEMENT_LOCATION)
STATUSES = (ProtectionStatus.REFUGIE, ProtectionStatus.PROTECTION_SUBSIDIAIRE, ProtectionStatus.PROTECTION_TEMPORAIRE)
URGENT = tuple(priority.label for priority in Priority)[1:]
BOOK = "association"  # whose files these are


@dataclass(frozen=True, slots=True)
class Size:
    """How many files and offers come on top of the small demonstration, by the import."""

    households: int
    offers: int


@dataclass(frozen=True, slots=True)
class National:
    """What comes on top of the small demonstration by COPY: a country.

    ``largest``: files of the largest organisation; ``steered``: files of the département of that organisation, which its DDETS follows;
    ``median``: files of the median association; ``departments``: how many of them, the most populous first (None: all).
    """

    households: int = 200_000
    places: int = 110_000
    offers: int = 40_000
    entries: int = 2_000_000
    users: int = 5_000
    organisations: int = 1_500
    largest: int = 10_000
    steered: int = 8_000
    median: int = 130
    departments: int | None = None


SIZES: dict[str, Size | National] = {"small": Size(0, 0), "department": Size(8_000, 1_600), "national": National()}


def fill(world: World, size: Size, *, seed: int) -> None:
    """Import what ``size`` says, as the coordination of the demonstration's association; the same for the same day and seed."""
    for code, lines in (("menages", households(size.households, seed)), ("offres", offers(size.offers, seed))):
        kind, text = get_kind(code), _csv(lines)
        if kind is None or not text:
            continue
        with tempfile.TemporaryDirectory(prefix="odis-demo-") as folder, world[BOOK].acting() as identity:
            path = Path(folder) / f"{code}.csv"
            path.write_text(text, encoding="utf-8")
            found = operations.start_import(identity, kind=kind, path=path, filename=path.name)
            operations.choose_columns(identity, found=found, mapping=found.mapping)
            operations.record_import(identity, found=found)


def households(count: int, seed: int) -> Iterator[dict[str, object]]:
    """One line per household: who they are, since when they wait, from when and where they want a home."""
    draw, today = Random(f"ménages {seed}"), clock.today()  # noqa: S311 - a drawing, not a secret
    for rank in range(1, count + 1):
        adults, minors = draw.choice((1, 1, 2)), draw.choice((0, 0, 0, 1, 2, 3))
        yield {
            "N° dossier": f"D-{rank:05d}", "Nom": f"Exemplova {_letters(rank)}", "Prénom": draw.choice(FIRST_NAMES),
            "Sexe": draw.choice(("Femme", "Homme")), "Date de naissance": draw.randint(today.year - 70, today.year - 19),
            "Taille du ménage": adults + minors, "Adultes": adults, "Mineurs": minors,
            "Âge des enfants": ", ".join(str(draw.randint(0, 16)) for _ in range(minors)),
            "Composition": ("Couple avec enfants" if minors else "Couple sans enfant") if adults == 2 else "",
            "Statut de protection": draw.choice(STATUSES).label, "Téléphone": f"06 39 98 {rank // 100 % 100:02d} {rank % 100:02d}",
            "Langues": draw.choice(LANGUAGES), "Priorité": draw.choice(URGENT) if draw.random() < 0.2 else "Standard",
            "Date d’ancienneté": (today - timedelta(days=draw.randint(0, 500))).strftime("%d/%m/%Y"),
            "Date du besoin": (today + timedelta(days=draw.randint(0, 90))).strftime("%d/%m/%Y") if draw.random() < 0.9 else "",
            "Départements souhaités": draw.choice(("44", "44, 49", "44, 85", "")),
            "Sécurité vérifiée, rien à signaler": "oui" if draw.random() < 0.85 else "non",
        }  # fmt: skip


def offers(count: int, seed: int) -> Iterator[dict[str, object]]:
    """One line per offer: what it is, where, for how many, from when."""
    draw, today = Random(f"offres {seed}"), clock.today()  # noqa: S311 - a drawing, not a secret
    for rank in range(1, count + 1):
        commune, postal_code = draw.choice(COMMUNES)
        kind = draw.choice(KINDS)
        capacity = 1 + draw.randint(0, 1 if kind is HousingKind.CHAMBRE_CHEZ_HABITANT else 4)
        yield {
            "Réf.": f"D-{rank:05d}", "Type d’hébergement": kind.label, "Contact": f"{draw.choice(FIRST_NAMES)} Exemplova {_letters(rank)}",
            "Téléphone du contact": f"06 39 98 {rank // 100 % 100:02d} {rank % 100:02d}", "Adresse": f"{rank} rue des Exemples",
            "Code postal": postal_code, "Commune": commune, "Département": "44", "Capacité": capacity, "Chambres": max(1, capacity // 2),
            "Disponible du": (today + timedelta(days=draw.randint(0, 60))).strftime("%d/%m/%Y"),
            "Reçue le": (today - timedelta(days=draw.randint(0, 120))).strftime("%d/%m/%Y"),
            "Mineurs acceptés": draw.choice(("oui", "oui", "non")), "Fumeurs acceptés": draw.choice(("oui", "non")),
            "Rez-de-chaussée ou ascenseur": draw.choice(("oui", "non")),
            "Loyer mensuel (€)": draw.randrange(250, 600, 10) if kind is HousingKind.LOGEMENT_LOCATION else 0,
        }  # fmt: skip


def _csv(lines: Iterator[dict[str, object]]) -> str:
    rows = list(lines)
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _letters(number: int) -> str:
    """1 → « B », 26 → « Ba »: a name that is nobody's, different on each line."""
    letters = ""
    while number:
        number, rest = divmod(number, 26)
        letters = chr(97 + rest) + letters
    return letters.capitalize()
