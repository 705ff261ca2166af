"""The replay of an instance by the API: all its steps, and one of them with the state after it and the form as seen."""

from __future__ import annotations

from tests.factories.replays import eventful
from tests.factories.steps import instance
from tests.factories.world import World


def test_the_steps_and_the_state_after_each_are_answered(world: World) -> None:
    eventful(world)
    auditor = world.api("auditor")
    told = auditor.get(f"/instances/{world.case}/replay").json
    assert [one["version"] for one in told["versions"]] == [1, 2]
    done = [one for one in told["steps"] if one["kind"] == "completed" and one["step"] == "handle"]
    back = next(one for one in told["steps"] if one["kind"] == "taken_back")
    assert (done[0]["taken_back"], done[1]["on_behalf_of"]) == (back["seq"], "handler-edu")
    assert {"path", "title", "from", "to"} == set(done[0]["changes"][0])
    assert done[0]["marking"]["request"] == ["feedback_accepted", "unit_slots"]
    first = auditor.get(f"/instances/{world.case}/replay/{done[0]['seq']}").json
    assert first["form"]["typed"]["reply"] == "先前的答复"
    assert first["state"]["version"] == 1
    last = auditor.get(f"/instances/{world.case}/replay/{told['steps'][-1]['seq']}").json
    assert last["state"]["data"] == instance(world).data
    assert world.api("handler-health").get(f"/instances/{world.case}/replay").status_code == 404
    for none in (0, 999999):
        assert auditor.get(f"/instances/{world.case}/replay/{none}").status_code == 404
