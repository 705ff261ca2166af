"""Search everywhere (Ctrl+K): what somebody may see, by whatever is remembered of it, and nothing else."""

from __future__ import annotations

from sqlalchemy import select

from service import attachments, clock
from service.access_log.models import AccessEntry
from service.http.context import KEY
from tests.factories.databases import ON_BOTH
from tests.factories.files import received
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World

pytestmark = ON_BOTH


def found(world: World, q: str, user: str = OFFICE) -> list[tuple[str, str]]:
    items = world.api(user).get("/search", q=q).json["items"]
    return [(one["kind"], one["title"]) for one in items]


def test_names_numbers_short_names_pinyin_files_and_pages_are_found(world: World) -> None:
    world.dispatched("edu", title="子女入学")
    case = world.case
    with world.transaction() as session:
        told = {"file": received(session, "入学申请表.pdf"), "actor": world.actor(OFFICE), "now": clock.now()}
        attachments.attach(session, stream=f"instance:{case}", **told)
    talent = world.api(OFFICE).get("/talents/T0001").json["name"]
    assert found(world, talent)[0] == ("talent", talent)
    assert ("unit", "区住房城乡建设和水利局") in found(world, "住建")
    assert ("unit", "区人力资源和社会保障局") in found(world, "rsj") + found(world, "人社局")
    [number] = [one["number"] for one in world.api(OFFICE).get("/requests").json["items"]]
    assert found(world, number)[0] == ("case", f"{number} 子女入学")
    assert ("case", f"{number} 子女入学") in found(world, "znrx")
    assert ("file", "入学申请表.pdf") in found(world, "申请表")
    page = Visitor(world, OFFICE).get("/search", q="xqtz").text
    assert 'href="/ledger"' in page.split('id="found"')[1]
    assert found(world, "。") == []


def test_nobody_learns_of_what_is_not_theirs(world: World) -> None:
    world.dispatched("edu", title="子女入学", description="孩子九月上小学")
    with world.transaction() as session:
        told = {"file": received(session, "九月入学.pdf"), "actor": world.actor(OFFICE), "now": clock.now()}
        attachments.attach(session, stream=f"instance:{world.case}", **told)
    for q in ("子女入学", "九月"):
        kinds = {kind for kind, _ in found(world, q, "handler-edu")}
        assert kinds == ({"case"} if q == "子女入学" else {"case", "file"})
        assert found(world, q, "handler-housing") == []
    assert found(world, "子女入学", LIAISON) != []


def test_a_search_is_an_entry_of_the_access_log(world: World) -> None:
    Visitor(world, OFFICE).get("/search", q="没有这样的人")
    world.app.extensions[KEY].keeper.flush()
    with world.database.reading() as session:
        entry = session.scalars(select(AccessEntry).order_by(AccessEntry.id.desc())).first()
        assert entry is not None
        told = (entry.act, entry.route, entry.asked)
    assert told == ("search", "/search", {"q": "没有这样的人"})


def test_a_search_costs_as_many_statements_for_many_cases(world: World) -> None:
    def asked() -> int:
        with counted(world) as statements:
            found(world, "子女入学")
        return len(statements)

    world.recorded()
    asked()  # what a version's stages are called is read once
    few = asked()
    for _ in range(4):
        world.recorded()
    assert asked() == few
