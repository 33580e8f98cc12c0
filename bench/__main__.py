"""``python -m bench [name…] [--repeat N] [--write]``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from importlib import import_module

from bench.figures import Table
from bench.ground import ROOT, Ground, prepared
from odis_app.core import clock

MEASURES = ("pages", "served", "matching", "walls", "bilans", "imports", "startup")
TARGET = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Les mesures, chacune avec sa limite.")
    parser.add_argument("names", nargs="*", metavar="mesure", help=", ".join(MEASURES))
    parser.add_argument("--repeat", type=int, default=40, help="requêtes chronométrées par page (40)")
    parser.add_argument("--write", action="store_true", help="écrire docs/benchmarks.md de cette même exécution")
    given = parser.parse_args()
    unknown = set(given.names) - set(MEASURES)
    if unknown:
        parser.error(f"mesure inconnue : {', '.join(sorted(unknown))}")
    names = given.names or MEASURES
    machine = _machine()
    print(machine)
    tables: list[Table] = []
    with prepared(given.repeat) as ground:
        for name in names:
            for table in _measured(name, ground):
                print(table.printed(), flush=True)
                tables.append(table)
    over = [line for table in tables for line in (f"{table.title} · {said}" for said in table.over())]
    print("\nBarres manquées :" if over else "\nToutes les barres sont tenues.", *over, sep="\n  ")
    if given.write:
        _write(tables, machine, over, names)
    return 0


def _measured(name: str, ground: Ground) -> list[Table]:
    """The tables of a measure; one that fails says so in its place, and the others go on."""
    try:
        found: list[Table] = import_module(f"bench.{name}").run(ground)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
        return [Table(f"Mesure « {name} »", ("Mesure", "État"), [(name, f"n’a pas tourné : {type(error).__name__}")])]
    return found


def _machine() -> str:
    load = ", ".join(f"{value:.1f}".replace(".", ",") for value in os.getloadavg())
    return f"{clock.today().isoformat()}, {os.cpu_count()} cœurs, Python {platform.python_version()}, charge au départ {load}"


def _write(tables: list[Table], machine: str, over: list[str], names: tuple[str, ...] | list[str]) -> None:
    absent = [name for name in MEASURES if name not in names]
    parts = [
        "# Mesures", "", "Écrit par `python -m bench --write` (`make bench ARGS=--write`), d’une seule exécution ; ne pas modifier à la main.",
        f"Conditions : {machine}. Les temps absolus changent d’une machine à l’autre : les rapports comptent.", "",
        f"Mesures qui n’ont pas été lancées cette fois : {', '.join(absent)}.\n" if absent else "",
        "## Barres manquées", "", *([f"- {line}" for line in over] or ["Aucune."]), "",
    ]  # fmt: skip
    TARGET.write_text("\n".join([*parts, *(table.markdown() for table in tables)]).rstrip() + "\n", encoding="utf-8")
    print(f"\n{TARGET.relative_to(ROOT)} est écrit.", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
