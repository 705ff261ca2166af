"""``liaison doctor``, ``durable`` and the connections of a server process."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import liaison
from service.db import Database
from service.db.standing import each_may_open, require_durable, standbys, taken
from service.errors import Conflict
from service.processes.upkeep import WorkerBeat
from tests.conftest import FakeClock
from tests.factories.mail import Sink
from tests.postgres import Server


@pytest.fixture
def call(database_url: str) -> Any:
    def run(*arguments: str | Path, url: str = database_url, **more: str) -> Result:
        environment = {"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None, **more}
        return CliRunner(env=environment).invoke(liaison, [str(one) for one in arguments], catch_exceptions=False)

    return run


def _seen(answer: Result) -> dict[str, str]:
    """Name → mark and what was said, of what the doctor saw."""
    lines = [line for line in answer.output.splitlines() if line[:2] in ("✓ ", "! ", "✗ ")]
    return {line[2:].partition("：")[0]: line[0] + line.partition("：")[2] for line in lines}


def test_an_empty_database_is_told_with_the_way_out(call: Any, empty_database: Database) -> None:
    answer = call("doctor", url=empty_database.url.render_as_string(hide_password=False))
    assert _seen(answer)["数据库"].startswith("✗")
    assert _seen(answer)["数据库"].endswith("请运行 liaison migrate")
    assert "后台任务" not in _seen(answer)
    assert answer.exit_code == 1
    assert "项必须处理" in answer.stderr


def test_what_stands_still_and_what_runs(call: Any, database: Database, clock: FakeClock) -> None:
    assert _seen(call("doctor"))["后台任务"].startswith("✗从未运行")
    with database.transaction() as session:
        session.add(WorkerBeat(worker="a", beat_at=clock.now))
    assert _seen(call("doctor"))["后台任务"] == "✓1 个在运行"
    clock.advance(minutes=10)
    assert _seen(call("doctor"))["后台任务"] == "✗已停 10 分钟，请启动 liaison worker"


def test_a_backup_is_known_by_its_entry(call: Any, database: Database, clock: FakeClock, tmp_path: Path) -> None:
    assert _seen(call("doctor"))["备份"].startswith("!没有用 liaison backup 备份过")
    assert call("--as", "运维 张三", "backup", tmp_path / "copy.gz").exit_code == 0
    assert _seen(call("doctor"))["备份"].startswith("✓最近一次 ")
    clock.advance(days=8)
    assert _seen(call("doctor"))["备份"].startswith("!最近一次 ")


def test_a_key_that_others_may_read(call: Any, database: Database, tmp_path: Path) -> None:
    key = tmp_path / "seal.key"
    key.write_text("secret")
    key.chmod(0o644)
    assert _seen(call("doctor", LIAISON_SEAL_KEY_FILE=str(key)))["封存密钥"].startswith("✗seal.key 能被其他用户读取")
    key.chmod(0o600)
    assert _seen(call("doctor", LIAISON_SEAL_KEY_FILE=str(key)))["封存密钥"].startswith("✓")


def test_the_mail_server_is_greeted_and_sent_nothing(call: Any, database: Database) -> None:
    with Sink() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        mail = {"LIAISON_MAIL_ENABLED": "true", "LIAISON_MAIL_HOST": "127.0.0.1", "LIAISON_MAIL_PORT": str(server.port)}
        mail |= {"LIAISON_MAIL_SENDER": "a@example.org", "LIAISON_MAIL_STARTTLS": "false"}
        assert _seen(call("doctor", **mail))["邮件"] == "✓127.0.0.1 可用"
        assert server.addresses == []
        server.shutdown()
    assert _seen(call("doctor", **mail))["邮件"].startswith("✗无法连接邮件服务器")


@pytest.mark.postgres
def test_a_server_is_tried_by_its_address(call: Any, postgres_server: Server) -> None:
    url = postgres_server.create_empty("doctor")
    try:
        answer = call("doctor", "--database", url)
        assert answer.exit_code == 0
        assert answer.output.splitlines()[0].startswith("PostgreSQL ")
        assert "✓ 跳过已锁的行（SKIP LOCKED）" in answer.output
    finally:
        postgres_server.drop("doctor")
    gone = call("doctor", "--database", url)
    assert (gone.exit_code, "不能连接" in gone.stderr) == (1, True)
    assert call("doctor", "--database", "sqlite:///a.db").exit_code == 1


# --- Standbys and connections ---------------------------------------------------------------------------------------


def test_durable_does_not_start_without_a_synchronous_standby(database: Database) -> None:
    with pytest.raises(Conflict, match="SQLite 只在一台机器" if database.is_sqlite else "没有同步备库"):
        require_durable(database)


def test_durable_is_asked_before_anything_runs(call: Any, database: Database) -> None:
    answer = call("worker", LIAISON_DURABLE="true")
    assert (answer.exit_code, "已设置 durable = true" in answer.stderr) == (1, True)


def test_a_server_tells_its_standbys_and_connections(database: Database) -> None:
    if database.is_sqlite:
        assert taken(database) is None
    else:
        assert standbys(database).durable is False
        assert (taken(database) or 0) > 20


@pytest.mark.parametrize(("most", "workers", "each"), [(None, 64, 12), (97, 2, 12), (97, 16, 5), (30, 10, 2)])
def test_connections_of_a_process(most: int | None, workers: int, each: int) -> None:
    assert each_may_open(most, workers=workers, threads=8) == each


def test_too_few_connections_are_told() -> None:
    with pytest.raises(Conflict, match="max_connections"):
        each_may_open(20, workers=8, threads=8)
