"""A process whose lane is a leader's."""

from __future__ import annotations

from service.processes import definitions
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.engines import bpmn, end, flow, process, user
from tests.factories.world import World

FORM = b'{"type": "object", "title": "x", "properties": {}}'


def deploy(world: World) -> None:
    body = process(
        '<bpmn:startEvent id="begin" />'
        + flow("begin", "file")
        + user("file", candidates="talent_office", stage="intake")
        + flow("file", "read")
        + user("read", candidates="leader:leader_id", stage="intake")
        + flow("read", "finish")
        + end(),
        "p",
    ).replace('<bpmn:startEvent id="begin" />', LANES + '<bpmn:startEvent id="begin" />', 1)
    form = b'{"type": "object", "title": "x", "properties": {"leader_id": {"type": "string", "title": "l"}}}'
    files = {"bpmn/p.bpmn": bpmn(body), "forms/file.json": form, "forms/read.json": FORM}
    with world.transaction() as session:
        definitions.deploy(session, unchecked("p", files), actor=SYSTEM, now=world.clock.now)


LANES = (
    '<bpmn:laneSet id="lanes"><bpmn:lane id="leader" name="联系领导"><bpmn:flowNodeRef>read</bpmn:flowNodeRef>'
    "</bpmn:lane></bpmn:laneSet>"
)
