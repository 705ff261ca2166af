"""Small diagrams of one element each, and what is done to their cases."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from service import clock
from service.processes import commands, timers
from service.processes.advance import open_tasks
from tests.factories.diagrams import UNITS_FOR, drawn, form
from tests.factories.engines import flow
from tests.factories.world import World

FORMAL = 'xsi:type="bpmn:tFormalExpression"'


MESSAGE = "withdrawn"


FIELDS = {
    "category": {
        "type": "string",
        "title": "类别",
        "oneOf": [
            {"const": "school", "title": "中小学"},
            {"const": "college", "title": "高校"},
            {"const": "clinic", "title": "医疗"},
        ],
    },
    "count": {"type": "integer", "title": "人数"},
    "units": {"type": "array", "title": "名单", "maxItems": 9, "items": {"type": "string", "maxLength": 9}},
}


FORM = json.dumps(form("表单", FIELDS) | {"required": []}, ensure_ascii=False).encode()


def chain(*nodes: str) -> str:
    return "".join(flow(before, after) for before, after in pairwise(nodes))


def ask(name: str, loop: str = "") -> str:
    stage = '<spiffworkflow:property name="stage" value="intake" />'
    return (
        f'<bpmn:userTask id="{name}" name="办理"><bpmn:extensionElements><spiffworkflow:properties>{stage}'
        f"</spiffworkflow:properties></bpmn:extensionElements>{loop}</bpmn:userTask>"
    )


def catch(name: str, event: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{name}" name="等候">{event}</bpmn:intermediateCatchEvent>'


def end(name: str, event: str = "") -> str:
    return f'<bpmn:endEvent id="{name}" name="结束">{event}</bpmn:endEvent>'


def timer(after: str = "PT1H") -> str:
    return (
        f"<bpmn:timerEventDefinition id=\"{after}\"><bpmn:timeDuration {FORMAL}>'{after}'</bpmn:timeDuration>"
        "</bpmn:timerEventDefinition>"
    )


def split(kind: str, default: str = "") -> str:
    taken = f' default="split_{default}"' if default else ""
    return f'<bpmn:{kind} id="split" name="分支"{taken} />'


def way(source: str, target: str, condition: str = "") -> str:
    return flow(source, target, condition).replace(" sourceRef", ' name="继续" sourceRef')


def around(node: str, *inside: str) -> str:
    """The node ``node`` between the first task and the last."""
    return chain("begin", "first", "node", "last", "finish") + START + ask("first") + node + ask("last") + end("finish")


START = '<bpmn:startEvent id="begin" name="开始" />'


TOLD = f'<bpmn:messageEventDefinition id="told" messageRef="{MESSAGE}" />'


INNER = START + chain("begin", "inner_task", "finish") + ask("inner_task") + end("finish")


PART = (
    '<bpmn:subProcess id="node" name="一段"><bpmn:startEvent id="part_begin" name="开始" />'
    + chain("part_begin", "inner_task", "part_end")
    + ask("inner_task")
    + end("part_end")
    + "</bpmn:subProcess>"
)


def first_of(**events: str) -> str:
    """An event gateway with a way for each event."""
    return (
        START
        + chain("begin", "first", "split")
        + ask("first")
        + split("eventBasedGateway")
        + "".join(
            way("split", name) + catch(name, event) + chain(name, f"after_{name}", "finish") + ask(f"after_{name}")
            for name, event in events.items()
        )
        + end("finish")
    )


def bundle(body: str) -> dict[str, bytes]:
    bodies = {"p": body} | ({"inner": INNER} if "calledElement" in body else {})
    files = {f"bpmn/{key}.bpmn": drawn(laned(key, body)).encode() for key, body in bodies.items()}
    tasks = re.findall(r'<bpmn:userTask id="(\w+)"', "".join(bodies.values()))
    return (
        files
        | {f"forms/{task}.json": FORM for task in tasks}
        | ({"bpmn/units_for.dmn": UNITS_FOR.encode()} if "calledDecisionId" in body else {})
    )


def laned(key: str, body: str) -> str:
    outside = re.sub(r"(<bpmn:subProcess[^>]*>).*?</bpmn:subProcess>", r"\1", body)
    inside = re.findall(r'<bpmn:(?:userTask|subProcess) id="(\w+)"', outside)
    lane = "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in inside)
    lanes = f'<bpmn:laneSet id="lanes"><bpmn:lane id="talent_office" name="区人才办">{lane}</bpmn:lane></bpmn:laneSet>'
    text = body.replace("<bpmn:conditionExpression>", f"<bpmn:conditionExpression {FORMAL}>")
    messages = f'<bpmn:message id="{MESSAGE}" name="{MESSAGE}" />' if MESSAGE in body else ""
    return f'{messages}<bpmn:process id="{key}" name="流程" isExecutable="true">{lanes}{text}</bpmn:process>'


def fire(world: World) -> None:
    with world.database.reading() as session:
        due = timers.due_timers(session, now=clock.now())
    for timer_id in due:
        with world.transaction() as session:
            timers.fire(session, timer_id=timer_id, now=clock.now())


def do(world: World, step: str, data: dict[str, Any]) -> None:
    with world.database.reading() as session:
        task_id = next(task.id for task in open_tasks(session, world.case) if task.task == step)
    with world.transaction() as session:
        commands.complete(session, task_id=task_id, data=data, actor=world.actor("office"), now=clock.now())
