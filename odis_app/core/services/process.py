"""Child processes that never outlive this one, and a lock on the data directory."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")
Process = subprocess.Popen[bytes]


class ServiceError(RuntimeError):
    """Something around the application cannot start; the message is a French sentence for the operator."""


def start(
    program: Sequence[str | Path],
    *,
    log: Path | None = None,
    environ: Mapping[str, str] | None = None,
    identity: Sequence[str] = (),
    on_parent_death: int = signal.SIGTERM,
) -> Process:
    """Start ``program`` in a session of its own: Ctrl-C reaches this process alone, which then stops it in good order.

    ``log`` receives what it writes (appended; None: our own output). ``identity`` are options of ``launch.py``.
    """
    command = [*launcher(on_parent_death), *identity, "--", *map(str, program)]
    output: IO[bytes] | None = None
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        output = log.open("ab")
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env=dict(environ) if environ is not None else None,
            start_new_session=True,
        )
    finally:
        if output is not None:
            output.close()


def launcher(on_parent_death: int = signal.SIGTERM) -> list[str]:
    """The beginning of a command that binds a program to this process."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(on_parent_death))]


def stop(process: Process, *, with_signal: int = signal.SIGTERM, timeout: float = 10.0) -> None:
    """Ask ``process`` to end, insist after ``timeout`` seconds, and leave none of its own children behind."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill what is left of the session that ``pid`` leads."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class DirectoryLock:
    """Held while one process tree uses a data directory; the kernel frees it when the holder dies."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "run" / "lock"
        self._handle: IO[str] | None = None

    def acquire(self, note: str) -> None:
        """Take the lock and write ``note`` in it. Raises ServiceError with the holder's note when it is taken."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "un autre processus"
            handle.close()
            raise ServiceError(
                f"OD&IS tourne déjà sur {self.path.parents[1]} ({holder}). "
                "Arrêtez-le, ou donnez un autre dossier par ODIS_DATA_DIR."
            ) from None
        handle.truncate(0)
        handle.write(note)
        handle.flush()
        self._handle = handle

    @contextmanager
    def held(self, note: str) -> Iterator[None]:
        """Hold the lock during a block."""
        self.acquire(note)
        try:
            yield
        finally:
            self.release()

    def taken(self) -> bool:
        """Whether a process holds the lock now."""
        if not self.path.exists():
            return False
        with self.path.open("a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def release(self) -> None:
        """Let another process in."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class Patience:
    """Waiting for something outside: ``again()`` pauses a little and tells whether there is time left."""

    def __init__(self, seconds: float, pause: float = 0.05) -> None:
        self.end = time.monotonic() + seconds
        self.pause = pause

    def again(self) -> bool:
        """Pause; False once the time is over."""
        if time.monotonic() >= self.end:
            return False
        time.sleep(self.pause)
        return True
