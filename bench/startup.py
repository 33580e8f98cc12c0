"""From the command to the first page: on a new data directory, then again; and what the demonstration's loading took."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Table
from bench.ground import ROOT, Ground
from odis_app.core.services import process, serve

FRESH, AGAIN = 180, 10  # seconds (quality.md)


def run(ground: Ground) -> list[Table]:
    table = Table("Démarrage et chargement", ("Mesure", "Secondes"))
    with tempfile.TemporaryDirectory(prefix="odis-bench-run-") as name:
        table.rows.append(
            (
                "odis serve --demo, dossier de données neuf, jusqu’à la première page",
                Figure(_first_page(Path(name)), "s", FRESH),
            )
        )
        table.rows.append(
            ("odis serve --demo, de nouveau, jusqu’à la première page", Figure(_first_page(Path(name)), "s", AGAIN))
        )
    table.rows += [(label, Figure(seconds, "s")) for label, seconds in ground.seconds.items()]
    table.notes.append(
        "Non mesuré ici : l’installation des bibliothèques (make run sur une machine neuve) et make test (≤ 12 min), qui se chronomètrent à part."
    )
    return [table]


def _first_page(folder: Path) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ODIS_")} | {
        "ODIS_DATA_DIR": str(folder)
    }
    command = [sys.executable, "-m", "odis_app.cli", "serve", "--demo", "--port", str(port)]
    os.chdir(ROOT)
    start = time.perf_counter()
    product = process.start(command, log=folder / "serve.log", environ=environ)
    try:
        while not serve.answers("127.0.0.1", port):
            if product.poll() is not None:
                raise RuntimeError((folder / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.05)
        return time.perf_counter() - start
    finally:
        product.send_signal(signal.SIGINT)
        product.wait(timeout=60)
