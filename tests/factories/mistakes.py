"""Mistakes that process owners make in the shipped processes: each a bundle, one edit of its text, and who finds it.

``CHECK`` are found by ``service.checks``; ``PROOF`` only by exploring what can be reached (``service.proof``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from service.processes.bundles import read_bundle

ROOT = Path(__file__).parents[2]
CHECK, PROOF = "check", "proof"
ERROR, WARNING = "error", "warning"

Change = Callable[[dict[str, str]], None]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One edit of the process ``process``: what must be found, at which element of which file, how heavy it weighs.

    ``based`` tells the checks the shipped files as the version before. ``rule`` is the rule of the checks, or the kind
    of fault of the proof, where ``by`` is PROOF.
    """

    name: str
    process: str
    changes: Sequence[Change]
    file: str
    element: str
    rule: str
    severity: str = ERROR
    by: str = CHECK
    based: bool = False

    def files(self) -> dict[str, bytes]:
        """The spoilt bundle. Fails where an edit does not bite."""
        texts = {name: content.decode() for name, content in shipped(self.process).items()}
        for change in self.changes:
            before = dict(texts)
            change(texts)
            assert texts != before, f"{self.name}: an edit changes nothing"
        return {name: text.encode() for name, text in texts.items()}


@cache
def shipped(process: str) -> dict[str, bytes]:
    """The files of a process of the product."""
    return read_bundle(ROOT / "bpmn" / process, ROOT / "forms" / process)


# --- Edits -----------------------------------------------------------------------------------------------------------


def put(file: str, old: str, new: str, count: int = 1) -> Change:
    """Replaces a text; -1 for all of its places."""

    def change(texts: dict[str, str]) -> None:
        assert old in texts[file], f"{old!r} is not in {file}"
        texts[file] = texts[file].replace(old, new, count)

    return change


def within(file: str, element: str, old: str, new: str) -> Change:
    """Replaces a text once within the element (or, in a form, behind the key) of that id."""

    def change(texts: dict[str, str]) -> None:
        mark = f'"{element}": ' if file.endswith(".json") else f' id="{element}"'
        before, found, after = texts[file].partition(mark)
        assert found, f"{element} is not in {file}"
        assert old in after, f"{old!r} does not stand behind {element}"
        texts[file] = before + found + after.replace(old, new, 1)

    return change


def condition(file: str, flow: str, text: str) -> Change:
    """Another condition on a flow, which had one or none."""

    def change(texts: dict[str, str]) -> None:
        formal = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{text}</bpmn:conditionExpression>'
        head = rf'(<bpmn:sequenceFlow id="{flow}"[^>]*?)'
        old = re.compile(head + r"(?: />|>\s*<bpmn:conditionExpression[^>]*>.*?</bpmn:sequenceFlow>)", re.DOTALL)
        texts[file], count = old.subn(lambda found: f"{found[1]}>{formal}</bpmn:sequenceFlow>", texts[file])
        assert count == 1

    return change


def prop(file: str, element: str, name: str, value: str | None) -> Change:
    """Another value of an extension property of a task; None takes it away."""

    def change(texts: dict[str, str]) -> None:
        before, mark, after = texts[file].partition(f' id="{element}"')
        assert mark, f"{element} is not in {file}"
        own, end, rest = after.partition("</spiffworkflow:properties>")
        own = re.sub(rf'\s*<spiffworkflow:property name="{name}" value="[^"]*" />', "", own)
        if value is not None:
            own += f'<spiffworkflow:property name="{name}" value="{value}" />'
        texts[file] = before + mark + own + end + rest

    return change


def lane_gone(file: str, lane: str, into: str | None = None) -> Change:
    """A lane deleted; the editor gives what stood in it to the neighbour ``into``, or to nobody."""

    def change(texts: dict[str, str]) -> None:
        found = re.search(rf'<bpmn:lane id="{lane}".*?</bpmn:lane>', texts[file], re.DOTALL)
        assert found
        text = texts[file].replace(found[0], "")
        text = re.sub(
            rf'<bpmndi:BPMNShape id="\w+" bpmnElement="{lane}".*?</bpmndi:BPMNShape>', "", text, flags=re.DOTALL
        )
        if into is not None:
            moved = "".join(re.findall(r"<bpmn:flowNodeRef>\w+</bpmn:flowNodeRef>", found[0]))
            text = re.sub(rf'(<bpmn:lane id="{into}"[^>]*>)', rf"\1{moved}", text)
        texts[file] = text

    return change


def moved(file: str, node: str, lane: str) -> Change:
    """A node dragged into another lane."""

    def change(texts: dict[str, str]) -> None:
        reference = f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>"
        text = texts[file].replace(reference, "", 1)
        texts[file] = re.sub(rf'(<bpmn:lane id="{lane}"[^>]*>)', rf"\1{reference}", text)

    return change


def target(file: str, flow: str, node: str) -> Change:
    """The end of a flow dragged to another node."""

    def change(texts: dict[str, str]) -> None:
        head = rf'(<bpmn:sequenceFlow id="{flow}"[^>]*?targetRef=")\w+"'
        texts[file], count = re.subn(head, rf'\g<1>{node}"', texts[file])
        assert count == 1

    return change


def between(file: str, flow: str, node: str, element: str, also: str = "") -> Change:
    """A new node on a flow: ``element`` is its XML, ``also`` what else comes with it."""

    def change(texts: dict[str, str]) -> None:
        found = re.search(rf'<bpmn:sequenceFlow id="{flow}"[^>]*?targetRef="(\w+)"', texts[file])
        assert found
        onward = f'<bpmn:sequenceFlow id="{node}_on" sourceRef="{node}" targetRef="{found[1]}" />'
        target(file, flow, node)(texts)
        added(file, element + onward + also)(texts)

    return change


def added(file: str, xml: str) -> Change:
    """More elements in the process, before its first flow."""

    def change(texts: dict[str, str]) -> None:
        before, mark, after = texts[file].partition("<bpmn:sequenceFlow ")
        assert mark
        texts[file] = before + xml + mark + after

    return change


def whole(file: str, text: str) -> Change:
    """A whole file, in place of what it was or new."""

    def change(texts: dict[str, str]) -> None:
        texts[file] = text

    return change


def flow(flow_id: str, source: str, end: str, test: str | None = None) -> str:
    """The XML of a flow."""
    inside = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{test}</bpmn:conditionExpression>'
    return (
        f'<bpmn:sequenceFlow id="{flow_id}" name="连线" sourceRef="{source}" targetRef="{end}">'
        f"{inside if test else ''}</bpmn:sequenceFlow>"
    )


def timer(event: str, host: str, text: str, *, interrupting: bool) -> str:
    """The XML of a clock on a task, as an editor writes it: interrupting where nothing is said."""
    how = "" if interrupting else ' cancelActivity="false"'
    return (
        f'<bpmn:boundaryEvent id="{event}" name="到时间"{how} attachedToRef="{host}"><bpmn:timerEventDefinition '
        f'id="{event}_timer"><bpmn:timeDate xsi:type="bpmn:tFormalExpression">{text}</bpmn:timeDate>'
        "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )


def wait(event: str, kind: str, text: str) -> str:
    """The XML of an event that waits for a time."""
    return (
        f'<bpmn:intermediateCatchEvent id="{event}" name="等"><bpmn:timerEventDefinition id="{event}_timer">'
        f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text}</bpmn:{kind}></bpmn:timerEventDefinition>'
        "</bpmn:intermediateCatchEvent>"
    )


def message(kind: str, event: str, attached: str = "") -> str:
    """The XML of an event that waits for the message ``withdrawn``."""
    return (
        f'<bpmn:{kind} id="{event}" name="等撤回"{attached}><bpmn:messageEventDefinition id="{event}_message" '
        f'messageRef="withdrawn" /></bpmn:{kind}>'
    )


DECLARED = '<bpmn:message id="withdrawn" name="withdrawn" /><bpmn:process '
MAIN, SLOT, MEETING = "bpmn/request.bpmn", "bpmn/unit_handling.bpmn", "bpmn/special_meeting.bpmn"
TABLE = "bpmn/dispatch.dmn"
UNIT_REPORT, ROSTER_LIST, ROSTER = "bpmn/unit_report.bpmn", "bpmn/roster_list.bpmn", "bpmn/roster.bpmn"
ACCEPT, HANDLE, RECORD = "forms/accept.json", "forms/handle.json", "forms/record_need.json"
ITEM = '<bpmn:inputDataItem id="unit" />'
A_MESSAGE = put(MAIN, "<bpmn:process ", DECLARED)


WHO = [
    Mistake(
        "a lane deleted with what stood in it",
        "request",
        [lane_gone(SLOT, "talent_office")],
        SLOT,
        "review_reply",
        "task-lane",
    ),
    Mistake(
        "a unit's task without a lane", "request", [lane_gone(SLOT, "responsible_unit")], SLOT, "handle", "task-lane"
    ),
    Mistake(
        "a lane deleted in an editor, its tasks to the neighbour",
        "request",
        [lane_gone(SLOT, "responsible_unit", into="talent_office")],
        SLOT,
        "handle",
        "lane-changed",
        WARNING,
        based=True,
    ),
    Mistake(
        "a step dragged into the neighbour's lane",
        "request",
        [moved(MAIN, "accept", "liaison")],
        MAIN,
        "accept",
        "lane-changed",
        WARNING,
        based=True,
    ),
    Mistake(
        "an item renamed",
        "request",
        [put(MAIN, ITEM, '<bpmn:inputDataItem id="office" />')],
        SLOT,
        "handle",
        "task-holder",
    ),
    Mistake(
        "an item renamed, with a label",
        "half_year_report",
        [
            put(
                "bpmn/half_year_report.bpmn",
                '<bpmn:inputDataItem id="unit" name="unit" />',
                '<bpmn:inputDataItem id="office" name="office" />',
            )
        ],
        UNIT_REPORT,
        "submit_half_year",
        "task-holder",
    ),
    Mistake("an item deleted", "request", [put(MAIN, ITEM, "")], MAIN, "unit_slots", "multi-instance"),
    Mistake(
        "the leader of a talent",
        "request",
        [prop(MAIN, "group_opinion", "candidates", "leader:talent_id")],
        MAIN,
        "group_opinion",
        "task-holder",
    ),
    Mistake(
        "the unit of a talent",
        "request",
        [prop(MAIN, "feedback_result", "candidates", "unit:talent_id")],
        MAIN,
        "feedback_result",
        "task-holder",
    ),
    Mistake(
        "the unit of a category",
        "request",
        [prop(MAIN, "feedback_result", "candidates", "unit:category")],
        MAIN,
        "feedback_result",
        "task-holder",
    ),
    Mistake(
        "a unit that does not exist",
        "request",
        [prop(SLOT, "redispatch", "candidates", "unit:'educ'")],
        SLOT,
        "redispatch",
        "task-holder",
    ),
    Mistake(
        "a unit that does not exist in one of two cases",
        "request",
        [prop(MAIN, "feedback_result", "candidates", "unit:'edu' if category == 'education' else 'helth'")],
        MAIN,
        "feedback_result",
        "task-holder",
    ),
    Mistake(
        "a unit's lane where there is no unit",
        "request",
        [moved(MAIN, "feedback_result", "responsible_unit")],
        MAIN,
        "feedback_result",
        "task-holder",
    ),
    Mistake(
        "a lane that is no role",
        "request",
        [put(MAIN, '<bpmn:lane id="liaison"', '<bpmn:lane id="liasion"')],
        MAIN,
        "liasion",
        "lane-role",
    ),
    Mistake(
        "a role that does not exist",
        "request",
        [prop(MAIN, "accept", "candidates", "talent_ofice")],
        MAIN,
        "accept",
        "task-lane",
    ),
    Mistake(
        "a misspelt unit",
        "roster",
        [put(ROSTER, "unit:initiator_unit", "unit:initiator_units")],
        ROSTER,
        "start_unit_list",
        "unknown-data",
    ),
    Mistake(
        "the whole unit of a leader",
        "change_report",
        [put("bpmn/leader_notice.bpmn", "unit:leader.unit", "unit:leader.units")],
        "bpmn/leader_notice.bpmn",
        "present_change",
        "value-unknown",
    ),
]

AWAY = between(
    MAIN,
    "talent_told",
    "still_here",
    '<bpmn:exclusiveGateway id="still_here" name="还在本区？" default="still_here_on" />',
    flow("gone", "still_here", "gone_end", "town == 'dali'") + '<bpmn:endEvent id="gone_end" name="已离开" />',
)
TOGETHER = [
    Mistake(
        "a join behind an exclusive split",
        "request",
        [
            put(
                MAIN,
                '<bpmn:parallelGateway id="dispatched" name="派单之后">',
                '<bpmn:exclusiveGateway id="dispatched" name="派单之后" default="tell_talent">',
            ),
            within(MAIN, "dispatched", "</bpmn:parallelGateway>", "</bpmn:exclusiveGateway>"),
            condition(MAIN, "hand_to_units", "town == 'dali'"),
        ],
        MAIN,
        "all_back",
        "join-waits",
    ),
    Mistake(
        "a join behind an inclusive split",
        "request",
        [
            put(
                MAIN,
                '<bpmn:parallelGateway id="dispatched" name="派单之后">',
                '<bpmn:inclusiveGateway id="dispatched" name="派单之后" default="tell_talent">',
            ),
            within(MAIN, "dispatched", "</bpmn:parallelGateway>", "</bpmn:inclusiveGateway>"),
            condition(MAIN, "hand_to_units", "town == 'dali'"),
        ],
        MAIN,
        "all_back",
        "join-waits",
    ),
    Mistake(
        "an exclusive merge behind a parallel split",
        "request",
        [
            put(
                MAIN,
                '<bpmn:parallelGateway id="all_back" name="全部完成">',
                '<bpmn:exclusiveGateway id="all_back" name="全部完成">',
            ),
            within(MAIN, "all_back", "</bpmn:parallelGateway>", "</bpmn:exclusiveGateway>"),
        ],
        MAIN,
        "all_back",
        "merge-twice",
    ),
    Mistake(
        "two ways at once into one step",
        "request",
        [target(MAIN, "talent_told", "any_referred"), target(MAIN, "units_finished", "any_referred")],
        MAIN,
        "any_referred",
        "merge-twice",
    ),
    Mistake(
        "one of the ways at once goes past the join",
        "request",
        [target(MAIN, "talent_told", "any_referred")],
        MAIN,
        "any_referred",
        "merge-twice",
    ),
    Mistake("one way at once may end alone", "request", [AWAY], MAIN, "all_back", "join-waits"),
    Mistake(
        "a clock ends one of the ways",
        "request",
        [
            added(
                MAIN,
                timer("too_late", "feedback_accepted", "working_days_after(due_on, 9)", interrupting=True)
                + flow("late_on", "too_late", "late_end")
                + '<bpmn:endEvent id="late_end" name="过时" />',
            )
        ],
        MAIN,
        "all_back",
        "join-waits",
    ),
    Mistake(
        "a join waits for a clock that may not strike",
        "request",
        [
            between(SLOT, "reply_accepted", "both", '<bpmn:parallelGateway id="both" name="都好" />'),
            target(SLOT, "urged", "both"),
        ],
        SLOT,
        "both",
        "join-waits",
    ),
    Mistake(
        "a clock's way runs into the main one",
        "request",
        [target(SLOT, "urged", "review_reply")],
        SLOT,
        "review_reply",
        "merge-twice",
    ),
    Mistake(
        "a circular's way runs into the review",
        "request",
        [target(SLOT, "circular_issued", "review_reply")],
        SLOT,
        "review_reply",
        "merge-twice",
    ),
]

GATEWAY = (
    '<bpmn:eventBasedGateway id="wait_first" name="先等" />'
    + message("intermediateCatchEvent", "wait_a")
    + wait("wait_b", "timeDuration", "'P2D'")
    + flow("w1", "wait_first", "wait_a")
    + flow("w3", "wait_a", "assign_number")
    + flow("w4", "wait_b", "assign_number")
)
MESSAGES = [
    Mistake(
        "a message that nobody sends",
        "request",
        [A_MESSAGE, between(MAIN, "numbered", "wait_word", message("intermediateCatchEvent", "wait_word"))],
        MAIN,
        "wait_word",
        "message-unsent",
    ),
    Mistake(
        "a message on a task that nobody sends",
        "request",
        [
            A_MESSAGE,
            added(
                MAIN,
                message("boundaryEvent", "called_off", ' attachedToRef="accept"')
                + flow("off", "called_off", "end_rejected"),
            ),
        ],
        MAIN,
        "called_off",
        "message-unsent",
        WARNING,
    ),
    Mistake(
        "an event gateway that waits for what nobody sends",
        "request",
        [A_MESSAGE, target(MAIN, "accepted", "wait_first"), added(MAIN, GATEWAY + flow("w2", "wait_first", "wait_b"))],
        MAIN,
        "wait_a",
        "message-unsent",
        WARNING,
    ),
    Mistake(
        "an event gateway with one way",
        "request",
        [A_MESSAGE, target(MAIN, "accepted", "wait_first"), added(MAIN, GATEWAY)],
        MAIN,
        "wait_first",
        "event-gateway",
    ),
    Mistake(
        "an event gateway before a step",
        "request",
        [
            A_MESSAGE,
            target(MAIN, "accepted", "wait_first"),
            added(MAIN, GATEWAY + flow("w2", "wait_first", "record_need")),
        ],
        MAIN,
        "wait_first",
        "event-gateway",
    ),
    Mistake(
        "a message caught that no diagram declares",
        "request",
        [between(MAIN, "numbered", "wait_word", message("intermediateCatchEvent", "wait_word"))],
        MAIN,
        "wait_word",
        "reference-broken",
    ),
]

VALUES = [
    Mistake(
        "a misspelt value",
        "request",
        [condition(MAIN, "accepted", "decision == 'acept'")],
        MAIN,
        "accepted",
        "value-unknown",
    ),
    Mistake(
        "an option removed",
        "request",
        [put(ACCEPT, '"const": "reject"', '"const": "refuse"')],
        MAIN,
        "rejected",
        "value-unknown",
    ),
    Mistake(
        "a field renamed", "request", [put(ACCEPT, '"decision"', '"verdict"', -1)], MAIN, "accepted", "data-unwritten"
    ),
    Mistake(
        "a field renamed that a slot gives back",
        "request",
        [
            put("forms/review_reply.json", '"decision"', '"verdict"', -1),
            put("forms/confirm_interim.json", '"decision"', '"verdict"', -1),
        ],
        SLOT,
        "reply_refer",
        "value-unknown",
    ),
    Mistake(
        "a value that no slot gives back",
        "request",
        [condition(MAIN, "some_referred", "'refered' in slot_decisions")],
        MAIN,
        "some_referred",
        "value-unknown",
    ),
    Mistake(
        "an option renamed in the form",
        "request",
        [put(HANDLE, '"const": "not_ours"', '"const": "other_unit"')],
        SLOT,
        "result_not_ours",
        "value-unknown",
    ),
    Mistake(
        "a yes or no asked as a text",
        "request",
        [condition(MAIN, "was_answered_now", "on_the_spot == 'yes'")],
        MAIN,
        "was_answered_now",
        "value-unknown",
    ),
    Mistake(
        "a value in a list of several",
        "request",
        [condition(MAIN, "route_meeting", "route in ['meting', 'escalate']")],
        MAIN,
        "route_meeting",
        "value-unknown",
    ),
    Mistake(
        "a value turned round",
        "request",
        [condition(MAIN, "route_explain", "'explane' == route")],
        MAIN,
        "route_explain",
        "value-unknown",
    ),
    Mistake(
        "a value in a date rule of a slot",
        "request",
        [prop(SLOT, "handle", "due", "agreed_date if result == 'intermim' and agreed_date else working_days(7)")],
        SLOT,
        "handle",
        "value-unknown",
    ),
    Mistake(
        "a value over slots",
        "request",
        [prop(MAIN, "assess", "about", "slots:decision == 'refered'")],
        MAIN,
        "assess",
        "value-unknown",
    ),
    Mistake(
        "a unit's code that does not exist",
        "roster",
        [condition(ROSTER_LIST, "of_district", "unit == 'talent_ofice'")],
        ROSTER_LIST,
        "of_district",
        "value-unknown",
    ),
    Mistake(
        "a role's code that does not exist",
        "roster",
        [put(ROSTER, "'talent_office' in initiator_roles", "'talent_ofice' in initiator_roles")],
        ROSTER,
        "office_begins",
        "value-unknown",
    ),
    Mistake(
        "a setting misspelt",
        "request",
        [put(MAIN, "settings.group_opinion_required", "settings.group_opinion_requird")],
        MAIN,
        "group_opinion_needed",
        "settings-unknown",
    ),
    Mistake(
        "a value that an action's result never has",
        "leader_brief",
        [condition("bpmn/one_brief.bpmn", "to_release", "decision == 'relese'")],
        "bpmn/one_brief.bpmn",
        "to_release",
        "value-unknown",
    ),
    Mistake(
        "a part that an action's result does not have",
        "leader_brief",
        [condition("bpmn/one_brief.bpmn", "released_there", "brief.relesed")],
        "bpmn/one_brief.bpmn",
        "released_there",
        "value-unknown",
    ),
    Mistake(
        "a number of a choice asked as a text",
        "half_year_report",
        [put("bpmn/half_year_report.bpmn", ">not units<", ">not units or half == '1'<")],
        "bpmn/half_year_report.bpmn",
        "nobody",
        "value-unknown",
    ),
]

EARLY = [
    Mistake(
        "a condition on what a later step says",
        "request",
        [condition(MAIN, "was_answered_now", "route == 'explain'")],
        MAIN,
        "was_answered_now",
        "data-unwritten",
    ),
    Mistake(
        "a date from a field that is not there yet",
        "request",
        [prop(MAIN, "accept", "due", "agreed_date")],
        MAIN,
        "accept",
        "data-unwritten",
    ),
    Mistake(
        "an action asked with what only a slot knows",
        "request",
        [within(MAIN, "send_out", 'value="lead_unit"', 'value="unit"')],
        MAIN,
        "send_out",
        "data-unwritten",
    ),
    Mistake(
        "a table asked with what comes later",
        "request",
        [within(TABLE, "town_in_expression", "<text>town</text>", "<text>opinion</text>")],
        MAIN,
        "propose_dispatch",
        "data-unwritten",
    ),
    Mistake(
        "a table that answers with what comes later",
        "request",
        [within(TABLE, "rule_01_assisting", "[town]", "[body]")],
        MAIN,
        "propose_dispatch",
        "data-unwritten",
    ),
    Mistake(
        "what one slot said, read after all",
        "request",
        [condition(MAIN, "some_referred", "result == 'not_ours'")],
        MAIN,
        "some_referred",
        "data-unwritten",
    ),
    Mistake(
        "an action's result renamed",
        "request",
        [put(MAIN, 'resultVariable="units"', 'resultVariable="offices"')],
        MAIN,
        "unit_slots",
        "multi-instance",
    ),
    Mistake(
        "a step put before the one it reads",
        "request",
        [
            target(MAIN, "accepted", "send_out"),
            target(MAIN, "dispatch_decided", "assign_number"),
            target(MAIN, "proposed", "dispatched"),
            put(
                MAIN, 'sourceRef="dispatched" targetRef="unit_slots"', 'sourceRef="dispatched" targetRef="unit_slots"  '
            ),
        ],
        MAIN,
        "send_out",
        "data-unwritten",
    ),
    Mistake(
        "a clock before the date it counts from",
        "request",
        [
            added(
                MAIN,
                timer("soon", "accept", "working_days_after(held_on, 1)", interrupting=False)
                + flow("soon_on", "soon", "soon_end")
                + '<bpmn:endEvent id="soon_end" name="已提醒" />',
            )
        ],
        MAIN,
        "soon",
        "data-unwritten",
    ),
]

ALIKE = [
    Mistake(
        "two conditions alike",
        "request",
        [condition(MAIN, "rejected", "decision == 'accept'")],
        MAIN,
        "rejected",
        "condition-overlap",
        WARNING,
    ),
    Mistake(
        "two conditions alike, spelt apart",
        "request",
        [condition(MAIN, "rejected", "'accept'==decision")],
        MAIN,
        "rejected",
        "condition-overlap",
        WARNING,
    ),
    Mistake(
        "two conditions that overlap",
        "request",
        [condition(MAIN, "rejected", "decision != 'return'")],
        MAIN,
        "rejected",
        "condition-overlap",
        WARNING,
    ),
    Mistake(
        "a list that overlaps",
        "request",
        [condition(MAIN, "route_meeting", "route in ['meeting', 'explain']")],
        MAIN,
        "route_meeting",
        "condition-overlap",
        WARNING,
    ),
    Mistake(
        "conditions on different fields",
        "request",
        [condition(MAIN, "rejected", "category == 'other'")],
        MAIN,
        "rejected",
        "condition-overlap",
        WARNING,
    ),
    Mistake(
        "a condition that holds whenever it is asked",
        "request",
        [condition(MAIN, "route_explain", "route or True")],
        MAIN,
        "route_meeting",
        "condition-overlap",
        WARNING,
    ),
]

FORMS = [
    Mistake(
        "a text longer than it may be",
        "request",
        [within(ACCEPT, "reason", '"minLength": 1', '"minLength": 2000')],
        ACCEPT,
        "accept",
        "form-unsatisfiable",
    ),
    Mistake(
        "a number between 9 and 2",
        "half_year_report",
        [within("forms/choose_period.json", "year", '"maximum": 2100', '"maximum": 2000')],
        "forms/choose_period.json",
        "choose_period",
        "form-unsatisfiable",
    ),
    Mistake(
        "more items than fit",
        "request",
        [within("forms/dispatch.json", "assisting_units", '"maxItems": 30', '"maxItems": 3, "minItems": 5')],
        "forms/dispatch.json",
        "dispatch",
        "form-unsatisfiable",
    ),
    Mistake(
        "a field required and forbidden",
        "request",
        [
            put(
                ACCEPT,
                '"required": [\n    "decision"\n  ],\n  "allOf"',
                '"required": ["decision"],\n  "not": {"required": ["decision"]},\n  "allOf"',
            )
        ],
        ACCEPT,
        "accept",
        "form-unsatisfiable",
    ),
    Mistake(
        "a required field that the form has not",
        "request",
        [
            put(
                ACCEPT,
                '"required": [\n    "decision"\n  ],\n  "allOf"',
                '"required": ["decision", "verdict"],\n  "allOf"',
            )
        ],
        ACCEPT,
        "accept",
        "form-schema",
    ),
    Mistake(
        "a pattern longer than the text",
        "request",
        [
            within(ACCEPT, "reason", '"maxLength": 1000', '"maxLength": 5'),
            within(ACCEPT, "reason", "\\\\S", "^\\\\d{11}$"),
        ],
        ACCEPT,
        "accept",
        "form-unsatisfiable",
    ),
    Mistake(
        "one name with different choices",
        "request",
        [
            within(ACCEPT, "decision", '"x-own": true,', ""),
            within("forms/record_minutes.json", "decision", '"x-own": true,', ""),
        ],
        "forms/record_minutes.json",
        "record_minutes",
        "field-shared",
        WARNING,
    ),
    Mistake(
        "a choice that comes with an answer",
        "request",
        [within(ACCEPT, "decision", '"x-own": true', '"default": "accept"')],
        ACCEPT,
        "accept",
        "form-default",
    ),
]

DUES = [
    Mistake(
        "a clock that interrupts",
        "request",
        [within(SLOT, "due_soon", ' cancelActivity="false"', "")],
        SLOT,
        "due_soon",
        "timer-interrupts",
        WARNING,
    ),
    Mistake(
        "a new clock, as the editor makes it",
        "request",
        [
            added(
                MAIN,
                timer("late", "assess", "working_days_after(due_on, 1)", interrupting=True)
                + flow("late_on", "late", "late_end")
                + '<bpmn:endEvent id="late_end" name="完" />',
            )
        ],
        MAIN,
        "late",
        "timer-interrupts",
        WARNING,
    ),
    Mistake("a due date that is a number", "request", [prop(SLOT, "handle", "due", "7")], SLOT, "handle", "due-date"),
    Mistake(
        "a due date in the past",
        "request",
        [prop(MAIN, "accept", "due", "working_days(-3)")],
        MAIN,
        "accept",
        "due-date",
    ),
    Mistake("a due date in words", "request", [prop(MAIN, "accept", "due", "'7个工作日'")], MAIN, "accept", "due-date"),
    Mistake(
        "a fixed day that is over", "request", [prop(MAIN, "accept", "due", "'2020-01-01'")], MAIN, "accept", "due-date"
    ),
    Mistake(
        "yellow from the first day",
        "request",
        [prop(SLOT, "handle", "warn", "7")],
        SLOT,
        "handle",
        "warn-early",
        WARNING,
    ),
    Mistake("yellow after red", "request", [prop(SLOT, "handle", "warn", "-1")], SLOT, "handle", "due-date"),
    Mistake(
        "a clock before the task begins",
        "request",
        [put(SLOT, "working_days_after(due_on, -3)", "working_days_after(due_on, -9)")],
        SLOT,
        "due_soon",
        "timer-early",
        WARNING,
    ),
    Mistake(
        "a clock without a due date", "request", [prop(SLOT, "handle", "due", None)], SLOT, "due_soon", "unknown-data"
    ),
    Mistake(
        "a wait for a day that is over",
        "request",
        [
            between(
                MAIN,
                "numbered",
                "wait_day",
                wait("wait_day", "timeDate", "'2020-01-01'"),
            )
        ],
        MAIN,
        "wait_day",
        "timer-early",
        WARNING,
    ),
    Mistake(
        "a duration without quotes",
        "request",
        [
            between(
                MAIN,
                "numbered",
                "wait_day",
                wait("wait_day", "timeDuration", "P1D"),
            )
        ],
        MAIN,
        "wait_day",
        "unknown-data",
    ),
]

HOUSING_DUE = "working_days(5) if category == 'housing' else working_days(7)"
NUMBERS = [
    Mistake(
        "the form says 7 where the diagram says 5",
        "request",
        [prop(SLOT, "handle", "due", "agreed_date if result == 'interim' and agreed_date else working_days(5)")],
        HANDLE,
        "handle",
        "words-due",
        WARNING,
    ),
    Mistake(
        "the note says 7 where the diagram says 5",
        "request",
        [prop(SLOT, "handle", "due", "agreed_date if result == 'interim' and agreed_date else working_days(5)")],
        SLOT,
        "note_due",
        "words-due",
        WARNING,
    ),
    Mistake(
        "another form says 7 where the diagram says 5",
        "request",
        [prop(SLOT, "handle", "due", "working_days(5)")],
        "forms/dispatch.json",
        "dispatch",
        "words-due",
        WARNING,
    ),
    Mistake(
        "the note at the call says 7",
        "request",
        [prop(SLOT, "handle", "due", "working_days(9)")],
        MAIN,
        "note_seven_days",
        "words-due",
        WARNING,
    ),
    Mistake(
        "the form says 7 where housing has 5",
        "request",
        [prop(SLOT, "handle", "due", HOUSING_DUE)],
        HANDLE,
        "handle",
        "words-due",
        WARNING,
    ),
    Mistake(
        "a note beside no step says 7 where housing has 5",
        "request",
        [prop(SLOT, "handle", "due", HOUSING_DUE)],
        MAIN,
        "note_seven_days",
        "words-due",
        WARNING,
    ),
    Mistake(
        "another form says 7 where a table gives 5 or 7",
        "request",
        [
            prop(SLOT, "handle", "due", "working_days(days)"),
            put("bpmn/dispatch.dmn", 'name="basis"', 'name="days"'),
            put("bpmn/dispatch.dmn", '<text>"competent"</text>', "<text>5</text>", 9),
            put("bpmn/dispatch.dmn", '<text>"territorial"</text>', "<text>7</text>", 1),
        ],
        "forms/dispatch.json",
        "dispatch",
        "words-due",
        WARNING,
    ),
    Mistake(
        "a clock's name says 3 where it strikes 2 before",
        "request",
        [put(SLOT, "working_days_after(due_on, -3)", "working_days_after(due_on, -2)")],
        SLOT,
        "due_soon",
        "words-due",
        WARNING,
    ),
    Mistake(
        "a clock's name says 1 where it strikes 4 after",
        "request",
        [put(SLOT, "working_days_after(due_on, 1)", "working_days_after(due_on, 4)")],
        SLOT,
        "overdue",
        "words-due",
        WARNING,
    ),
]

NOTICES = [
    Mistake(
        "an unknown kind of notice",
        "request",
        [put(SLOT, "'due_soon'", "'due_son'")],
        SLOT,
        "remind_due_soon",
        "action-value",
    ),
    Mistake(
        "an unknown kind of reminder",
        "half_year_report",
        [within(UNIT_REPORT, "remind_five", "'due_soon'", "'soon_due'")],
        UNIT_REPORT,
        "remind_five",
        "action-value",
    ),
    Mistake(
        "a reminder of a step that is not there",
        "half_year_report",
        [within(UNIT_REPORT, "remind_five", "'submit_half_year'", "'submit_report'")],
        UNIT_REPORT,
        "remind_five",
        "action-value",
    ),
    Mistake(
        "a kind without quotes",
        "request",
        [put(SLOT, "'due_soon'", "due_sooner")],
        SLOT,
        "remind_due_soon",
        "unknown-data",
    ),
    Mistake(
        "an unknown kind of period",
        "half_year_report",
        [put("bpmn/half_year_report.bpmn", "'half_year'", "'halfyear'")],
        "bpmn/half_year_report.bpmn",
        "open_period",
        "action-value",
    ),
]

TABLES = [
    Mistake(
        "a first rule that takes all",
        "request",
        [within(TABLE, "rule_01_category", '<text>"education"</text>', "<text>-</text>")],
        TABLE,
        "dispatch",
        "decision-shadowed",
    ),
    Mistake(
        "a rule behind one that takes the same",
        "request",
        [within(TABLE, "rule_02_category", '<text>"housing"</text>', '<text>"education"</text>')],
        TABLE,
        "dispatch",
        "decision-shadowed",
    ),
    Mistake(
        "an output renamed",
        "request",
        [put(TABLE, 'name="lead_unit"', 'name="main_unit"')],
        TABLE,
        "dispatch",
        "decision-output",
        WARNING,
    ),
    Mistake(
        "a unit that nobody knows",
        "request",
        [within(TABLE, "rule_01_lead", '"edu"', '"educ"')],
        TABLE,
        "dispatch",
        "unit-unknown",
    ),
    Mistake(
        "a unit in a list that nobody knows",
        "request",
        [within(TABLE, "rule_01_assisting", "[town]", "[town, 'helth']")],
        TABLE,
        "dispatch",
        "unit-unknown",
    ),
    Mistake(
        "an option that no form gives",
        "request",
        [within(TABLE, "rule_02_category", '"housing"', '"house"')],
        TABLE,
        "dispatch",
        "value-unknown",
    ),
    Mistake(
        "a town that nobody knows",
        "request",
        [within(TABLE, "rule_01_town", "<text>-</text>", '<text>"guichen"</text>')],
        TABLE,
        "dispatch",
        "value-unknown",
    ),
    Mistake(
        "a basis that no option knows",
        "request",
        [within(TABLE, "rule_01_basis", '"competent"', '"competant"')],
        TABLE,
        "dispatch",
        "value-unknown",
    ),
]

RELIED = [
    Mistake(
        "a step renamed that the printed form reads",
        "request",
        [
            put(MAIN, "record_need<", "register_need<", -1),
            put(MAIN, '"record_need"', '"register_need"', -1),
            prop(MAIN, "register_need", "form", "record_need"),
        ],
        MAIN,
        "request",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a field renamed that the printed form shows",
        "request",
        [put(RECORD, '"description": {', '"content": {'), put(RECORD, '    "description",\n', '    "content",\n')],
        RECORD,
        "record_need",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a reply renamed", "request", [put(HANDLE, '"reply"', '"answer"', -1)], HANDLE, "handle", "relied-on", WARNING
    ),
    Mistake(
        "a review renamed",
        "request",
        [
            put(SLOT, "review_reply<", "check_reply<", -1),
            put(SLOT, '"review_reply"', '"check_reply"', -1),
            prop(SLOT, "check_reply", "form", "review_reply"),
        ],
        MAIN,
        "request",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a box that nothing fills",
        "request",
        [prop(SLOT, "handle", "sign", None)],
        MAIN,
        "request",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a step renamed that a page completes",
        "half_year_report",
        [
            put(UNIT_REPORT, "submit_half_year<", "send_half_year<", -1),
            put(UNIT_REPORT, '"submit_half_year"', '"send_half_year"', -1),
            put(UNIT_REPORT, "'submit_half_year'", "'send_half_year'", -1),
            prop(UNIT_REPORT, "send_half_year", "form", "submit_half_year"),
        ],
        "bpmn/half_year_report.bpmn",
        "half_year_report",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a brief's step renamed",
        "leader_brief",
        [
            put("bpmn/one_brief.bpmn", "sign_brief<", "approve_brief<", -1),
            put("bpmn/one_brief.bpmn", '"sign_brief"', '"approve_brief"', -1),
            put("bpmn/one_brief.bpmn", "'sign_brief'", "'approve_brief'", -1),
            prop("bpmn/one_brief.bpmn", "approve_brief", "form", "sign_brief"),
        ],
        "bpmn/leader_brief.bpmn",
        "leader_brief",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "the number under another name",
        "request",
        [put(MAIN, 'resultVariable="number"', 'resultVariable="case_no"')],
        MAIN,
        "assign_number",
        "relied-on",
        WARNING,
    ),
    Mistake(
        "a category that statistics count",
        "request",
        [put(RECORD, '"category"', '"kind"', -1), put(TABLE, "<text>category</text>", "<text>kind</text>")],
        RECORD,
        "record_need",
        "relied-on",
        WARNING,
    ),
]

BRIEF, REVIEW = "bpmn/one_brief.bpmn", "bpmn/eligibility_review.bpmn"
PROVED = [
    Mistake(
        "a condition that never holds",
        "eligibility_review",
        [put(REVIEW, "decision == 'end'", "decision == 'end' and decision == 'keep'")],
        REVIEW,
        "links_end",
        "unpassed",
        by=PROOF,
    ),
    Mistake(
        "a condition that always holds",
        "eligibility_review",
        [put(REVIEW, "decision == 'end'", "decision in ['end', 'keep']")],
        REVIEW,
        "review_eligibility",
        "same",
        WARNING,
        PROOF,
    ),
    Mistake(
        "a review that nobody passes",
        "half_year_report",
        [condition(UNIT_REPORT, "report_accepted", "decision == 'accept' and decision == 'return'")],
        UNIT_REPORT,
        "submit_half_year",
        "endless",
        by=PROOF,
    ),
    Mistake(
        "a text added to what one of the ways leaves out",
        "half_year_report",
        [within(UNIT_REPORT, "take_report", 'value="report"', "value=\"report if reason + '。' else report\"")],
        UNIT_REPORT,
        "take_report",
        "fails",
        by=PROOF,
    ),
    Mistake(
        "a reminder behind a clock that interrupts",
        "leader_brief",
        [within(BRIEF, "due_in_one", ' cancelActivity="false"', "")],
        BRIEF,
        "due_today",
        "timer",
        by=PROOF,
    ),
    Mistake(
        "a reason that one rule asks and another refuses",
        "eligibility_review",
        [
            put(
                "forms/review_eligibility.json",
                '"allOf": [',
                '"allOf": [{"required": ["decision"]}, {"not": {"required": ["decision"]}},',
            )
        ],
        REVIEW,
        "review_eligibility",
        "form",
        by=PROOF,
    ),
]

MISTAKES = [
    *WHO,
    *TOGETHER,
    *MESSAGES,
    *VALUES,
    *EARLY,
    *ALIKE,
    *FORMS,
    *DUES,
    *NUMBERS,
    *NOTICES,
    *TABLES,
    *RELIED,
    *PROVED,
]
