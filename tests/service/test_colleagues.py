"""A person who comes after a colleague is told who has the task, on pages and in the API."""

from __future__ import annotations

from service.processes import operations
from tests.factories.absences import on_leave
from tests.factories.visitor import Visitor
from tests.factories.world import World


def test_who_comes_after_a_colleague_is_told_who_has_it(world: World) -> None:
    on_leave(world, "handler-edu", "handler-housing")
    world.dispatched("edu")
    task = world.task("handle", "edu").id
    page = f"/tasks/{task}"
    assert Visitor(world, "handler-housing").get(page).status_code == 200
    data = {"data": world.sample("handle")}
    with world.transaction() as session:
        operations.claim(session, task_id=task, actor=world.actor("handler-edu-2"), now=world.clock.now)
    holder = world.actor("handler-edu-2").name
    late = Visitor(world, "handler-housing")
    told = f"本步骤正由{holder}办理"
    assert told in late.get(page).text
    assert late.get(f"/cases/{world.case}").status_code == 200
    for path, body in ((f"{page}/complete", data), (f"{page}/claim", {}), (f"{page}/return", {"reason": "x"})):
        refused = late.post(path, **body)
        assert (refused.status_code, holder in refused.text) == (409, True), (path, refused.text)
    api = world.api("handler-housing")
    for call, body in (("complete", data), ("claim", {})):
        refused = api.post(f"/tasks/{task}/{call}", body)
        assert (refused.status_code, holder in refused.json["detail"]) == (409, True), (call, refused.text)
    # a colleague of the same role and unit, and a stranger
    assert world.api("handler-edu").post(f"/tasks/{task}/complete", data).status_code == 409
    assert world.api("handler-guicheng").post(f"/tasks/{task}/complete", data).status_code == 404
    world.do("handler-edu-2", "handle")
    refused = api.post(f"/tasks/{task}/complete", data)
    assert (refused.status_code, f"已由 {holder} 完成" in refused.json["detail"]) == (409, True), refused.text
    assert (late.get(page).status_code, f"已由 {holder} 完成" in late.get(page).text) == (409, True)
    assert api.get(f"/tasks/{task}").status_code == 409
    assert "完成" in Visitor(world, "handler-edu").get(page).text
