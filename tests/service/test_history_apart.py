"""The histories of talents and leaders tell nobody more of links, teams and interviews than the lists do."""

from __future__ import annotations

from service import clock
from service.demonstration.organization import derived
from service.history.records import record
from service.liaisons import LinkFilter, end_link, search_links
from service.people.models import Leader
from service.rights import SYSTEM
from tests.factories.visitor import Visitor
from tests.factories.world import World

SECOND = derived("leader", "程望津")
NOTE, WHY = "结束联系的内部说明", "领导长期住院未能访谈"
STRANGERS = ("handler-edu", "liaison-hrss", "leader")
INSIDERS = ("office", "auditor")


def _told(world: World) -> tuple[str, str]:
    """(talent, person): the journal says why a leader no longer serves the talent, and did not interview enough."""
    with world.transaction() as session:
        link = search_links(session, LinkFilter(leader_id=SECOND)).items[0]
        end_link(session, link_id=link.id, ends_on=clock.today(), reason=NOTE, actor=SYSTEM, now=clock.now())
        person_id = session.get_one(Leader, SECOND).person_id
        data = {"leader_id": SECOND, "talent_id": link.talent_id, "year": 2026, "reason": WHY}
        record(session, f"person:{person_id}", "missed_interviews_explained", data, actor=SYSTEM, now=clock.now())
        return link.talent_id, str(person_id)


def test_only_who_may_see_a_leaders_links_reads_of_them_in_histories(world: World) -> None:
    talent_id, person_id = _told(world)
    for user in (*STRANGERS, *INSIDERS):
        talent = world.api(user).get(f"/talents/{talent_id}/history").get_data(as_text=True)
        person = world.api(user).get(f"/people/{person_id}/history").get_data(as_text=True)
        page = Visitor(world, user).get(f"/talents/{talent_id}").text
        about = Visitor(world, user).get(f"/people/{person_id}").text
        insider = user in INSIDERS
        assert [NOTE in talent, WHY in person, NOTE in page, WHY in about] == [insider] * 4, user
        assert ("service_team_set" in person) is insider, user
        assert "talent_added" in talent, user
        assert "leader_added" in person, user
