"""docs/security.md and docs/menaces.md name nothing that does not exist: every test, every file."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["docs/security.md", "docs/menaces.md", "SECURITY.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "adoption").glob("*.md"))]  # fmt: skip
QUOTED = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
FOLDERS = ("odis_app/", "tests/", "docs/", "migrations/", "templates/", "static/", "jobs/", ".ci/")
REQUIREMENT = re.compile(r"^- \*\*(\d+\.\d+\.\d+)\*\* ", re.MULTILINE)
STATE = re.compile(r"\*\*(Fait|En partie|Pas fait|Sans objet|Installation|À venir)\.\*\*")
# OWASP ASVS 4.0.3, level 2 (level 1 included), by chapter: counted in the standard's own list, lines marked deleted left out.
CHAPTERS = {1: 38, 2: 54, 3: 18, 4: 9, 5: 30, 6: 13, 7: 12, 8: 15, 9: 7, 10: 5, 11: 8, 12: 15, 13: 13, 14: 23}
NOTHING_TO_SHOW = {
    "2.5.2",
    "5.3.5",
    "5.4.1",
    "12.3.3",
    "13.1.1",
    "14.5.2",
}  # done because the thing is not there at all
RULE = re.compile(r"^- \*\*(\d+)\.\*\* ", re.MULTILINE)


@cache
def names_in(path: str) -> set[str]:
    """The names of the tests of a file, as pytest would collect them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def quoted(page: str) -> list[str]:
    return QUOTED.findall((ROOT / page).read_text(encoding="utf-8"))


def test_the_pages_are_there() -> None:
    assert len(PAGES) > 8


@pytest.mark.parametrize("page", PAGES)
def test_every_test_named_exists(page: str) -> None:
    named = [name.partition("::") for name in quoted(page) if "::" in name]
    assert [
        f"{path}::{test}" for path, _, test in named if not (ROOT / path).is_file() or test not in names_in(path)
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_named_exists(page: str) -> None:
    named = [name for name in quoted(page) if name.startswith(FOLDERS) and "::" not in name and " " not in name]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    links = LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    folder = (ROOT / page).parent
    assert [link for link in links if "://" not in link and not (folder / link).exists()] == []


def test_every_requirement_is_said_once_in_order_with_its_state() -> None:
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    numbers = [tuple(map(int, number.split("."))) for number in REQUIREMENT.findall(text)]
    assert numbers == sorted(set(numbers))
    assert f"Les {len(numbers)} exigences" in text
    assert RULE.findall(text) == [str(number) for number in range(1, 26)]
    items = re.split(r"\n(?=- |#)", text)
    assert [item for item in items if item.startswith("- **") and not STATE.search(item)] == []


def test_no_requirement_is_missing_and_the_count_of_each_state_is_true() -> None:
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    assert Counter(int(number.partition(".")[0]) for number in REQUIREMENT.findall(text)) == CHAPTERS
    items = [item for item in re.split(r"\n(?=- |#)", text) if REQUIREMENT.match(item)]
    states = Counter(found[1] for item in items if (found := STATE.search(item)))
    said = re.search(r"(\d+) faites, (\d+) en partie, (\d+) pas faites, (\d+) sans objet, (\d+) qui", text)
    assert said is not None
    assert [states[name] for name in ("Fait", "En partie", "Pas fait", "Sans objet", "Installation")] == [
        int(n) for n in said.groups()
    ]


def test_what_is_done_in_the_code_names_where() -> None:
    """A rule of ours or a requirement « Fait » names a test or a file, unless its reason is that there is nothing to do."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    done = [item for item in re.split(r"\n(?=- |#)", text) if item.startswith("- **") and "**Fait.**" in item]
    shown = re.compile(r"`[^`]+(?:::\w+|\.(?:py|js|md|yml|toml|txt|json))`|`[\w./-]+/`|Voir \d|[Mm]ême test")
    assert {item[4:].partition("**")[0] for item in done if not shown.search(item)} == NOTHING_TO_SHOW


def test_nothing_is_said_done_without_its_proof_or_reason() -> None:
    """« Fait » is proved by a test, shown by a file, or explained; never bare."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    items = [item for item in re.split(r"\n(?=- |#)", text) if item.startswith("- **")]
    bare = [item for item in items if item.rstrip().endswith(".**")]
    assert bare == []
