"""``pg_dump`` and ``pg_restore``: which ones, and how they run. A dump flows through a pipe, never in clear on a disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from odis_app.core.config import libpq
from odis_app.core.services import roles
from odis_app.core.services.postgres import bundled_bin
from odis_app.core.services.process import ServiceError

SYSTEM = Path("/usr/lib/postgresql")  # where Debian keeps one folder per major version


def server_major(url: str) -> int:
    """The major version of the server of ``url``. Raises ServiceError when it does not answer."""
    with roles.connect(url) as connection:
        return connection.info.server_version // 10000


def tool(name: str, at_least: int, folders: Sequence[Path] | None = None) -> tuple[Path, int]:
    """The program ``name`` of the lowest major version that suits a server ``at_least`` that new: (path, its version).

    Looked for in the wheel, on the PATH, then where Debian puts them. Raises ServiceError, with what to install, otherwise.
    """
    found: dict[int, Path] = {}
    for folder in _folders(name) if folders is None else folders:
        path = folder / name
        if path.is_file() and os.access(path, os.X_OK):
            found.setdefault(_major(path), path)
    suiting = [major for major in sorted(found) if major >= at_least]
    if suiting:
        return found[suiting[0]], suiting[0]
    if found:
        raise ServiceError(
            f"{name} {max(found)} est plus ancien que le serveur PostgreSQL {at_least} : installez le paquet « postgresql-client-{at_least} »."
        )
    raise ServiceError(
        f"{name} est introuvable : installez le paquet « postgresql-client-{at_least} », ou le PostgreSQL embarqué par « make run »."
    )


@contextmanager
def dumping(url: str, program: Path, *, snapshot: str, without: Iterable[str]) -> Iterator[IO[bytes]]:
    """What ``pg_dump`` writes (custom format) of ``snapshot``, ``without`` the rows of some tables. ServiceError when it fails."""
    kept_out = [f"--exclude-table-data={name}" for name in without]
    options = ["--format=custom", "--no-password", f"--snapshot={snapshot}", *kept_out]
    with tempfile.TemporaryFile() as errors, _run(url, program, options, errors, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        try:
            yield running.stdout
        except BaseException:
            running.kill()
            raise
        _end(running, errors, "pg_dump n’a pas pu lire la base")


def restore(url: str, program: Path, blocks: Iterable[bytes]) -> None:
    """Give a dump to ``pg_restore``: the whole of it in one transaction, or nothing. Raises ServiceError when it fails."""
    # What was closed among the server's own functions is closed by the installation itself: only a superuser may write it.
    options = ["--single-transaction", "--exit-on-error", "--no-password", "--exclude-schema=pg_catalog"]
    with tempfile.TemporaryFile() as errors, _run(url, program, options, errors, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        try:
            for block in blocks:
                running.stdin.write(block)
            running.stdin.close()
        except BrokenPipeError:
            pass  # it refused: its own words come below
        except BaseException:
            running.kill()
            raise
        _end(running, errors, "pg_restore n’a pas pu écrire la base")


def _run(
    url: str, program: Path, options: list[str], errors: IO[bytes], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:  # fmt: skip
    """Start a program on the database of ``url``; the password goes through the environment, never on the command line."""
    parts = conninfo_to_dict(libpq(url))
    secret = str(parts.pop("password", None) or "")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ODIS_", "PG"))}
    environ = {**kept, "PGPASSWORD": secret, "LC_ALL": "C.UTF-8"}
    command = [str(program), *options, f"--dbname={make_conninfo(**{k: str(v) for k, v in parts.items()})}"]
    return subprocess.Popen(command, env=environ, stdin=stdin, stdout=stdout, stderr=errors)


def _end(running: subprocess.Popen[bytes], errors: IO[bytes], failed: str) -> None:
    if running.wait():
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()
        raise ServiceError(f"{failed} : {' '.join(said[:3])}")


def _folders(name: str) -> list[Path]:
    try:
        bundled = bundled_bin().parent
        ours = [found / "bin" for found in bundled.parent.glob("pginstall*")]
    except ServiceError:
        ours = []
    on_path = shutil.which(name)
    return [*ours, *([Path(on_path).parent] if on_path else []), *SYSTEM.glob("*/bin")]


def _major(program: Path) -> int:
    """0 when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0
