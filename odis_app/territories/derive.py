"""Make the base of territories from the npm package ``@etalab/decoupage-administratif`` and INSEE's employment zones.

By hand, when a new COG is published (``npm pack`` both versions, unpack them, give the folders that hold ``data/``)::

    python -m odis_app.territories.derive PACKAGE_6.0.0 --history PACKAGE_0.7.0 --zones zones_emploi_2020.csv

Version 6.0.0 is the COG 2026 (INSEE, DGCL, La Poste). It knows former codes but not the names they had: these come from
``historique-communes.json`` of version 0.7.0 (INSEE, history of communes since 1943). The zones d’emploi 2020 are a csv of INSEE
(codgeo, codze2020, libze2020), in the communes of a few years ago. Data: Licence Ouverte.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from odis_app.territories.dataset import DATA_FILE, PROVENANCE_FILE, Dataset, DatasetError, Table, read, write
from odis_app.territories.names import fold_place

Record = dict[str, Any]
INPUTS = ("regions", "departements", "arrondissements", "epci", "communes")
HISTORY = "historique-communes"
VINTAGES = {"6.0.0": 2026, "5.3.0": 2025, "4.1.0": 2024, "3.1.1": 2023, "2.3.1": 2022, "1.1.1": 2021}
CENSUS_2017 = {"976"}  # Mayotte: the package carries the census of 2017
UNDATED = {"986", "987", "988"}  # their own censuses, whose year the package does not give
PART_KINDS = {
    "commune-deleguee": "deleguee",
    "commune-associee": "associee",
    "arrondissement-municipal": "arrondissement",
}


def derive(package: Path, history: Path | None = None, zones: Path | None = None) -> Dataset:
    """The base from an unpacked package, with the names of former communes when ``history`` is given; employment zones
    are those of ``zones``, or of the base that is shipped.

    Raises DatasetError when a file is absent, unreadable or contradicts itself.
    """
    source, vintage = _identity(package)
    files = {name: _read(package, name) for name in INPUTS}
    current = [c for c in files["communes"] if c["type"] == "commune-actuelle"]
    parts = [c for c in files["communes"] if c["type"] in PART_KINDS]
    past = _read(history, HISTORY) if history else []
    former = _former(current, parts, past)
    named = _zones(zones) if zones else _known_zones()
    tables = {
        "regions": _areas(files["regions"], ()),
        "departments": _areas(files["departements"], ("region",)),
        "arrondissements": _areas(files["arrondissements"], ("departement",)),
        "epcis": _epcis(files["epci"]),
        "employment_zones": _table(("code", "name"), (list(zone) for zone in set(named.values()))),
        "communes": _communes(
            current, _memberships(files["epci"], current), _zoned(named, current, parts, former), vintage
        ),
        "commune_parts": _parts(parts, {c["code"] for c in current}),
        "commune_postal_codes": _postal_codes(current),
        "former_communes": former,
    }
    return Dataset(vintage, source, tables)


def _identity(package: Path) -> tuple[str, int]:
    manifest = _load(package / "package.json")
    version = str(manifest.get("version", ""))
    if version not in VINTAGES:
        raise DatasetError(
            f"La version {version or 'absente'} du paquet n’est pas connue. Versions connues : {', '.join(VINTAGES)}."
        )
    return f"{manifest['name']} {version}", VINTAGES[version]


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path.name} ne se lit pas dans {path.parent} : {error}.") from error


def _read(package: Path, name: str) -> list[Record]:
    records = _load(package / "data" / f"{name}.json")
    if not isinstance(records, list) or not all(isinstance(r, dict) and r.get("code") for r in records):
        raise DatasetError(f"{name}.json n’est pas une liste d’objets portant un code.")
    return records


def _areas(records: Iterable[Record], parents: tuple[str, ...]) -> Table:
    """Régions, départements, arrondissements: ``article`` is the COG's code of the article (0 to 8)."""
    names = {"region": "region_code", "departement": "department_code"}
    columns = ("code", *(names[p] for p in parents), "name", "article", "zone", "seat_code")
    if "departement" in parents:
        columns = tuple(c for c in columns if c != "zone")
    keys = {"code": "code", "name": "nom", "article": "typeLiaison", "zone": "zone", "seat_code": "chefLieu"}
    keys |= {v: k for k, v in names.items()}
    return _table(columns, ([r.get(keys[c]) for c in columns] for r in records))


def _epcis(records: Iterable[Record]) -> Table:
    columns = ("siren", "name", "kind", "funding", "population", "member_count")
    rows = (
        [e["code"], e["nom"], e["type"], e["modeFinancement"], e["populationMunicipale"], len(e["membres"])]
        for e in records
    )
    return _table(columns, rows)


def _memberships(epcis: Iterable[Record], current: Iterable[Record]) -> dict[str, str]:
    """Commune code → SIREN of its EPCI: at most one, and no member that does not exist."""
    known, found = {c["code"] for c in current}, {}
    for epci in epcis:
        for member in epci["membres"]:
            if member["code"] in found or member["code"] not in known:
                raise DatasetError(f"La commune {member['code']} est inconnue ou membre de deux EPCI.")
            found[member["code"]] = epci["code"]
    return found


def _zones(path: Path) -> dict[str, tuple[str, str]]:
    """Commune code of the file → (code, name) of its employment zone. A line without a commune is no line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.DictReader(file) if line["codgeo"]]
        return {line["codgeo"]: (line["codze2020"].zfill(4), line["libze2020"]) for line in lines}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise DatasetError(f"{path.name} ne se lit pas : {error}.") from error


def _known_zones() -> dict[str, tuple[str, str]]:
    """The same, from the base that is shipped: zones change once in ten years, communes every year."""
    base = read()
    names = {zone["code"]: zone["name"] for zone in base.tables["employment_zones"].records()}
    lines = ((c["code"], c["employment_zone_code"]) for c in base.tables["communes"].records())
    return {code: (zone, names[zone]) for code, zone in lines if zone}


def _zoned(
    named: dict[str, tuple[str, str]], current: list[Record], parts: list[Record], former: Table
) -> dict[str, str]:
    """Commune code of today → its employment zone: its own line, or that of all the communes it was made of when they agree."""
    successors = {old: commune for old, _name, commune in former.rows}
    successors |= {part["code"]: part.get("commune") or part.get("chefLieu") for part in parts}
    inherited: dict[str, set[str]] = {}
    for code, (zone, _name) in named.items():
        if code in successors:
            inherited.setdefault(successors[code], set()).add(zone)
    found = {code: zones.pop() for code, zones in inherited.items() if len(zones) == 1}
    own = {c["code"]: named[c["code"]][0] for c in current if c["code"] in named}
    return found | own


def _communes(current: Iterable[Record], epcis: dict[str, str], zoned: dict[str, str], vintage: int) -> Table:
    columns = (
        "code", "name", "article", "zone", "department_code", "region_code", "arrondissement_code", "canton_code",
        "epci_siren", "employment_zone_code", "siren", "population", "population_year",
    )  # fmt: skip
    rows = (
        [
            c["code"], c["nom"], c.get("typeLiaison"), c["zone"], c["departement"], c["region"], c.get("arrondissement") or None, c.get("canton"),
            epcis.get(c["code"]), zoned.get(c["code"]), c.get("siren"), c.get("population"), _population_year(c, vintage),
        ]
        for c in current
    )  # fmt: skip
    return _table(columns, rows)


def _population_year(commune: Record, vintage: int) -> int | None:
    """Legal populations are those of three years before the COG they are published with."""
    if commune.get("population") is None or commune["departement"] in UNDATED:
        return None
    return 2017 if commune["departement"] in CENSUS_2017 else vintage - 3


def _parts(parts: Iterable[Record], known: set[str]) -> Table:
    columns = ("code", "kind", "name", "commune_code", "postal_code", "population")
    rows = []
    for part in parts:
        parent = part.get("commune") or part.get("chefLieu")
        if parent not in known:
            raise DatasetError(f"La commune de rattachement de {part['code']} est inconnue.")
        postal = (part.get("codesPostaux") or [None])[0]
        rows.append([part["code"], PART_KINDS[part["type"]], part["nom"], parent, postal, part.get("population")])
    return _table(columns, rows)


def _postal_codes(current: Iterable[Record]) -> Table:
    return _table(("commune_code", "postal_code"), ([c["code"], p] for c in current for p in c.get("codesPostaux", ())))


def _former(current: list[Record], parts: list[Record], history: list[Record]) -> Table:
    """Codes and names that a commune's territory had: the code may still be its own when only the name changed."""
    successor = {old: c["code"] for c in current for old in c.get("anciensCodes", ())}
    today = {c["code"]: c["nom"] for c in current}
    named = {(h["code"], h["nom"]) for h in history if h["type"] == "COM" or h["code"] in successor}
    named |= {(p["code"], p["nom"]) for p in parts if p["code"] in successor}
    found: dict[tuple[str, str], list[Any]] = {}
    for code, name in sorted(named):
        target = code if code in today else successor.get(code)
        if target and not (code in today and fold_place(name) == fold_place(today[code])):
            found.setdefault((code, fold_place(name)), [code, name, target])
    known = {code for code, _ in found}
    nameless = ([old, None, code] for old, code in successor.items() if old not in known)
    return _table(("code", "name", "commune_code"), [*found.values(), *nameless])


def _table(columns: tuple[str, ...], rows: Iterable[list[Any]]) -> Table:
    """Sorted, so that the same content gives the same file."""
    return Table(columns, sorted(rows, key=lambda row: [str(value) for value in row]))


def provenance(package: Path, history: Path, zones: Path, dataset: Dataset) -> Record:
    """Where every byte comes from."""
    inputs = [(package, name) for name in INPUTS] + [(history, HISTORY)]
    return {
        "file": DATA_FILE.name,
        "sha256": hashlib.sha256(DATA_FILE.read_bytes()).hexdigest(),
        "content_sha256": dataset.sha256,
        "vintage": dataset.vintage,
        "counts": dataset.counts(),
        "licence": "Licence Ouverte / Open Licence (Etalab)",
        "producers": [
            "INSEE : Code officiel géographique, populations légales 2023 (Mayotte : recensement de 2017), historique des communes",
            "DGCL : EPCI à fiscalité propre au 1er janvier",
            "La Poste : base officielle des codes postaux",
            "INSEE : zones d’emploi 2020",
        ],
        "inputs": [
            {
                "package": _manifest(folder),
                "file": f"data/{name}.json",
                "sha256": hashlib.sha256((folder / "data" / f"{name}.json").read_bytes()).hexdigest(),
            }
            for folder, name in inputs
        ]
        + [{"file": zones.name, "sha256": hashlib.sha256(zones.read_bytes()).hexdigest()}],
        "made_by": "python -m odis_app.territories.derive",
    }


def _manifest(folder: Path) -> str:
    manifest = _load(folder / "package.json")
    return f"{manifest['name']} {manifest['version']}"


def main(arguments: list[str] | None = None) -> None:
    """Write the data file and its provenance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of @etalab/decoupage-administratif 6.0.0")
    parser.add_argument("--history", type=Path, required=True, help="folder of @etalab/decoupage-administratif 0.7.0")
    parser.add_argument("--zones", type=Path, required=True, help="zones_emploi_2020.csv")
    options = parser.parse_args(arguments)
    dataset = derive(options.package, options.history, options.zones)
    write(dataset)
    text = json.dumps(
        provenance(options.package, options.history, options.zones, dataset), ensure_ascii=False, indent=2
    )
    PROVENANCE_FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
