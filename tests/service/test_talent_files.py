"""The files of the registry: eligibility, approval, confirmation, duplicates, photos; on both databases."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import func, select

from service import history, talents
from service.errors import Conflict, Invalid, NotAllowed
from service.rights import SYSTEM
from service.talents import Talent
from service.talents.filters import TalentFilter, TeamFilter
from service.talents.masks import masked_email
from service.talents.rules import eligibility
from tests.factories.people import EARLY, actor, unit
from tests.factories.statements import Statements

OFFICE = actor(("talent_office", None), username="office")
LIAISON = actor(("liaison", "hrss"))
AUDITOR = actor(("auditor", None))
TODAY = EARLY.date()
DAY = timedelta(days=1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 30 + b"\xff\xd9"


def add(session, name="梁思远", **fields):
    """A talent of the registry; a namesake is meant."""
    usual = {
        "employer": "华南精密仪器有限公司",
        "category": 2,
        "actor": OFFICE,
        "now": EARLY,
        "confirm_duplicate": True,
    }
    return talents.add_talent(session, name=name, **{**usual, **fields})


def change(session, talent, source=None, **changes):
    return talents.update_talent(session, talent_id=talent.id, changes=changes, source=source, actor=OFFICE, now=EARLY)


def events(session, talent):
    return [(event.kind, event.data) for event in history.stream_events(session, f"talent:{talent.id}")]


class TestTheFile:
    def test_everything_of_it_is_kept_and_journaled(self, session):
        given = {
            "recognition": "佛山市领军人才",
            "recognition_no": "佛人社〔2025〕12号",
            "recognized_on": date(2025, 3, 1),
            "recognition_expires_on": date(2030, 3, 1),
            "fields": "精密测量",
            "platform": "季华实验室",
            "email": "liang@example.com",
            "contact_person": "何静怡",
            "contact_phone": "0757-00001234",
            "id_tail": "012x",
            "works_from": date(2020, 1, 1),
        }
        talent = add(session, **given)
        assert {field: getattr(talent, field) for field in given} == {**given, "id_tail": "012X"}
        [(_, data)] = events(session, talent)
        assert (data["id_tail"], data["recognition_expires_on"]) == ("012X", "2030-03-01")

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"email": "liang.example.com"}, "/email"),
            ({"contact_phone": "前台转"}, "/contact_phone"),
            ({"id_tail": "12"}, "/id_tail"),
            ({"id_tail": "440682199001011234"}, "/id_tail"),
            ({"recognized_on": TODAY + 2 * DAY}, "/recognized_on"),
            ({"recognized_on": "2025-01-01"}, "/recognized_on"),
            ({"recognized_on": date(1025, 1, 1)}, "/recognized_on"),
            ({"recognized_on": TODAY, "recognition_expires_on": TODAY - DAY}, "/recognition_expires_on"),
            ({"works_from": TODAY, "works_until": TODAY - DAY}, "/works_until"),
            ({"type": 5}, "/type_reason"),
            ({"type": 5, "type_reason": "长" * 501}, "/type_reason"),
            ({"nickname": "小梁"}, "/nickname"),
        ],
    )
    def test_what_is_wrong_is_named(self, session, fields, path):
        with pytest.raises(Invalid) as refused:
            add(session, **fields)
        assert [finding.path for finding in refused.value.findings] == [path]
        assert talents.search_talents(session).total == 0

    def test_a_change_tells_from_which_report_it_came(self, session):
        talent = add(session)
        change(session, talent, source="重大事项报告 2026-变-0003", post="总工程师")
        assert events(session, talent)[1] == (
            "talent_updated",
            {"post": [None, "总工程师"], "source": "重大事项报告 2026-变-0003"},
        )

    def test_contact_and_identity_are_for_those_who_need_them(self, session):
        talent = add(
            session, phone="13800000000", email="liang@example.com", contact_phone="13900000000", id_tail="1234"
        )
        seen = {min(who.roles): talents.visible(who, talent) for who in (OFFICE, LIAISON, AUDITOR)}
        assert {role: (one["phone"], one["email"], one["id_tail"]) for role, one in seen.items()} == {
            "talent_office": ("13800000000", "liang@example.com", "1234"),
            "liaison": ("13800000000", "liang@example.com", None),
            "auditor": ("138****0000", "l***@example.com", None),
        }
        assert seen["auditor"]["contact_phone"] == "139****0000"
        assert masked_email("x@y.cn") == "x***@y.cn"


class TestEligibility:
    def test_the_rule_and_the_list_agree_on_everybody(self, session):
        numbers = iter(range(10_000))
        for category, expires, kind, approved, until in product(
            (None, 3), (None, TODAY - DAY, TODAY), (None, 2, 5), (None, TODAY, TODAY + DAY), (None, TODAY - DAY)
        ):
            if (category or kind) and (kind == 5 or not approved):
                talent = add(
                    session,
                    f"梁{chr(0x4E00 + next(numbers))}",
                    category=category,
                    recognition_expires_on=expires,
                    type=kind,
                    type_reason="行业带头人" if kind == 5 else None,
                    works_until=until,
                )
                talent.type_approved_on = approved
        change(session, add(session, "甲乙"), in_district=False)
        change(session, add(session, "丙丁"), active=False)
        session.flush()
        everybody = talents.search_talents(session, TalentFilter(include_inactive=True), limit=200).items
        for wanted in (True, False):
            found = talents.search_talents(
                session, TalentFilter(include_inactive=True, eligible=wanted, on=TODAY), limit=200
            ).items
            assert found
            assert {one.id for one in found} == {one.id for one in everybody if (not eligibility(one, TODAY)) is wanted}

    def test_each_reason_is_told(self, session):
        talent = add(
            session, recognition_expires_on=TODAY, type=5, type_reason="行业带头人", works_until=TODAY + 9 * DAY
        )
        assert talents.eligibility(talent, TODAY) == ()
        assert talents.eligibility(talent, TODAY + 10 * DAY) == (
            "在我区工作至 2026-09-10 止",
            "人才认定已于 2026-09-01 到期",
            "“其他高层次人才”尚待区人才办审核同意",
        )


class TestApproval:
    def test_the_open_group_waits_for_the_talent_office(self, session):
        talent = add(session, category=None, type=5, type_reason="行业带头人")
        assert talents.eligibility(talent, TODAY)
        talents.approve_type(session, talent_id=talent.id, approved_on=TODAY, actor=OFFICE, now=EARLY)
        assert talents.eligibility(talent, TODAY) == ()
        change(session, talent, post="技术副总")
        assert talent.type_approved_on == TODAY
        change(session, talent, type_reason="另有理由")
        assert talent.type_approved_on is None
        assert events(session, talent)[-1][1]["type_approved_on"] == ["2026-09-01", None]

    def test_refusals(self, session):
        given = {"approved_on": TODAY, "actor": OFFICE, "now": EARLY}
        plain, open_ended = add(session), add(session, "吕芳", type=5, type_reason="行业带头人")
        with pytest.raises(Conflict, match="不需要审核"):
            talents.approve_type(session, talent_id=plain.id, **given)
        with pytest.raises(Invalid, match="不能晚于今天"):
            talents.approve_type(session, talent_id=open_ended.id, **{**given, "approved_on": TODAY + 2 * DAY})
        with pytest.raises(NotAllowed):
            talents.approve_type(session, talent_id=open_ended.id, **{**given, "actor": LIAISON})
        talents.approve_type(session, talent_id=open_ended.id, **given)
        with pytest.raises(Conflict, match="不能重复"):
            talents.approve_type(session, talent_id=open_ended.id, **given)


class TestConfirmation:
    def confirm(self, session, talent, on=TODAY, who=OFFICE):
        return talents.confirm_talent(session, talent_id=talent.id, on=on, actor=who, now=EARLY)

    def test_the_unit_that_answers_for_the_talent_confirms(self, session):
        unit(session)
        talent, foreign = add(session, employer_unit="hrss"), add(session, "吕芳")
        assert self.confirm(session, talent, TODAY - DAY, LIAISON).confirmed_on == TODAY - DAY
        self.confirm(session, talent, TODAY - DAY)
        assert [kind for kind, _ in events(session, talent)] == ["talent_added", "talent_confirmed"]
        with pytest.raises(NotAllowed):
            self.confirm(session, foreign, who=LIAISON)
        for day in (TODAY + 2 * DAY, TODAY - 2 * DAY):
            with pytest.raises(Invalid):
                self.confirm(session, talent, day)

    def test_many_are_confirmed_as_strictly_as_one_in_a_few_statements(self, session):
        unit(session)
        ours = [add(session, name, employer_unit="hrss") for name in ("甲一", "乙二", "丙三", "丁四")]
        foreign = add(session, "吕芳")
        session.flush()
        told = {"on": TODAY, "actor": LIAISON, "now": EARLY}
        with pytest.raises(NotAllowed):
            talents.confirm_talents(session, talent_ids=[ours[0].id, foreign.id], **told)
        statements = Statements(session)
        talents.confirm_talents(session, talent_ids=[one.id for one in ours], **told)
        assert statements.since() < 8
        assert {one.confirmed_on for one in ours} == {TODAY}
        assert [kind for kind, _ in events(session, ours[3])] == ["talent_added", "talent_confirmed"]

    def test_the_list_finds_what_nobody_has_confirmed_lately(self, session):
        fresh, stale = add(session, "甲一"), add(session, "乙二")
        add(session, "丙三")
        self.confirm(session, fresh)
        self.confirm(session, stale, TODAY - 200 * DAY)
        found = talents.search_talents(session, TalentFilter(confirmed_before=TODAY - 180 * DAY, sort="-name"))
        assert [one.name for one in found.items] == ["乙二", "丙三"]
        by_day = [one.name for one in talents.search_talents(session, TalentFilter(sort="confirmed")).items]
        assert by_day == ["丙三", "乙二", "甲一"]
        assert [one.name for one in talents.search_talents(session, TalentFilter(sort="-confirmed")).items] == by_day[
            ::-1
        ]


class TestDuplicates:
    def whys(self, session, name="梁思远", id_tail=None, employer="另一家公司", except_id=None):
        found = talents.duplicates(session, name=name, id_tail=id_tail, employer=employer, except_id=except_id)
        return [(one.talent.id, one.why) for one in found]

    def test_the_likeliest_come_first_and_each_says_why(self, session):
        add(session, id_tail="1234")  # T0001
        add(session, employer="另一家公司")  # T0002
        add(session, "梁思源", employer="另一家 公司")  # T0003: the same sound
        add(session, "梁思源")  # T0004: the same sound alone
        add(session, "吕芳", id_tail="1234", employer="另一家公司")  # T0005: renamed
        change(session, add(session), active=False)  # T0006
        assert self.whys(session, id_tail="1234") == [
            ("T0001", "姓名相同、证件号码末位相同"),
            ("T0005", "工作单位相同、证件号码末位相同"),
            ("T0002", "姓名相同、工作单位相同"),
            ("T0003", "姓名读音相同、工作单位相同"),
            ("T0006", "姓名相同"),
        ]

    def test_namesakes_of_other_documents_are_other_people(self, session):
        add(session, id_tail="1234")
        assert self.whys(session, id_tail="9999", employer="华南精密仪器有限公司") == []
        assert self.whys(session, id_tail="001234")[0][1] == "姓名相同、证件号码末位相同"
        assert self.whys(session, except_id="T0001") == self.whys(session, "") == []

    def test_another_way_of_writing_a_name_is_no_other_name(self, session):
        add(session, "王喆")
        assert self.whys(session, "王哲") == [("T0001", "姓名相同")]

    def test_the_command_itself_asks_so_that_no_caller_can_forget_it(self, session):
        add(session)
        with pytest.raises(Conflict) as refused:
            add(session, employer="另一家公司", confirm_duplicate=False)
        assert [one.path for one in refused.value.findings] == ["/confirm_duplicate"]
        assert "T0001 梁思远（华南精密仪器有限公司）：姓名相同" in refused.value.findings[0].message
        assert session.scalar(select(func.count()).select_from(Talent)) == 1

    def test_a_change_asks_where_it_makes_two_alike_and_only_there(self, session):
        add(session)
        other = add(session, "吕芳", employer="另一家公司")
        change(session, other, phone="13800000000")
        with pytest.raises(Conflict, match="可能已有此人"):
            change(session, other, name="梁思远")
        assert other.name == "吕芳"
        assert [kind for kind, _ in events(session, other)] == ["talent_added", "talent_updated"]
        talents.update_talent(
            session,
            talent_id=other.id,
            changes={"name": "梁思远"},
            confirm_duplicate=True,
            actor=OFFICE,
            now=EARLY,
        )
        change(session, other, phone="13800000001")

    def test_two_who_register_one_person_at_once_are_asked_once(self, database):
        barrier, said = threading.Barrier(2), []

        def run():
            barrier.wait()
            try:
                with database.transaction() as session:
                    said.append(add(session, confirm_duplicate=False).id)
            except Conflict:
                said.append("asked")

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["T0001", "asked"]

    def test_one_statement(self, session):
        for number in range(30):
            add(session, employer=f"公司{number}")
        session.expunge_all()
        statements = Statements(session)
        assert len(self.whys(session)) == 30
        assert statements.since() == 1


class TestPhotos:
    def put(self, session, content, who=OFFICE):
        return talents.set_photo(session, talent_id="T0001", content=content, actor=who, now=EARLY)

    def test_a_photo_is_kept_once_and_withdrawn_for_good(self, session):
        talent = add(session)
        assert self.put(session, PNG).media_type == "image/png"
        self.put(session, PNG)
        assert self.put(session, JPEG).media_type == "image/jpeg"
        talents.withdraw_photo(session, talent_id="T0001", actor=OFFICE, now=EARLY)
        assert talents.find_photo(session, "T0001") is None
        kinds = [kind for kind, _ in events(session, talent)]
        assert kinds == ["talent_added", "talent_photo_set", "talent_photo_set", "talent_photo_withdrawn"]
        with pytest.raises(Conflict):
            talents.withdraw_photo(session, talent_id="T0001", actor=OFFICE, now=EARLY)

    @pytest.mark.parametrize(
        "content",
        [b"", b"GIF89a", PNG[:-1], JPEG[:20], b"<svg/>", PNG[:-12] + b"\x00" * 2_000_000 + PNG[-12:]],
        ids=["nothing", "gif", "half a png", "half a jpeg", "svg", "too large"],
    )
    def test_anything_else_is_refused(self, session, content):
        add(session)
        with pytest.raises(Invalid) as refused:
            self.put(session, content)
        assert [finding.path for finding in refused.value.findings] == ["/photo"]
        assert not talents.has_photo(session, "T0001")

    def test_only_the_talent_office_changes_it(self, session):
        add(session)
        with pytest.raises(NotAllowed):
            self.put(session, PNG, LIAISON)


class TestTeams:
    def team(self, session, **fields):
        fields = {"name": "氢能动力创新团队", "lead_id": "T0001", "actor": OFFICE, "now": EARLY, **fields}
        return talents.add_team(session, **fields)

    def test_a_team_and_its_changes(self, session):
        add(session), add(session, "吕芳"), add(session, "曾庆")
        team = self.team(session, members=[{"talent_id": "T0002", "post": "副带头人"}, {"name": "外聘专家"}])
        assert [(one.talent_id, one.name, one.post) for one in team.members] == [
            ("T0002", "吕芳", "副带头人"),
            (None, "外聘专家", None),
        ]
        same = [{"talent_id": "T0002", "post": "副带头人"}, {"name": "外聘专家"}]
        update = {"team_id": team.id, "actor": SYSTEM, "now": EARLY}
        talents.update_team(session, changes={"members": same}, **update)
        talents.update_team(session, changes={"members": [{"talent_id": "T0003"}], "note": "2026 年调整"}, **update)
        assert [one.name for one in team.members] == ["曾庆"]
        journal = history.stream_events(session, f"team:{team.id}")
        assert [event.kind for event in journal] == ["team_added", "team_updated"]
        assert set(journal[1].data) == {"members", "note"}
        for talent_id, teams in (("T0001", 1), ("T0002", 0), ("T0003", 1)):
            assert len(talents.teams_of(session, talent_id)) == teams

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"name": ""}, "/name"),
            ({"lead_id": "T0099"}, "/lead_id"),
            ({"lead_id": None}, "/lead_id"),
            ({"members": "吕芳"}, "/members"),
            ({"members": [{"talent_id": "T0099"}]}, "/members/0/talent_id"),
            ({"members": [{"talent_id": "T0001"}]}, "/members/0/talent_id"),
            ({"members": [{"talent_id": "T0002"}, {"talent_id": "T0002"}]}, "/members/1/talent_id"),
            ({"members": [{}]}, "/members/0/name"),
            ({"motto": "团结"}, "/motto"),
        ],
    )
    def test_what_is_wrong_is_named(self, session, fields, path):
        add(session), add(session, "吕芳")
        with pytest.raises(Invalid) as refused:
            self.team(session, **fields)
        assert [finding.path for finding in refused.value.findings] == [path]

    def test_a_second_team_of_the_name_is_a_conflict(self, session):
        add(session)
        self.team(session)
        with pytest.raises(Conflict, match="同名"):
            self.team(session)

    def test_teams_are_found_by_their_own_and_their_leads_name_in_three_statements(self, session):
        for number in range(12):
            lead = add(session, f"梁{chr(0x4E00 + number)}")
            self.team(session, name=f"创新团队{number}", lead_id=lead.id, members=[{"name": "甲"}])
        session.expunge_all()
        statements = Statements(session)
        page = talents.search_teams(session, TeamFilter("liang"), limit=10)
        assert [len(team.members) for team in page.items] == [1] * 10
        assert (page.total, statements.since()) == (12, 3)
        assert talents.search_teams(session, TeamFilter("cxtd11")).total == 1
        with pytest.raises(NotAllowed):
            self.team(session, name="别的团队", lead_id="T0001", actor=LIAISON)
