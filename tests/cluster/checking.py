"""The checks after the faults: nothing acknowledged is lost, nothing is there twice, the journal proves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import psycopg

from tests.cluster.cluster import Cluster
from tests.cluster.pressing import Operation, Said

_FOUND = {
    "started": "SELECT data -> 'data' ->> 'title' FROM history_event WHERE kind = 'started'",
    "commented": "SELECT data ->> 'text' FROM history_event WHERE kind = 'commented'",
    "completed": "SELECT task FROM history_event WHERE kind = 'completed'",
}
"""Kind of event → what tells its operations apart: the title, the text, the task, each there once."""


def lost_and_doubled(cluster: Cluster, said: Said) -> list[str]:
    """The faults found, in words: an acknowledged operation that the journal does not have, any that it has twice."""
    with psycopg.connect(cluster.environ["LIAISON_DATABASE_URL"].replace("+psycopg", "")) as connection:
        there = {kind: Counter(one for (one,) in connection.execute(statement)) for kind, statement in _FOUND.items()}
    return [*lost(there, said.acknowledged), *doubled(there, [*said.acknowledged, *said.open])]


def lost(there: dict[str, Counter[str]], operations: Iterable[Operation]) -> list[str]:
    """Those of ``operations`` that are not ``there`` (kind → mark → how often), in words."""
    return [f"lost: {one.kind} {one.mark}" for one in operations if not there[one.kind][one.mark]]


def doubled(there: dict[str, Counter[str]], operations: Iterable[Operation]) -> list[str]:
    """Those of ``operations`` that are there more than once, in words."""
    return [f"doubled: {one.kind} {one.mark}" for one in operations if there[one.kind][one.mark] > 1]


def unproved(cluster: Cluster) -> list[str]:
    """The words of ``liaison verify`` where it finds fault."""
    done = cluster.liaison("verify", "--full", told=False)
    return [] if done.returncode == 0 else [f"liaison verify: {done.stdout[-3000:]}{done.stderr[-2000:]}"]
