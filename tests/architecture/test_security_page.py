"""docs/security.md and docs/menaces.md name nothing that does not exist: every test, every file."""

from __future__ import annotations

import ast
import re
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
    unsaid = [
        item for item in items
        if item.startswith("- **") and not re.search(r"\*\*(Fait|En partie|Pas fait|Sans objet|Installation|À venir)\.\*\*", item)
    ]  # fmt: skip
    assert unsaid == []


def test_nothing_is_said_done_without_its_proof_or_reason() -> None:
    """« Fait » is proved by a test, shown by a file, or explained; never bare."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    items = [item for item in re.split(r"\n(?=- |#)", text) if item.startswith("- **")]
    bare = [item for item in items if item.rstrip().endswith(".**")]
    assert bare == []
