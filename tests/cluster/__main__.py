"""``python -m tests.cluster``: a cluster for trying; ``stop`` ends and removes one; ``faults`` breaks it on purpose."""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from service.demonstration import PASSWORD
from tests.cluster.cluster import cleaned, home, running
from tests.cluster.faults import FAULTS, run
from tests.cluster.processes import NotReady


def main() -> int:
    """Reads the command line, does what it says."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["up", "stop", "faults"], default="up")
    parser.add_argument("--only", action="append", choices=FAULTS, help="this fault alone (may be given again)")
    chosen = parser.parse_args()
    try:
        if chosen.what == "stop":
            print(f"{cleaned()} programs ended; {home()} is gone.")
            return 0
        return _faults(chosen.only or [*FAULTS]) if chosen.what == "faults" else _up()
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


def _faults(names: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all that was started is ended first
    wrong = run(names)
    for one in wrong:
        print(one, file=sys.stderr)
    print(f"{len(wrong)} things are wrong." if wrong else "Nothing lost, nothing doubled, the journal verifies.")
    return 1 if wrong else 0


def _up() -> int:
    stop = Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    print(f"Starting in {home()} …", flush=True)
    with running() as cluster:
        for node in cluster.nodes:
            print(f"  {node.name}: PostgreSQL {node.place.address}:{node.place.port}, log {node.patroni.log}")
        for one in cluster.urls:
            print(f"  {one}/   (office, {PASSWORD})")
        print(f"  patronictl -c {cluster.nodes[0].file} list")
        print("Ctrl+C, or make cluster ARGS=stop from elsewhere, ends and removes it.", flush=True)
        while not stop.wait(2):
            if not home().exists():
                break
    return 0


sys.exit(main())
