"""The administrators' guide names commands, settings, figures and messages that there are."""

from __future__ import annotations

import re
import tomllib

from service.cli.group import COMMANDS
from service.cli.users import user
from service.http import telemetry
from tests.factories.scripts import DOCS
from tests.factories.texts import HOME, files_of

GUIDES = {path.name: path.read_text() for path in sorted(DOCS.glob("*.zh.md"))}
GUIDE = GUIDES["administrators.zh.md"]
WHERE = {"config", "districts"}
"""Variables that are read before any settings: they say where these are (``cli``)."""


def test_every_named_command_is_one() -> None:
    named = {name for guide in GUIDES.values() for name in re.findall(r"liaison ([a-z]+)\b", guide)}
    assert named >= {"serve", "worker", "migrate", "backup", "restore", "verify"}
    assert named - COMMANDS.keys() == set()
    assert set(re.findall(r"liaison user ([a-z-]+)", GUIDE)) - user.commands.keys() == set()


def test_every_named_variable_sets_something() -> None:
    settings = tomllib.loads((HOME / "config/settings.toml").read_text())
    known = {key for key, value in settings.items() if not isinstance(value, dict)}
    known |= {f"{table}_{key}" for table, inside in settings.items() if isinstance(inside, dict) for key in inside}
    named = {name.lower() for guide in GUIDES.values() for name in re.findall(r"LIAISON_([A-Z_]+)", guide)}
    assert "secret_key" in named
    assert named - known - WHERE == set()


def test_every_named_figure_is_told() -> None:
    named = set(re.findall(r"`(liaison_\w+)`", GUIDE))
    source = files_of(("service/api", "service/http"), {".py"})
    told = {name for path in source for name in re.findall(r'"(liaison_\w+)"', path.read_text())}
    assert telemetry.REQUESTS._name in told
    assert named
    assert named - told == set()


def test_every_quoted_message_is_one_of_the_service() -> None:
    said = "".join(path.read_text() for path in files_of(("service",), {".py"}))
    joined = re.sub(r'"\s+f?"', "", said)
    quoted = re.findall(r"「([^」]+)」", GUIDE)
    assert len(quoted) > 6
    assert [message for message in quoted if message not in joined] == []
