"""The load: what enters, and that the same base twice changes nothing."""

from __future__ import annotations

import psycopg
import pytest

from odis_app.core.config import libpq
from odis_app.core.services.roles import Addresses
from odis_app.territories.cli import as_table
from odis_app.territories.dataset import Dataset, DatasetError, Table
from odis_app.territories.operations import KEYS, LoadReport, load


def snapshot(url: str) -> dict[str, object]:
    """A fingerprint of every table, versions of rows (xmin) included."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*), md5(string_agg(xmin::text || t::text, '|' ORDER BY t::text)) FROM {table} t"
            ).fetchone()  # type: ignore[arg-type]
            for table in (*KEYS, "territory_loads")
        }


def without(base: Dataset, commune: str) -> Dataset:
    """The base as if ``commune`` had been renamed and 01001 merged into it."""
    tables = dict(base.tables)
    for name, table in base.tables.items():
        at = table.columns.index("commune_code") if "commune_code" in table.columns else 0
        rows = [row for row in table.rows if not (name.startswith(("commune", "former")) and row[at] == "01001")]
        tables[name] = Table(table.columns, rows)
    communes = tables["communes"]
    rows = [[row[0], "Abergement-Nouveau", *row[2:]] if row[0] == commune else row for row in communes.rows]
    tables["communes"] = Table(communes.columns, rows)
    former = tables["former_communes"]
    tables["former_communes"] = Table(former.columns, [*former.rows, ["01001", "L'Abergement-Clémenciat", commune]])
    return Dataset(2027, "essai", tables)


def test_first_load_adds_every_row(first_load: LoadReport, base: Dataset) -> None:
    assert not first_load.unchanged
    assert {name: change.added for name, change in first_load.tables.items() if name != "commune_keys"} == base.counts()
    assert all(change.changed == change.removed == 0 for change in first_load.tables.values())


def test_same_base_twice_changes_nothing(urls: Addresses, first_load: LoadReport, base: Dataset) -> None:
    url = libpq(urls.migrate)
    before = snapshot(url)
    again = load(url, base)
    assert again.unchanged
    assert snapshot(url) == before
    assert "rien n’a changé" in as_table(again)


def test_a_newer_base_writes_only_the_differences_and_back(
    urls: Addresses, first_load: LoadReport, base: Dataset
) -> None:
    url = libpq(urls.migrate)
    newer = load(url, without(base, "01002"))
    back = load(url, base)
    assert (newer.tables["communes"].added, newer.tables["communes"].changed, newer.tables["communes"].removed) == (
        0,
        1,
        1,
    )
    assert (back.tables["communes"].added, back.tables["communes"].changed, back.tables["communes"].removed) == (
        1,
        1,
        0,
    )
    assert back.tables["former_communes"].removed == 1
    assert newer.tables["departments"].changed == newer.tables["departments"].added == 0


def test_a_base_that_contradicts_itself_is_refused_whole(
    urls: Addresses, first_load: LoadReport, base: Dataset
) -> None:
    url = libpq(urls.migrate)
    before = snapshot(url)
    broken = dict(base.tables)
    broken["departments"] = Table(base.tables["departments"].columns, base.tables["departments"].rows[1:])
    with pytest.raises(DatasetError, match="Rien n’a été chargé"):
        load(url, Dataset(2027, "essai", broken))
    assert snapshot(url) == before


@pytest.mark.parametrize("role", ["app", "worker"])
def test_the_application_reads_and_cannot_write(urls: Addresses, first_load: LoadReport, role: str) -> None:
    with psycopg.connect(libpq(getattr(urls, role))) as connection:
        assert connection.execute("SELECT count(*) FROM communes WHERE zone <> 'com'").fetchone() == (34_875,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE communes SET population = 0")


def test_tables_belong_to_the_owner_and_public_figures_may_read_them(urls: Addresses, first_load: LoadReport) -> None:
    with psycopg.connect(libpq(urls.migrate)) as connection:
        for table in (*KEYS, "territory_loads"):
            row = connection.execute(
                "SELECT tableowner, has_table_privilege('odis_public', tablename, 'SELECT') FROM pg_tables WHERE tablename = %s",
                [table],
            ).fetchone()
            assert row == ("odis_owner", True)


def test_prefix_search_uses_the_indexes(urls: Addresses, first_load: LoadReport) -> None:
    queries = {
        "pk_commune_keys": "SELECT commune_code FROM commune_keys WHERE key >= 'nantes' AND key < 'nantes{'",
        "pk_commune_postal_codes": "SELECT commune_code FROM commune_postal_codes WHERE postal_code >= '440' AND postal_code < '440{'",
        "ix_communes_name_folded": "SELECT code FROM communes WHERE name_folded >= 'nantes' AND name_folded < 'nantes{'",
    }
    with psycopg.connect(libpq(urls.migrate)) as connection:
        for index, query in queries.items():
            plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))  # type: ignore[arg-type]
            assert index in plan
