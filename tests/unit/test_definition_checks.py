"""Every rule of the deployment checks refuses a definition that breaks it, naming file, line, element and rule."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import checks
from service.checks import ActionSignature, CheckContext, DefinitionFinding, check
from service.checks.elements import MAX_NODES, MAX_PROCESSES
from service.checks.gate import checked
from service.errors import Finding, Invalid
from service.proof import KINDS
from tests.factories.diagrams import CONTEXT, F10, MATTER, before_end, definition, drawn, form, rules

ROOT = Path(__file__).parents[2]
M, S, D = "bpmn/matter.bpmn", "bpmn/slot.bpmn", "bpmn/units_for.dmn"

FORMAL = 'xsi:type="bpmn:tFormalExpression"'
A_TASK = '<bpmn:userTask id="apply"'
BEFORE_TASK = '<bpmn:startEvent id="begin"'
STAGE = '<spiffworkflow:property name="stage" value="dispatch" />'
ABOUT = '<spiffworkflow:property name="about" value="{}" />'
TIMER = ">working_days_after(due_on, -1)<"


def process(process_id: str, body: str) -> bytes:
    return drawn(f'<bpmn:process id="{process_id}" name="流程" isExecutable="true">{body}</bpmn:process>').encode()


CALLING = (
    '<bpmn:startEvent id="{0}_begin" name="始" /><bpmn:sequenceFlow id="{0}_1" sourceRef="{0}_begin" '
    'targetRef="{0}_call" /><bpmn:callActivity id="{0}_call" name="调用" calledElement="{1}" />'
    '<bpmn:sequenceFlow id="{0}_2" sourceRef="{0}_call" targetRef="{0}_end" /><bpmn:endEvent id="{0}_end" name="终" />'
)
EMPTY = (
    '<bpmn:startEvent id="{0}_begin" name="始" /><bpmn:sequenceFlow id="{0}_1" sourceRef="{0}_begin" '
    'targetRef="{0}_end" /><bpmn:endEvent id="{0}_end" name="终" />'
)
CALL = '<bpmn:callActivity id="extra" name="调用" calledElement="{}" />'


def table(cell: str) -> tuple[str, str, str]:
    return (D, "? in ['school', 'college']", cell)


def flow(flow_id: str, source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{flow_id}" sourceRef="{source}" targetRef="{target}" />'


def catch(event: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="extra" name="等">{event}</bpmn:intermediateCatchEvent>'


def timer(kind: str, expression: str) -> str:
    return (
        f'<bpmn:timerEventDefinition id="t"><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{expression}'
        f"</bpmn:{kind}></bpmn:timerEventDefinition>"
    )


GATEWAY_LOOP = (
    '<bpmn:exclusiveGateway id="extra" name="再来？" default="g1" />'
    '<bpmn:sequenceFlow id="g2" name="再来" sourceRef="extra" targetRef="again">'
    '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">count &gt; 3</bpmn:conditionExpression>'
    "</bpmn:sequenceFlow>{}"
    '<bpmn:sequenceFlow id="g3" sourceRef="again" targetRef="extra" />'
)
NOTICE_AGAIN = (
    '<bpmn:serviceTask id="again" name="提醒"><bpmn:extensionElements>'
    '<spiffworkflow:serviceTaskOperator id="log"><spiffworkflow:parameters /></spiffworkflow:serviceTaskOperator>'
    "</bpmn:extensionElements></bpmn:serviceTask>"
)
MESSAGE = '<bpmn:messageEventDefinition id="m" messageRef="withdrawn" />'
EVENT_GATEWAY = (
    '<bpmn:eventBasedGateway id="extra" />'
    '<bpmn:intermediateCatchEvent id="e_timer" name="到点">'
    + timer("timeDuration", "'P1D'")
    + "</bpmn:intermediateCatchEvent>"
    '<bpmn:intermediateCatchEvent id="e_message" name="撤回">' + MESSAGE + "</bpmn:intermediateCatchEvent>"
    '<bpmn:sequenceFlow id="g2" sourceRef="extra" targetRef="e_timer" />'
    '<bpmn:sequenceFlow id="g3" sourceRef="extra" targetRef="e_message" />'
    '<bpmn:sequenceFlow id="g4" sourceRef="e_timer" targetRef="{0}" />'
    '<bpmn:sequenceFlow id="g5" sourceRef="e_message" targetRef="{0}" />'
)


def waiting(*ends: str) -> list[tuple[str, str, str]]:
    """Changes that put the event gateway between the slots and the end; its ways go on to the two ``ends``."""
    ways = EVENT_GATEWAY.format(ends[0])
    if len(ends) > 1:
        ways = ways.replace(flow("g5", "e_message", ends[0]), flow("g5", "e_message", ends[1]))
    return [(M, F10, flow("f10", "slots", "extra") + ways)]


BESIDE = '<bpmn:parallelGateway id="join" />' + flow("g6", "slots", "join") + flow("g7", "join", "closed")
FORK = '<bpmn:parallelGateway id="fork" /><bpmn:parallelGateway id="join" />' + "".join(
    flow(f"h{n}", *ends) for n, ends in enumerate([("fork", "join"), ("fork", "join"), ("join", "closed")])
)

# rule, element, changes
DIAGRAMS: list[tuple[str, str, list[tuple[str, str, str]]]] = [
    # elements
    (
        "script-forbidden",
        "extra",
        [before_end('<bpmn:scriptTask id="extra" name="脚本"><bpmn:script>x=1</bpmn:script></bpmn:scriptTask>')],
    ),
    *(
        (
            "script-forbidden",
            "decide",
            [(M, STAGE + "\n    </spiffworkflow:properties>", STAGE + f"</spiffworkflow:properties>{script}")],
        )
        for script in (
            "<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>",
            "<spiffworkflow:postScript>x = 1</spiffworkflow:postScript>",
            "<spiffworkflow:unitTests />",
        )
    ),
    ("element-unsupported", "extra", [before_end('<bpmn:manualTask id="extra" name="手工" />')]),
    ("element-unsupported", "extra", [before_end('<bpmn:complexGateway id="extra" name="复杂" />')]),
    ("element-unsupported", "extra", [before_end('<bpmn:receiveTask id="extra" name="收" messageRef="withdrawn" />')]),
    ("element-unsupported", "extra", [before_end('<bpmn:adHocSubProcess id="extra" name="随意" />')]),
    ("element-unsupported", "extra", [before_end('<bpmn:transaction id="extra" name="事务" />')]),
    ("element-unsupported", "matter", [(M, BEFORE_TASK, '<bpmn:dataObject id="data" />' + BEFORE_TASK)]),
    (
        "element-unsupported",
        "definitions",
        [
            (
                M,
                "<bpmn:message id",
                '<bpmn:import importType="x" location="http://127.0.0.1/x" namespace="y" /><bpmn:message id',
            )
        ],
    ),
    ("element-unsupported", "matter", [(M, 'isExecutable="true"', 'isExecutable="false"')]),
    ("event-unsupported", "extra", [before_end(catch('<bpmn:signalEventDefinition id="d" />'))]),
    (
        "event-unsupported",
        "late",
        [
            (
                M,
                re.search(r"<bpmn:timerEventDefinition.*?</bpmn:timerEventDefinition>", MATTER, re.DOTALL)[0],
                '<bpmn:messageEventDefinition id="late_message" messageRef="withdrawn" />',
            )
        ],
    ),  # type: ignore[index]
    ("event-unsupported", "late", [(M, 'attachedToRef="apply"', 'attachedToRef="propose"')]),
    (
        "extension-unknown",
        "decide",
        [
            (
                M,
                STAGE + "\n    </spiffworkflow:properties>",
                STAGE
                + "</spiffworkflow:properties><spiffworkflow:payloadExpression>x</spiffworkflow:payloadExpression>",
            )
        ],
    ),
    (
        "extension-unknown",
        "decide",
        [
            (
                M,
                STAGE + "\n    </spiffworkflow:properties>",
                STAGE + '</spiffworkflow:properties><other:x xmlns:other="urn:other" />',
            )
        ],
    ),
    ("process-size", "matter", [(M, F10, F10 + "".join(f'<bpmn:endEvent id="e{n}" />' for n in range(MAX_NODES)))]),
    # ids and references
    ("id-format", "Apply-1", [(M, 'id="apply"', 'id="Apply-1"')]),
    ("id-format", "Start", [(M, 'id="begin"', 'id="Start"')]),
    ("id-format", "Slot", [(S, 'id="slot"', 'id="Slot"')]),
    ("id-duplicate", "decide", [(M, 'id="propose"', 'id="decide"')]),
    ("id-duplicate", "apply", [(S, 'id="handle"', 'id="apply"')]),
    ("reference-broken", "f10", [(M, 'targetRef="closed"', 'targetRef="nowhere"')]),
    ("reference-broken", "decided_is", [(M, 'default="f7"', 'default="f9"')]),
    ("reference-broken", "talent_office", [(M, "<bpmn:flowNodeRef>decide<", "<bpmn:flowNodeRef>gone<")]),
    ("reference-broken", "late", [(M, 'attachedToRef="apply"', 'attachedToRef="gone"')]),
    ("reference-broken", "extra", [before_end(catch('<bpmn:messageEventDefinition id="d" messageRef="gone" />'))]),
    # ways
    (
        "start-event",
        "matter",
        [
            (M, '<bpmn:startEvent id="begin" name="开始" />', ""),
            (M, '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="apply" />', ""),
        ],
    ),
    (
        "start-event",
        "second",
        [
            (
                M,
                F10,
                F10 + '<bpmn:startEvent id="second" name="另一个" />' + flow("g1", "second", "apply"),
            )
        ],
    ),
    (
        "start-event",
        "slot_begin",
        [(S, 'name="收到" />', 'name="收到">' + timer("timeCycle", "R/2027-01-01/P1M") + "</bpmn:startEvent>")],
    ),
    (
        "unreachable",
        "extra",
        [
            (
                M,
                F10,
                F10 + '<bpmn:intermediateThrowEvent id="extra" name="孤岛" />' + flow("g1", "extra", "closed"),
            )
        ],
    ),
    ("dead-end", "slots", [(M, F10, "")]),
    (
        "dead-end",
        "extra",
        [
            (
                M,
                'sourceRef="slots" targetRef="closed" />',
                'sourceRef="slots" targetRef="extra" /><bpmn:parallelGateway id="extra" />'
                '<bpmn:userTask id="again" name="转圈"/>' + flow("g1", "extra", "again") + flow("g2", "again", "extra"),
            )
        ],
    ),
    ("flow-multiple", "apply", [(M, F10, F10 + flow("g1", "apply", "closed"))]),
    (
        "flow-condition",
        "f4",
        [
            (
                M,
                flow("f4", "apply", "propose"),
                flow("f4", "apply", "propose").replace(
                    " />", f"><bpmn:conditionExpression {FORMAL}>count</bpmn:conditionExpression></bpmn:sequenceFlow>"
                ),
            )
        ],
    ),
    (
        "flow-condition",
        "f8",
        [
            (
                M,
                f"<bpmn:conditionExpression {FORMAL}>decision == 'return'</bpmn:conditionExpression>",
                "",
            )
        ],
    ),
    ("gateway-default", "decided_is", [(M, ' default="f7"', "")]),
    ("loop-without-wait", "again", [before_end(GATEWAY_LOOP.format(NOTICE_AGAIN))]),
    (
        "event-gateway",
        "extra",
        [
            before_end(
                EVENT_GATEWAY.format("join") + '<bpmn:parallelGateway id="join" />' + flow("g6", "join", "closed")
            )
        ],
    ),
    ("event-gateway", "extra", [before_end('<bpmn:eventBasedGateway id="extra" />')]),
    (
        "event-gateway",
        "extra",
        [*waiting("closed"), (M, timer("timeDuration", "'P1D'"), MESSAGE.replace('"m"', '"n"'))],
    ),
    # the timer's way goes beside a join that waits for the message's; both come to it, by different lines
    ("event-gateway", "extra", [*waiting("closed", "join"), (M, BEFORE_TASK, BESIDE + BEFORE_TASK)]),
    ("event-gateway", "extra", [*waiting("join", "join"), (M, BEFORE_TASK, BESIDE + BEFORE_TASK)]),
    ("call-unresolved", "slots", [(M, 'calledElement="slot"', 'calledElement="gone"')]),
    ("call-unresolved", "slots", [(M, ' calledElement="slot"', "")]),
    # tasks
    ("task-stage", "decide", [(M, STAGE, "")]),
    ("task-stage", "decide", [(M, STAGE, STAGE.replace("dispatch", "cooking"))]),
    ("task-property", "decide", [(M, STAGE, STAGE + STAGE.replace("stage", "dew"))]),
    ("task-property", "decide", [(M, STAGE, STAGE + '<spiffworkflow:property name="sign" value="nobody" />')]),
    ("task-property", "decide", [(M, STAGE, STAGE + '<spiffworkflow:property name="warn" value="3" />')]),
    ("task-property", "handle", [(S, 'name="warn" value="3"', 'name="clock" value="paused"')]),
    ("task-property", "decide", [(M, STAGE, STAGE + ABOUT.format("slots:"))]),
    ("task-property", "decide", [(M, STAGE, STAGE + ABOUT.format("slots:unit == 'edu'"))]),
    ("task-property", "decide", [(M, STAGE, STAGE + ABOUT.format("3"))]),
    ("unknown-data", "decide", [(M, STAGE, STAGE + ABOUT.format("lead_unti"))]),
    ("task-lane", "decide", [(M, "<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>", "")]),
    ("task-lane", "handle", [(S, 'value="unit:unit"', 'value="mayor"')]),
    ("lane-role", "mayor", [(S, 'id="responsible_unit"', 'id="mayor"')]),
    ("form-missing", "decide", [(M, STAGE, STAGE + '<spiffworkflow:property name="form" value="gone" />')]),
    ("action-unknown", "remind", [(M, 'id="notice"', 'id="launch_rocket"')]),
    ("action-parameter", "remind", [(M, 'id="kind" type', 'id="colour" type')]),
    (
        "action-parameter",
        "open_it",
        [(M, '<spiffworkflow:parameter id="lead_unit" type="str" value="lead_unit" />', "")],
    ),
    (
        "action-result",
        "extra",
        [
            before_end(
                NOTICE_AGAIN.replace('"again"', '"extra"').replace('id="log"', 'id="log" resultVariable="logged"')
            )
        ],
    ),
    ("data-name", "remind", [(M, 'resultVariable="reminded"', 'resultVariable="settings"')]),
    ("data-name", "remind", [(M, 'resultVariable="reminded"', 'resultVariable="true"')]),
    ("decision-unresolved", "propose", [(M, "units_for<", "gone<")]),
    ("multi-instance", "slots", [(M, '<bpmn:inputDataItem id="unit" />', "")]),
    (
        "multi-instance",
        "slots",
        [(M, "<bpmn:multiInstanceLoopCharacteristics>", '<bpmn:multiInstanceLoopCharacteristics isSequential="true">')],
    ),
    ("multi-instance", "slots", [(M, "<bpmn:loopDataInputRef>units<", "<bpmn:loopDataInputRef>gone<")]),
    ("multi-instance", "slots", [(M, '<bpmn:outputDataItem id="outcome" />', "")]),
    *(
        (
            "multi-instance",
            "extra",
            [
                before_end(
                    '<bpmn:callActivity id="extra" name="调用" calledElement="slot">'
                    "<bpmn:multiInstanceLoopCharacteristics>"
                    f"<bpmn:loopCardinality {FORMAL}>{count}</bpmn:loopCardinality>"
                    "</bpmn:multiInstanceLoopCharacteristics></bpmn:callActivity>"
                )
            ],
        )
        for count in ("1000 * 1000", "-1", "'many'")
    ),
    # expressions
    *(
        ("expression-syntax", "f8", [(M, "decision == 'return'", bad)])
        for bad in (
            "().__class__",
            "decision ==",
            "[x for x in (1, 2)]",
            "open('/etc/passwd')",
            "decision.upper()",
            "(lambda: 1)()",
        )
    ),
    ("expression-syntax", "handle", [(S, "working_days(7)", "working_day(7)")]),
    ("unknown-data", "f8", [(M, "decision == 'return'", "decison == 'return'")]),
    ("unknown-data", "remind", [(M, "\"'due_soon'\"", '"due_soon"')]),
    ("unknown-data", "handle", [(S, "working_days(7)", "due_on")]),
    ("unknown-data", "r1_in", [table("nothing")]),
    ("settings-unknown", "f8", [(M, "decision == 'return'", "settings.gone")]),
    ("expression-fails", "f8", [(M, "decision == 'return'", "category &gt; 3")]),
    ("value-unknown", "f8", [(M, "'return'", "'retrun'")]),
    ("value-unknown", "units_for", [table("'kindergarten'")]),
    ("due-date", "handle", [(S, "working_days(7)", "'soon'")]),
    ("due-date", "handle", [(S, "working_days(7)", "7")]),
    ("due-date", "handle", [(S, 'name="warn" value="3"', 'name="warn" value="today()"')]),
    ("timer", "late", [(M, TIMER, ">'soon'<")]),
    ("timer", "late", [(M, TIMER, ">due_on + 3<")]),
    ("timer", "late", [(M, TIMER, "><")]),
    (
        "timer",
        "late",
        [
            (
                M,
                f'<bpmn:timeDate xsi:type="bpmn:tFormalExpression"{TIMER}/bpmn:timeDate>',
                '<bpmn:timeCycle xsi:type="bpmn:tFormalExpression">R/2027-01-01/P1D</bpmn:timeCycle>',
            )
        ],
    ),
    ("timer", "extra", [before_end(catch(timer("timeDuration", "'one day'")))]),
    (
        "timer",
        "begin",
        [(M, 'name="开始" />', 'name="开始">' + timer("timeCycle", "R/2027-01-01/PT1S") + "</bpmn:startEvent>")],
    ),
    (
        "timer",
        "begin",
        [(M, 'name="开始" />', 'name="开始">' + timer("timeCycle", "R/someday/P1M") + "</bpmn:startEvent>")],
    ),
    # decision tables
    ("decision-table", "units_for", [(D, 'hitPolicy="FIRST"', 'hitPolicy="PRIORITY"')]),
    ("decision-table", "units_for", [table("'school', 'college'")]),
    ("decision-table", "units_for", [(D, "<text>'edu'</text>", "<text></text>")]),
    ("decision-table", "units_for", [(D, 'name="lead_unit"', 'name="lead unit"')]),
    ("decision-table", "units_for", [(D, '<inputEntry id="r2_in"><text>-</text></inputEntry>', "")]),
    ("decision-catch-all", "units_for", [(D, "<text>-</text>", "<text>'clinic'</text>")]),
    ("unit-unknown", "units_for", [(D, "'edu'", "'nasa'")]),
    # drawing
    ("label", "decide", [(M, 'name="决定"', 'name="Decide"')]),
    ("label", "closed", [(M, ' name="办结"', "")]),
    ("label", "f8", [(M, 'name="退回" ', "")]),
    ("label", "talent_office", [(M, 'name="区人才办"', 'name="TO"')]),
    # the schema
    (
        "schema",
        "-",
        [(M, "<bpmn:incoming>", "")]
        if "<bpmn:incoming>" in MATTER
        else [(M, A_TASK, '<bpmn:teleport id="x" />' + A_TASK)],
    ),
    ("schema", "-", [(M, 'name="stage" value', 'nmae="stage" value')]),
    ("schema", "-", [(D, 'hitPolicy="FIRST"', 'hitPolicy="BEST"')]),
]


WORK = '<spiffworkflow:property name="work" value="联络员申请，区人才办决定，责任单位办理" />'


def saying(name: str, value: str, file: str = M) -> list[tuple[str, str, str]]:
    """A change by which a process says ``name``."""
    said = f'<spiffworkflow:property name="{name}" value="{value}" />'
    if file == M:
        return [(M, WORK, WORK + said)]
    held = (
        f"<bpmn:extensionElements><spiffworkflow:properties>{said}</spiffworkflow:properties></bpmn:extensionElements>"
    )
    head = '<bpmn:process id="slot" name="单位办理" isExecutable="true">'
    return [(S, head, head + held)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (saying("ocasion", "按需要"), "不认识流程上写的 ocasion，是不是“什么时候办”（occasion）？"),
        (saying("colour", "red"), "不认识流程上写的 colour；请清空它"),
        (saying("page", "roster"), "没有 roster 这一页；请选一页：待办"),
        (saying("page", ""), "“记录在哪一页”是空的；请填写，例如 rosters"),
        (saying("order", "first"), "应为 0 至 9999 的整数"),
        (saying("occasion", "every day"), "请用中文写"),
        (saying("occasion", "每" * 41), "有 41 个字，最多 40 个"),
        (saying("occasion", "发生后 {log.within} 天"), "请删去花括号"),
        ([(M, WORK, WORK.replace("责任单位办理", "{log.within} 天内办理"))], "{log.within} 找不到"),
        ([(M, WORK, WORK.replace("责任单位办理", "{within} 天内办理"))], "花括号里只能写 {动作.参数}"),
        (saying("given", "talent_id"), "没有发起的按钮；请清空“发起按钮上的字”"),
        (saying("occasion", "按需要", S), "只写在主流程里"),
        (saying("stages", "intake:受理 dispatch：派单"), "要用英文冒号，例如 dispatch:派单"),
        (saying("stages", "intake:受理 dispatch:派单 handling:办理 noted"), "环节 noted 没有名称"),
        (saying("stages", "intake:受理 dispatch:派单 handling:Handling"), "应为中文"),
        (saying("stages", "intake:受理 dispatch:受理 handling:办理"), "重复"),
        (saying("stages", "intake:受理 dispatch:派单 Handling:办理"), "环节的代码 Handling 应是小写英文字母"),
    ],
)
def test_what_a_process_says_of_itself_wrongly_is_found_with_the_fix(
    changes: list[tuple[str, str, str]], words: str
) -> None:
    findings = [f for f in check(definition(*changes), context=CONTEXT) if f.rule == "process-property"]
    assert [f for f in findings if words in f.message and f.severity == "error" and f.file == changes[0][0]], findings


def test_what_a_process_does_not_say_of_itself_is_asked_for() -> None:
    silent = [
        (M, f'<spiffworkflow:property name="{name}" value="{value}" />', "")
        for name, value in (
            ("work", "联络员申请，区人才办决定，责任单位办理"),
            ("button", "提出申请"),
            ("purpose", "请区人才办决定"),
        )
    ]
    findings = check(definition(*silent), context=CONTEXT)
    assert {(f.rule, f.severity, f.element) for f in findings} == {("process-property", "warning", "matter")}
    for name in ("谁做什么", "发起按钮上的字", "为什么发起"):
        assert [f for f in findings if f"没有写“{name}”" in f.message and "例如" in f.message]


def test_a_number_within_a_text_is_one_that_an_action_is_given() -> None:
    changes = [
        (M, WORK, WORK.replace("责任单位办理", "{notice.unit} 个工作日内办理")),
        (
            M,
            '<spiffworkflow:parameter id="kind"',
            '<spiffworkflow:parameter id="unit" type="str" value="5" /><spiffworkflow:parameter id="kind"',
        ),
    ]
    assert check(definition(*changes), context=CONTEXT) == []


def test_a_process_names_its_own_stages() -> None:
    named = saying("stages", "intake:收件 dispatch:派出 handling:制证")
    assert check(definition(*named), context=CONTEXT) == []


def test_a_sound_definition_has_no_findings() -> None:
    assert check(definition(), context=CONTEXT) == []


@pytest.mark.parametrize(
    ("rule", "element", "changes"), DIAGRAMS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_spoilt_diagram_is_found_by_its_rule(rule: str, element: str, changes: list[tuple[str, str, str]]) -> None:
    findings = [f for f in check(definition(*changes), context=CONTEXT) if (f.rule, f.element) == (rule, element)]
    assert findings, rules(definition(*changes))
    for finding in findings:
        assert finding.file == changes[0][0]
        assert finding.line > 0
        assert re.search(r"[\u4e00-\u9fff]", finding.message)


def test_a_finding_reads_file_line_element_rule_message() -> None:
    finding = DefinitionFinding("bpmn/a.bpmn", 7, "accept", "label", "没有中文名称")
    assert str(finding) == "bpmn/a.bpmn:7 accept label: 没有中文名称"


def test_a_finding_names_the_line_of_the_element() -> None:
    files = definition((M, 'name="决定"', 'name="Decide"'))
    [finding] = check(files, context=CONTEXT)
    assert 'id="decide"' in files[M].decode().splitlines()[finding.line - 1]


def test_what_only_the_engine_refuses_is_a_finding_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(files: dict[str, bytes], key: str) -> None:
        raise Invalid("引擎不能执行该定义", [Finding(f"{S}:5", "the library says no")])

    monkeypatch.setattr(checks, "parse", refuse)
    [finding] = check(definition(), context=CONTEXT)
    assert (finding.file, finding.line, finding.rule) == (S, 5, "engine")
    assert "the library says no" in finding.message


YELLOW = (S, 'name="warn" value="3"', 'name="warn" value="7"')


def test_warnings_do_not_hide_the_engine_and_errors_do() -> None:
    assert {f.severity for f in check(definition(YELLOW), context=CONTEXT)} == {"warning"}
    assert {f.severity for f in check(definition((M, STAGE, "")), context=CONTEXT)} == {"error"}


def test_a_definition_with_errors_is_refused_and_one_with_warnings_is_not() -> None:
    [warning] = checked(definition(YELLOW), key="matter", context=CONTEXT).findings
    assert warning.rule == "warn-early"
    with pytest.raises(Invalid, match="没有部署") as refused:
        checked(definition((M, STAGE, "")), key="matter", context=CONTEXT)
    [finding] = refused.value.findings
    assert re.fullmatch(r"bpmn/matter\.bpmn:\d+ decide task-stage", finding.path)


# --- Calls -----------------------------------------------------------------------------------------------------------


def test_a_process_that_calls_itself_is_refused_however_long_the_way() -> None:
    extra = {
        "bpmn/one.bpmn": process("one", CALLING.format("one", "two")),
        "bpmn/two.bpmn": process("two", CALLING.format("two", "one")),
    }
    found = rules(definition(before_end(CALL.format("one")), extra=extra))
    assert {("call-recursive", "one"), ("call-recursive", "two")} <= set(found)


def test_calls_in_calls_have_a_limit() -> None:
    extra = {f"bpmn/p{n}.bpmn": process(f"p{n}", CALLING.format(f"p{n}", f"p{n + 1}")) for n in range(6)}
    extra["bpmn/p6.bpmn"] = process("p6", EMPTY.format("p6"))
    assert ("call-depth", "matter") in rules(definition(before_end(CALL.format("p0")), extra=extra))


def test_a_loop_through_a_called_process_without_a_wait_is_refused() -> None:
    changes = before_end(GATEWAY_LOOP.format('<bpmn:callActivity id="again" name="调用" calledElement="quick" />'))
    quick = {"bpmn/quick.bpmn": process("quick", EMPTY.format("quick"))}
    assert ("loop-without-wait", "again") in rules(definition(changes, extra=quick))


def test_a_loop_with_a_wait_is_sound() -> None:
    waiting = (
        '<bpmn:intermediateCatchEvent id="again" name="等">'
        + timer("timeDuration", "'P1D'")
        + "</bpmn:intermediateCatchEvent>"
    )
    assert check(definition(before_end(GATEWAY_LOOP.format(waiting))), context=CONTEXT) == []


@pytest.mark.parametrize(
    "changes",
    [
        waiting("closed"),
        [
            *waiting("merge"),
            (
                M,
                BEFORE_TASK,
                '<bpmn:exclusiveGateway id="merge" />' + flow("g8", "merge", "join") + BESIDE + BEFORE_TASK,
            ),
        ],
        [
            *waiting("fork", "closed"),
            (M, BEFORE_TASK, FORK + BEFORE_TASK),
        ],
    ],
)
def test_a_join_behind_an_event_gateway_whose_ways_are_one_again_is_sound(changes: list[tuple[str, str, str]]) -> None:
    found = check(definition(*changes), context=CONTEXT)
    assert {finding.rule for finding in found} <= {"flow-multiple"}  # BESIDE takes a second line from the slots


def waiting_loop(node: str) -> list[tuple[str, str, str]]:
    """Changes that put a loop between the slots and the end, whose only wait is the node ``again``."""
    return [before_end(GATEWAY_LOOP.format(node))]


def caught(expression: str, kind: str = "timeDuration") -> str:
    return f'<bpmn:intermediateCatchEvent id="again" name="等">{timer(kind, expression)}</bpmn:intermediateCatchEvent>'


@pytest.mark.parametrize(
    "node",
    [
        caught("'PT0S'"),
        caught("'PT5S'"),
        caught("'PT59S'"),
        caught("'PT1H' if count &gt; 3 else 'PT1S'"),
        caught("wanted_on", "timeDate"),
        caught("today()", "timeDate"),
        caught("working_days(0)", "timeDate"),
        caught("working_days(-1)", "timeDate"),
    ],
)
def test_a_loop_that_waits_for_a_timer_that_may_have_passed_is_refused(node: str) -> None:
    assert ("loop-without-wait", "again") in rules(definition(*waiting_loop(node)))


@pytest.mark.parametrize(
    "node",
    [
        caught("'PT1M'"),
        caught("'PT60S'"),
        caught("'P1D'"),
        caught("working_days(1)", "timeDate"),
        f'<bpmn:intermediateCatchEvent id="again" name="等">{MESSAGE}</bpmn:intermediateCatchEvent>',
    ],
)
def test_a_loop_that_is_sure_to_wait_is_sound(node: str) -> None:
    assert rules(definition(*waiting_loop(node))) == []


@pytest.mark.parametrize(("expression", "sound"), [("'PT1S'", False), ("'P1D'", True)])
def test_a_loop_by_way_of_a_timer_on_a_task_waits_for_the_timer_alone(expression: str, sound: bool) -> None:
    task = (
        '<bpmn:userTask id="extra" name="办理"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="stage" value="dispatch" /><spiffworkflow:property name="form" value="decide" />'
        '<spiffworkflow:property name="candidates" value="talent_office" />'
        "</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>"
        f'<bpmn:boundaryEvent id="again" name="到时" attachedToRef="extra">{timer("timeDuration", expression)}'
        "</bpmn:boundaryEvent>" + flow("g2", "again", "extra")
    )
    found = {rule for rule, _ in rules(definition(before_end(task)))}
    assert ("loop-without-wait" not in found) is sound
    assert found - {"timer-interrupts"} <= {"loop-without-wait"}


@pytest.mark.parametrize("duration", ["'PT0S'", "'P0D'", "'PT0.5S'", "'P'", "'-P1D'"])
def test_a_duration_is_more_than_nothing(duration: str) -> None:
    assert ("timer", "extra") in rules(definition(before_end(catch(timer("timeDuration", duration)))))


def test_a_process_that_nothing_calls_is_refused() -> None:
    assert ("entry-process", "idle") in rules(
        definition(extra={"bpmn/idle.bpmn": process("idle", EMPTY.format("idle"))})
    )
    assert ("entry-process", "other") in rules(definition(), replace(CONTEXT, key="other"))


def test_too_many_processes_are_refused() -> None:
    extra = {f"bpmn/p{n}.bpmn": process(f"p{n}", EMPTY.format(f"p{n}")) for n in range(MAX_PROCESSES)}
    assert ("process-size", "-") in rules(definition(extra=extra))


# --- Drawing ---------------------------------------------------------------------------------------------------------


def test_what_is_not_drawn_is_found() -> None:
    files = definition()
    for pattern, element in (
        (rb'<bpmndi:BPMNShape id="decide_di".*?</bpmndi:BPMNShape>', "decide"),
        (rb'<bpmndi:BPMNEdge id="f6_di".*?</bpmndi:BPMNEdge>', "f6"),
    ):
        spoilt = files | {M: re.sub(pattern, b"", files[M])}
        assert rules(spoilt) == [("drawing-missing", element)]


def test_a_drawing_off_the_page_or_of_nothing_is_found() -> None:
    files = definition()
    far = files[M].replace(b'bpmnElement="decide"><dc:Bounds x="', b'bpmnElement="decide"><dc:Bounds x="1e300', 1)
    assert ("drawing-missing", "decide") in rules(files | {M: far})
    ghost = files[M].replace(b'bpmnElement="late"', b'bpmnElement="ghost"', 1)
    assert {("drawing-dangling", "ghost"), ("drawing-missing", "late")} <= set(rules(files | {M: ghost}))


@pytest.mark.parametrize("page", [' bpmnElement="definitions"', ' bpmnElement="nowhere"', ' bpmnElement="apply"', ""])
def test_a_page_of_nothing_is_found(page: str) -> None:
    files = definition()
    lost = files[M].replace(b' bpmnElement="matter"', page.encode(), 1)
    [finding] = check(files | {M: lost}, context=CONTEXT)
    assert (finding.rule, finding.severity) == ("drawing-dangling", "error")
    assert finding.line == files[M][: files[M].index(b"<bpmndi:BPMNPlane")].count(b"\n") + 1
    assert "应为流程的编号：matter" in finding.message


def test_a_file_without_a_page_of_its_process_is_found() -> None:
    files = definition(
        before_end('<bpmn:subProcess id="extra" name="一段">' + EMPTY.format("in") + "</bpmn:subProcess>")
    )
    inner = files[M].replace(b' bpmnElement="matter"', b' bpmnElement="extra"', 1)
    assert rules(files | {M: inner}) == [("drawing-missing", "definitions")]
    bare = re.sub(rb"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", b"", files[M], flags=re.DOTALL)
    assert ("drawing-missing", "definitions") in rules(files | {M: bare})


def test_nodes_drawn_on_each_other_are_warned_of() -> None:
    files = definition()
    place = re.search(rb'bpmnElement="apply"><dc:Bounds x="(\d+)"', files[M])
    assert place is not None
    over = re.sub(rb'(bpmnElement="begin"><dc:Bounds x=")\d+', rb"\g<1>" + place[1], files[M])
    [finding] = check(files | {M: over}, context=CONTEXT)
    assert (finding.rule, finding.severity) == ("drawing-overlap", "warning")


# --- Decision tables -------------------------------------------------------------------------------------------------


def test_an_unused_or_second_table_is_found() -> None:
    other = definition()[D].replace(b"units_for", b"unused").replace(b"tables", b"others")
    assert ("decision-unused", "unused") in rules(definition(extra={"bpmn/unused.dmn": other}))
    twice = definition(extra={"bpmn/again.dmn": definition()[D]})
    assert ("id-duplicate", "units_for") in rules(twice)


@pytest.mark.parametrize("cell", ["true", "false", "? == true", "null", "True", "? is None"])
def test_a_cell_holds_true_and_false_as_editors_write_them(cell: str) -> None:
    flag = form(
        "申请", {"category": {"type": "boolean", "title": "要不要"}, "count": {"type": "integer", "title": "数"}}
    )
    files = definition(table(cell), extra={"forms/apply.json": json.dumps(flag, ensure_ascii=False).encode()})
    assert [finding for finding in check(files, context=CONTEXT) if finding.file == D] == []


def test_an_unknown_version_of_the_notation_is_refused() -> None:
    old = definition()[D].replace(b"https://www.omg.org/spec/DMN/20191111/MODEL/", b"urn:dmn:99")
    assert ("schema", "-") in rules(definition(extra={D: old}))


# --- The shipped definitions and anything at all ---------------------------------------------------------------------


def shipped(name: str) -> dict[str, bytes]:
    folders = (("bpmn", ROOT / "bpmn" / name), ("forms", ROOT / "forms" / name))
    return {
        f"{kind}/{path.name}": path.read_bytes()
        for kind, folder in folders
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


REQUEST = CheckContext(
    roles={"liaison": "origin", "talent_office": "all", "responsible_unit": "data:unit"},
    actions={
        "issue_number": ActionSignature({}, sample="2026-需-0001"),
        "open_round": ActionSignature({"lead_unit": True, "assisting_units": False}, sample=["edu"]),
        "notice": ActionSignature({"kind": True, "role": False, "unit": False, "text": False}, sample=True),
        "set": ActionSignature({"value": True}, same_as="value"),
        "urge": ActionSignature({"unit": True}, sample=1),
        "issue_circular": ActionSignature({"unit": True, "text": True}, sample="通报 1 号"),
    },
    settings=frozenset({"group_opinion_required"}),
    key="request",
)


def test_the_shipped_request_has_no_findings() -> None:
    assert [str(finding) for finding in check(shipped("request"), context=REQUEST)] == []


FILES = shipped("request")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_spoilt_file_makes_the_checks_fail_themselves(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    lines = FILES[name].split(b"\n")
    at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = data.draw(st.sampled_from(["drop", "repeat", "swap", "blank", "empty", "number", "null"]))
    if how == "drop":
        del lines[at]
    elif how == "repeat":
        lines.insert(at, lines[other])
    elif how == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    else:
        new = {"blank": rb'""', "empty": rb'"x"', "number": rb"12", "null": rb"null"}[how]
        lines[at] = (
            re.sub(rb'"[^"]*"(?!:)', new, lines[at])
            if how == "blank"
            else re.sub(rb'"[^"]*"(,?)$', new + rb"\1", lines[at])
        )
    for finding in check(FILES | {name: b"\n".join(lines)}, context=REQUEST):
        assert finding.message


def test_every_rule_is_explained_to_process_owners() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "service/checks").glob("*.py"))
    guide = (ROOT / "docs/diagram-checks.md").read_text()
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", guide, re.MULTILINE))
    assert explained, "the guide lists the rules in tables"
    assert {rule for rule in explained - KINDS.keys() if f'"{rule}"' not in source} == set()  # the others: the proof's
    found = {rule for rule, _, _ in DIAGRAMS} | {"xml", "json", "file-name", "file-limit", "file-missing", "engine"}
    assert found <= explained
