"""``liaison``: what administrators type, what they read, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.auth import WebSession, begin_session, entries_of
from service.auth.codes import open_vault
from service.auth.known import actor_of_token
from service.auth.queries import actor_of
from service.cli import liaison
from service.cli.group import COMMANDS
from service.db import migrate
from service.errors import NotAllowed
from tests.factories.journal import tamper
from tests.factories.people import signed_in
from tests.factories.second_factors import enrol

PASSWORD = "Zhi-lian 2026 pingtai"


@pytest.fixture
def call(database_url):
    def run(*arguments: str, typed: str | None = None, url: str = database_url) -> Result:
        environment = {"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None}
        return CliRunner(env=environment).invoke(liaison, arguments, input=typed, catch_exceptions=False)

    return run


def test_help_lists_the_commands(call):
    shown = call("--help")
    assert shown.exit_code == 0
    assert all(f"  {command} " in shown.output for command in ("migrate", "backup", "restore", "due", "user", "token"))


@pytest.mark.parametrize("arguments", [["nonsense"], ["due"], ["due", "2026-02-30"], ["backup"], ["user", "add"]])
def test_a_wrong_call_exits_with_2(call, arguments):
    assert call(*arguments).exit_code == 2


def test_migrate_brings_an_empty_database_up_to_date(call, empty_database):
    url = empty_database.url.render_as_string(hide_password=False)
    refused = call("user", "list", url=url)
    assert (refused.exit_code, "liaison migrate" in refused.stderr) == (1, True)
    assert call("migrate", url=url).exit_code == 0
    assert migrate.is_current(empty_database)
    assert call("migrate", url=url).exit_code == 0


def test_a_rebuild_names_what_it_compared_and_what_it_made_anew(call):
    told = call("rebuild")
    assert told.exit_code == 0, told.output
    assert "各日状态、检索内容、计时记录、可见范围都与日志一致，没有改动。" in told.output
    assert "统计的底稿、合计和列表排序用的底稿已全部重新做出。" in told.output


def test_an_account_is_added_renewed_and_disabled(call, database):
    added = call("user", "add", "li.ming", "--name", "李明", "--role", "talent_office", typed=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output
    with database.transaction() as session:
        assert actor_of(session, "li.ming").has_role("talent_office")
    assert call("user", "passwd", "li.ming", typed=f"{PASSWORD}!\n").exit_code == 0
    assert "li.ming\t李明\t在用\ttalent_office" in call("user", "list").output
    assert call("user", "disable", "li.ming").exit_code == 0
    assert "停用" in call("user", "list").output
    with database.reading() as session:
        assert history.count(session, "access") >= 4
        assert history.verify_stream(session, "access") == []


def test_the_command_line_is_the_emergency_way_and_keeps_the_administrators_apart(
    call, database, clock, monkeypatch, tmp_path
):
    for name in ("first", "second", "third"):
        assert call("user", "add", name, typed=f"{PASSWORD}\n").exit_code == 0
    call("user", "grant", "first", "admin")
    call("user", "grant", "second", "admin")
    call("user", "grant", "second", "auditor")
    assert "没有启用" in call("user", "check").output
    monkeypatch.setenv("LIAISON_ACCOUNTS_SEPARATE_ADMINISTRATORS", "true")
    found = call("user", "check")
    assert found.exit_code == 1
    for told in ("账号 second 兼任系统管理员、审计人员", "没有能用的审计人员、安全管理员"):
        assert told in found.stderr, found.stderr
    refused = call("user", "grant", "first", "security")
    assert (refused.exit_code, "三员分立" in refused.stderr) == (1, True)
    assert call("user", "revoke", "second", "admin").exit_code == 0
    assert call("user", "grant", "third", "security").exit_code == 0
    assert call("user", "check").output.strip() == "没有发现问题。"
    with database.transaction() as session:
        enrol(session, "third", open_vault(tmp_path / "a.key"), clock.now)
    assert call("user", "reset-second-factor", "third").exit_code == 0
    assert call("user", "reset-second-factor", "third").exit_code == 1
    assert call("user", "unlock", "third").exit_code == 0
    with database.reading() as session:
        assert [one.kind for one in entries_of(session, "third")][-2:] == ["second_factor_reset", "account_unlocked"]
        assert {one.actor.partition(":")[0] for one in entries_of(session, "third")} == {"command-line", "third"}


def test_a_disabled_account_cannot_sign_in(call, database, clock):
    call("user", "add", "li.ming", typed=f"{PASSWORD}\n")
    with database.transaction() as session:
        assert signed_in(session, "li.ming", PASSWORD, clock.now).username == "li.ming"
    call("user", "disable", "li.ming")
    with database.reading() as session, pytest.raises(NotAllowed):
        signed_in(session, "li.ming", PASSWORD, clock.now)


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["li ming"], PASSWORD),
        (["li.ming"], "short"),
        (["li.ming"], ""),
        (["li.ming", "--role", "emperor"], PASSWORD),
        (["li.ming", "--role", "liaison"], PASSWORD),
        (["li.ming", "--role", "liaison:nowhere"], PASSWORD),
        (["li.ming", "--name", "李明", "--unit", "nowhere"], PASSWORD),
    ],
)
def test_a_bad_account_is_refused_whole(call, database, arguments, typed):
    refused = call("user", "add", *arguments, typed=f"{typed}\n")
    assert refused.exit_code == 1
    assert refused.stderr
    assert call("user", "list").output == ""
    with database.reading() as session:
        assert history.streams(session) == []


def test_the_token_alone_goes_to_standard_output(call, database, clock):
    call("user", "add", "auditor", "--role", "auditor", typed=f"{PASSWORD}\n")
    issued = call("token", "auditor")
    assert issued.exit_code == 0
    with database.transaction() as session:
        assert actor_of_token(session, issued.stdout.strip(), clock.now).username == "auditor"
    assert call("token", "nobody").exit_code == 1


def test_due_explains_each_day(call):
    shown = call("due", "2026-09-28").output
    assert shown.startswith("2026-10-13\n")
    assert "国庆节" in shown
    answer = json.loads(call("due", "2026-12-24", "--json").output)
    assert (answer["due"], answer["provisional"]) == ("2027-01-05", True)
    assert call("due", "2026-09-16", "--days", "0").output.startswith("2026-09-16")
    assert call("due", "2300-01-01").exit_code == 1


def test_backup_and_restore(call, tmp_path, database, clock, empty_database):
    call("user", "add", "li.ming", typed=f"{PASSWORD}\n")
    with database.transaction() as session:
        begin_session(session, username="li.ming", way="password", address="", now=clock.now)
    file = str(tmp_path / "copy.gz")
    assert call("backup", file).exit_code == 0
    assert call("backup", file).exit_code == 1
    assert call("restore", file).exit_code == 1
    url = empty_database.url.render_as_string(hide_password=False)
    restored = call("restore", file, url=url)
    assert restored.exit_code == 0, restored.output
    assert "li.ming" in call("user", "list", url=url).output
    with Session(empty_database.engine) as session:  # who was signed in when the copy was made signs in anew
        assert session.scalars(select(WebSession)).all() == []


NOTICE = """
[[notices]]
year = 2027
number = "国办发明电〔2026〕9号"
days_off = [
  { from = 2027-01-01, to = 2027-01-03, name = "元旦" },
  { from = 2027-02-05, to = 2027-02-12, name = "春节" },
  { from = 2027-04-03, to = 2027-04-05, name = "清明节" },
  { from = 2027-05-01, to = 2027-05-05, name = "劳动节" },
  { from = 2027-06-09, to = 2027-06-09, name = "端午节" },
  { from = 2027-09-15, to = 2027-09-17, name = "中秋节" },
  { from = 2027-10-01, to = 2027-10-07, name = "国庆节" },
]
"""


def test_a_loaded_notice_stays_in_force_after_the_next_start(call, tmp_path):
    assert call("migrate").exit_code == 0
    assert json.loads(call("due", "2026-12-24", "--json").output)["provisional"] is True
    (tmp_path / "2027.toml").write_text(NOTICE)
    loaded = call("calendar", "load", str(tmp_path / "2027.toml"))
    assert loaded.exit_code == 0, loaded.output
    for _ in range(2):
        answer = json.loads(call("due", "2026-12-24", "--json").output)
        assert (answer["due"], answer["provisional"]) == ("2027-01-05", False)
        assert "国办发明电〔2026〕9号" in answer["notices"]
        assert call("migrate").exit_code == 0


TYPHOON = "[[closures]]\nfrom = 2026-08-20\nreason = '台风'\n"


@pytest.mark.parametrize("content", ["", "nonsense", NOTICE + NOTICE.replace("9号", "10号"), TYPHOON * 2])
def test_a_bad_calendar_file_changes_nothing(call, database, tmp_path, content):
    call("migrate")
    before = call("due", "2026-09-28").output
    (tmp_path / "bad.toml").write_text(content)
    refused = call("calendar", "load", str(tmp_path / "bad.toml"))
    assert (refused.exit_code, "bad.toml" in refused.stderr) == (1, True)
    assert call("due", "2026-09-28").output == before


def test_migrate_prepares_what_work_begins_with(call):
    first = call("migrate")
    assert "部署流程" in first.output
    assert "部署流程" not in call("migrate").output
    assert call("verify").exit_code == 0


def test_a_changed_journal_is_named_by_verify(call, database):
    call("migrate")
    tamper(database, "UPDATE history_event SET actor = 'forger' WHERE kind = 'deployed'")
    shown = call("verify")
    assert (shown.exit_code, "流程 request 第 1 条" in shown.output) == (1, True)
    answer = json.loads(call("verify", "--json").output)
    assert (answer["ok"], answer["mismatches"][0]["seq"]) == (False, 1)


@pytest.fixture
def process(tmp_path):
    """A copy of the shipped process that a test may spoil."""
    for kind in ("bpmn", "forms"):
        shutil.copytree(Path(kind) / "request", tmp_path / "copy" / kind / "request")
    return tmp_path / "copy" / "bpmn" / "request"


def test_the_shipped_processes_pass_their_check(call):
    assert call("check", "bpmn").exit_code == 0


def test_a_spoilt_diagram_is_found_by_line_and_not_deployed(call, process):
    call("migrate")
    diagram = process / "request.bpmn"
    diagram.write_text(diagram.read_text().replace('id="accept"', 'id="accepted"', 1))
    checked = call("check", str(process))
    assert checked.exit_code == 1
    assert re.search(rf"^{re.escape(str(diagram))}:\d+ \S+ \S+: .+", checked.stdout, re.MULTILINE)
    assert call("deploy", str(process)).exit_code == 1
    assert call("check", str(process.parent.parent / "forms")).exit_code == 1


def test_who_deploys_hears_which_steps_others_may_take_than_before(call, process):
    call("migrate")
    diagram, step = process / "request.bpmn", "<bpmn:flowNodeRef>group_opinion</bpmn:flowNodeRef>"
    lane = '<bpmn:lane id="liaison" name="联络员">'
    diagram.write_text(diagram.read_text().replace(step, "").replace(lane, lane + step))
    assert "lane-changed" not in call("check", str(process)).output, "no version is known to follow"
    assert re.search(r"request\.bpmn:\d+ group_opinion lane-changed: （提示）", call("deploy", str(process)).output)


def test_a_changed_diagram_is_deployed_as_the_next_version(call, process):
    call("migrate")
    diagram = process / "request.bpmn"
    diagram.write_text(diagram.read_text().replace('name="受理审核"', 'name="受理初审"'))
    deployed = call("deploy", str(process))
    assert (deployed.exit_code, "第 2 版" in deployed.output) == (0, True)
    assert "第 2 版" in call("deploy", str(process)).output
    assert call("verify").exit_code == 0


def test_a_bad_setting_is_named(call):
    refused = CliRunner(env={"LIAISON_NONSENSE": "1"}).invoke(liaison, ["migrate"])
    assert (refused.exit_code, "LIAISON_NONSENSE" in refused.stderr) == (1, True)


def test_a_locked_database_is_told_clearly(call, database, database_url, monkeypatch):
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no such lock")
    monkeypatch.setattr("service.db.database.SQLITE_WAIT_SECONDS", 0.1)
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = call("user", "add", "li.ming", typed=f"{PASSWORD}\n")
    assert (refused.exit_code, "占用" in refused.stderr) == (1, True)


def test_a_read_only_database_is_told_clearly(call, database, database_url):
    if database.is_sqlite:
        pytest.skip("root writes where it may not: see test_failures")
    url = f"{database_url}{'&' if '?' in database_url else '?'}options=-c%20default_transaction_read_only%3Don"
    refused = call("user", "add", "li.ming", typed=f"{PASSWORD}\n", url=url)
    assert (refused.exit_code, "只读" in refused.stderr) == (1, True)


def test_a_full_disk_is_told_clearly_and_changes_nothing(call, database, database_url):
    if not database.is_sqlite:
        pytest.skip("filling PostgreSQL's disk would fill everybody's")
    database.dispose()
    script = (
        "import resource, signal; from service.cli import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); main()"
    )
    refused = subprocess.run(
        [sys.executable, "-c", script, "user", "add", "li.ming"],
        input=f"{PASSWORD}\n",
        env={**os.environ, "LIAISON_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, "磁盘空间已满" in refused.stderr) == (1, True), refused.stderr
    assert call("user", "list").output == ""


def test_an_unreachable_database_is_told_clearly(call):
    refused = call("user", "list", url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert (refused.exit_code, "无法打开或连接" in refused.stderr) == (1, True)


def test_every_command_of_the_table_is_there(call):
    for command in COMMANDS:
        assert call(command, "--help").exit_code == 0, command
