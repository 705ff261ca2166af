"""One database server: PostgreSQL under Patroni, set up by the sample that the deployment guide shows."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import yaml

from tests.bench.load import HOME
from tests.cluster.places import Place, owned
from tests.cluster.processes import Process, family, found

SAMPLE = HOME / "docs" / "samples" / "patroni" / "patroni.yml"
USER, NAME = "liaison", "liaison"
"""The service's user and its database."""


def programs() -> Path:
    """The folder of the newest PostgreSQL of this machine. Raises NotReady where there is none."""
    versions = [one for one in Path("/usr/lib/postgresql").glob("*/bin") if (one / "initdb").exists()]
    newest = max(versions, key=lambda one: float(one.parent.name), default=None)
    return newest or found("initdb").parent


def clean_environment() -> dict[str, str]:
    """This process's own, without what the virtual environment and the service would be misled by."""
    kept = ("PATH", "LANG", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


class Node:
    """The server ``name`` at ``place``. ``secrets``: the passwords of Patroni's users, by their variables' names."""

    def __init__(self, home: Path, name: str, place: Place, etcd: str, secrets: Mapping[str, str]) -> None:
        self.name, self.place, self._secrets = name, place, secrets
        self.data = place.folder / "data"
        self.file = owned(place.folder / "etc") / "patroni.yml"
        self.file.write_text(yaml.safe_dump(self._settings(etcd), allow_unicode=True))
        environ = {**clean_environment(), **secrets, "HOME": str(place.folder)}
        command = [*place.within, str(found("patroni")), str(self.file)]
        self.patroni = Process(home, name, command, environ)

    def _settings(self, etcd: str) -> dict[str, Any]:
        """The sample with the addresses of this place: nothing else is different, so that the sample is tried."""
        place, found_ = self.place, yaml.safe_load(SAMPLE.read_text())
        found_["name"] = self.name
        found_["restapi"] = dict.fromkeys(("listen", "connect_address"), f"{place.address}:{place.rest}")
        found_["etcd"] = {"hosts": [etcd]}
        found_["watchdog"] = {"mode": "off"}  # it would restart this machine
        found_["bootstrap"]["dcs"]["postgresql"]["parameters"].update(max_wal_size="128MB", shared_buffers="64MB")
        server = found_["postgresql"]
        server["listen"] = server["connect_address"] = f"{place.address}:{place.port}"
        server["data_dir"], server["bin_dir"] = str(self.data), str(programs())
        server["pgpass"] = str(place.folder / "pgpass")
        server["parameters"]["unix_socket_directories"] = str(place.folder)
        everybody = place.address.rpartition(".")[0] + ".0/24"
        server["pg_hba"] = [line.replace("10.0.0.0/24", everybody) for line in server["pg_hba"]]
        return found_  # type: ignore[no-any-return]

    # --- What it says of itself --------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The answer of its Patroni; {} where there is none."""
        return self._ask("/patroni")

    def cluster(self) -> list[dict[str, Any]]:
        """The members, as its Patroni sees them."""
        members: list[dict[str, Any]] = self._ask("/cluster").get("members", [])
        return members

    def _ask(self, path: str) -> dict[str, Any]:
        address = f"http://{self.place.address}:{self.place.rest}{path}"
        try:
            with urllib.request.urlopen(address, timeout=3) as answer:
                return json.load(answer)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            with error, suppress(ValueError):
                return json.load(error)  # type: ignore[no-any-return]
        except (OSError, ValueError):
            pass
        return {}

    def is_primary(self) -> bool:
        """Whether it is the one that writes."""
        said = self.state()
        return said.get("state") == "running" and said.get("role") in ("master", "primary")

    def do(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement as the server's owner; its rows."""
        with psycopg.connect(
            host=self.place.address,
            port=self.place.port,
            dbname="postgres",
            user="postgres",
            password=self._secrets["PATRONI_SUPERUSER_PASSWORD"],
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            answer = connection.execute(statement)
            return answer.fetchall() if answer.description else []

    # --- What is done to it ------------------------------------------------------------------------------------------

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return None

    def send(self, wanted: signal.Signals) -> None:
        """A signal to all processes of the server and of its Patroni."""
        ids = [*family(self.patroni.pid)] if self.patroni.is_running else []
        server = self._postmaster()
        for one in [*ids, *(family(server) if server else ())]:
            with suppress(ProcessLookupError):
                os.kill(one, wanted)

    def kill(self) -> None:
        """Everything of it is gone at once, as when the machine loses its power."""
        self.send(signal.SIGKILL)
        self.patroni.kill()

    def start(self) -> None:
        """Starts its Patroni, which starts the server."""
        self.patroni.start()

    def stop(self) -> None:
        """Stops both in good order."""
        self.patroni.stop()
        server = self._postmaster()
        if server is not None:
            for one in [*family(server)]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
