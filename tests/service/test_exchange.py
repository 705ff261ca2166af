"""Excel import: rehearsed row by row with the real commands, shown, then written all or nothing."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from service import auth, exchange, history
from service.contacts.models import Contact, RestrictedNote
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.exchange import KINDS, ImportJob
from service.liaisons.models import Link
from service.people.models import Leader, Person, Unit
from service.talents.models import Talent
from tests.factories.imports import TALENTS, basis, confirmed, faults, job, rows_of, sheet, uploaded, work, written
from tests.factories.statements import counted
from tests.factories.workers import work_all
from tests.factories.world import World

UNITS = ("单位代码", "单位名称", "单位类别", "成员单位")


def test_units_are_shown_before_anything_is_written(world: World):
    before = rows_of(world, Unit)
    content = sheet(UNITS, ("sport", "区体育中心", "区直局", "是"), ("archive", "区档案馆", "区直局", None))
    job_id = uploaded(world, "units", content)
    work(world)
    checked = job(world, job_id)
    assert (checked.status, checked.total, checked.findings) == ("checked", 2, [])
    assert checked.preview[0]["cells"][:3] == ["sport", "区体育中心", "区直局"]
    assert rows_of(world, Unit) == before
    confirmed(world, job_id)
    assert job(world, job_id).status == "done"
    assert rows_of(world, Unit) == before + 2
    with world.database.reading() as session:
        assert session.get_one(Unit, "sport").is_member_unit
        assert [one.kind for one in history.stream_events(session, "unit:sport")] == ["unit_added"]
        kinds = [one.kind for one in history.stream_events(session, f"import:{job_id}")]
    one_turn = ["import_begun", "import_checked"]
    assert [kind for kind in kinds if kind not in one_turn] == ["import_uploaded", "import_confirmed", "import_written"]


def test_one_wrong_row_and_nothing_is_written(world: World):
    before = rows_of(world, Unit)
    content = sheet(
        UNITS,
        ("sport", "区体育中心", "区直局", "是"),
        ("Sport", "区体育局", "区直局", "是"),
        ("sport", "区体育中心二", "区直局", "是"),
        ("edu", "区教育局二", "区直局", "是"),
        ("film", "区电影局", "影院", "大概"),
    )
    job_id = uploaded(world, "units", content)
    work(world)
    assert job(world, job_id).status == "refused"
    found = faults(world, job_id)
    assert [(row, column) for row, column, _ in found] == [
        (3, "单位代码"), (4, "单位代码"), (5, "单位代码"), (6, "单位类别"), (6, "成员单位"),
    ]  # fmt: skip
    assert "与第 2 行重复" in found[1][2]
    assert "已被区教育局使用" in found[2][2]
    assert rows_of(world, Unit) == before
    with pytest.raises(Conflict):
        confirmed(world, job_id)


def test_people_come_with_their_posts(world: World):
    headings = ("姓名", "单位", "职务", "领导类别", "领导班子", "分工", "任职日期")
    content = sheet(
        headings,
        ("甲某", "区教育局", "科长", None, None, None, None),
        ("乙某", "edu", "副局长", "B", None, "分管人才工作负责同志", "2025-01-06"),
    )
    people, leaders = rows_of(world, Person), rows_of(world, Leader)
    job_id = uploaded(world, "people", content)
    work(world)
    assert faults(world, job_id) == []
    confirmed(world, job_id)
    assert (rows_of(world, Person), rows_of(world, Leader)) == (people + 2, leaders + 1)
    again = uploaded(world, "people", sheet(headings, ("甲某", "区教育局", "科长", None, None, None, None),
                                            ("丙某", "区教育厅", None, "B", None, None, None)))  # fmt: skip
    work(world)
    assert [(row, column) for row, column, _ in faults(world, again)] == [
        (2, "姓名"), (3, "所在单位"), (3, "职务"), (3, "分工"), (3, "任职日期"),
    ]  # fmt: skip


def test_talents_are_many_at_once_and_no_duplicates(world: World):
    town = next(iter(world.organization.towns.values())).name
    rows = [(f"新人{number}", "三类人才", f"某公司{number}", "区教育局", town, None, None) for number in range(1200)]
    before = rows_of(world, Talent)
    job_id = uploaded(world, "talents", sheet(TALENTS, *rows))
    work(world)
    assert (job(world, job_id).status, faults(world, job_id)) == ("checked", [])
    assert rows_of(world, Talent) == before
    with counted(world) as statements:
        confirmed(world, job_id)
    assert rows_of(world, Talent) == before + 1200
    assert len(statements) < 60
    with world.database.reading() as session:
        one = session.scalars(select(Talent).where(Talent.name == "新人7")).one()
        assert one.employer_unit == "edu"
        assert history.verify_stream(session, f"talent:{one.id}") == []
        assert [event.data["name"] for event in history.stream_events(session, f"talent:{one.id}")] == ["新人7"]

    twins = [
        ("新人7", "三类人才", "某公司7", None, None, None, None),
        ("新人8", None, "某公司9", None, None, None, None),
    ]
    known = [
        ("新人9", "一类人才", "某公司9", None, None, None, "是"),
        ("新人5", "一类人才", "外地公司", "无此局", None, "12", None),
    ]
    second = uploaded(world, "talents", sheet(TALENTS, *twins, *known))
    work(world)
    found = faults(world, second)
    assert [(row, column) for row, column, _ in found] == [
        (2, "姓名"), (3, "人才类别"), (5, "证件号码末位"), (5, "主管单位"),
    ]  # fmt: skip
    assert "疑似重复" in found[0][2]


def test_links_and_contacts_follow(world: World):
    with world.database.reading() as session:
        leader = session.scalars(select(Leader).where(Leader.klass == "A").order_by(Leader.id)).first()
        assert leader is not None
        name, post = leader.person.name, leader.post
        taken = select(Link.talent_id).where(Link.leader_id == leader.id)
        served = session.scalars(select(Talent.id).where(Talent.id.not_in(taken)).order_by(Talent.id.desc())).first()
    links = sheet(
        ("联系领导", "领导职务", "联系对象", "理由", "说明", "开始日期"),
        (name, post, served, "了解掌握", None, "2026-09-01"),
        (name, post, "查无此人", "了解掌握", None, "2026-09-01"),
    )
    job_id = uploaded(world, "links", links)
    work(world)
    assert [(row, column) for row, column, _ in faults(world, job_id)] == [(3, "联系对象")]
    contacts = sheet(
        ("领导姓名", "领导职务", "联系对象", "日期", "联系形式", "联系内容", "情况摘要"),
        (name, post, "Ｔ０００１、T0002", "２０２６－９－１０", "走访约见", "宣传通报、邀请参与、听取意见", "了解近况"),
    )
    second = uploaded(world, "contacts", contacts)
    work(world)
    assert faults(world, second) == []
    confirmed(world, second)
    assert job(world, second).status == "done"


def test_only_who_may_imports_and_a_wrong_file_is_refused_at_once(world: World):
    with pytest.raises(NotAllowed):
        uploaded(world, "units", sheet(UNITS, ("a", "甲", "区直局", None)), by="handler-edu")
    with pytest.raises(Invalid, match="不是 Excel"):
        uploaded(world, "units", b"code,name\n")


def test_a_cancelled_or_abandoned_check_goes_on_with_nobody_or_somebody_else(world: World):
    content = sheet(UNITS, ("sport", "区体育中心", "区直局", "是"))
    cancelled, abandoned = uploaded(world, "units", content), uploaded(world, "units", content)
    with world.database.transaction() as session:
        exchange.cancel(session, job_id=cancelled, actor=auth.actor_of(session, "office"), now=world.clock.now)
        session.get_one(ImportJob, abandoned).status = "checking"
    work(world)
    assert (job(world, cancelled).status, job(world, abandoned).status) == ("cancelled", "checking")
    world.clock.advance(minutes=5)
    work_all(world)
    assert job(world, abandoned).status == "checked"
    assert world.clock.now - job(world, abandoned).touched_at < timedelta(minutes=1)


def test_every_template_can_be_filled_in(world: World):
    for kind in KINDS.values():
        made = load_workbook(BytesIO(exchange.template(kind, basis(world))))
        headings = [cell.value for cell in made.worksheets[0][1]]
        assert [str(one).rstrip("*") for one in headings] == [c.title for c in kind.columns(basis(world))]
        job_id = uploaded(world, kind.id, exchange.template(kind, basis(world)))
        work(world)
        assert faults(world, job_id)[0][2].startswith("表格里没有数据")


def checked(world: World, kind: str, *rows: tuple[Any, ...], by: str = "office") -> list[tuple[int, str, str]]:
    """The findings in a sheet of ``rows``, the first of them its headings."""
    job_id = uploaded(world, kind, sheet(*rows), by=by)
    work(world)
    return faults(world, job_id)


def test_the_same_record_under_two_names_is_a_duplicate_also_in_another_batch(world: World):
    """The preview said that all was well, and writing failed: a rehearsal forgets the rows of the batch before."""
    others = [(f"某{number}", "区教育局") for number in range(48)]
    found = checked(world, "people", ("姓名", "单位"), ("甲某", "edu"), *others, ("甲某", "区教育局"))
    assert [(row, column) for row, column, _ in found] == [(51, "姓名")]
    assert "与第 2 行重复（姓名、所在单位相同）" in found[0][2]

    leader, post, talent, name = a_pair(world)
    links = ("联系领导", "领导职务", "联系对象", "理由", "开始日期")
    by_number, by_name = ((leader, post, one, "了解掌握", "2026-09-01") for one in (talent, name))
    assert [(row, column) for row, column, _ in checked(world, "links", links, by_number, by_name)] == [(3, "联系领导")]
    assert written(world, "links", links, by_number) == "done"

    contacts = ("领导姓名", "领导职务", "联系对象", "日期", "联系形式", "联系内容", "情况摘要")
    rows = [(leader, post, one, "2026-09-10", "走访约见", "宣传通报", "近况") for one in (talent, name)]
    found = checked(world, "contacts", contacts, *rows)
    assert [(row, column, "第 2 行" in message) for row, column, message in found] == [(3, "情况摘要", True)]

    units = ("单位代码", "单位名称", "单位类别")
    found = checked(world, "units", units, ("one", "区体育中心", "区直局"), ("two", "区体育中心", "区直局"))
    assert [(row, column) for row, column, _ in found] == [(3, "单位名称")]


def a_pair(world: World) -> tuple[str, str, str, str]:
    """A leader's name and post, and a talent whom that leader does not serve, by number and by name."""
    with world.database.reading() as session:
        leader = session.scalars(select(Leader).where(Leader.klass == "A").order_by(Leader.id)).first()
        assert leader is not None
        taken = select(Link.talent_id).where(Link.leader_id == leader.id)
        talent = session.scalars(select(Talent).where(Talent.id.not_in(taken)).order_by(Talent.id.desc())).first()
        assert talent is not None
        return leader.person.name, leader.post, talent.id, talent.name


def test_talents_of_one_sheet_are_compared_with_each_other(world: World):
    rows: list[tuple[Any, ...]] = [(f"新人{number}", "三类人才", f"某公司{number}", None, None, None, None)
                                   for number in range(1200)]  # fmt: skip
    rows[3] = ("新人3", "三类人才", "某公司3", None, None, "0123", None)
    rows[1100] = ("新人3", "三类人才", "某公司3", None, None, None, None)
    rows[1101] = ("新人3", "三类人才", "某公司3", None, None, "9876", None)
    found = checked(world, "talents", TALENTS, *rows)
    assert [(row, column) for row, column, _ in found] == [(1102, "姓名")]
    assert "与第 5 行重复（姓名、工作单位相同）" in found[0][2]
    assert "确认不重复" in found[0][2]
    rows[1100], rows[1101] = (*rows[1100][:6], "是"), (*rows[1101][:6], "是")
    assert written(world, "talents", TALENTS, *rows) == "done"


def test_names_are_compared_whichever_way_their_signs_are_written(world: World):
    """In one sheet, and with who is there already: 王喆 and 王哲, 陳峯 and 陈峰."""
    rows = [(name, "三类人才", "某公司", None, None, None, None) for name in ("王喆", "陈峰")]
    assert written(world, "talents", TALENTS, *rows) == "done"
    again = [
        (name, "三类人才", "某公司", None, None, None, None) for name in ("王哲", "赵犇", "赵奔", "陳峯", "王喆之")
    ]
    found = checked(world, "talents", TALENTS, *again)
    assert [(row, column) for row, column, _ in found] == [(2, "姓名"), (4, "姓名"), (5, "姓名")]
    assert "人才库里已有王喆" in found[0][2]
    assert "与第 3 行重复" in found[1][2]
    assert "人才库里已有陈峰" in found[2][2]

    found = checked(world, "people", ("姓名", "单位"), ("王喆", "edu"), ("王哲", "区教育局"))
    assert [(row, column) for row, column, _ in found] == [(3, "姓名")]
    assert "与第 2 行重复（姓名、所在单位相同）" in found[0][2]
    assert written(world, "people", ("姓名", "单位"), ("王喆", "edu")) == "done"
    found = checked(world, "people", ("姓名", "单位"), ("王嚞", "edu"))
    assert [(row, column, "王喆" in message) for row, column, message in found] == [(2, "姓名", True)], found


def test_all_that_is_wrong_with_a_row_is_found_at_once(world: World):
    people = ("姓名", "单位", "职务", "联系电话", "领导类别", "领导班子", "分工", "任职日期")
    found = checked(
        world,
        "people",
        people,
        ("甲😀某", "无此局", "局长", "call me", "A", None, "主要负责同志", "去年"),
        ("乙某", "无此局", "局长", "12", "C", None, None, "2025-01-06"),
    )
    assert [(row, column) for row, column, _ in found] == [
        (2, "姓名"), (2, "所在单位"), (2, "办公电话"), (2, "领导班子"), (2, "分工"), (2, "任职日期"),
        (3, "所在单位"), (3, "办公电话"), (3, "领导类别"),
    ]  # fmt: skip
    contacts = ("领导姓名", "联系对象", "日期", "联系形式", "联系内容", "情况摘要", "意见建议")
    found = checked(
        world,
        "contacts",
        contacts,
        ("查无此人", "查无此才、T0001", "某日", "喝茶", None, None, None),
        ("查无此人", "T0001、T0002", "2026-09-10", "走访约见", "宣传通报", "近况", "希望改善停车"),
    )
    assert [(row, column) for row, column, _ in found] == [
        (2, "领导姓名"), (2, "联系对象"), (2, "联系日期"), (2, "联系形式"), (2, "联系内容"), (2, "情况摘要"),
        (3, "领导姓名"), (3, "意见建议"),
    ]  # fmt: skip


def test_past_contacts_come_whole_and_are_neither_late_nor_in_time(world: World):
    leader, post, talent, _ = a_pair(world)
    headings = (
        "领导姓名", "领导职务", "联系对象", "日期", "主动反映", "联系形式", "联系内容", "计入访谈",
        "情况摘要", "意见建议", "标签", "受限记录",
    )  # fmt: skip
    tag = next(iter(world.settings.contacts.tags.values()))
    told = "希望改善停车\n建议增设班车"
    row = (leader, post, talent, "2026-03-02", None, "电话联系", "宣传通报", "是", "近况", told, tag, "家中有病人")
    job_id = uploaded(
        world, "contacts", sheet(headings, row, (*row[:4], "是", "信函", None, None, "来信", *row[9:11], None))
    )
    work(world)
    assert faults(world, job_id) == []
    assert "家中有病人" not in str(job(world, job_id).preview)
    confirmed(world, job_id)
    with world.database.reading() as session:
        assert session.get_one(ImportJob, job_id).content == b""
        made = session.scalars(select(Contact).where(Contact.supplementary).order_by(Contact.inbound)).all()
        assert [(one.inbound, one.form, one.interview, one.late) for one in made] == [
            (False, "phone", True, False), (True, "letter", False, False),
        ]  # fmt: skip
        assert [one.text for one in made[0].opinions] == told.split("\n")
        assert made[0].tags
        assert session.get_one(RestrictedNote, made[0].id).text == "家中有病人"


def test_administrators_import_only_what_they_may_write(world: World):
    with world.database.reading() as session:
        admin = auth.actor_of(session, "admin")
        assert [kind.id for kind in exchange.kinds_for(admin)] == ["units", "people"]
    for kind in ("talents", "links", "contacts"):
        with pytest.raises(NotAllowed):
            uploaded(world, kind, sheet(TALENTS), by="admin")
    headings = ("姓名", "单位", "职务", "领导类别", "领导班子", "任职日期")
    found = checked(world, "people", headings, ("甲某", "edu", "书记", "A", "区委", "2025-01-06"), by="admin")
    assert [(row, column) for row, column, _ in found] == [(2, "姓名")]
    office = uploaded(world, "talents", exchange.template(KINDS["talents"], basis(world)))
    with world.database.reading() as session, pytest.raises(NotFound):
        exchange.get_job(session, office, admin)


def test_columns_of_digits_are_texts_in_a_template(world: World):
    made = load_workbook(BytesIO(exchange.template(KINDS["talents"], basis(world)))).worksheets[0]
    formats = {
        str(cell.value).rstrip("*"): made.column_dimensions[cell.column_letter].number_format for cell in made[1]
    }
    assert (formats["证件号码末位"], formats["联系电话"], formats["认定日期"]) == ("@", "@", "General")


def half_hidden(headings: tuple[str, ...], *rows: tuple[Any, ...], hide: int) -> bytes:
    """A sheet whose row ``hide`` a filter hides."""
    made = Workbook()
    made.worksheets[0].append(headings)
    for row in rows:
        made.worksheets[0].append(row)
    made.worksheets[0].row_dimensions[hide].hidden = True
    made.worksheets[0].auto_filter.ref = "A1:C9"
    written = BytesIO()
    made.save(written)
    return written.getvalue()


@pytest.mark.parametrize("skip", [False, True])
def test_hidden_rows_are_named_and_a_person_decides(world: World, skip: bool):
    rows = (("sport", "区体育中心", "区直局", "是"), ("archive", "区档案馆", "区直局", None))
    job_id = uploaded(world, "units", half_hidden(UNITS, *rows, hide=3))
    work(world)
    found = job(world, job_id)
    assert (found.status, found.total, found.hidden) == ("checked", 2, [3])
    assert ["第 3 行被隐藏（筛选）" in note["message"] for note in found.notes] == [True]
    assert [(one["row"], one["hidden"]) for one in found.preview] == [(3, True), (2, False)]
    with world.database.transaction() as session:
        office = auth.actor_of(session, "office")
        exchange.confirm(session, job_id=job_id, actor=office, now=world.clock.now, skip_hidden=skip)
    work(world)
    written = job(world, job_id)
    assert (written.status, written.total) == ("done", 1 if skip else 2)
    with world.database.reading() as session:
        assert session.get(Unit, "sport") is not None
        assert (session.get(Unit, "archive") is None) is skip
        told = {one.kind: one.data for one in history.stream_events(session, f"import:{job_id}")}
    assert told["import_confirmed"].get("hidden_left_out") == ([3] if skip else None)
    assert told["import_written"]["rows"] == (1 if skip else 2)


def test_a_sheet_of_hidden_rows_alone_cannot_be_left_out(world: World):
    job_id = uploaded(world, "units", half_hidden(UNITS, ("sport", "区体育中心", "区直局", "是"), hide=2))
    work(world)
    with world.database.transaction() as session:
        office = auth.actor_of(session, "office")
        with pytest.raises(Conflict, match="隐藏"):
            exchange.confirm(session, job_id=job_id, actor=office, now=world.clock.now, skip_hidden=True)
    assert job(world, job_id).status == "checked"


def test_rare_names_come_in_are_found_and_go_out_as_they_are(world: World):
    characters = ("\U00020bb7", "\U00030edd", "\U000313c4", "\U0002ebf3", "\ue863")
    rows = [(f"试{character}", "一类人才", f"试{character}公司", None, None, None, None) for character in characters]
    job_id = uploaded(world, "talents", sheet(TALENTS, *rows))
    work(world)
    confirmed(world, job_id)
    assert job(world, job_id).status == "done", faults(world, job_id)
    book = load_workbook(BytesIO(world.as_user("office").get("/talents.xlsx").data))
    cells = {cell.value for row in book.worksheets[0].iter_rows(min_row=2) for cell in row}
    assert {f"试{character}" for character in characters} <= cells
    for character in characters:
        for q in (character, f"试{character}"):
            found = world.api("office").get("/talents", q=q).json["items"]
            assert [one["name"] for one in found] == [f"试{character}"], q
