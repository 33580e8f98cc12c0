import os
import signal
import sys

import pytest

from odis_app.core.services.process import DirectoryLock, Patience, ServiceError
from odis_app.core.services.supervisor import LONGEST_DELAY, Command, Interrupted, Supervisor, interruptions
from tests.ops.conftest import processes_of

# A parent that ignores SIGTERM and a child of its own: what a stuck web server looks like.
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    signal.pause()
signal.pause()
"""
SOON = "import sys; sys.exit(3)"
WAITS = "import signal; signal.pause()"


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said, data_dir):  # data_dir first: it looks for what is left once this has stopped
    running = Supervisor(said.append)
    yield running
    running.stop()


def command(data_dir, script, **options) -> Command:
    return Command([sys.executable, "-c", script, str(data_dir)], dict(os.environ), **options)


def ended(runnable) -> None:
    waiting = Patience(30)
    while runnable.alive():
        assert waiting.again()


def test_what_dies_is_started_again_later_and_later(supervisor, said, data_dir):
    child = command(data_dir, SOON)
    supervisor.start("Le web", child)
    now = supervisor.children[0].started
    delays = []
    for _ in range(7):
        ended(child)
        supervisor.look(now)
        due = supervisor.children[0].due
        delays.append(due - now)
        now = due
        supervisor.look(now)
    assert delays == pytest.approx([1, 2, 4, 8, 16, LONGEST_DELAY, LONGEST_DELAY])
    assert said[0] == "Le web s’est arrêté ; nouveau démarrage dans 1 s."
    assert len(said) == 7


def test_a_death_after_a_long_life_starts_a_new_series(supervisor, data_dir):
    child = command(data_dir, WAITS)
    supervisor.start("Le web", child)
    entry = supervisor.children[0]
    entry.deaths = 5
    os.kill(child.pid, signal.SIGKILL)
    ended(child)
    supervisor.look(entry.started + 3600)
    assert entry.due == entry.started + 3601


def test_a_restarted_child_is_another_process(supervisor, data_dir):
    child = command(data_dir, WAITS)
    supervisor.start("Le travailleur", child)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    ended(child)
    now = supervisor.children[0].started
    supervisor.look(now)
    assert not child.alive()
    supervisor.look(now + 1)
    assert child.alive()
    assert child.pid != first


def test_stopping_leaves_not_even_the_children_of_a_stuck_child(supervisor, data_dir):
    supervisor.start("Le web", command(data_dir, STUBBORN, patience=0.5))
    waiting = Patience(30)
    while len(processes_of(data_dir)) < 2:
        assert waiting.again()
    supervisor.stop()
    assert processes_of(data_dir) == {}


def test_the_second_signal_does_not_disturb_the_stop():
    with interruptions():
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_holder_of_a_directory_at_a_time(data_dir):
    lock, other = DirectoryLock(data_dir), DirectoryLock(data_dir)
    with lock.held("processus 12, http://127.0.0.1:8000"):
        assert other.taken()
        with pytest.raises(ServiceError, match=r"tourne déjà sur .*\(processus 12, http://127.0.0.1:8000\)"):
            other.acquire("x")
    assert not other.taken()
    other.acquire("x")
    other.release()
