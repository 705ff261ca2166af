"""The rules of the rooms of ``service/`` that import-linter cannot hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from grimp import build_graph

SERVICE = Path(__file__).resolve().parents[2] / "service"


def test_import_linter_sees_every_migration() -> None:
    """A folder without ``__init__.py`` is no package to it: what migrations import would go unseen."""
    modules = build_graph("service", cache_dir=None).find_descendants("service.db.migrations")
    files = {path.stem for path in (SERVICE / "db/migrations/versions").glob("0*.py")}
    assert files
    assert {f"service.db.migrations.versions.{name}" for name in files} <= modules


def test_a_module_of_actions_is_named_as_the_folder_of_its_process() -> None:
    """A module that several processes share says what it is; a new name here needs a thought."""
    processes = {path.name for path in (SERVICE.parent / "bpmn").iterdir() if path.is_dir()}
    modules = {path.stem for path in (SERVICE / "actions").glob("*.py")}
    assert modules - {"__init__", "table", "parameters", "common", "rounds", "talent_file", "telling"} == processes


def test_only_the_gate_of_the_checks_makes_a_bundle_that_may_be_deployed() -> None:
    made = [path for path in SERVICE.rglob("*.py") if "CheckedBundle(" in path.read_text()]
    assert [str(path.relative_to(SERVICE)) for path in made] == ["checks/gate.py"]


@pytest.mark.parametrize("room", ["web", "api", "usecases", "actions"])
def test_queries_belong_to_features(room: str) -> None:
    found = [path.name for path in (SERVICE / room).glob("*.py") if re.search(r"\bselect\(", path.read_text())]
    assert found == []


def test_no_module_is_over_400_lines() -> None:
    """Migrations stay as they were written."""
    modules = [
        path for path in SERVICE.rglob("*.py") if "versions" not in path.parts and "node_modules" not in path.parts
    ]
    assert len(modules) > 400
    assert [str(path.relative_to(SERVICE)) for path in modules if len(path.read_text().splitlines()) > 400] == []
