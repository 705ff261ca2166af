"""The program of a child of verification: pieces come line by line on standard input, answers go line by line out.

It ends when its input ends, also when the parent is killed. Its first line says which database, and how.
"""

from __future__ import annotations

import gc
import json
import os
import sys

from service.audit.verifying.marks import Marks
from service.audit.verifying.pieces import Hands
from service.config.trust import Timeouts
from service.db import Database
from service.processes.privacy import Private
from service.processes.wiring import KEY, Wiring

EVERYTHING = 50
"""Pieces after which the collector looks at all there is."""


def collect_seldom() -> None:
    """Has the collector of rings look between pieces alone: while a batch is at hand, little of it is to be found."""
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 50)


def collect(done: int) -> None:
    """Collects what the last of ``done`` pieces left, now and then also what earlier ones did."""
    gc.collect(0 if done % EVERYTHING else 2)


def main() -> None:
    """Answers until there is nothing more to do."""
    said = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    database = Database(said["url"], Timeouts(**said["timeouts"]), read_url=said["read_url"])
    # findings call roles by their names; of private fields nothing is kept beside a case
    database.session_info[KEY] = Wiring(role_names=said["roles"], private=Private(said["private"]))
    hands = Hands(database, Marks(said["key"]), full=said["full"])
    collect_seldom()
    try:
        for done, line in enumerate(sys.stdin, 1):
            out.write(hands.do(json.loads(line)).text() + "\n")
            out.flush()
            collect(done)
    finally:
        database.dispose()


if __name__ == "__main__":
    main()
