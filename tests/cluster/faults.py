"""The faults, one after the other, while clients go on: each is done, waited through, and told with its gap."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.checking import lost_and_doubled, unproved
from tests.cluster.cluster import START_WITHIN, Cluster, running
from tests.cluster.node import Node
from tests.cluster.pressing import Pressing, Said
from tests.cluster.processes import NotReady, Process, await_that

BEFORE, AFTER = 3.0, 6.0
"""Seconds of undisturbed work before each fault and after all is whole again."""
GAP_WITHIN = 90.0
"""The longest time without an acknowledgement that the run lets pass: the lease of Patroni (20 s), the wait for what
does not answer (20 s), the clients' own (30 s), and some, for the machine may be at work on something else."""
FROZEN_FOR = 90.0
"""Longer than all of these, so that nothing is over because the frozen one wakes."""
FULL_FOR = 20.0
"""How long nobody makes room on the disk: whatever wants to write is refused meanwhile, so that the gap is as long."""

Fault = Callable[[Cluster, Said], str]
"""Does it, and waits until the service has got over it and all is whole again; says what it saw, or why not."""


class LeftOut(Exception):
    """This fault cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``gap``: the longest time without an acknowledgement, in seconds; None where the fault was left out."""

    name: str
    gap: float | None
    done: int
    told: str

    def __str__(self) -> str:
        if self.gap is None:
            return f"{self.name:<34}       left out: {self.told}"
        return f"{self.name:<34} {self.gap:5.1f} s  {self.done:5d} acknowledged  {self.told}"


def switchover(cluster: Cluster, _: Said) -> str:
    """A planned switch, as for maintenance."""
    primary = cluster.primary()
    to = cluster.other(primary)
    done = cluster.patronictl("switchover", "--master", primary.name, "--candidate", to.name, "--force")
    if done.returncode:
        raise NotReady(f"patronictl: {done.stdout}{done.stderr}")
    return _taken_over(cluster, to)


def kill_primary(cluster: Cluster, _: Said) -> str:
    """The machine of the primary loses its power, and comes back."""
    primary = cluster.primary()
    to = cluster.other(primary)
    primary.kill()
    told = _taken_over(cluster, to, whole=False)
    primary.start()
    cluster.await_whole()
    return told


def freeze_primary(cluster: Cluster, said: Said) -> str:
    """The machine of the primary stands still, and goes on later as if nothing had happened."""
    primary = cluster.primary()
    with _standing_still(primary):
        told = _taken_over(cluster, cluster.other(primary), whole=False)
        _await_acknowledged(said, FROZEN_FOR)
        time.sleep(5)
    cluster.await_whole()
    return told


def freeze_standby(cluster: Cluster, said: Said) -> str:
    """The machine of the synchronous standby stands still: commits wait until it is given up."""
    with _standing_still(cluster.other(cluster.primary())):
        time.sleep(5)
        _await_acknowledged(said, FROZEN_FOR)
    cluster.await_whole()
    return "commits waited for it"


@contextmanager
def _standing_still(node: Node) -> Iterator[None]:
    node.send(signal.SIGSTOP)
    try:
        yield
    finally:
        node.send(signal.SIGCONT)


def cut_primary(cluster: Cluster, said: Said) -> str:
    """The cable of the primary is pulled: to the standby, to etcd and to the service."""
    primary = cluster.primary()
    to = cluster.other(primary)
    if not primary.place.network:
        raise LeftOut("networks of their own need root and iproute2")
    primary.place.cut()
    try:
        told = _taken_over(cluster, to, whole=False)
        _await_acknowledged(said, FROZEN_FOR)
    finally:
        primary.place.mend()
    cluster.await_whole()
    return told


def fill_disk(cluster: Cluster, said: Said) -> str:
    """The disk of the primary is full, and emptied by a person."""
    primary = cluster.primary()
    if not primary.place.limited:
        raise LeftOut("a disk of its own needs root that may mount")
    filler = primary.place.folder / "filler"
    try:
        told = _await_full(cluster, primary, filler, said)
    finally:
        filler.unlink(missing_ok=True)
    # as systemd does it, where Patroni itself has given up
    if not primary.patroni.is_running:
        primary.start()
    cluster.await_whole()
    return told


def _await_full(cluster: Cluster, primary: Node, filler: Path, said: Said) -> str:
    """Keeps the disk full until the other server writes, or people were refused in words for a while."""
    _fill(filler)
    end = time.monotonic() + FULL_FOR
    refused = said.refused["503"]
    while time.monotonic() < end:
        if cluster.other(primary).is_primary():
            _await_acknowledged(said, FROZEN_FOR)
            return f"{cluster.other(primary).name} took over"
        time.sleep(0.5)
    return f"{said.refused['503'] - refused} refusals in words"


def _fill(filler: Path) -> None:
    """Takes all blocks of the file's disk but a few; asks again where the database took some in between."""
    for _ in range(20):
        free = os.statvfs(filler.parent)
        with filler.open("wb") as into:
            try:
                os.posix_fallocate(into.fileno(), 0, max(free.f_bavail - 64, 1) * free.f_frsize)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            else:
                return
    raise NotReady(f"The disk of {filler.parent} could not be filled.")


def kill_web(cluster: Cluster, said: Said) -> str:
    """A web process is killed with all that it was doing, and started again."""
    return _killed(cluster, said, cluster.webs[0])


def kill_worker(cluster: Cluster, said: Said) -> str:
    """A worker is killed, and started again."""
    return _killed(cluster, said, cluster.workers[0])


def _killed(cluster: Cluster, said: Said, process: Process) -> str:
    process.kill()
    _await_acknowledged(said, FROZEN_FOR)
    process.start()
    cluster.await_ready()
    return "started again"


FAULTS: dict[str, Fault] = {
    "a web process killed": kill_web,
    "a worker killed": kill_worker,
    "planned switchover": switchover,
    "the primary killed": kill_primary,
    "the primary frozen": freeze_primary,
    "the standby frozen": freeze_standby,
    "the primary cut off": cut_primary,
    "the primary's disk full": fill_disk,
}


def _taken_over(cluster: Cluster, to: Node, *, whole: bool = True) -> str:
    took = await_that(f"{to.name} as primary", to.is_primary, START_WITHIN)
    if whole:
        cluster.await_whole()
    return f"{to.name} wrote after {took:.1f} s"


def _await_acknowledged(said: Said, within: float) -> None:
    count = len(said.at)
    await_that("an acknowledgement", lambda: len(said.at) > count + 3, within, 0.1)


@contextmanager
def _pressing(cluster: Cluster) -> Iterator[Pressing]:
    tokens = [cluster.liaison("token", name).stdout.split()[-1] for name in ("liaison-hrss", "office")]
    pressing = Pressing(cluster.ports, *tokens)
    pressing.start()
    try:
        yield pressing
    finally:
        pressing.stop()


def refuses_without_standby(cluster: Cluster) -> list[str]:
    """Whether ``durable = true`` starts without a synchronous standby, on a real cluster that has lost its own."""
    standby = cluster.other(cluster.primary())
    standby.stop()
    await_that("no synchronous standby", lambda: not _names(cluster), START_WITHIN)
    done = cluster.liaison("worker", told=False, within=120)
    standby.start()
    cluster.await_whole()
    good = done.returncode == 1 and "已设置 durable = true" in done.stderr
    return [] if good else [f"durable = true started without a standby: {done.returncode} {done.stderr[-500:]}"]


def _names(cluster: Cluster) -> str:
    try:
        return str(cluster.primary().do("SHOW synchronous_standby_names")[0][0])
    except NotReady:
        return "?"


def run(names: list[str]) -> list[str]:
    """Does the faults, prints each outcome; what is wrong, in words: [] is green."""
    wrong: list[str] = []
    with running(cases=0, faults=True) as cluster:
        wrong += refuses_without_standby(cluster)
        with _pressing(cluster) as pressing:
            time.sleep(BEFORE)
            for name in names:
                found = _outcome(cluster, pressing.said, name)
                print(found, flush=True)
                if found.gap is not None and found.gap > GAP_WITHIN:
                    wrong.append(f"{name}: nobody was answered for {found.gap:.0f} s")
        said = pressing.said
        wrong += lost_and_doubled(cluster, said) + unproved(cluster)
        wrong += [f"not acknowledged in the end: {one.kind} {one.mark}" for one in said.open]
        wrong += said.odd
    print(f"{len(said.acknowledged)} acknowledged; answers besides: {dict(said.refused)}")
    return wrong


def _outcome(cluster: Cluster, said: Said, name: str) -> Outcome:
    began, before = time.monotonic(), len(said.at)
    try:
        told = FAULTS[name](cluster, said)
    except LeftOut as error:
        return Outcome(name, None, 0, str(error))
    time.sleep(AFTER)
    return Outcome(name, said.longest_gap(began, time.monotonic()), len(said.at) - before, told)
