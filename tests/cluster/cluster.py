"""The whole of it: etcd, two database servers, web processes and workers of the service, over one address."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.bench.load import HOME
from tests.cluster.node import NAME, USER, Node, clean_environment
from tests.cluster.places import Place, apart, free_ports, loopback, taken_down, unmounted
from tests.cluster.processes import NotReady, Process, await_that, end_noted, found

NODES, WEBS, WORKERS = 2, 2, 2
START_WITHIN = 180.0
"""Seconds for a server to be made; the machine may be at work on something else."""


def home() -> Path:
    """The folder in which the cluster of this user keeps all that it has."""
    return Path(tempfile.gettempdir()) / f"liaison-cluster-{os.getuid()}"


@dataclass
class Cluster:
    """All that runs. ``urls``: the addresses of the web processes."""

    etcd: Process
    nodes: list[Node]
    environ: dict[str, str]
    webs: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """The addresses of pages and API."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def primary(self) -> Node:
        """The server that writes. Raises NotReady where there is none, or more than one."""
        writing = [one for one in self.nodes if one.is_primary()]
        if len(writing) != 1:
            raise NotReady(f"{len(writing)} primaries")
        return writing[0]

    def other(self, than: Node) -> Node:
        """The one beside ``than``."""
        return next(one for one in self.nodes if one is not than)

    def is_whole(self) -> bool:
        """Whether one writes, and a commit waits for the other, which has caught up."""
        with suppress(NotReady):
            primary = self.primary()
            roles = {one["name"]: (one["role"], one["state"]) for one in primary.cluster()}
            standby = roles.get(self.other(primary).name, ("", ""))
            return standby[0] == "sync_standby" and standby[1] in ("running", "streaming")
        return False

    def await_whole(self) -> float:
        """Waits until it is; the seconds that it took."""
        return await_that("a primary with a synchronous standby", self.is_whole, START_WITHIN)

    def liaison(self, *words: str, told: bool = True, within: float = 900) -> subprocess.CompletedProcess[str]:
        """A command of the service, by its own command line. Raises NotReady where it fails and ``told``."""
        command = [sys.executable, "-m", "service", "--as", "cluster", *words]
        done = subprocess.run(
            command, cwd=HOME, env=self.environ, capture_output=True, text=True, timeout=within, check=False
        )
        if told and done.returncode:
            raise NotReady(f"liaison {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def patronictl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of Patroni, as whoever looks after the servers gives it."""
        command = [str(found("patronictl")), "-c", str(self.nodes[0].file), *words]
        return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)

    def start_services(self) -> None:
        """Web processes and workers, each a ``liaison`` of its own as systemd would start it."""
        self.ports = free_ports(WEBS)
        for n, port in enumerate(self.ports):
            environ = {**self.environ, "LIAISON_BIND": f"127.0.0.1:{port}"}
            command = [sys.executable, "-m", "service", "serve", "--workers", "1", "--threads", "8"]
            self.webs.append(Process(home(), f"web{n + 1}", command, environ))
        for n in range(WORKERS):
            command = [sys.executable, "-m", "service", "worker"]
            self.workers.append(Process(home(), f"worker{n + 1}", command, self.environ))
        for one in (*self.webs, *self.workers):
            one.start()
        self.await_ready()

    def await_ready(self) -> None:
        """Waits until all web processes say that they can work."""
        await_that("the service", lambda: all(_answers(f"{one}/readyz") for one in self.urls), START_WITHIN)

    def stop(self) -> None:
        """Everything in good order, the servers last."""
        for one in (*self.workers, *self.webs):
            one.stop()
        for node in reversed(self.nodes):
            node.stop()
        self.etcd.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own words
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def cleaned() -> int:
    """Ends and removes all that an earlier cluster of this user has left; how many programs that were."""
    ended = end_noted(home()) if home().exists() else 0
    if home().exists():
        unmounted(home())
        shutil.rmtree(home())
    if os.geteuid() == 0:
        taken_down(NODES)
    return ended


@contextmanager
def running(*, cases: int = 5, faults: bool = False) -> Iterator[Cluster]:
    """A cluster with the service's database, migrated and filled with a made-up district and ``cases``; gone with the
    block.

    With ``faults`` the servers have networks and disks of their own where that is allowed (``places``).
    """
    for program in ("patroni", "etcd"):
        found(program)
    cleaned()
    home().mkdir(mode=0o755, parents=True)
    cluster: Cluster | None = None
    try:
        places = apart(home(), NODES) if faults else loopback(home(), NODES)
        cluster = _made(places)
        _begin(cluster, cases)
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
        cleaned()


def _made(places: list[Place]) -> Cluster:
    reached = places[0].address.rpartition(".")[0] + ".1"
    client, peer = free_ports(2)
    names = ("PATRONI_SUPERUSER_PASSWORD", "PATRONI_REPLICATION_PASSWORD", "PATRONI_REWIND_PASSWORD")
    words = {name: secrets.token_hex(16) for name in names}
    etcd = Process(home(), "etcd", _etcd_command(reached, client, peer), clean_environment())
    nodes = [Node(home(), f"db{n + 1}", place, f"{reached}:{client}", words) for n, place in enumerate(places)]
    return Cluster(etcd, nodes, _environ(nodes, secrets.token_hex(16)))


def _etcd_command(address: str, client: int, peer: int) -> list[str]:
    url = f"http://{address}:{peer}"
    return [
        *(str(found("etcd")), "--name", "one", "--data-dir", str(home() / "etcd"), "--log-level", "error"),
        *(
            "--listen-client-urls",
            f"http://{address}:{client}",
            "--advertise-client-urls",
            f"http://{address}:{client}",
        ),
        *("--listen-peer-urls", url, "--initial-advertise-peer-urls", url, "--initial-cluster", f"one={url}"),
        *("--enable-v2", "--heartbeat-interval", "500", "--election-timeout", "5000"),
    ]


def _environ(nodes: list[Node], password: str) -> dict[str, str]:
    """The settings of the service, as ``docs/samples/patroni/liaison.env`` has them."""
    hosts = ",".join(one.place.address for one in nodes)
    ports = ",".join(str(one.place.port) for one in nodes)
    url = f"postgresql+psycopg://{USER}:{quote(password)}@/{NAME}?host={hosts}&port={ports}&target_session_attrs="
    return {
        **clean_environment(),
        "PYTHONPATH": str(HOME),
        "HOME": str(home()),
        "LIAISON_CONFIG": str(HOME / "config"),
        "LIAISON_DATABASE_URL": f"{url}read-write",
        "LIAISON_READ_URL": f"{url}prefer-standby",
        "LIAISON_DURABLE": "true",
        "LIAISON_DATA_DIR": str(home() / "data"),
        "LIAISON_SECRET_KEY": secrets.token_hex(32),
        "LIAISON_RATE_LIMITS_API_PER_MINUTE": "1000000",
    }


def _begin(cluster: Cluster, cases: int) -> None:
    """Servers one after the other, the database, the service."""
    cluster.etcd.start()
    first, *others = cluster.nodes
    first.start()
    await_that("the first server", first.is_primary, START_WITHIN, 1)
    for one in others:
        one.start()
    cluster.await_whole()
    password = cluster.environ["LIAISON_DATABASE_URL"].split("@")[0].rpartition(":")[2]
    first.do(f"CREATE ROLE {USER} LOGIN PASSWORD '{password}'")
    first.do(f"GRANT pg_monitor TO {USER}")
    first.do(f"CREATE DATABASE {NAME} OWNER {USER}")
    (home() / "data").mkdir(exist_ok=True)
    cluster.liaison("migrate")
    cluster.liaison("demo", "--cases", str(cases))
    (home() / "environ.json").write_text(json.dumps(cluster.environ))
    (home() / "environ.json").chmod(0o600)
    cluster.start_services()
