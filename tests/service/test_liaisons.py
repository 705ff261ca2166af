"""Links, service teams and rosters, on both databases."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from service import history, liaisons, people, talents
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.liaisons import Link
from service.liaisons.fields import ENTRIES
from service.rights import SYSTEM
from tests.factories.people import EARLY, actor, leader, person, unit
from tests.factories.serving import SINCE, leader_a, leader_b, link, officer_of, service_team, talent
from tests.factories.statements import Statements

TODAY = EARLY.date()
OFFICE = actor(("talent_office", None), username="office")
LIAISON = actor(("liaison", "hrss"), username="liaison-hrss")
OTHER_LIAISON = actor(("liaison", "edu"), username="liaison-edu")
AUDITOR = actor(("auditor", None))
LAST = date(2026, 8, 31)


def paths(refused):
    return [finding.path for finding in refused.value.findings]


def said(refused):
    return "；".join(finding.message for finding in refused.value.findings)


@pytest.fixture(autouse=True)
def bureau(session):
    """The member unit of class B, with its liaison officer."""
    unit(session)
    officer_of(session, "hrss")


@pytest.fixture
def chen(session):
    """A leader of class A with a service team."""
    made = leader_a(session, portfolio="分管科技创新、先进材料产业")
    service_team(session, made)
    return made


@pytest.fixture
def feng(session):
    """A leader of class B of hrss with a service team."""
    made = leader_b(session)
    service_team(session, made)
    return made


def end_post(session, whose, on=LAST):
    people.end_leader(session, leader_id=whose.id, ends_on=on, actor=SYSTEM, now=EARLY)


def propose(session, whose, to, *, by=OFFICE, **fields):
    return link(session, whose, to, **fields) if by is None else _propose(session, whose, to, by, **fields)


def _propose(session, whose, to, by, **fields):
    fields = {"reason": "known", "starts_on": TODAY, **fields}
    return liaisons.propose_link(session, leader_id=whose.id, talent_id=to.id, actor=by, now=EARLY, **fields)


class TestLinking:
    def test_it_is_active_where_the_team_stands_and_journaled_with_the_talent(self, session, chen):
        zhou = talent(session)
        made = propose(session, chen, zhou)
        assert (made.status, liaisons.waiting(session, made, TODAY)) == ("active", ())
        event = history.stream_events(session, f"talent:{zhou.id}")[-1]
        assert (event.kind, event.actor, event.data["leader_name"]) == ("link_proposed", "office", "陈砚秋")
        assert history.verify_stream(session, f"talent:{zhou.id}") == []

    def test_without_a_team_it_waits_until_one_is_set(self, session):
        made = propose(session, leader_a(session), talent(session))
        assert (made.status, made.serves_on(TODAY)) == ("proposed", False)
        with pytest.raises(Invalid, match="工作团队尚未组建"):
            liaisons.activate_link(session, link_id=made.id, actor=OFFICE, now=EARLY)
        service_team(session, made.leader, TODAY + timedelta(days=2))
        assert (made.status, made.starts_on) == ("active", TODAY + timedelta(days=2))
        with pytest.raises(Conflict):
            liaisons.activate_link(session, link_id=made.id, actor=OFFICE, now=EARLY)

    def test_the_open_group_waits_for_its_approval(self, session, chen):
        open_group = talent(session, category=None, type=5, type_reason="行业带头人")
        made = propose(session, chen, open_group)
        assert made.status == "proposed"
        assert "待区人才办审核" in liaisons.waiting(session, made, TODAY)[0]
        talents.approve_type(session, talent_id=open_group.id, approved_on=TODAY, actor=OFFICE, now=EARLY)
        assert liaisons.activate_link(session, link_id=made.id, actor=OFFICE, now=EARLY).starts_on == TODAY

    def test_who_may_is_a_matter_of_class(self, session, chen, feng):
        zhou = talent(session)
        for who in (LIAISON, AUDITOR, actor(("leader", None), person_id=chen.person_id), actor(("admin", None))):
            with pytest.raises(NotAllowed, match="A类"):
                propose(session, chen, zhou, by=who)
        for who in (OTHER_LIAISON, AUDITOR, actor(("responsible_unit", "hrss"))):
            with pytest.raises(NotAllowed, match="B类"):
                propose(session, feng, zhou, by=who, reason="related", note="人才政策兑现")
        assert propose(session, feng, zhou, by=LIAISON, reason="related", note="人才政策兑现").status == "active"

    @pytest.mark.parametrize(
        ("fields", "path", "words"),
        [
            ({"reason": "related", "note": "x"}, "/reason", "须是：分管工作、驻点企业（暖春行动）、"),
            ({"reason": "friendship"}, "/reason", "了解掌握"),
            ({"starts_on": SINCE - timedelta(days=1)}, "/starts_on", "2026-01-01 起任职"),
            ({"starts_on": date(1066, 1, 1)}, "/starts_on", "年份"),
            ({"note": "长" * 501}, "/note", "最多 500 个字"),
            ({"team_id": "no team"}, "/team_id", "没有这个人才团队"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_changes(self, session, chen, fields, path, words):
        zhou = talent(session)
        with pytest.raises(Invalid, match=words) as refused:
            propose(session, chen, zhou, **fields)
        assert path in paths(refused)
        assert liaisons.search_links(session).total == 0

    def test_the_office_hears_once_of_what_a_unit_does_and_not_of_its_own_operations(self, session, chen, feng):
        said = {"reason": "related", "note": "人才政策兑现"}
        made = propose(session, feng, talent(session), by=LIAISON, **said)
        liaisons.end_link(session, link_id=made.id, ends_on=TODAY, reason="工作调整", actor=LIAISON, now=EARLY)
        told = [event.data for event in history.stream_events(session, f"link:{made.id}")]
        assert [(one["template"], one["to"]["role"]) for one in told] == [("links_changed", "talent_office")] * 2
        assert [one["title"] for one in told] == ["冯启明（局长）开始联系周慕白", "冯启明（局长）结束联系周慕白"]
        for other in (propose(session, feng, talent(session, "顾长风"), **said), propose(session, chen, made.talent)):
            assert history.stream_events(session, f"link:{other.id}") == []

    def test_class_b_says_how_the_talent_relates_to_its_work(self, session, feng):
        zhou = talent(session)
        with pytest.raises(Invalid, match="与本部门业务如何相关"):
            propose(session, feng, zhou, by=LIAISON, reason="related")
        with pytest.raises(Invalid, match="须是：与本部门业务相关"):
            propose(session, feng, zhou, by=LIAISON, reason="known")

    def test_nobody_and_nobodys_post_and_a_removed_talent_are_refused(self, session, chen):
        zhou = talent(session, active=True)
        talents.update_talent(session, talent_id=zhou.id, changes={"active": False}, actor=OFFICE, now=EARLY)
        with pytest.raises(Invalid) as refused:
            propose(session, chen, zhou)
        assert paths(refused) == ["/talent_id"]
        with pytest.raises(Invalid) as refused:
            liaisons.propose_link(
                session, leader_id=chen.person_id, talent_id="T9999", reason="known", starts_on=TODAY,
                actor=OFFICE, now=EARLY,
            )  # fmt: skip
        assert paths(refused) == ["/leader_id", "/talent_id"]

    def test_after_the_post_ended_nothing_begins(self, session, chen):
        end_post(session, chen)
        with pytest.raises(Invalid, match="已于 2026-08-31 结束"):
            propose(session, chen, talent(session))

    def test_twice_is_once_too_often(self, session, chen):
        zhou = talent(session)
        made = propose(session, chen, zhou, starts_on=SINCE)
        with pytest.raises(Conflict, match="2026-01-01 起已联系周慕白"):
            propose(session, chen, zhou)
        liaisons.end_link(session, link_id=made.id, ends_on=TODAY, reason="工作调整", actor=OFFICE, now=EARLY)
        with pytest.raises(Conflict):
            propose(session, chen, zhou, starts_on=TODAY)
        assert propose(session, chen, zhou, starts_on=TODAY + timedelta(days=1)).status == "active"

    def test_a_team_of_talents_is_served_through_its_lead(self, session, chen):
        zhou, gu = talent(session), talent(session, "顾长风")
        team = talents.add_team(session, name="石墨烯创新团队", lead_id=zhou.id, actor=OFFICE, now=EARLY)
        with pytest.raises(Invalid, match="带头人周慕白"):
            propose(session, chen, gu, team_id=team.id)
        assert propose(session, chen, zhou, team_id=team.id).team is team


class TestEnding:
    def test_the_last_day_still_counts(self, session, chen):
        made = link(session, chen, talent(session))
        liaisons.end_link(session, link_id=made.id, ends_on=TODAY, reason="调离我区", actor=OFFICE, now=EARLY)
        assert [made.serves_on(TODAY + timedelta(days=n)) for n in (0, 1)] == [True, False]
        with pytest.raises(Conflict, match="已于"):
            liaisons.end_link(session, link_id=made.id, ends_on=TODAY, reason="再次", actor=OFFICE, now=EARLY)

    def test_it_needs_a_reason_and_a_day_not_before_it_began(self, session, chen):
        made = link(session, chen, talent(session))
        with pytest.raises(Invalid) as refused:
            liaisons.end_link(session, link_id=made.id, ends_on=date(2025, 12, 31), reason=" ", actor=OFFICE, now=EARLY)
        assert paths(refused) == ["/reason", "/ends_on"]

    def test_what_never_began_counts_on_no_day(self, session):
        made = link(session, leader_a(session), talent(session))
        liaisons.end_link(session, link_id=made.id, ends_on=TODAY, reason="登记有误", actor=OFFICE, now=EARLY)
        assert (made.status, made.serves_on(SINCE), made.serves_on(TODAY)) == ("ended", False, False)
        assert liaisons.leaders_of(session, [made.talent_id], TODAY) == {made.talent_id: ()}


class TestHandover:
    @pytest.fixture
    def cheng(self, session, chen):
        made = leader_a(session, "程望津", body="party_committee", post="区委常委")
        service_team(session, made)
        return made

    def hand_over(self, session, made, successor, on=date(2026, 9, 11), *, by=OFFICE, note="已当面交接"):
        return liaisons.hand_over(
            session, link_id=made.id, successor_id=successor.id, starts_on=on, note=note, actor=by, now=EARLY
        )

    def test_no_day_is_without_an_owner(self, session, chen, cheng):
        made = link(session, chen, talent(session))
        end_post(session, chen)
        [held] = liaisons.hold_links(session, leader_id=chen.id, actor=OFFICE, now=EARLY)
        assert (held, made.status, made.held_from) == (made, "held", date(2026, 9, 1))
        assert liaisons.hold_links(
            session, leader_id=chen.id, held_from=date(2026, 9, 5), actor=OFFICE, now=EARLY
        ) == []  # fmt: skip
        taken = self.hand_over(session, made, cheng)
        assert (made.status, made.ends_on, taken.previous_id) == ("ended", date(2026, 9, 10), made.id)
        owners = {}
        for day in (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 10), date(2026, 9, 11)):
            serving = liaisons.leaders_of(session, [made.talent_id], day)[made.talent_id]
            owners[day.isoformat()] = [one.person.name for one in serving] or (
                "held" if made.held_from <= day <= made.ends_on else "nobody"
            )
        assert owners == {
            "2026-08-31": ["陈砚秋"], "2026-09-01": "held", "2026-09-10": "held", "2026-09-11": ["程望津"],
        }  # fmt: skip
        event = history.stream_events(session, f"talent:{made.talent_id}")[-1]
        assert (event.kind, event.data["from_leader_name"], event.data["handover_note"]) == (
            "link_handed_over", "陈砚秋", "已当面交接",
        )  # fmt: skip

    def test_days_that_nobody_recorded_as_held_are_held(self, session, chen, cheng):
        made = link(session, chen, talent(session))
        end_post(session, chen)
        self.hand_over(session, made, cheng)
        assert (made.held_from, made.ends_on) == (date(2026, 9, 1), date(2026, 9, 10))

    def test_one_may_go_on_in_another_post(self, session, chen):
        made = link(session, chen, talent(session))
        next_post = leader(session, chen.person, post="常务副区长", body="party_committee", starts_on=date(2026, 9, 1))
        service_team(session, next_post, date(2026, 9, 1))
        with pytest.raises(Invalid, match="原任职尚未结束"):
            self.hand_over(session, made, next_post, date(2026, 9, 2))
        end_post(session, chen)
        assert self.hand_over(session, made, next_post, date(2026, 9, 1)).leader is next_post

    def test_who_cannot_take_over_is_told_why(self, session, chen, cheng, feng):
        made = link(session, chen, talent(session))
        former = leader_a(session, "温如故", ends_on=date(2026, 6, 30))
        without_team = leader_a(session, "孟扶摇")
        for successor, on, path, words in (
            (chen, TODAY, "/successor_id", "不能移交给本人"),
            (feng, TODAY, "/successor_id", "只能移交给 A 类领导"),
            (former, TODAY, "/starts_on", "已于 2026-06-30 结束"),
            (without_team, TODAY, "/successor_id", "工作团队"),
            (cheng, SINCE, "/starts_on", "须晚于原联系开始的日期"),
        ):
            with pytest.raises(Invalid, match=words) as refused:
                self.hand_over(session, made, successor, on)
            assert path in paths(refused)
        with pytest.raises(Invalid, match="没有这项领导任职") as refused:
            liaisons.hand_over(
                session, link_id=made.id, successor_id=cheng.person_id, starts_on=TODAY, actor=OFFICE, now=EARLY
            )
        assert paths(refused) == ["/successor_id"]
        with pytest.raises(NotFound):
            self.hand_over(session, made, cheng, by=LIAISON)
        assert (made.status, made.ends_on) == ("active", None)

    def test_the_successor_may_not_serve_the_talent_already(self, session, chen, cheng):
        zhou = talent(session)
        made = link(session, chen, zhou)
        link(session, cheng, zhou)
        with pytest.raises(Conflict, match="程望津自 2026-01-01 起已联系周慕白"):
            self.hand_over(session, made, cheng)

    def test_only_what_has_begun_and_not_ended_is_handed_over(self, session, chen, cheng):
        proposed = link(session, leader_a(session, "孟扶摇"), talent(session))
        with pytest.raises(Conflict, match="尚未生效"):
            self.hand_over(session, proposed, cheng)
        with pytest.raises(NotFound):
            liaisons.hand_over(
                session, link_id="nonsense", successor_id=cheng.id, starts_on=TODAY, actor=OFFICE, now=EARLY
            )

    def test_a_post_that_goes_on_is_not_held(self, session, chen):
        with pytest.raises(Invalid, match="仍在任"):
            liaisons.hold_links(session, leader_id=chen.id, held_from=TODAY, actor=OFFICE, now=EARLY)
        end_post(session, chen)
        with pytest.raises(Invalid, match="仍在任"):
            liaisons.hold_links(session, leader_id=chen.id, held_from=LAST, actor=OFFICE, now=EARLY)

    def test_holding_takes_back_what_waited_and_ends_the_team(self, session, chen):
        waits = link(session, chen, talent(session, category=None, type=5, type_reason="行业带头人"))
        end_post(session, chen)
        liaisons.hold_links(session, leader_id=chen.id, held_from=date(2026, 9, 1), actor=SYSTEM, now=EARLY)
        assert (waits.status, waits.serves_on(SINCE)) == ("ended", False)
        assert liaisons.standing_service_teams(session, [chen.id], LAST) != {}
        assert liaisons.standing_service_teams(session, [chen.id], date(2026, 9, 1)) == {}


class TestServiceTeams:
    def test_a_new_team_follows_the_former_without_a_gap(self, session, chen):
        [first] = liaisons.search_service_teams(session).items
        second = service_team(session, chen, TODAY)
        assert (first.ends_on, second.ends_on) == (TODAY - timedelta(days=1), None)
        assert liaisons.standing_service_teams(session, [chen.id], TODAY) == {chen.id: second}
        assert liaisons.standing_service_teams(session, [chen.id], LAST) == {chen.id: first}
        same_day = service_team(session, chen, TODAY)
        assert liaisons.standing_service_teams(session, [chen.id], TODAY) == {chen.id: same_day}

    def test_what_is_wrong_is_named(self, session, chen):
        gone = person(session, "郑远")
        people.update_person(session, person_id=gone.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
        for fields, expected in (
            ({"head_id": "x"}, ["/head_id"]),
            ({"liaison_id": gone.id}, ["/liaison_id"]),
            ({"members": []}, ["/members"]),
            ({"members": [{"person_id": chen.person_id}]}, ["/members/0/person_id"]),
            ({"members": [{"person_id": gone.id, "post": "长" * 101}]}, ["/members/0/person_id", "/members/0/post"]),
        ):
            with pytest.raises(Invalid) as refused:
                service_team(session, chen, TODAY, **fields)
            assert paths(refused) == expected
        for day in (date(2025, 12, 31), date(1800, 1, 1)):
            with pytest.raises(Invalid) as refused:
                service_team(session, chen, day)
            assert set(paths(refused)) == {"/starts_on"}
        assert liaisons.search_service_teams(session).total == 1


class TestWarnings:
    def warned(self, session, made, on=TODAY):
        return "；".join(liaisons.link_warnings(session, [made], on)[made.id])

    def test_a_proper_link_has_none(self, session, chen, feng):
        for whose in (chen, feng):
            assert self.warned(session, link(session, whose, talent(session))) == ""

    def test_two_leaders_of_one_talent(self, session, chen, feng):
        zhou = talent(session)
        first, second = link(session, chen, zhou), link(session, feng, zhou)
        assert self.warned(session, first) == "这位人才另由冯启明联系，请避免重复"
        liaisons.end_link(session, link_id=second.id, ends_on=LAST, reason="避免重复", actor=OFFICE, now=EARLY)
        assert (self.warned(session, first), self.warned(session, second)) == ("", "")
        assert "冯启明" in self.warned(session, first, LAST)

    def test_a_talent_who_is_none_any_longer(self, session, chen):
        zhou = talent(session)
        made = link(session, chen, zhou)
        talents.update_talent(session, talent_id=zhou.id, changes={"in_district": False}, actor=OFFICE, now=EARLY)
        assert self.warned(session, made) == "周慕白：不在我区工作"

    def test_a_leader_of_both_classes(self, session, feng):
        leader(session, feng.person, body="party_committee", post="区委常委", starts_on=SINCE)
        assert "只按 A 类考核" in self.warned(session, link(session, feng, talent(session)))

    def test_a_team_unlike_the_policy(self, session, chen, feng):
        stranger = person(session, "郑远", post="科员", unit_code="hrss")
        for whose, words in (
            (chen, ["组长郑远", "区领导", "温以宁不是职能部门负责人"]),
            (feng, ["组长郑远", "单位领导班子成员", "温以宁不是本单位科室负责人", "联络员吕芳不是"]),
        ):
            member = person(session, "温以宁", post="科员")
            service_team(
                session,
                whose,
                TODAY,
                head_id=stranger.id,
                liaison_id=person(session, "吕芳").id,
                members=[{"person_id": member.id}],
            )
            told = self.warned(session, link(session, whose, talent(session)))
            assert [word for word in words if word not in told] == []

    def test_who_has_left_is_still_in_the_team(self, session, chen):
        made = link(session, chen, talent(session))
        member = liaisons.standing_service_teams(session, [chen.id], TODAY)[chen.id].members[0].person
        people.update_person(session, person_id=member.id, changes={"active": False}, actor=SYSTEM, now=EARLY)
        assert self.warned(session, made) == "工作团队的温以宁已离任，请调整工作团队"
        assert [one.id for one in liaisons.search_links(session, liaisons.LinkFilter(warned=True, on=TODAY)).items] == [
            made.id
        ]

    def test_a_post_that_ended_and_a_held_link(self, session, chen):
        made = link(session, chen, talent(session))
        end_post(session, chen)
        assert "任职已于 2026-08-31 结束" in self.warned(session, made)
        liaisons.hold_links(session, leader_id=chen.id, held_from=TODAY, actor=OFFICE, now=EARLY)
        assert self.warned(session, made) == "陈砚秋的任职已结束，由区人才办代管，请尽快移交"

    def test_the_list_can_be_narrowed_to_them(self, session, chen):
        fine, odd = talent(session), talent(session, "顾长风")
        link(session, chen, fine)
        made = link(session, chen, odd)
        talents.update_talent(session, talent_id=odd.id, changes={"in_district": False}, actor=OFFICE, now=EARLY)
        assert [one.id for one in liaisons.search_links(session, liaisons.LinkFilter(warned=True, on=TODAY)).items] == [
            made.id
        ]


class TestLists:
    def test_whoever_sees_what(self, session, chen, feng):
        of_a, of_b = link(session, chen, talent(session)), link(session, feng, talent(session, "顾长风"))
        for reader, expected in (
            (OFFICE, {of_a, of_b}),
            (AUDITOR, {of_a, of_b}),
            (LIAISON, {of_b}),
            (OTHER_LIAISON, set()),
            (actor(("leader", None), person_id=chen.person_id), {of_a}),
            (actor(person_id=chen.person_id), set()),
            (actor(("responsible_unit", "hrss")), set()),
        ):
            assert set(liaisons.search_links(session, reader=reader).items) == expected
            assert {one for one in (of_a, of_b) if liaisons.sees_links(reader, one.leader)} == expected
            for one in (of_a, of_b):
                if one in expected:
                    assert liaisons.get_link(session, one.id, reader) is one
                else:
                    with pytest.raises(NotFound):
                        liaisons.get_link(session, one.id, reader)

    def test_who_keeps_whose_links_and_lists(self, session, chen, feng):
        for who, kept, scopes in (
            (OFFICE, {chen, feng}, ["A"]),
            (LIAISON, {feng}, ["hrss"]),
            (OTHER_LIAISON, set(), []),  # there is no such unit
            (AUDITOR, set(), []),
        ):
            assert {one for one in (chen, feng) if liaisons.keeps_links(who, one)} == kept
            assert liaisons.scopes_of(session, who) == scopes
        assert liaisons.keeper_of(chen) == "区人才办"
        assert liaisons.keeper_of(feng).endswith("联络员")
        assert liaisons.scope_names(session, ["A", "hrss"])["A"] == "区领导（A类）"

    def test_filters(self, session, chen, feng):
        zhou, gu = talent(session), talent(session, "顾长风")
        of_a, of_b = link(session, chen, zhou), link(session, feng, gu, starts_on=TODAY)
        for filters, expected in (
            ({"q": "cyq"}, [of_a]),
            ({"q": "顾"}, [of_b]),
            ({"leader_id": str(chen.id)}, [of_a]),
            ({"leader_id": "nonsense"}, []),
            ({"talent_id": gu.id}, [of_b]),
            ({"unit": "hrss"}, [of_b]),
            ({"klass": "A"}, [of_a]),
            ({"status": "held"}, []),
            ({"on": LAST}, [of_a]),
        ):
            assert list(liaisons.search_links(session, liaisons.LinkFilter(**filters)).items) == expected, filters

    def test_every_list_takes_a_fixed_number_of_statements(self, session, feng):
        for number in range(12):
            whose = leader_b(session, name=f"冯{chr(0x4E00 + number)}")
            service_team(session, whose)
            link(session, whose, talent(session, f"周{chr(0x4E00 + number)}"))
        session.expunge_all()
        statements = Statements(session)
        page = liaisons.search_links(session, limit=10)
        assert {one.leader.person.name[0] + one.talent.name[0] for one in page.items} == {"冯周"}
        assert statements.since() == 2
        liaisons.link_warnings(session, page.items, TODAY)
        assert statements.since() == 5
        assert [team.members[0].person.name for team in liaisons.search_service_teams(session, limit=10).items] == [
            "温以宁"
        ] * 10
        assert statements.since() == 3
        assert liaisons.quotas(session, liaisons.QuotaFilter(on=TODAY), limit=10).items[0].leader.person.name[0] == "冯"
        assert statements.since() == 2
        liaisons.suggestions(session, leader_id=feng.id, on=TODAY)
        assert statements.since() <= 5


class TestQuotas:
    def row(self, session, name, on=TODAY, **filters):
        rows = liaisons.quotas(session, liaisons.QuotaFilter(on=on, **filters)).items
        return next(((row.required, row.count, row.short) for row in rows if row.leader.person.name == name), None)

    def test_two_for_class_a_three_for_class_b_on_any_day(self, session, chen, feng):
        first = link(session, chen, talent(session))
        link(session, chen, talent(session, "顾长风"), starts_on=TODAY)
        assert self.row(session, "陈砚秋") == (2, 2, 0)
        assert self.row(session, "陈砚秋", LAST) == (2, 1, 1)
        assert self.row(session, "陈砚秋", date(2025, 12, 31)) is None
        liaisons.end_link(session, link_id=first.id, ends_on=LAST, reason="工作调整", actor=OFFICE, now=EARLY)
        assert self.row(session, "陈砚秋") == (2, 1, 1)
        assert self.row(session, "冯启明") == (3, 0, 3)
        page, totals = liaisons.quota_report(session, liaisons.QuotaFilter(on=TODAY, short_only=True, klass="A"))
        assert [(total.klass, total.leaders, total.short, total.links) for total in totals] == [("A", 1, 1, 1)]
        assert (page.total, page.items[0].leader) == (1, chen)

    def test_held_and_proposed_links_count_for_nobody(self, session, chen):
        link(session, chen, talent(session))
        link(session, chen, talent(session, category=None, type=5, type_reason="行业带头人"))
        assert self.row(session, "陈砚秋") == (2, 1, 1)

    def test_who_leads_in_both_classes_is_asked_as_class_a_only(self, session, chen):
        as_b = leader(
            session, chen.person, klass="B", body=None, unit_code="hrss", duty="principal", post="局长", starts_on=SINCE
        )
        service_team(session, as_b)
        link(session, as_b, talent(session))
        rows = {row.leader.klass: row for row in liaisons.quotas(session, liaisons.QuotaFilter(on=TODAY)).items}
        assert [(rows[k].required, rows[k].count, rows[k].short, rows[k].both) for k in "AB"] == [
            (2, 0, 2, False),
            (0, 1, 0, True),
        ]

    def test_two_posts_of_a_class_are_one_quota(self, session, chen):
        second = leader(session, chen.person, body="party_committee", post="区委常委", starts_on=SINCE)
        service_team(session, second)
        link(session, chen, talent(session))
        link(session, second, talent(session, "顾长风"))
        assert [(row.count, row.short) for row in liaisons.quotas(session, liaisons.QuotaFilter(on=TODAY)).items] == [
            (2, 0)
        ]

    def test_readers_see_their_own(self, session, chen, feng):
        seen = {
            who.username: {
                row.leader.person.name
                for row in liaisons.quotas(session, liaisons.QuotaFilter(on=TODAY), reader=who).items
            }
            for who in (OFFICE, LIAISON, OTHER_LIAISON)
        }
        assert seen == {"office": {"陈砚秋", "冯启明"}, "liaison-hrss": {"冯启明"}, "liaison-edu": set()}


class TestSuggestions:
    def test_each_says_how_it_was_scored(self, session, chen):
        served, by_platform = talent(session, platform="仙湖实验室"), talent(session, "顾长风", platform="仙湖实验室")
        by_fields = talent(session, "沈清越", employer="智能所", fields="先进材料、石墨烯")
        talent(session, "唐知微", employer="九江酒厂", fields="酿造")
        talent(session, "江照野", employer="先进材料厂", in_district=False)
        link(session, chen, served)
        found = {one.talent.id: one for one in liaisons.suggestions(session, leader_id=chen.id, on=TODAY)}
        assert set(found) == {by_platform.id, by_fields.id}
        codes = [(code, points) for code, points, _ in found[by_fields.id].parts]
        assert codes == [("portfolio", 15), ("unserved", 10)]
        assert "先进材料" in found[by_fields.id].parts[0][2]
        assert found[by_platform.id].score == sum(points for _, points, _ in found[by_platform.id].parts)
        assert {code for code, _, _ in found[by_platform.id].parts} == {
            "portfolio",
            "same_employer",
            "platform",
            "unserved",
        }
        assert found[by_fields.id].reason == "portfolio"

    def test_a_stationed_enterprise_is_one_that_is_recorded(self, session, chen):
        at_station = talent(session, "顾长风", employer="佛山千灯光电科技有限公司（南海）")
        people.update_leader(
            session,
            leader_id=chen.id,
            changes={"stationed": "九江酒厂、佛山千灯光电科技有限公司"},
            actor=SYSTEM,
            now=EARLY,
        )
        [found] = [
            one for one in liaisons.suggestions(session, leader_id=chen.id, on=TODAY) if one.talent is at_station
        ]
        assert (found.reason, found.score) == ("stationed", 50)
        assert "是其驻点企业" in found.parts[0][2]

    def test_whom_more_speaks_against_than_for_is_not_suggested(self, session, chen):
        cheng = leader_a(session, "程望津")
        service_team(session, cheng)
        link(session, cheng, talent(session, "顾长风", employer="先进厂", fields="先进"))
        assert liaisons.suggestions(session, leader_id=chen.id, on=TODAY) == []

    def test_those_with_a_leader_come_lower_and_a_unit_gets_its_own(self, session, chen, feng):
        free = talent(session, employer="某公司", employer_unit="hrss")
        taken = talent(session, "顾长风", employer="某公司", employer_unit="hrss")
        link(session, chen, taken)
        found = liaisons.suggestions(session, leader_id=feng.id, on=TODAY)
        assert [(one.talent, one.score, one.reason) for one in found] == [(free, 50, "related"), (taken, 20, "related")]
        assert "已由陈砚秋联系" in found[1].parts[-1][2]

    def test_a_link_that_waits_for_its_team_counts_too(self, session, feng):
        waited_for = talent(session, employer="某公司", employer_unit="hrss")
        assert link(session, leader_a(session), waited_for).status == "proposed"
        (found,) = liaisons.suggestions(session, leader_id=feng.id, on=TODAY)
        assert found.score == 20
        assert found.parts[-1][2] == "已登记由陈砚秋联系、尚待生效，避免重复"


class TestRosters:
    def draft(self, session, *lines, scope="A", by=OFFICE, **fields):
        items = [
            {"leader_id": whose.id, "talent_id": to.id, "reason": "known" if whose.klass == "A" else "related", **more}
            for whose, to, more in ((*line, {})[:3] for line in lines)
        ]
        return liaisons.draft_roster(session, scope=scope, items=items, actor=by, now=EARLY, **fields)

    def decide(self, session, roster, on=TODAY, by=OFFICE, number="南人才办〔2026〕3号"):
        return liaisons.decide_roster(
            session, roster_id=roster.id, document_no=number, decided_on=on, actor=by, now=EARLY
        )

    def test_a_decided_roster_is_who_serves_whom(self, session, chen):
        cheng = leader_a(session, "程望津")
        service_team(session, cheng)
        zhou, gu, shen = talent(session), talent(session, "顾长风"), talent(session, "沈清越")
        stays, moves, leaves = link(session, chen, zhou), link(session, chen, gu), link(session, chen, shen)
        roster = self.draft(session, (chen, zhou, {"note": "同一领域"}), (cheng, gu))
        assert (roster.version, roster.status) == (1, "draft")
        assert liaisons.talents_of(session, [chen.id], TODAY)[chen.id] == tuple(
            sorted((zhou, gu, shen), key=lambda t: t.pinyin)
        )
        self.decide(session, roster)
        assert (roster.status, roster.document_no, roster.decided_on) == ("decided", "南人才办〔2026〕3号", TODAY)
        assert (stays.status, stays.note) == ("active", "同一领域")
        assert (moves.ends_on, leaves.ends_on) == (LAST, LAST)
        [taken] = liaisons.search_links(session, liaisons.LinkFilter(leader_id=cheng.id)).items
        assert (taken.previous_id, taken.roster_id, taken.starts_on, taken.status) == (
            moves.id,
            roster.id,
            TODAY,
            "active",
        )
        event = history.stream_events(session, "roster:A")[-1]
        assert (event.kind, event.data["began"], event.data["ended"], event.data["stayed"]) == (
            "roster_decided",
            1,
            2,
            1,
        )

    def test_versions_follow_and_say_what_they_change(self, session, chen):
        zhou, gu, shen = talent(session), talent(session, "顾长风"), talent(session, "沈清越")
        first = self.decide(session, self.draft(session, (chen, zhou), (chen, gu)), on=LAST)
        assert self.draft(session, (chen, shen)) is not first
        second = self.draft(session, (chen, gu, {"note": "新说明"}), (chen, shen), note="年中调整")
        assert (second.version, liaisons.search_rosters(session, liaisons.RosterFilter(scope="A")).total) == (2, 2)
        change = liaisons.roster_change(session, second)
        assert change.before is first
        assert [item.talent.name for item in change.added] == ["沈清越"]
        assert [item.talent.name for item in change.removed] == ["周慕白"]
        assert [(old.note, new.note) for old, new in change.changed] == [(None, "新说明")]
        with pytest.raises(Invalid, match="不能早于上一版") as refused:
            self.decide(session, second, on=date(2026, 8, 1))
        assert paths(refused) == ["/decided_on"]
        self.decide(session, second)
        assert (first.status, second.status) == ("superseded", "decided")
        with pytest.raises(Conflict, match="已经确定"):
            self.decide(session, second)

    def held(self, session, chen, *names):
        made = [link(session, chen, talent(session, name)) for name in names]
        end_post(session, chen)
        liaisons.hold_links(session, leader_id=chen.id, held_from=TODAY, actor=OFFICE, now=EARLY)
        return made

    def test_a_held_talent_on_the_roster_is_taken_over(self, session, chen):
        [made] = self.held(session, chen, "周慕白")
        cheng = leader_a(session, "程望津")
        service_team(session, cheng)
        self.decide(session, self.draft(session, (cheng, made.talent)), on=TODAY)
        [taken] = liaisons.search_links(session, liaisons.LinkFilter(leader_id=cheng.id)).items
        assert (taken.previous_id, taken.status) == (made.id, "active")
        assert (made.status, made.ends_on, made.end_reason) == ("ended", LAST, "名单第 1 版确定由程望津接任")

    def test_no_roster_leaves_a_held_talent_to_nobody(self, session, chen):
        unlisted, listed = self.held(session, chen, "周慕白", "顾长风")
        cheng = leader_a(session, "程望津")  # no service team yet: cannot take over
        roster = self.decide(session, self.draft(session, (cheng, listed.talent)), on=TODAY)
        assert [(one.status, one.ends_on) for one in (unlisted, listed)] == [("held", None)] * 2
        assert history.stream_events(session, "roster:A")[-1].data["ended"] == 0
        assert roster.status == "decided"

    def test_a_day_that_would_unmake_what_has_begun_since_is_refused(self, session, chen):
        zhou, gu = talent(session), talent(session, "顾长风")
        made = link(session, chen, zhou, starts_on=LAST)
        roster = self.draft(session, (chen, gu))
        for day in (LAST, date(2026, 7, 1)):
            with pytest.raises(Invalid, match="确定日期须晚于 2026-08-31") as refused:
                self.decide(session, roster, on=day)
            assert paths(refused) == ["/decided_on"]
        assert (made.status, roster.status) == ("active", "draft")
        self.decide(session, roster)
        assert (made.ends_on, made.serves_on(LAST)) == (LAST, True)

    def test_what_begins_in_a_post_whose_end_is_set_is_held_after_it(self, session, chen):
        end_post(session, chen, date(2026, 9, 30))
        cheng = leader_a(session, "程望津", ends_on=date(2026, 9, 30))
        team = service_team(session, cheng)
        first = propose(session, chen, talent(session))
        second = liaisons.hand_over(
            session, link_id=first.id, successor_id=cheng.id, starts_on=date(2026, 9, 20), actor=OFFICE, now=EARLY
        )
        gu = talent(session, "顾长风")
        self.decide(session, self.draft(session, (chen, gu)))
        [third] = liaisons.search_links(session, liaisons.LinkFilter(talent_id=gu.id)).items
        for made in (second, third):
            assert (made.status, made.held_from) == ("held", date(2026, 10, 1))
            assert [made.serves_on(day) for day in (date(2026, 9, 30), date(2026, 10, 1))] == [True, False]
            assert (
                "2026-10-01 起由区人才办代管" in liaisons.link_warnings(session, [made], date(2026, 9, 25))[made.id][0]
            )
        assert team.ends_on == date(2026, 9, 30)
        again = service_team(session, cheng, TODAY)
        assert (team.ends_on, again.ends_on) == (LAST, date(2026, 9, 30))

    def test_a_unit_decides_its_own_and_the_office_files_it(self, session, feng):
        zhou = talent(session)
        line = (feng, zhou, {"note": "人才政策兑现"})
        for who in (OFFICE, OTHER_LIAISON, AUDITOR):
            with pytest.raises(NotAllowed):
                self.draft(session, line, scope="hrss", by=who)
        with pytest.raises(NotAllowed):
            self.draft(session, line, by=LIAISON)
        roster = self.draft(session, line, scope="hrss", by=LIAISON)
        with pytest.raises(Conflict, match="草稿"):
            liaisons.file_roster(session, roster_id=roster.id, on=TODAY, actor=OFFICE, now=EARLY)
        self.decide(session, roster, by=LIAISON)
        with pytest.raises(NotAllowed):
            liaisons.file_roster(session, roster_id=roster.id, on=TODAY, actor=LIAISON, now=EARLY)
        with pytest.raises(Invalid, match="不能早于确定日期"):
            liaisons.file_roster(session, roster_id=roster.id, on=LAST, actor=OFFICE, now=EARLY)
        filed = liaisons.file_roster(session, roster_id=roster.id, on=TODAY, actor=OFFICE, now=EARLY)
        assert (filed.status, filed.filed_on) == ("filed", TODAY)
        for reader, expected in ((OFFICE, 1), (LIAISON, 1), (OTHER_LIAISON, 0)):
            assert liaisons.search_rosters(session, reader=reader).total == expected
        with pytest.raises(NotFound):
            liaisons.get_roster(session, roster.id, OTHER_LIAISON)

    def test_the_list_of_class_a_is_not_filed(self, session, chen):
        roster = self.draft(session, (chen, talent(session)))
        self.decide(session, roster)
        assert not liaisons.may_file(OFFICE, roster)
        with pytest.raises(Conflict, match="不需备案"):
            liaisons.file_roster(session, roster_id=roster.id, on=TODAY, actor=OFFICE, now=EARLY)

    def test_a_day_that_cannot_be_meant_is_named_at_its_field(self, session, feng):
        roster = self.draft(session, (feng, talent(session), {"note": "人才政策兑现"}), scope="hrss", by=LIAISON)
        with pytest.raises(Invalid) as refused:
            self.decide(session, roster, date(1900, 1, 1), by=LIAISON)
        assert paths(refused)[0] == "/decided_on"

    def test_a_draft_begins_with_the_present_links_and_then_with_itself(self, session, chen):
        zhou, gu = talent(session), talent(session, "顾长风")
        made = link(session, chen, zhou)
        assert liaisons.draft_start(session, "A", TODAY) == liaisons.DraftStart(None, (made,), ())
        roster = self.draft(session, (chen, gu))
        begun = liaisons.draft_start(session, "A", TODAY)
        assert (begun.draft, [one.talent.name for one in begun.lines], begun.waiting) == (roster, ["顾长风"], ())
        end_post(session, chen)
        begun = liaisons.draft_start(session, "A", TODAY)
        assert (begun.lines, begun.waiting) == ((), (made,))

    def test_every_bad_line_is_named(self, session, chen, feng):
        zhou = talent(session)
        former = leader_a(session, "温如故", ends_on=date(2026, 6, 30))
        with pytest.raises(Invalid) as refused:
            liaisons.draft_roster(
                session,
                scope="A",
                items=[
                    {"leader_id": str(chen.id), "talent_id": zhou.id, "reason": "known"},
                    {"leader_id": str(chen.id), "talent_id": zhou.id, "reason": "known"},
                    {"leader_id": feng.id, "talent_id": zhou.id, "reason": "related", "note": "x"},
                    {"leader_id": former.id, "talent_id": zhou.id, "reason": "known"},
                    {"leader_id": UUID(int=1), "talent_id": "T9999", "reason": "known"},
                    {},
                ],
                actor=OFFICE,
                now=EARLY,
            )
        assert paths(refused) == [
            "/items/1/talent_id", "/items/2/leader_id", "/items/3/leader_id", "/items/4/leader_id",
            "/items/4/talent_id", "/items/5/leader_id", "/items/5/talent_id",
        ]  # fmt: skip
        with pytest.raises(Invalid):
            liaisons.draft_roster(session, scope="A", items=[], actor=OFFICE, now=EARLY)
        with pytest.raises(NotFound):
            liaisons.draft_roster(session, scope="nowhere", items=[], actor=OFFICE, now=EARLY)
        roster = self.draft(session, (chen, zhou))
        with pytest.raises(Invalid) as refused:
            self.decide(session, roster, on=TODAY + timedelta(days=1), number="")
        assert paths(refused) == ["/document_no", "/decided_on"]
        assert session.query(Link).count() == 0


def test_every_kind_that_is_journaled_has_a_word():
    """A kind stands in the source where it is recorded: as the third argument, or as what ``kind`` may be."""
    recorded = set()
    for module in Path(liaisons.__file__).parent.glob("*.py"):
        for one in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            told: list[ast.expr] = []
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in ("journal", "record"):
                told = one.args[2:3]
            elif isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == "kind":
                told = [one.value]
            texts = (inner.value for each in told for inner in ast.walk(each) if isinstance(inner, ast.Constant))
            recorded |= {text for text in texts if isinstance(text, str)}
    assert recorded == set(ENTRIES)
    words = [entry.word for entry in ENTRIES.values()]
    assert len(set(words)) == len(words)
