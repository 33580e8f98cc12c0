"""The committed file: its provenance, its counts, its internal agreement."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from odis_app.territories.dataset import DATA_FILE, PROVENANCE_FILE, Dataset, DatasetError, read, write
from odis_app.territories.derive import _zones, derive


def column(base: Dataset, table: str, name: str) -> list[object]:
    return [record[name] for record in base.tables[table].records()]


def test_provenance_matches_the_file(base: Dataset) -> None:
    told = json.loads(PROVENANCE_FILE.read_text(encoding="utf-8"))
    assert told["sha256"] == hashlib.sha256(DATA_FILE.read_bytes()).hexdigest()
    assert told["content_sha256"] == base.sha256
    assert told["counts"] == base.counts()
    assert told["vintage"] == base.vintage == 2026
    assert "Licence Ouverte" in told["licence"]
    assert len(told["inputs"]) == 7
    assert DATA_FILE.stat().st_size < 1_500_000


def test_counts_of_the_cog_2026(base: Dataset) -> None:
    zones = Counter(column(base, "communes", "zone"))
    assert zones == {"metro": 34_746, "drom": 129, "com": 94}
    assert zones["metro"] + zones["drom"] == 34_875
    assert Counter(column(base, "commune_parts", "kind")) == {"deleguee": 2_105, "associee": 471, "arrondissement": 45}
    assert Counter(column(base, "departments", "zone")) == {"metro": 96, "drom": 5, "com": 8}
    assert Counter(column(base, "regions", "zone")) == {"metro": 13, "drom": 5, "com": 8}
    assert Counter(column(base, "epcis", "kind")) == {"CC": 989, "CA": 230, "METRO": 21, "CU": 14, "MET69": 1}
    assert len(base.tables["arrondissements"].rows) == 333


def test_populations(base: Dataset) -> None:
    communes = base.tables["communes"].records()
    assert sum(c["population"] or 0 for c in communes if c["zone"] != "com") == 68_350_798
    assert {c["code"] for c in communes if c["population"] is None} == {
        "98411",
        "98412",
        "98413",
        "98414",
        "98415",
        "98901",
    }
    years = Counter((c["department_code"] == "976", c["population_year"]) for c in communes if c["zone"] != "com")
    assert years == {(False, 2023): 34_858, (True, 2017): 17}
    assert next(c["population"] for c in communes if c["code"] == "44109") == 327_734


def test_every_commune_is_in_one_epci_but_four_islands(base: Dataset) -> None:
    communes = base.tables["communes"].records()
    assert {c["code"] for c in communes if c["epci_siren"] is None and c["zone"] != "com"} == {
        "22016",
        "29083",
        "29155",
        "85113",
    }
    members = Counter(c["epci_siren"] for c in communes if c["epci_siren"])
    assert members == {e["siren"]: e["member_count"] for e in base.tables["epcis"].records()}


def test_every_commune_is_in_one_employment_zone_but_four_that_were_born_since(base: Dataset) -> None:
    communes = base.tables["communes"].records()
    assert len(base.tables["employment_zones"].rows) == 306
    assert {c["employment_zone_code"] for c in communes} - {None} == set(column(base, "employment_zones", "code"))
    without = {c["code"] for c in communes if c["employment_zone_code"] is None and c["zone"] != "com"}
    assert without == {"15031", "15035", "15047", "15171"}
    zone = {c["code"]: c["employment_zone_code"] for c in communes}
    assert (zone["44109"], zone["75056"], zone["97601"]) == ("5216", "1109", "0601")
    assert (
        zone["49126"] == "5201"
    )  # Orée d’Anjou bears another code in the file: it has the zone of what it was made of


def test_zones_are_those_of_the_file(base: Dataset, shared_data: Path) -> None:
    source = shared_data / "open-data" / "zones_emploi_2020.csv"
    with source.open(encoding="utf-8-sig", newline="") as file:
        told = {line["codgeo"]: line["codze2020"] for line in csv.DictReader(file)}
    found = {c["code"]: c["employment_zone_code"] for c in base.tables["communes"].records()}
    assert {code for code in found if code in told and told[code] != found[code]} == set()
    provenance = json.loads(PROVENANCE_FILE.read_text(encoding="utf-8"))
    assert provenance["inputs"][-1]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_an_unreadable_file_of_zones_is_said(tmp_path: Path) -> None:
    (tmp_path / "zones.csv").write_bytes(b"codgeo,codze2020\n01001,\xff\n")
    with pytest.raises(DatasetError, match=r"zones\.csv"):
        _zones(tmp_path / "zones.csv")


def test_seats_and_former_codes_lead_to_communes_of_today(base: Dataset) -> None:
    today = set(column(base, "communes", "code"))
    for table in ("regions", "departments"):
        assert set(column(base, table, "seat_code")) <= today
    assert set(column(base, "former_communes", "commune_code")) <= today
    former = {code for code in column(base, "former_communes", "code") if code not in today}
    assert len(former) == 4_240
    assert all(column(base, "former_communes", "name"))


def test_no_two_communes_of_a_department_share_a_name(base: Dataset) -> None:
    names = Counter((c["name"], c["department_code"]) for c in base.tables["communes"].records())
    assert max(names.values()) == 1


def test_writing_twice_gives_the_same_bytes(base: Dataset, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(base, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read(tmp_path / "a").sha256 == base.sha256


def test_unreadable_file_and_unknown_package_are_said(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(b"not gzip")
    with pytest.raises(DatasetError, match=r"x\.json\.gz"):
        read(tmp_path / "x.json.gz")
    (tmp_path / "package.json").write_text('{"name": "x", "version": "9.9.9"}')
    with pytest.raises(DatasetError, match=r"9\.9\.9"):
        derive(tmp_path)


def test_a_commune_in_two_epci_is_refused(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "essai", "version": "6.0.0"}')
    (tmp_path / "data").mkdir()
    epci = {
        "nom": "CC",
        "type": "CC",
        "modeFinancement": "FA",
        "populationMunicipale": 1,
        "membres": [{"code": "01001"}],
    }
    area = {"nom": "Ain", "typeLiaison": 5, "zone": "metro", "chefLieu": "01001", "region": "84", "departement": "01"}
    files = {
        "regions": [{"code": "84", **area}],
        "departements": [{"code": "01", **area}],
        "arrondissements": [{"code": "011", **area}],
        "epci": [{"code": "200000001", **epci}, {"code": "200000002", **epci}],
        "communes": [{"code": "01001", "type": "commune-actuelle", **area}],
    }
    for name, content in files.items():
        (tmp_path / "data" / f"{name}.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="membre de deux EPCI"):
        derive(tmp_path)
