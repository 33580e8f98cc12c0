"""The permissions of the code against the table written by hand."""

from __future__ import annotations

from pathlib import Path

import yaml
from flask import Flask

from odis_app.access.cli import as_markdown
from odis_app.core.permissions import REGISTRY, Role

LETTERS = {
    "ts": Role.TRAVAILLEUR_SOCIAL, "co": Role.COORDINATEUR, "qo": Role.QUALIFICATEUR_OFFRES, "op": Role.OPERATEUR, "dd": Role.DDETS,
    "na": Role.NATIONAL, "ba": Role.BAILLEUR, "cl": Role.COLLECTIVITE, "ao": Role.ADMIN_ORGANISATION, "ap": Role.ADMIN_PLATEFORME,
}  # fmt: skip
TABLE = Path(__file__).with_name("permissions.yml")


def expected() -> dict[str, set[Role]]:
    return {
        name: {LETTERS[letter] for letter in letters}
        for name, letters in yaml.safe_load(TABLE.read_text(encoding="utf-8")).items()
    }


def test_the_code_grants_what_the_table_says(app: Flask) -> None:
    wanted = expected()
    wrong = {
        name: {
            "en trop": sorted(p.roles - wanted.get(name, set())),
            "en moins": sorted(wanted.get(name, set()) - p.roles),
        }
        for name, p in REGISTRY.items()
        if p.roles != wanted.get(name)
    }
    assert wrong == {}


def test_the_table_speaks_of_nothing_else(app: Flask) -> None:
    assert sorted(set(expected()) - set(REGISTRY)) == []


def test_administrators_and_the_nation_hold_no_case_content() -> None:
    case = {
        name
        for name in expected()
        if name.split(":")[0]
        in {"household", "documents", "document", "journal", "matching", "orientation", "placement"}
    }
    nobody = {Role.ADMIN_ORGANISATION, Role.ADMIN_PLATEFORME, Role.NATIONAL, Role.COLLECTIVITE}
    assert {name for name in case if expected()[name] & nobody} == set()


def test_the_published_table_is_current(app: Flask) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert as_markdown() in page, "run: odis permissions --markdown, and put the table in docs/permissions.md"
