"""What stands in which room of ``service/``, beyond what import-linter can say."""

from __future__ import annotations

from pathlib import Path

from grimp import build_graph

SERVICE = Path(__file__).resolve().parents[2] / "service"


def test_import_linter_sees_every_migration() -> None:
    """A folder without ``__init__.py`` is no package to it: what migrations import would go unseen."""
    modules = build_graph("service", cache_dir=None).find_descendants("service.db.migrations")
    files = {path.stem for path in (SERVICE / "db/migrations/versions").glob("0*.py")}
    assert files
    assert {f"service.db.migrations.versions.{name}" for name in files} <= modules


def test_a_module_of_actions_is_named_as_the_folder_of_its_process() -> None:
    """What several processes share says what it is; a new name here needs a thought."""
    processes = {path.name for path in (SERVICE.parent / "bpmn").iterdir() if path.is_dir()}
    modules = {path.stem for path in (SERVICE / "actions").glob("*.py")}
    assert modules - {"__init__", "table", "parameters", "rounds", "talent_file"} == processes
