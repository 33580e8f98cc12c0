"""The register of processing activities (RGPD, article 30), made from what every package says of its columns."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from odis_app.core import data_classes
from odis_app.core.data_classes import Column
from odis_app.core.permissions import Permission, Role
from odis_app.home.register_words import ACTIVITIES, CLASSES, NAMES, Activity
from odis_app.privacy.models import Purpose

READING = ("read", "list", "track", "history", "search")
PREAMBLE = """# Registre des traitements

Écrit par `odis registre --markdown` à partir des fichiers `data_classes.yml` de chaque paquet, des finalités de l’installation et
des droits du code. Un test le compare au code. C’est la part du registre (RGPD, article 30) que le produit connaît ; le
responsable de traitement y ajoute son nom, son délégué à la protection des données, ses sous-traitants et ses transferts.

« Qui lit, par rôle » dit quels rôles portent le droit ; chaque dossier est ensuite jugé à part (organisation, partage en cours,
classe, personne référente) : voir [permissions.md](permissions.md). Le produit n’envoie rien hors de l’installation, sauf les
courriels aux équipes et, s’ils sont réglés, l’entrée par ProConnect et l’adresse qu’un bouton cherche dans la Base adresse nationale. Mesures de sécurité : [security.md](security.md)."""
HEAD = ("pourquoi", "données", "classe", "conservées", "chiffrées", "exportables")


@dataclass(frozen=True, slots=True)
class Line:
    """The data kept for one purpose during one time, in words; ``sealed`` and ``leaving`` count fields: « 3 champs sur 15 »."""

    purpose: str
    data: str
    classes: str
    retention: str
    sealed: str
    leaving: str

    def cells(self) -> tuple[str, ...]:
        """In the order of ``HEAD``."""
        return self.purpose, self.data, self.classes, self.retention, self.sealed, self.leaving


@dataclass(frozen=True, slots=True)
class Entry:
    """One activity with its legal bases, who reads its data by role, and its lines."""

    activity: Activity
    bases: tuple[str, ...]
    readers: tuple[str, ...]
    lines: tuple[Line, ...]


def register(purposes: Mapping[str, Purpose]) -> list[Entry]:
    """The whole register, in the order of ``ACTIVITIES``; ``purposes`` as the installation has them, by code."""
    declared = _declared()
    return [
        Entry(
            activity,
            tuple(_basis(purposes[code]) for code in activity.purposes) + ((activity.basis,) if activity.basis else ()),
            tuple(_reader(p) for name in activity.packages for p in declared.get(name, ()) if _reads(p)),
            tuple(_lines(c for c in data_classes.columns() if c.package in activity.packages)),
        )
        for activity in ACTIVITIES
    ]


def as_text(purposes: Mapping[str, Purpose]) -> str:
    """The activities, a line each."""
    return "\n".join(
        f"{entry.activity.title} : {len(entry.lines)} lignes, lu par {len(entry.readers)} droits"
        for entry in register(purposes)
    )


def as_markdown(purposes: Mapping[str, Purpose]) -> str:
    """The whole text of ``docs/registre.md``."""
    return "\n\n".join([PREAMBLE, *(_section(entry) for entry in register(purposes))])


def _section(entry: Entry) -> str:
    said = [("Pourquoi", entry.activity.why), ("Personnes concernées", entry.activity.people)]
    text = [f"## {entry.activity.title}", "\n".join(f"- {label} : {words}" for label, words in said)]
    for label, items in (("Bases légales", entry.bases), ("Qui lit, par rôle", entry.readers)):
        if items:
            text += [f"{label} :", "\n".join(f"- {item}" for item in items)]
    rows = [HEAD, *(line.cells() for line in entry.lines)]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n\n".join([*text, "\n".join([table[0], "|" + "---|" * len(HEAD), *table[1:]])])


def _basis(purpose: Purpose) -> str:
    return f"{purpose.label} : {purpose.basis_label} ({purpose.article})"


def _declared() -> dict[str, list[Permission]]:
    """Package → the permissions of its policy; what a higher policy imports stays with the package that declared it."""
    from odis_app import PACKAGES  # the one list, from the ground up

    seen: set[str] = set()
    found: dict[str, list[Permission]] = {}
    for name in PACKAGES:
        module = sys.modules.get(f"odis_app.{name}.policy")
        own = [p for p in vars(module).values() if isinstance(p, Permission) and p.name not in seen] if module else []
        seen |= {p.name for p in own}
        found[name] = own
    return found


def _reads(permission: Permission) -> bool:
    return permission.name.partition(":")[2].startswith(READING)


def _reader(permission: Permission) -> str:
    return f"{permission.label} : {', '.join(role.label for role in Role if role in permission.roles)}"


def _lines(columns: Iterable[Column]) -> Iterable[Line]:
    groups: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        groups.setdefault((column.purpose, column.retention), []).append(column)
    for (purpose, retention), kept in groups.items():
        yield Line(
            purpose=purpose,
            data=", ".join(dict.fromkeys(NAMES.get(c.table, c.table) for c in kept)),
            classes=", ".join(words for key, words in CLASSES.items() if any(c.sensitivity == key for c in kept)),
            retention=retention,
            sealed=_share(sum(c.encrypted for c in kept), len(kept)),
            leaving=_share(sum(c.exportable for c in kept), len(kept)),
        )


def _share(count: int, total: int) -> str:
    if count in {0, total}:
        return "oui" if count else "non"
    return f"{count} champ{'s' if count > 1 else ''} sur {total}"
