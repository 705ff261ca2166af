"""A seal covers the whole journal, and whoever changes history afterwards is found and named."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import gzip
import json
import re
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from service.cli import liaison
from service.clock import local
from service.config.sealing import Sealing as Configured
from service.db import Database
from service.errors import Conflict, Incident, Invalid, NotFound
from service.notifications import Notification
from service.processes.incidents import CLOCK, close_incident, open_incident
from service.processes.models import Incident as IncidentRow
from service.rights import SYSTEM, at_command_line
from service.seals import Seal, Sealer, check_against, check_seals, last_seal, proof, proofs, sealing, seals, tree
from service.seals.heads import digest_of, groups, head_of
from service.seals.keys import begin, known_keys, ready, rotate
from service.seals.reading import Line
from service.seals.tokens import fetch
from service.seals.witnesses import collect, read, write
from service.worker.sealing import Sealing
from tests.factories import forger
from tests.factories.journal import tamper
from tests.factories.journal import write as append
from tests.factories.workers import work_all
from tests.factories.world import read_config


@dataclass
class Office:
    """A journal that is sealed now and then."""

    database: Database
    clock: Any
    folder: Path

    @property
    def settings(self) -> Configured:
        return Configured(None, self.folder / "keys" / "seal.key", self.folder / "witness", False, (), 5)

    @property
    def witness(self) -> Path:
        return self.folder / "witness"

    def happen(self, *streams: str) -> None:
        """An event in each of the streams."""
        for stream in streams:
            with self.database.transaction() as session:
                append(session, self.clock.advance(minutes=1), stream=stream, said=f"{stream} {self.clock.now}")

    def seal(self) -> Seal:
        """A seal whose head the witness has."""
        sealer = Sealer(self.database, self.settings, mail=False)
        made = sealer.seal(by=SYSTEM, now=self.clock.advance(minutes=1))
        assert made is not None
        for _, operation in sealer.rest(self.clock.now):
            operation()
        return made

    def faults(self) -> list[str]:
        """The findings of a check of the seals in the database."""
        with self.database.reading() as session:
            return [one.what for one in check_seals(session).mismatches]

    def found(self, place: Path | None = None) -> list[tuple[str, int, str]]:
        """The findings by heads kept elsewhere."""
        with self.database.reading() as session:
            checked = check_against(session, collect(place or self.witness))
        return [(one.stream, one.seq, one.what) for one in checked.mismatches]


@pytest.fixture
def office(database, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "BLOCK", 4)
    made = Office(database, clock, tmp_path)
    made.happen("a:1", "a:2", "a:1", "a:3", "a:1", "a:2")
    made.seal()
    made.happen("a:4", "a:1", "a:2", "a:4")
    clock.advance(days=1)
    made.happen("a:1", "a:5", "a:5")
    made.seal()
    return made


# --- What a seal says ------------------------------------------------------------------------------------------------


def test_a_head_says_how_much_there_is_and_goes_on_from_the_one_before(office):
    with office.database.reading() as session:
        head = head_of(last_seal(session).head)
    # six and seven events, and the one that tells of the key
    assert (head.number, head.size, head.streams) == (2, 14, 6)
    assert head.days == {"2026-09-16": (4, 1), "2026-09-17": (3, 1)}
    assert head.sm3 is None or head.sm3 != head.sha256
    assert head.previous == digest_of(read(office.witness / "seal-000001.json").text)
    assert office.faults() == []
    assert office.found() == []


def test_a_seal_of_nothing_new_says_so(office):
    office.seal()
    with office.database.reading() as session:
        head = head_of(last_seal(session).head)
    assert (head.number, head.size, head.days) == (3, 14, {})
    assert office.faults() == office.found() == []


def test_every_event_has_a_proof_that_leads_to_the_signed_root(office):
    office.happen("a:1")
    with office.database.reading() as session:
        newest = last_seal(session)
        head = head_of(newest.head)
        for stream, events in (("a:1", 5), ("a:2", 3), ("a:5", 2)):
            made = proofs(session, newest, stream)
            assert [one.seq for one in made] == [*range(1, events + 1)]
            for one in made:
                path = [bytes.fromhex(step) for step in one.path]
                root = tree.root_by(tree.sha256, bytes.fromhex(one.hash), one.at, head.size, path)
                assert root == bytes.fromhex(head.sha256) == bytes.fromhex(one.root)
        with pytest.raises(Conflict, match="晚于第 2 次封存"):
            proof(session, newest, "a:1", 6)
        with pytest.raises(NotFound):
            proof(session, newest, "a:9", 1)


@pytest.mark.parametrize("table", ["seal", "seal_block", "seal_key"])
def test_what_is_sealed_stays(office, table):
    column = "id" if table == "seal_key" else "number"
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), office.database.engine.begin() as connection:
            connection.execute(text(statement))
    if office.database.is_sqlite:
        with pytest.raises(DatabaseError, match="append-only"), office.database.engine.begin() as connection:
            connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


def test_two_who_seal_at_once_make_one_seal(office, monkeypatch):
    """The other one seals while this one reads the journal."""
    growing = sealing.lines

    def meanwhile(session: Session, **named: int) -> Iterator[Line]:
        monkeypatch.setattr(sealing, "lines", growing)
        office.seal()
        return growing(session, **named)

    monkeypatch.setattr(sealing, "lines", meanwhile)
    key = ready(office.database, office.settings.key_file, actor=SYSTEM, now=office.clock.now)
    assert sealing.seal(office.database, key, by=SYSTEM, tell=False, now=office.clock.now) is None
    assert office.seal().number == 4
    assert office.faults() == []


def test_seals_made_while_people_work_cover_all_once(office):
    """Three write, each in a stream of their own, while the office seals again and again."""
    now, many = office.clock.now, 15

    def work(stream: str) -> None:
        for number in range(many):
            with office.database.transaction() as session:
                append(session, now, stream=stream, number=number)

    with ThreadPoolExecutor(3) as people:
        at_work = [people.submit(work, f"b:{number}") for number in range(3)]
        sealer = Sealer(office.database, office.settings, mail=False)
        while not all(one.done() for one in at_work):
            sealer.seal(by=SYSTEM, now=office.clock.now)
        for one in at_work:
            one.result()
    last = office.seal()
    with office.database.reading() as session:
        assert last.size == session.scalar(text("SELECT count(*) FROM history_event"))
        heads = [head_of(one.head) for one in session.scalars(select(Seal).order_by(Seal.number))]
        assert all(one.size <= other.size and one.last_id <= other.last_id for one, other in pairwise(heads))
        assert [len(proofs(session, last, f"b:{number}")) for number in range(3)] == [many] * 3
    assert office.faults() == []
    assert office.found() == []


@pytest.mark.postgres
def test_a_seal_waits_for_a_number_that_is_not_committed_yet(postgres_server, clock, tmp_path):
    """PostgreSQL numbers an event when it is written: one with a lower number may come to light later."""
    name = "seal_order"
    database = Database(postgres_server.create(name))
    office = Office(database, clock, tmp_path)
    office.happen("a:1")
    sealer = Sealer(database, office.settings, mail=False)
    with database.transaction() as slow:
        append(slow, clock.now, stream="a:2")
        slow.flush()
        office.happen("a:3")  # a higher number, and there before
        key = ready(database, office.settings.key_file, actor=SYSTEM, now=clock.now)
        assert key is not None
        assert sealer.seal(by=SYSTEM, now=clock.now) is None
    made = sealer.seal(by=SYSTEM, now=clock.now)
    assert made is not None
    assert made.size == 4
    assert office.faults() == []
    database.dispose()
    postgres_server.drop(name)


# --- Changed within the database -------------------------------------------------------------------------------------


def test_a_changed_hash_is_found_by_the_seals(office):
    tamper(office.database, f"UPDATE history_event SET hash = '{'ab' * 32}' WHERE stream = 'a:1' AND seq = 2")
    assert any(re.match(r"日志第 \d+ 号到第 \d+ 号的记录与封存时不符", what) for what in office.faults())
    assert any("根值" in what for what in office.faults())


def test_an_event_that_says_to_be_older_than_a_seal_before_it_is_named(office):
    """The clock was set back, or somebody made a past up: in a stream of its own, which knows no order but its own."""

    def write(stream: str, at: datetime) -> None:
        with office.database.transaction() as session:
            append(session, at, stream=stream)

    with office.database.reading() as session:
        sealed = last_seal(session).made_at
    write("a:8", sealed - timedelta(minutes=59))  # work that took the time when it began
    assert office.faults() == []
    write("a:9", sealed - timedelta(minutes=61))
    assert office.faults() == ["时间早于此前的第 2 次封存"]
    office.seal()
    with office.database.reading() as session:
        [found] = check_seals(session).mismatches
        assert check_seals(session, proven=3).mismatches == []
    assert (found.stream, found.seq) == ("a:9", 1)
    assert found.must == f"不早于 {local(sealed):%Y-%m-%d %H:%M:%S}"
    assert found.have == f"{local(sealed - timedelta(minutes=61)):%Y-%m-%d %H:%M:%S}"


def test_behind_a_seal_of_a_fast_clock_only_what_came_before_the_clock_was_confirmed_is_named(office):
    now = office.clock.now
    office.clock.set(now + timedelta(days=200))
    office.seal()  # the third, by a clock that was months fast

    def write(stream: str, at: datetime) -> None:
        with office.database.transaction() as session:
            append(session, at, stream=stream)

    write("b:1", now + timedelta(minutes=1))
    with office.database.transaction() as session:
        held = open_incident(session, kind=CLOCK, message="时钟快了", now=now + timedelta(minutes=2))
    with office.database.transaction() as session:
        held = session.get_one(IncidentRow, held.id)
        close_incident(session, held, actor=at_command_line("ops"), now=now + timedelta(minutes=3))

    def named() -> list[tuple[str, int]]:
        with office.database.reading() as session:
            found = [one for one in check_seals(session).mismatches if one.what == "时间早于此前的第 3 次封存"]
        return [(one.stream, one.seq) for one in found]

    before = [("b:1", 1), (f"incident:{held.id}", 1), (f"incident:{held.id}", 2)]
    assert named() == before
    for number in range(30):
        write(f"c:{number}", now + timedelta(minutes=4 + number))
    assert named() == before
    write("d:1", now - timedelta(hours=2))  # earlier than what was confirmed
    assert named() == [*before, ("d:1", 1)]
    office.clock.set(now + timedelta(hours=3))
    office.seal()
    write("e:1", now)
    assert named() == [*before, ("d:1", 1)]
    assert "时间早于此前的第 4 次封存" in office.faults()


def test_a_cut_off_end_is_found_by_the_counts(office):
    tamper(office.database, "DELETE FROM history_event WHERE stream = 'a:5'")
    faults = office.faults()
    assert any("现在少了 2 条" in what for what in faults)
    assert any("6 条链，现在有 5 条" in what for what in faults)
    assert any("2026-09-17 封存了 3 条记录、1 条新链，现在是 1 条、0 条" in what for what in faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE seal SET signature = '00' WHERE number = 1", "第 1 次封存：签名不符"),
        ("UPDATE seal SET size = size + 1 WHERE number = 1", "第 1 次封存的记录与签名的内容不符"),
        ("UPDATE seal SET head = replace(head, '\"size\":7', '\"size\":8') WHERE number = 1", "第 1 次封存：签名不符"),
        ("UPDATE seal SET head = '{}' WHERE number = 2", "第 2 次封存：封存的内容残缺"),
        ("DELETE FROM seal WHERE number = 1", "缺少第 1 次封存的记录"),
        ("UPDATE seal_key SET own = '00'", "记录被改动"),
        ("UPDATE seal_key SET statement = '{'", "无法读取"),
        ("UPDATE seal_key SET begun_at = '2020-01-01 00:00:00'", "与签名的内容不符"),
        ("UPDATE seal_block SET first_id = first_id + 100 WHERE number = 1", "与封存时不符"),
    ],
)
def test_a_changed_seal_is_named(office, change, said):
    tamper(office.database, change)
    assert any(said in what for what in office.faults()), office.faults()


# --- Rewritten with everything recomputed ----------------------------------------------------------------------------


def test_a_history_rewritten_to_the_last_hash_is_found_and_its_first_event_named(office):
    forger.rewrite(office.database, "a:1", 3, said="从来没有这回事")
    assert office.faults() == [], "inside the database all fits again"
    found = office.found()
    assert next((stream, seq) for stream, seq, what in found if "最早被改动的一条" in what) == ("a:1", 3)
    assert any("封存被重做" in what for _, _, what in found)


def test_a_rewritten_event_between_two_heads_is_named_by_one_file_of_leaves(office):
    forger.rewrite(office.database, "a:4", 2, said="改", seals=False)
    named = [(stream, seq) for stream, seq, what in office.found() if "最早被改动的一条" in what]
    assert named == [("a:4", 2)]


def test_each_event_that_was_changed_is_named_in_the_order_of_the_journal(office):
    office.happen("a:5", "a:6", "a:6")
    office.seal()
    for stream, seq in (("a:4", 1), ("a:2", 2), ("a:6", 1)):
        forger.rewrite(office.database, stream, seq, said=f"改 {stream}")
    forger.remove(office.database, "a:3")
    named = [(stream, seq) for stream, seq, what in office.found() if stream.startswith("a:")]
    assert named == [("a:3", 1), ("a:3", 0), ("a:2", 2), ("a:4", 1), ("a:6", 1)]  # none that was only linked anew


def test_changed_events_beyond_twenty_are_counted(office):
    office.happen(*(f"b:{number}" for number in range(25)))
    office.seal()
    for number in range(25):
        forger.rewrite(office.database, f"b:{number}", 1, said="改", seals=False)
    found = office.found()
    assert len([stream for stream, _, _ in found if stream.startswith("b:")]) == 20
    assert [what for _, _, what in found if what.startswith("另有")] == ["另有 5 处与封存时不同"]


def test_a_whole_stream_that_is_gone_is_named_and_counted(office):
    forger.remove(office.database, "a:3")
    assert office.faults() == []
    found = office.found()
    assert any(stream == "a:3" and seq == 1 and "被删除" in what for stream, seq, what in found)
    assert ("a:3", 0, "整条链被删除") in found
    assert any("现在少了 1 条" in what for _, _, what in found)


def test_events_that_were_only_linked_anew_are_not_named_where_a_deletion_has_shifted_the_lists(office):
    office.happen("c:1", "d:1", "d:1", "d:1")
    office.seal()
    forger.rewrite(office.database, "d:1", 1, said="改")
    forger.remove(office.database, "c:1")
    found = [(stream, seq) for stream, seq, _ in office.found() if stream in ("c:1", "d:1")]
    assert found == [("c:1", 0), ("d:1", 1)]  # in the order of the journal


def test_events_that_were_only_linked_anew_are_not_named_after_events_that_were_put_in(office):
    office.happen(*["d:1"] * 4)
    tamper(office.database, "UPDATE history_event SET id = id + 100 WHERE stream = 'd:1'")  # room before them
    office.seal()
    office.happen(*["e:1"] * 4)
    forger.rewrite(office.database, "d:1", 1, said="改")
    into = "(SELECT min(id) FROM history_event WHERE stream = 'd:1') - 50 + seq"
    tamper(office.database, f"UPDATE history_event SET id = {into} WHERE stream = 'e:1'")
    found = office.found()
    assert [seq for stream, seq, what in found if stream == "e:1" and "插入" in what] == [1, 2, 3, 4]
    named = [(stream, seq) for stream, seq, what in office.found() if stream == "d:1" and "内容" in what]
    assert named == [("d:1", 1)]


def test_of_many_streams_that_are_gone_twenty_are_named_and_all_counted(office):
    office.happen(*(f"g:{number}" for number in range(30) for _ in range(2)))
    office.seal()
    tamper(office.database, "DELETE FROM history_event WHERE substr(stream, 1, 2) = 'g:'")
    found = [what for stream, _, what in office.found() if stream.startswith("g:") or what.startswith("另有")]
    assert "被删除，是最早被改动的一处" in found[0]
    assert found[1:] == ["整条链被删除"] * 20 + ["另有 10 条链被整条删除"]


def test_without_the_leaves_the_change_is_placed_between_two_heads(office, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    for number in (1, 2):
        name = f"seal-{number:06d}.json"
        (kept / name).write_bytes((office.witness / name).read_bytes())
    forger.rewrite(office.database, "a:4", 2, said="改", seals=False)
    found = office.found(kept)
    assert any("第 1 次封存" in what and "之后" in what and "不能指明" in what for _, _, what in found)
    forger.rewrite(office.database, "a:1", 1, said="改")
    alone = office.found(kept / "seal-000002.json")
    assert any("不能指明" in what for _, _, what in alone)


def test_a_content_changed_under_its_old_hash_is_found_by_heads_alone(office):
    where = "WHERE stream = 'a:2' AND seq = 1"
    tamper(office.database, f"UPDATE history_event SET actor = 'nobody' {where}")
    assert ("a:2", 1) in [(stream, seq) for stream, seq, _ in office.found()]


def test_a_doctored_file_of_a_witness_is_refused_or_named(office):
    file = office.witness / "seal-000001.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "head": said["head"].replace('"streams":4', '"streams":5')}))
    with pytest.raises(Invalid, match="文件被改动"):
        collect(office.witness)
    file.write_text(json.dumps({**said, "signature": "00"}))
    assert any("签名不符" in what for _, _, what in office.found())
    file.write_text(json.dumps({**said, "version": 2}))
    with pytest.raises(Invalid, match="更新的版本"):
        collect(office.witness)
    file.write_bytes(b"\x00")
    with pytest.raises(Invalid, match="已损坏"):
        collect(office.witness)
    file.write_text(json.dumps(said))
    leaves = office.witness / "seal-000001.leaves.gz"
    leaves.write_bytes(leaves.read_bytes()[:40])
    forger.rewrite(office.database, "a:1", 1, said="改")
    assert any("残缺或已损坏，不能指明" in what for _, _, what in office.found())
    with gzip.open(leaves, "wt") as into:
        into.write("")
    assert any("事后插入" in what or "不能指明" in what for _, _, what in office.found())


def test_a_witness_keeps_what_it_has_and_tells_of_another_head(office):
    before = {one: (office.witness / one).read_bytes() for one in forger.heads_in(office.witness)}
    assert len(before) == 4
    assert write(office.database, office.witness) == 0
    forger.rewrite(office.database, "a:1", 3, said="改")
    with pytest.raises(Incident, match="第 1 次封存不同"):
        write(office.database, office.witness)
    assert {one: (office.witness / one).read_bytes() for one in forger.heads_in(office.witness)} == before


def test_a_witness_that_was_away_catches_up(office, tmp_path):
    later = tmp_path / "later"
    assert write(office.database, later) == 2
    assert {one: (later / one).read_bytes() for one in forger.heads_in(later) if one.endswith("json")} == {
        one: (office.witness / one).read_bytes() for one in forger.heads_in(office.witness) if one.endswith("json")
    }


# --- Keys ------------------------------------------------------------------------------------------------------------


def test_a_rotated_key_is_vouched_for_by_the_old_one(office):
    file = office.settings.key_file
    old = ready(office.database, file, actor=SYSTEM, now=office.clock.now)
    new = rotate(office.database, file, reason="到期", actor=SYSTEM, now=office.clock.now)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ready(office.database, file, actor=SYSTEM, now=office.clock.now).id == new.id != old.id
    assert office.seal().key_id == new.id
    assert office.faults() == office.found() == []
    with office.database.reading() as session:
        assert [one.said["previous"] for one in known_keys(session)] == [None, old.id]
    tamper(office.database, f"UPDATE seal_key SET old = own WHERE id = '{new.id}'")
    assert any("没有前一密钥" in what for what in office.faults())


def test_a_key_that_was_lost_is_told_for_ever(office):
    file = office.settings.key_file
    file.unlink()
    with pytest.raises(Incident, match="找不到封存用的密钥文件"):
        office.seal()
    with pytest.raises(Conflict, match="已经有密钥"):
        begin(office.database, file, actor=SYSTEM, now=office.clock.now)
    begin(office.database, file, actor=SYSTEM, now=office.clock.now, lost="磁盘损坏")
    office.seal()
    with office.database.reading() as session:
        assert head_of(last_seal(session).head).key_begun == "lost"
        checked = check_seals(session)
    assert checked.mismatches == []
    assert ["遗失" in one and "磁盘损坏" in one for one in checked.remarks] == [True]


def test_a_key_of_others_and_one_that_others_may_read_are_refused(office):
    file = office.settings.key_file
    content = file.read_bytes()
    file.chmod(0o644)
    with pytest.raises(Incident, match="权限太宽"):
        office.seal()
    file.write_text("x")
    file.chmod(0o600)
    with pytest.raises(Incident, match="不是密钥文件"):
        office.seal()
    file.write_bytes(content)
    other = Sealer(office.database, office.settings, mail=False)
    rotate(office.database, file, actor=SYSTEM, now=office.clock.now)
    file.write_bytes(content)
    with pytest.raises(Incident, match="不是现用的密钥"):
        other.seal(by=SYSTEM, now=office.clock.now)


def test_a_rotation_that_stopped_half_way_is_finished_by_the_next_use(office, monkeypatch):
    file = office.settings.key_file
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("power")))
    with pytest.raises(OSError, match="power"):
        rotate(office.database, file, actor=SYSTEM, now=office.clock.now)
    monkeypatch.undo()
    monkeypatch.setattr(tree, "BLOCK", 4)
    with office.database.reading() as session:
        newest = known_keys(session)[-1].said["id"]
    assert office.seal().key_id == newest
    assert [one.name for one in file.parent.iterdir()] == [file.name]


# --- The word of others ----------------------------------------------------------------------------------------------


def program(folder: Path, body: str) -> tuple[str, ...]:
    script = folder / "outside.py"
    script.write_text(f"import os, sys, time\nsaid = sys.stdin.read().strip()\n{body}\n")
    return (sys.executable, str(script))


def test_an_outside_program_gives_its_word_on_each_seal_once(office, tmp_path):
    command = program(tmp_path, "assert said == os.environ['SEAL_SHA256']\nprint('token', os.environ['SEAL_NUMBER'])")
    assert fetch(office.database, command, 20, now=office.clock.now) == 2
    assert fetch(office.database, command, 20, now=office.clock.now) == 0
    write(office.database, office.witness)
    assert (office.witness / "seal-000002.token").read_bytes() == b"token 2\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit('no service')", "以 1 退出：no service"),
        ("pass", "没有给出可用的签章"),
        ("time.sleep(30)", "1 秒内没有完成"),
    ],
)
def test_a_program_that_fails_is_told_and_asked_again(office, tmp_path, body, said):
    with pytest.raises(Incident, match=said):
        fetch(office.database, program(tmp_path, body), 1, now=office.clock.now)
    with pytest.raises(Incident, match="无法运行"):
        fetch(office.database, (str(tmp_path / "missing"),), 1, now=office.clock.now)
    assert fetch(office.database, program(tmp_path, "print('late')"), 20, now=office.clock.now) == 2


# --- The command line ------------------------------------------------------------------------------------------------


def test_the_command_line_seals_shows_keys_and_checks(database, tmp_path):
    url = database.url.render_as_string(hide_password=False)
    environment = {
        "LIAISON_DATABASE_URL": url,
        "LIAISON_CONFIG": None,
        "LIAISON_SEAL_KEY_FILE": str(tmp_path / "seal.key"),
        "LIAISON_SEAL_WITNESS": str(tmp_path / "witness"),
    }

    def call(*arguments: str) -> Result:
        return CliRunner(env=environment).invoke(liaison, arguments, catch_exceptions=False)

    assert "还没有密钥" in call("key", "show").output
    assert call("key", "new").exit_code == 0
    sealed = call("seal")
    assert sealed.exit_code == 0, sealed.output
    assert "第 1 次封存" in sealed.output
    assert call("key", "rotate", "--reason", "试").exit_code == 0
    assert call("seal").exit_code == 0
    assert "前一密钥签名（试）" in call("key", "show").output
    assert call("seal", "--last").output.startswith("第 2 次封存")
    good = call("verify", "--against", str(tmp_path / "witness"))
    assert (good.exit_code, "没有被改动" in good.output) == (0, True)
    forger.rewrite(database, "seals", 1, reason="改")
    bad = call("verify", "--against", str(tmp_path / "witness"), "--json")
    assert bad.exit_code == 1
    told = json.loads(bad.output)["mismatches"]
    assert ("seals", 1, "封存") in [(one["stream"], one["seq"], one["name"]) for one in told]
    assert "封存 第 1 条：" in call("verify", "--against", str(tmp_path / "witness")).output


def test_a_command_that_fails_keeps_neither_the_root_nor_the_witness_back(database, tmp_path):
    environment = {
        "LIAISON_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "LIAISON_CONFIG": None,
        "LIAISON_SEAL_KEY_FILE": str(tmp_path / "seal.key"),
        "LIAISON_SEAL_WITNESS": str(tmp_path / "witness"),
        "LIAISON_SEAL_COMMAND": str(tmp_path / "missing"),
    }
    told = CliRunner(env=environment).invoke(liaison, ["seal"])
    assert told.exit_code == 1
    assert "根值（SHA-256）" in told.output
    assert "无法运行" in told.output
    assert (tmp_path / "witness" / "seal-000001.json").exists()


def test_the_worker_seals_once_a_day_and_tells_of_what_fails(world, tmp_path):
    environ = {"LIAISON_SEAL_AT": "19:00", "LIAISON_SEAL_KEY_FILE": str(tmp_path / "seal.key")}
    settings, _ = read_config(
        world.database.url.render_as_string(hide_password=False), **environ, LIAISON_SEAL_WITNESS=str(tmp_path / "kept")
    )
    worker = Sealing(world.database, settings)

    def numbers() -> list[int]:
        with world.database.reading() as session:
            return [one.number for one in seals(session).items]

    worker.work(world.clock.now)
    assert numbers() == [1], "the first one at once"
    for hours, there in ((1, [1]), (10, [2, 1]), (1, [2, 1]), (23, [3, 2, 1])):
        worker.work(world.clock.advance(hours=hours))
        assert numbers() == there
    assert len(forger.heads_in(tmp_path / "kept")) == 6
    (tmp_path / "seal.key").unlink()
    worker.work(world.clock.advance(hours=24))
    with world.database.reading() as session:
        told = session.scalars(select(IncidentRow.message).where(IncidentRow.kind == "daily")).all()
    assert len(told) == 1
    assert "找不到封存用的密钥文件" in told[0]
    assert numbers() == [3, 2, 1]


def test_auditors_get_word_of_a_seal_where_mail_leaves_the_house(world, tmp_path):
    where = Configured(None, tmp_path / "seal.key", None, True, (), 5)
    for mail in (False, True):
        assert Sealer(world.database, where, mail=mail).seal(by=SYSTEM, now=world.clock.now) is not None
    work_all(world)
    with world.database.reading() as session:
        told = session.scalars(select(Notification).where(Notification.template == "sealed")).all()
        head = head_of(last_seal(session).head)
        assert [(one.username, "第 2 次封存" in one.title) for one in told] == [("auditor", True)]
        assert " ".join(groups(head.sha256)) in told[0].text


def test_a_machine_without_sm3_seals_all_the_same(office, monkeypatch):
    monkeypatch.setattr(tree, "SM3", None)
    office.happen("a:1", "a:1", "a:1")
    office.seal()
    with office.database.reading() as session:
        assert head_of(last_seal(session).head).sm3 is None
    monkeypatch.undo()
    monkeypatch.setattr(tree, "BLOCK", 4)
    office.seal()
    assert office.faults() == []
