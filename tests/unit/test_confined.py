"""The process in which definitions are checked apart: what the log keeps of one that ended, and what people read."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from service import children
from service.checks.confined import CHILD, Limits, check_all_confined
from service.checks.findings import CheckContext
from service.children import MOST_COMPLAINT
from service.errors import Incident
from tests.factories.diagrams import CONTEXT


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what runs in place of the checks, as a real process with the same pipes."""
    real = subprocess.Popen

    def runs(program: str) -> None:
        monkeypatch.setattr(children.subprocess, "Popen", lambda _, **how: real([sys.executable, "-c", program], **how))

    return runs


def jobs(*names: str) -> list[tuple[dict[str, bytes], CheckContext]]:
    return [({name: b"x"}, CONTEXT) for name in names]


def test_what_a_child_said_last_is_in_the_log_and_the_file_is_named(child: Any) -> None:
    child(
        'import sys; print(\'{"at": "a.bpmn"}\', flush=True);'
        "sys.stderr.write('y' * 9000 + ' MemoryError at the end'); sys.exit(3)"
    )
    with capture_logs() as logs:
        [[found]] = check_all_confined(jobs("a.bpmn"))
    assert (found.file, found.rule) == ("a.bpmn", "check-limit")
    [told] = [one for one in logs if one["event"] == "check_child_ended"]
    assert (told["code"], told["log_level"]) == (3, "warning")
    assert told["said"].endswith("MemoryError at the end")
    assert len(told["said"]) == MOST_COMPLAINT


def test_a_child_that_is_killed_is_told_with_its_signal_and_the_next_file_is_checked(child: Any) -> None:
    child('import os, signal; print(\'{"at": "a.bpmn"}\', flush=True); os.kill(os.getpid(), signal.SIGKILL)')
    with capture_logs() as logs:
        found = check_all_confined(jobs("a.bpmn", "b.bpmn"), Limits(seconds=1))
    assert [one.rule for findings in found for one in findings] == ["check-limit", "check-limit"]
    assert [one["code"] for one in logs] == [-9, -9]


def test_a_child_that_never_began_is_no_fault_of_a_file(child: Any) -> None:
    child("import sys; sys.stderr.write('No module named service'); sys.exit(1)")
    with capture_logs() as logs, pytest.raises(Incident, match="没有启动成功"):
        check_all_confined(jobs("a.bpmn"))
    assert logs[0]["said"] == "No module named service"


def test_a_child_that_does_well_says_nothing(child: Any) -> None:
    child('print(\'{"at": "a.bpmn"}\'); print(\'{"findings": []}\')')
    with capture_logs() as logs:
        assert check_all_confined(jobs("a.bpmn")) == [[]]
    assert logs == []


def test_a_child_loads_neither_the_database_nor_the_dictionaries() -> None:
    """Each would be most of the time of a check, which is begun with every upload and while somebody draws."""
    heavy = "sqlalchemy", "pypinyin", "holidays", "flask"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, {CHILD}; print([one for one in {heavy} if one in sys.modules])"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout == "[]\n"
