"""Those who write to one SQLite file queue; nobody waits for who is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from service.db import Database
from service.db.turns import Turns

pytestmark = pytest.mark.databases("sqlite")

WRITER = """
import sys
from sqlalchemy import text
from service.db import Database
database = Database(sys.argv[1])
for _ in range(30):
    with database.transaction() as session:
        before = session.scalar(text("SELECT n FROM counted"))
        session.execute(text("UPDATE counted SET n = :n"), {"n": before + 1})
"""
HOLDER = """
import sys, time
from pathlib import Path
from service.db.turns import Turns
with Turns(Path(sys.argv[1]), 1).turn():
    print("held", flush=True)
    time.sleep(60)
"""


def started(program: str, argument: str, *, told: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, argument], stdout=told, text=True)


def waits(turns: Turns, seconds: float = 0.3) -> threading.Thread | None:
    """The thread that still waits for its turn after so long; None where it had it."""

    def take() -> None:
        with turns.turn():
            pass

    waiting = threading.Thread(target=take, daemon=True)
    waiting.start()
    waiting.join(seconds)
    return waiting if waiting.is_alive() else None


def test_writers_of_several_processes_all_get_their_turn(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'turns.db'}"
    database = Database(url)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE counted (n INTEGER)"))
        session.execute(text("INSERT INTO counted VALUES (0)"))
    writers = [started(WRITER, url) for _ in range(3)]
    assert [one.wait(120) for one in writers] == [0, 0, 0]
    with database.reading() as session:
        assert session.scalar(text("SELECT n FROM counted")) == 90
    database.dispose()


def test_a_thread_waits_for_another_and_goes_on_after_it(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "a.db", 30)
    with turns.turn():
        waiting = waits(turns)
        assert waiting is not None
    waiting.join(10)
    assert not waiting.is_alive()


def test_the_turn_of_a_process_ends_with_it_however_it_ends(tmp_path: Path) -> None:
    holder = started(HOLDER, str(tmp_path / "a.db"), told=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    waiting = waits(Turns(tmp_path / "a.db", 30))
    assert waiting is not None
    holder.send_signal(signal.SIGKILL)
    waiting.join(10)
    assert not waiting.is_alive()
    holder.wait(10)
    holder.stdout.close()


def test_who_has_waited_too_long_asks_the_database_itself(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "a.db", 0.1)
    with turns.turn():
        assert waits(turns, 5) is None


def test_another_process_that_stands_still_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    holder = started(HOLDER, str(tmp_path / "a.db"), told=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGSTOP)
    turns = Turns(tmp_path / "a.db", 0.2)
    assert waits(turns, 10) is None
    with turns.turn():
        assert waits(turns, 10) is None
    turns.close()
    holder.kill()
    holder.wait(10)
    holder.stdout.close()


def test_a_child_neither_keeps_nor_shares_its_parents_turn(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "a.db", 30)
    with turns.turn():
        child = os.fork()
        if child == 0:  # its parent's turn is not its own, and it lives on when the parent's ends
            os._exit(0 if waits(turns) is not None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        living = os.fork()
        if living == 0:
            time.sleep(30)
            os._exit(0)
    assert waits(Turns(tmp_path / "a.db", 30), 5) is None
    os.kill(living, signal.SIGKILL)
    os.waitpid(living, 0)


GREEDY = """
import sys
from pathlib import Path
from time import monotonic, sleep
from service.db.turns import Turns
turns, ends = Turns(Path(sys.argv[1]), 30), monotonic() + 60
print("at work", flush=True)
while monotonic() < ends:
    with turns.turn():
        sleep(0.02)
"""


def test_no_process_takes_turn_after_turn_while_another_waits(tmp_path: Path) -> None:
    """Between two turns of the other there is no moment in which this one, asking now and then, would find it free."""
    with started(GREEDY, str(tmp_path / "a.db"), told=subprocess.PIPE) as greedy:
        assert greedy.stdout is not None
        assert greedy.stdout.readline()
        turns, waited = Turns(tmp_path / "a.db", 30), list[float]()
        for _ in range(9):
            began = time.monotonic()
            with turns.turn():
                waited.append(time.monotonic() - began)
            time.sleep(0.01)  # the other has the turn again
        greedy.kill()
    assert sorted(waited)[len(waited) // 2] < 0.2, waited


def test_where_no_file_can_be_kept_the_database_alone_decides(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "nowhere" / "a.db", 30)
    with turns.turn():
        pass
    assert waits(turns, 5) is None
