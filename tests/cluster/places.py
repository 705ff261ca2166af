"""The places where the two database servers of a cluster run: addresses, networks of their own, disks of limited size.

Networks and disks of their own need root; without, all is on loopback and in plain folders, and the faults that need
them are told as left out.
"""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

BRIDGE, PREFIX = "liaison-br", "198.18.77"
"""The bridge to which the networks are joined; addresses that are set aside for measuring networks (RFC 2544)."""
DISK_MEGABYTES = 600


def run(*command: str) -> bool:
    """Whether the command succeeded."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def free_ports(count: int) -> list[int]:
    """Ports of loopback at which nobody listens."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for one in probes:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in probes]
    finally:
        for one in probes:
            one.close()


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a server: its folder, its address and ports; ``network`` is '' on loopback. ``limited``: its folder
    is a disk of its own, of ``DISK_MEGABYTES``."""

    folder: Path
    address: str
    port: int
    rest: int
    network: str
    limited: bool

    @property
    def within(self) -> list[str]:
        """The beginning of a command that is to run there, as a user who may run PostgreSQL."""
        inside = ["ip", "netns", "exec", self.network] if self.network else []
        return [*inside, *as_postgres()]

    def cut(self) -> None:
        """Pulls the cable."""
        subprocess.run(["ip", "link", "set", f"{self.network}-h", "down"], check=True)

    def mend(self) -> None:
        """Puts the cable back."""
        subprocess.run(["ip", "link", "set", f"{self.network}-h", "up"], check=True)


def as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user ``postgres``."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def owned(folder: Path) -> Path:
    """``folder``, made, and belonging to the user of PostgreSQL."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        run("chown", "postgres:postgres", str(folder))
    return folder


def loopback(home: Path, count: int) -> list[Place]:
    """Places on 127.0.0.1, with plain folders."""
    ports = free_ports(2 * count)
    return [
        Place(owned(home / f"db{n + 1}"), "127.0.0.1", ports[2 * n], ports[2 * n + 1], "", limited=False)
        for n in range(count)
    ]


def apart(home: Path, count: int) -> list[Place]:
    """Places with networks and disks of their own, as far as this user and this machine allow."""
    networks, ports = _networks(count), free_ports(2 * count)
    made = []
    for n in range(count):
        folder = home / f"db{n + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        limited = run("mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "liaison-cluster", str(folder))
        address = f"{PREFIX}.{11 + n}" if networks else "127.0.0.1"
        port, rest = (5432, 8008) if networks else (ports[2 * n], ports[2 * n + 1])
        made.append(Place(owned(folder), address, port, rest, f"liaison-n{n + 1}" if networks else "", limited))
    return made


def _networks(count: int) -> bool:
    """Makes a bridge and ``count`` networks at it; False, and nothing is left, where that may not be."""
    taken_down(count)
    steps = [["ip", "link", "add", BRIDGE, "type", "bridge"], ["ip", "addr", "add", f"{PREFIX}.1/24", "dev", BRIDGE]]
    steps.append(["ip", "link", "set", BRIDGE, "up"])
    for n in range(count):
        name, inside = f"liaison-n{n + 1}", ["ip", "-n", f"liaison-n{n + 1}"]
        steps += [
            ["ip", "netns", "add", name],
            ["ip", "link", "add", f"{name}-h", "type", "veth", "peer", "name", "eth0", "netns", name],
            ["ip", "link", "set", f"{name}-h", "master", BRIDGE, "up"],
            [*inside, "addr", "add", f"{PREFIX}.{11 + n}/24", "dev", "eth0"],
            [*inside, "link", "set", "eth0", "up"],
            [*inside, "link", "set", "lo", "up"],
        ]
    if all(run(*step) for step in steps):
        return True
    taken_down(count)
    return False


def taken_down(count: int) -> None:
    """Removes the networks."""
    for n in range(count):
        run("ip", "netns", "del", f"liaison-n{n + 1}")
        run("ip", "link", "del", f"liaison-n{n + 1}-h")
    run("ip", "link", "del", BRIDGE)


def unmounted(home: Path) -> None:
    """Lets the disks in ``home`` go."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        place = line.split()[1]
        if Path(place).is_relative_to(home):
            run("umount", "--lazy", place)
