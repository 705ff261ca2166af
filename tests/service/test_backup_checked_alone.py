"""The auditors' script checks a backup with nothing but Python's standard library."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service import history
from service.cli.schema import all_tables
from service.db import Database
from service.db.backup import dump
from tests.factories.scripts import DOCS

NOON = datetime(2026, 9, 16, 4, 0, tzinfo=UTC)
SCRIPT = DOCS / "audit/check.py"


@pytest.fixture
def backup(database: Database, tmp_path: Path) -> Path:
    """A backup with a stream of three events, one of them at a whole second."""
    for number, at in enumerate((NOON, NOON.replace(microsecond=5), NOON.replace(microsecond=7))):
        with database.transaction() as session:
            history.append(
                session, stream="talent:T1", kind="talent_updated", actor="office", at=at, data={"数": [number, None]}
            )
    path = tmp_path / "copy.gz"
    dump(database, all_tables(), path, now=NOON)
    return path


def checked(*arguments: object) -> tuple[int, str]:
    """Exit code and output of the script, run by itself with no package of the project in reach."""
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *map(str, arguments)], capture_output=True, check=False, encoding="utf-8"
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def changed(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """The backup with other lines and a last line that fits them."""
    lines = change(gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)[:-1])
    end = {"rows": 0, "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}
    other = path.with_name("other.gz")
    other.write_bytes(gzip.compress("".join([*lines, json.dumps(end) + "\n"]).encode()))
    return other


def test_a_sound_backup_passes(backup: Path) -> None:
    assert checked(backup) == (0, "哈希链完整\n")


def test_a_changed_event_is_named(backup: Path) -> None:
    other = changed(backup, lambda lines: [line.replace('{"数":[1,null]}', '{"数":[9,null]}') for line in lines])
    assert checked(other) == (1, "talent:T1 第 2 条：内容与其哈希不符，记录被改动\n发现 1 处不符\n")


def test_a_missing_event_is_named(backup: Path) -> None:
    code, said = checked(changed(backup, lambda lines: [line for line in lines if '{"数":[1,null]}' not in line]))
    assert (code, said.splitlines()[0]) == (1, "talent:T1 第 3 条：之前缺少记录")


def test_a_cut_off_end_is_named(backup: Path) -> None:
    code, said = checked(changed(backup, lambda lines: [line for line in lines if '{"数":[2,null]}' not in line]))
    assert (code, said.splitlines()[0]) == (1, "talent:T1：链头与末条记录不符")


def test_a_backup_that_was_edited_is_named(backup: Path) -> None:
    lines = gzip.decompress(backup.read_bytes()).decode().splitlines(keepends=True)
    backup.write_bytes(gzip.compress("".join([lines[0].replace("version", "Version"), *lines[1:]]).encode()))
    assert checked(backup)[1].splitlines()[0] == "备份文件的校验和不符，文件不完整或被改动"


def test_a_stream_is_printed(backup: Path) -> None:
    code, said = checked(backup, "talent:")
    assert code == 0
    assert [line.split(",")[:2] for line in said.splitlines()[1:]] == [["talent:T1", str(seq)] for seq in (1, 2, 3)]
