"""Conventions that check themselves: sizes, templates, privacy of views, foreign keys that go down, labels of columns."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from odis_app.core import data_classes
from odis_app.core.config import libpq
from odis_app.core.db import Base
from odis_app.core.permissions import REGISTRY, guard_of

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TEMPLATE = 500, 60, 150
GENERATED_OR_SHOWN_WHOLE = {"templates/home/components.html"}  # every component on one page, by design


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    files = [*(ROOT / "odis_app").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")]
    return [(path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(files)]


def test_files_and_functions_stay_small() -> None:
    long_files = [
        str(path) for path, _ in sources() if (ROOT / path).read_text(encoding="utf-8").count("\n") > LONGEST_FILE
    ]
    long_functions = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    templates = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if path.read_text(encoding="utf-8").count("\n") > LONGEST_TEMPLATE
        and str(path.relative_to(ROOT)) not in GENERATED_OR_SHOWN_WHOLE
    ]
    assert (long_files, long_functions, templates) == ([], [], [])


def test_operations_and_models_never_import_flask() -> None:
    guilty = [
        str(path)
        for path, tree in sources()
        if path.stem in {"models", "operations", "status", "enums"} or "operations" in path.parts
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "flask")
        or (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "flask" for a in node.names))
    ]
    assert guilty == []


def test_views_and_forms_are_private_to_their_package() -> None:
    allowed = {(package, "odis_app.accounts.views") for package in ("access", "organisations", "home")}
    guilty = []
    for path, tree in sources():
        package = path.parts[1] if path.parts[0] == "odis_app" and len(path.parts) > 2 else ""
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and re.match(r"odis_app\.\w+\.(views|forms)\b", node.module)
            ):
                other = node.module.split(".")[1]
                if other not in {package, "core"} and (package, node.module) not in allowed:
                    guilty.append(f"{path}: {node.module}")
    assert guilty == []


def test_foreign_keys_go_down_the_floors(app: Flask) -> None:
    """A table points to its own package or to a floor below, as imports do: what stands above may go without what stands below."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    floors = {
        name.strip(" ()"): rank for rank, line in enumerate(reversed(contract["layers"])) for name in line.split(" : ")
    }
    packages = {mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in Base.registry.mappers}
    keys = [
        (table.name, key.target_fullname.rpartition(".")[0].removeprefix("public."))
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
    ]
    assert len(keys) > 50
    upwards = [
        f"{table} ({packages[table]}) → {target} ({packages[target]})"
        for table, target in keys
        if packages[table] != packages[target] and floors[packages[target]] >= floors[packages[table]]
    ]
    assert upwards == []


def test_every_class_of_the_style_sheet_is_worn() -> None:
    """Classes of ours (od-…): a template, the script or a Markup built in Python names each; « od-is-{{ kind }} » names its family."""
    sheet = re.sub(
        r"/\*.*?\*/", "", (ROOT / "static" / "css" / "odis.css").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    selectors = re.sub(r"\{[^{}]*\}", " ", sheet)
    places = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "static").rglob("*.js"),
        *(ROOT / "odis_app").rglob("*.py"),
    ]
    worn = "\n".join(path.read_text(encoding="utf-8") for path in places if "node_modules" not in path.parts)
    families = tuple(re.findall(r"(od-[a-z-]*-)\{\{", worn))
    names = set(re.findall(r"\.(od-[\w-]+)", selectors))
    assert len(names) > 80, "the sheet was not read"
    assert (
        sorted(n for n in names if not n.startswith(families) and not re.search(rf"(?<![\w-]){n}(?![\w-])", worn)) == []
    )


def test_every_template_is_used(app: Flask) -> None:
    texts = [
        path.read_text(encoding="utf-8") for folder in ("odis_app", "jobs") for path in (ROOT / folder).rglob("*.py")
    ]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*") if path.is_file()]
    names = [str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html")]
    unused = [name for name in names if not any(f'"{name}"' in text or f"'{name}'" in text for text in texts)]
    assert unused == []


def test_templates_hold_no_handler_no_style_and_trust_nobody() -> None:
    bad = re.compile(r"\son[a-z]+\s*=|\sstyle\s*=|\|\s*safe\b|<script(?![^>]*\ssrc=)|javascript:")
    guilty = [
        f"{path.relative_to(ROOT)}: {found.group(0).strip()}"
        for path in (ROOT / "templates").rglob("*.html")
        if "print" not in path.parts
        for found in [bad.search(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))]
        if found
    ]
    assert guilty == []


def test_every_endpoint_has_a_guard(app: Flask) -> None:
    assert [name for name, view in app.view_functions.items() if guard_of(view) is None] == []


def test_a_route_without_guard_stops_the_start(app: Flask) -> None:
    from odis_app.access.enforcement import UnguardedEndpointError, check_every_endpoint

    bare = Flask("bare")
    bare.add_url_rule("/ouvert", "ouvert", lambda: "")
    with pytest.raises(UnguardedEndpointError, match="ouvert"):
        check_every_endpoint(bare)


def test_loaders_and_url_variables_agree(app: Flask) -> None:
    wrong = []
    for rule in app.url_map.iter_rules():
        mark = guard_of(app.view_functions[rule.endpoint])
        if mark is not None and not set(mark.loaders) <= rule.arguments:
            wrong.append(
                f"{rule.endpoint}: loads {sorted(set(mark.loaders) - rule.arguments)} that the address does not hold"
            )
    assert wrong == []


def test_every_permission_is_demanded_somewhere(app: Flask) -> None:
    """A permission that nothing asks for is a right that somebody believes in and nobody checks."""
    text = "\n".join((ROOT / path).read_text(encoding="utf-8") for path, _ in sources())
    text = re.sub(r"^(from|import) .*?(?:\)$|$)", "", text, flags=re.MULTILINE)
    constants = {
        name: re.search(rf'^(\w+) = permission\(\s*"{re.escape(name)}"', text, flags=re.MULTILINE) for name in REGISTRY
    }
    assert [
        name for name, found in constants.items() if not found or len(re.findall(rf"\b{found.group(1)}\b", text)) < 2
    ] == []


def test_every_column_is_classed(app: Flask, admin_url: str) -> None:
    classed = {(column.table, column.name) for column in data_classes.columns()}
    with psycopg.connect(libpq(admin_url)) as connection:
        found = connection.execute(
            "SELECT CASE table_schema WHEN 'public' THEN table_name ELSE table_schema || '.' || table_name END, column_name "
            "FROM information_schema.columns WHERE table_schema IN ('public', 'private') AND table_name <> 'alembic_version'"
        ).fetchall()
    missing = sorted(f"{table}.{column}" for table, column in set(found) - classed)
    gone = sorted(f"{table}.{column}" for table, column in classed - set(found))
    assert (missing, gone) == ([], [])
