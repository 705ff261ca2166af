"""The samples for deployment: they name what there is, and where their own programs are there, these take them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from service.cli.group import COMMANDS
from service.config import load
from tests.factories.world import World

HOME = Path(__file__).parents[2]
SAMPLES = HOME / "docs" / "samples"
UNITS = sorted((SAMPLES / "systemd").iterdir())
SECRET = "0123456789" * 4
SERVERS = ("10.0.0.11", "10.0.0.12")
"""The database servers of the samples."""
_CALL = re.compile(r"liaison(?: --as \S+)? ([a-z][a-z-]*)")


def _settings_take(variables: dict[str, str]) -> None:
    """Raises Invalid where one of them is no setting, or none that production takes."""
    given = {
        name: value for name, value in variables.items() if name.startswith("LIAISON_") and name != "LIAISON_CONFIG"
    }
    load(HOME / "config", {"LIAISON_SECRET_KEY": SECRET, "LIAISON_PUBLIC_URL": "https://liaison.example", **given})


def _container() -> list[tuple[str, str]]:
    """The instructions of the container's file, each with its words."""
    text = (SAMPLES / "container" / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_container_is_made_of_what_is_there() -> None:
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
    instructions = _container()
    assert {one for one, _ in instructions} <= known
    copied = [words.split() for one, words in instructions if one == "COPY" and "--from" in words]
    assert [(HOME / words[1].removeprefix("/build/")).exists() for words in copied if "/build/" in words[1]] == [
        True
    ] * 3
    [environment] = [words for one, words in instructions if one == "ENV"]
    pairs = [pair.partition("=") for pair in environment.split()]
    _settings_take(
        {name: value for name, _, value in pairs} | {"LIAISON_DATABASE_URL": "sqlite:////var/lib/liaison/a.db"}
    )
    assert json.loads(instructions[-1][1])[1] in COMMANDS


@pytest.mark.skipif(
    shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode != 0,
    reason="no builder of containers is here",
)
def test_the_container_is_built() -> None:
    file = str(SAMPLES / "container" / "Containerfile")
    subprocess.run(["docker", "build", "--file", file, "--tag", "talent-liaison-test", str(HOME)], check=True)


def test_compose_starts_commands_with_settings_that_exist() -> None:
    services: dict[str, Any] = yaml.safe_load((SAMPLES / "container" / "compose.yaml").read_text())["services"]
    assert set(services) == {"db", "migrate", "web", "worker"}
    for name in ("migrate", "worker"):
        [command] = _CALL.findall(" ".join(services[name]["command"]))
        assert command in COMMANDS
    filled = {
        name: re.sub(
            r"\$\{(\w+):\?\w+\}", lambda found: {"LIAISON_PUBLIC_URL": "https://a.example"}.get(found[1], SECRET), value
        )
        for name, value in services["web"]["environment"].items()
    }
    _settings_take({"LIAISON_ENV": "production", "LIAISON_DEMO": "false", **filled})


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.name)
def test_units_start_commands_that_exist(unit: Path) -> None:
    text = unit.read_text()
    assert {"[Unit]"} <= set(re.findall(r"^\[\w+\]$", text, re.MULTILINE))
    called = _CALL.findall("\n".join(re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)))
    assert all(command in COMMANDS for command in called)
    assert bool(called) == (unit.suffix == ".service")
    settings = dict(pair.split("=", 1) for pair in re.findall(r"^Environment=(LIAISON_\S+)$", text, re.MULTILINE))
    _settings_take(settings)


def test_the_settings_for_several_machines_are_settings() -> None:
    lines = (SAMPLES / "patroni" / "liaison.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    _settings_take({**given, "LIAISON_SECRET_KEY": SECRET})
    for name, wanted in (("LIAISON_DATABASE_URL", "read-write"), ("LIAISON_READ_URL", "prefer-standby")):
        url = make_url(given[name])
        assert url.query["target_session_attrs"] == wanted
        assert url.query["host"] == ",".join(SERVERS)
    assert given["LIAISON_DURABLE"] == "true"


def test_the_servers_of_several_machines_keep_what_they_confirm_and_are_found() -> None:
    said = yaml.safe_load((SAMPLES / "patroni" / "patroni.yml").read_text())
    cluster = said["bootstrap"]["dcs"]
    assert cluster["synchronous_mode"] is True
    # or the primary's lease runs out between two looks of a healthy one
    assert cluster["ttl"] >= cluster["loop_wait"] + 2 * cluster["retry_timeout"]
    own = [said[part][one].split(":")[0] for part in ("restapi", "postgresql") for one in ("listen", "connect_address")]
    assert set(own) == {SERVERS[0]}
    assert "password" not in str(said["postgresql"]["authentication"])
    etcd = (SAMPLES / "patroni" / "etcd.env").read_text()
    assert all(f"http://{one.removesuffix(':2379')}:2380" in etcd for one in said["etcd"]["hosts"])
    # by the other interface of Patroni 3.0 a primary that stood still takes its lease back from its successor
    assert "etcd3" not in said
    assert "ETCD_ENABLE_V2=true" in etcd
    asked = {f"PATRONI_{one.upper()}_PASSWORD" for one in said["postgresql"]["authentication"]}
    names = {"PATRONI_REPLICATOR_PASSWORD": "PATRONI_REPLICATION_PASSWORD"}
    given = set(re.findall(r"^(\w+)=", (SAMPLES / "patroni" / "patroni.env").read_text(), re.MULTILINE))
    assert {names.get(one, one) for one in asked} == given


@pytest.mark.skipif(shutil.which("patroni") is None, reason="patroni is not installed")
def test_patroni_takes_its_sample(tmp_path: Path) -> None:
    said = yaml.safe_load((SAMPLES / "patroni" / "patroni.yml").read_text())
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))  # of the version that is here
    said["postgresql"] |= {"bin_dir": str(programs), "data_dir": str(tmp_path / "data"), "listen": "127.0.0.1:1"}
    said["restapi"]["listen"] = "127.0.0.1:2"
    said["etcd"]["hosts"] = ["127.0.0.1:3"]
    (tmp_path / "patroni.yml").write_text(yaml.safe_dump(said))
    done = subprocess.run(
        ["patroni", "--validate-config", str(tmp_path / "patroni.yml")],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    told = [line for line in (done.stdout + done.stderr).splitlines() if "didn't pass validation" in line]
    assert [line for line in told if not re.match(r"etcd.hosts|.*password", line)] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units() -> None:
    done = subprocess.run(["systemd-analyze", "verify", *map(str, UNITS)], capture_output=True, text=True)
    # the program itself is not installed where the units say
    assert [line for line in done.stderr.splitlines() if "is not executable" not in line] == []


def _expressions() -> dict[str, list[str]]:
    rules = yaml.safe_load((SAMPLES / "monitoring" / "prometheus-rules.yaml").read_text())
    board = json.loads((SAMPLES / "monitoring" / "grafana.json").read_text())
    return {
        "rules": [one["expr"] for group in rules["groups"] for one in group["rules"]],
        "board": [target["expr"] for panel in board["panels"] for target in panel["targets"]],
    }


@pytest.mark.parametrize("kind", ["rules", "board"])
def test_monitoring_asks_for_figures_that_are_told(kind: str, world: World) -> None:
    client = world.app.test_client()
    client.get("/healthz")  # so that there is a request to count
    told = client.get("/metrics").text
    names, labels = {"up", "liaison_district_up"}, {"job", "instance", "le", "status", "route", "method"}
    for family in text_string_to_metric_families(told):
        names |= {family.name, *(sample.name for sample in family.samples)}
        labels |= {label for sample in family.samples for label in sample.labels}
    for expression in _expressions()[kind]:
        assert set(re.findall(r"\b(?:liaison_\w+|up)\b", expression)) <= names
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", group)) <= labels | {"light", "unit", "state", "by"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")
def test_prometheus_takes_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", str(SAMPLES / "monitoring" / "prometheus-rules.yaml")], check=True)
