"""The process tree of ``odis serve``: children that are restarted when they die, and end when it ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from odis_app.core.services import process

LONGEST_DELAY = 30.0
STEADY = 60.0  # seconds after which a child that dies is no longer in a series
ROUND = 0.5


class Interrupted(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: stop everything in good order."""


class Runnable(Protocol):
    """What the supervisor keeps alive."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def alive(self) -> bool: ...


class Command:
    """A program as a Runnable; it gets SIGTERM to finish what it does, within ``patience`` seconds."""

    def __init__(self, command: list[str], environ: dict[str, str], *, patience: float = 10.0) -> None:
        self.command = command
        self.environ = environ
        self.patience = patience
        self._process: process.Process | None = None

    @property
    def pid(self) -> int | None:
        """The program's process, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the program; the rest of a former one is removed first."""
        self.kill_rest()
        self._process = process.start(self.command, environ=self.environ)

    def ask_to_stop(self) -> None:
        """Send SIGTERM without waiting, so that several programs end together."""
        if self.alive() and self._process:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Wait for the end, then insist."""
        if self._process is not None:
            process.stop(self._process, timeout=self.patience)
            self._process = None

    def alive(self) -> bool:
        """Whether the program runs."""
        return self._process is not None and self._process.poll() is None

    def kill_rest(self) -> None:
        """Kill what a dead program left in its session (the children of a killed web server hold its port)."""
        if self._process is not None:
            process.kill_group(self._process.pid)


@dataclass
class Child:
    """One supervised program and its recent deaths."""

    label: str
    runnable: Runnable
    deaths: int = 0
    started: float = 0.0
    due: float | None = None  # when to start it again; None while it runs


@dataclass
class Supervisor:
    """Starts children in order, watches them, stops them in the reverse order."""

    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)

    def start(self, label: str, runnable: Runnable) -> None:
        """Start a child and keep it alive from now on."""
        child = Child(label, runnable, started=time.monotonic())
        self.children.append(child)
        runnable.start()

    def watch(self) -> None:
        """Restart what dies, until Interrupted is raised."""
        while True:
            self.look()
            time.sleep(ROUND)

    def look(self, now: float | None = None) -> None:
        """One round: note the dead, start again those whose delay is over."""
        now = time.monotonic() if now is None else now
        for child in self.children:
            if child.due is None and not child.runnable.alive():
                self._died(child, now)
            if child.due is not None and now >= child.due:
                self._restart(child, now)

    def stop(self) -> None:
        """Stop every child: the programs together first, then the services they use."""
        for child in self.children:
            if isinstance(child.runnable, Command):
                child.runnable.ask_to_stop()
        for child in reversed(self.children):
            child.runnable.stop()
        self.children.clear()

    def _died(self, child: Child, now: float) -> None:
        child.deaths = 1 if now - child.started > STEADY else child.deaths + 1
        delay = min(2.0 ** (child.deaths - 1), LONGEST_DELAY)
        child.due = now + delay
        self.say(f"{child.label} s’est arrêté ; nouveau démarrage dans {delay:.0f} s.")

    def _restart(self, child: Child, now: float) -> None:
        child.started, child.due = now, None
        try:
            child.runnable.start()
        except process.ServiceError as error:
            self.say(f"{child.label} : {error}")


@contextmanager
def interruptions() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into Interrupted; the next ones do not disturb the stop."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    former = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
