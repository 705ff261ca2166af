"""Messages for which a diagram waits and that nobody sends."""

from __future__ import annotations

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.checks.model import BPMN, Node, ProcessModel
from service.checks.tested import listed


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rule message-unsent."""
    if context.messages is None:
        return
    names = _names(bundle)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.event == "message":
                _unsent(process, node, names.get((process.file, node.message or "")), context.messages, report)


def _names(bundle: Bundle) -> dict[tuple[str, str], str]:
    """(file, id of a message) → the message's name, by which it is sent."""
    return {
        (file, message.get("id", "")): str(message.get("name") or message.get("id", ""))
        for file, root in bundle.diagrams.items()
        for message in root.iterfind(f"{BPMN}message")
    }


def _unsent(process: ProcessModel, node: Node, name: str | None, sent: frozenset[str], report: Report) -> None:
    if name is None or name in sent:
        return
    known = f"；能收到的消息：{listed(sent)}" if sent else ""
    if node.type == "intermediateCatchEvent" and not _beside(process, node):
        message = f"没有谁会发消息 {name}，走到这里会一直等下去；请改用要人办的任务或定时{known}"
        report.error(node.file, node.line, node.id, "message-unsent", message)
    else:
        message = f"没有谁会发消息 {name}，这条路永远走不到；请删去，或改用页面上的操作{known}"
        report.warning(node.file, node.line, node.id, "message-unsent", message)


def _beside(process: ProcessModel, node: Node) -> bool:
    """Whether something else that comes by itself may end the wait: the event stands behind an event gateway."""
    for before in process.before(node.id):
        if before.type == "eventBasedGateway":
            others = [process.nodes.get(process.flows[flow].target) for flow in before.outgoing]
            return any(one is not None and one.event == "timer" for one in others)
    return False
