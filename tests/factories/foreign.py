"""Small diagrams as other modelers write them: BPMN MIWG reference files, Camunda 7 and 8, Signavio, Flowable, bpmn.io.

Written after the manner of their files, with their prefixes, namespaces, extensions and encodings.
"""

from __future__ import annotations

_DI = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_SEMANTIC = f'xmlns:semantic="http://www.omg.org/spec/BPMN/20100524/MODEL" {_DI}'
_PLAIN = f'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" {_DI}'
_BPMN = f'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" {_DI}'


def _file(root: str, attributes: str, body: str, encoding: str = "UTF-8") -> bytes:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<{root} {attributes}>\n{body}\n</{root}>\n'
    return text.encode(encoding)


MIWG_A_1 = _file(
    "semantic:definitions",
    f'id="_1275940932088" targetNamespace="http://www.trisotech.com/definitions/_1275940932088" {_SEMANTIC} '
    'exporter="Trisotech" exporterVersion="1.0"',
    """<semantic:process isExecutable="false" id="_6-1">
  <semantic:startEvent name="Start Event" id="StartProcess"><semantic:outgoing>SF1</semantic:outgoing>
    </semantic:startEvent>
  <semantic:task completionQuantity="1" isForCompensation="false" startQuantity="1" name="Task 1" id="_ec59e164">
    <semantic:incoming>SF1</semantic:incoming><semantic:outgoing>SF2</semantic:outgoing></semantic:task>
  <semantic:sequenceFlow sourceRef="StartProcess" targetRef="_ec59e164" name="" id="SF1"/>
  <semantic:sequenceFlow sourceRef="_ec59e164" targetRef="EndProcess" name="" id="SF2"/>
  <semantic:endEvent name="End Event" id="EndProcess"><semantic:incoming>SF2</semantic:incoming></semantic:endEvent>
</semantic:process>""",
    "ISO-8859-1",
)
MIWG_A_3 = _file(
    "semantic:definitions",
    f'id="a3" targetNamespace="http://www.trisotech.com/definitions/a3" {_SEMANTIC}',
    """<semantic:signal name="Signal 1" id="S1"/><semantic:error name="Error 1" id="E1"/>
<semantic:process isExecutable="false" id="a3_main" name="Collapsed">
  <semantic:startEvent id="s" name="Start"/>
  <semantic:subProcess triggeredByEvent="false" name="Collapsed Sub-Process" id="part">
    <semantic:startEvent id="ps"/><semantic:task name="Task 1" id="pt"/><semantic:endEvent id="pe"/>
    <semantic:sequenceFlow sourceRef="ps" targetRef="pt" id="p1"/>
    <semantic:sequenceFlow sourceRef="pt" targetRef="pe" id="p2"/>
  </semantic:subProcess>
  <semantic:boundaryEvent attachedToRef="part" cancelActivity="true" name="Error" id="b1">
    <semantic:errorEventDefinition errorRef="E1" id="b1d"/></semantic:boundaryEvent>
  <semantic:boundaryEvent attachedToRef="part" cancelActivity="false" name="Signal" id="b2">
    <semantic:signalEventDefinition signalRef="S1" id="b2d"/></semantic:boundaryEvent>
  <semantic:endEvent id="e" name="End"/><semantic:endEvent id="e1"/><semantic:endEvent id="e2"/>
  <semantic:sequenceFlow sourceRef="s" targetRef="part" id="f1"/>
    <semantic:sequenceFlow sourceRef="part" targetRef="e" id="f2"/>
  <semantic:sequenceFlow sourceRef="b1" targetRef="e1" id="f3"/>
    <semantic:sequenceFlow sourceRef="b2" targetRef="e2" id="f4"/>
</semantic:process>""",
)
MIWG_B_2 = _file(
    "definitions",
    f'id="b2" targetNamespace="http://www.omg.org/bpmn" expressionLanguage="http://www.w3.org/1999/XPath" {_PLAIN}',
    """<collaboration id="c"><participant id="p1" name="Pool" processRef="b2_main"/>
    <participant id="p2" name="Other"/>
  <messageFlow id="m1" name="Message Flow 1" sourceRef="p2" targetRef="send"/></collaboration>
<process id="b2_main" isExecutable="false"><laneSet id="ls"><lane id="Lane_1" name="Lane 1">
    <flowNodeRef>s</flowNodeRef><flowNodeRef>send</flowNodeRef></lane></laneSet>
  <dataObject id="do1"/><dataObjectReference id="dor1" name="Data Object" dataObjectRef="do1"/>
  <dataStoreReference id="dsr1" name="Data Store"/>
  <startEvent id="s" name="Conditional"><conditionalEventDefinition id="sd">
    <condition xsi:type="tFormalExpression">x</condition>
    </conditionalEventDefinition></startEvent>
  <sendTask id="send" name="Send Task"/><receiveTask id="receive" name="Receive Task"/>
    <manualTask id="manual" name="Manual"/>
  <scriptTask id="script" name="Script Task"><script>x = 1</script></scriptTask>
  <adHocSubProcess id="adhoc" name="Ad hoc"><task id="at" name="Task"/></adHocSubProcess>
  <transaction id="tx" name="Transaction"><task id="tt" name="Task"/></transaction>
  <complexGateway id="cg" name="Complex"/>
  <intermediateThrowEvent id="th" name="Escalation"><escalationEventDefinition id="thd"/></intermediateThrowEvent>
  <intermediateCatchEvent id="li" name="Link"><linkEventDefinition id="lid" name="L"/></intermediateCatchEvent>
  <endEvent id="e" name="Compensate"><compensateEventDefinition id="ed"/></endEvent>
  <sequenceFlow id="f1" sourceRef="s" targetRef="send"/><sequenceFlow id="f2" sourceRef="send" targetRef="receive"/>
  <sequenceFlow id="f3" sourceRef="receive" targetRef="manual"/>
    <sequenceFlow id="f4" sourceRef="manual" targetRef="script"/>
  <sequenceFlow id="f5" sourceRef="script" targetRef="adhoc"/>
    <sequenceFlow id="f6" sourceRef="adhoc" targetRef="tx"/>
  <sequenceFlow id="f7" sourceRef="tx" targetRef="cg"/><sequenceFlow id="f8" sourceRef="cg" targetRef="th"/>
  <sequenceFlow id="f9" sourceRef="th" targetRef="li"/><sequenceFlow id="f10" sourceRef="li" targetRef="e"/>
</process>""",
)
CAMUNDA_7 = _file(
    "bpmn:definitions",
    f'{_BPMN} xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="Definitions_1" '
    'targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.0.0"',
    """<bpmn:process id="invoice" name="Invoice" isExecutable="true" camunda:historyTimeToLive="180">
  <bpmn:startEvent id="StartEvent_1" name="Received"><bpmn:extensionElements><camunda:formData>
    <camunda:formField id="amount" label="Amount" type="long"/></camunda:formData></bpmn:extensionElements>
    </bpmn:startEvent>
  <bpmn:userTask id="approveInvoice" name="Approve" camunda:assignee="demo" camunda:candidateGroups="management">
    <bpmn:extensionElements><camunda:taskListener class="org.example.Notify" event="create"/>
      <camunda:inputOutput><camunda:inputParameter name="x">${amount}</camunda:inputParameter></camunda:inputOutput>
    </bpmn:extensionElements></bpmn:userTask>
  <bpmn:serviceTask id="archive" name="Archive" camunda:class="org.example.Archive"/>
  <bpmn:endEvent id="EndEvent_1" name="Done"/>
  <bpmn:sequenceFlow id="f1" sourceRef="StartEvent_1" targetRef="approveInvoice"/>
  <bpmn:sequenceFlow id="f2" sourceRef="approveInvoice" targetRef="archive"/>
  <bpmn:sequenceFlow id="f3" sourceRef="archive" targetRef="EndEvent_1"/>
</bpmn:process>""",
)
CAMUNDA_8 = _file(
    "bpmn:definitions",
    f'{_BPMN} xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0" '
    'id="Definitions_8" targetNamespace="http://bpmn.io/schema/bpmn" modeler:executionPlatform="Camunda Cloud" '
    'modeler:executionPlatformVersion="8.5.0"',
    """<bpmn:process id="order" name="Order" isExecutable="true">
  <bpmn:startEvent id="begin" name="Begin"/>
  <bpmn:userTask id="check_order" name="Check"><bpmn:extensionElements><zeebe:userTask/>
    <zeebe:formDefinition formId="check"/><zeebe:assignmentDefinition candidateGroups="sales"/>
    </bpmn:extensionElements></bpmn:userTask>
  <bpmn:serviceTask id="ship" name="Ship"><bpmn:extensionElements><zeebe:taskDefinition type="ship"/>
    <zeebe:ioMapping><zeebe:input source="=order" target="order"/></zeebe:ioMapping></bpmn:extensionElements>
    </bpmn:serviceTask>
  <bpmn:endEvent id="done" name="Done"/>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="check_order"/>
  <bpmn:sequenceFlow id="f2" sourceRef="check_order" targetRef="ship"/>
    <bpmn:sequenceFlow id="f3" sourceRef="ship" targetRef="done"/>
</bpmn:process>""",
)
SIGNAVIO = _file(
    "definitions",
    f'{_PLAIN} xmlns:signavio="http://www.signavio.com" exporter="Signavio Process Editor, http://www.signavio.com" '
    'id="sid-1" targetNamespace="http://www.signavio.com"',
    """<process id="sid-main" isClosed="false" isExecutable="false" processType="None"><extensionElements/>
  <startEvent id="sid-s" name="Antrag"><extensionElements>
    <signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/>
    </extensionElements></startEvent>
  <task id="sid-t" name="Prüfen"><extensionElements><signavio:signavioMetaData metaKey="risklevel" metaValue=""/>
    <signavio:signavioLabel align="center"/></extensionElements></task>
  <endEvent id="sid-e" name="Fertig"/>
  <sequenceFlow id="sid-f1" sourceRef="sid-s" targetRef="sid-t"/>
    <sequenceFlow id="sid-f2" sourceRef="sid-t" targetRef="sid-e"/>
</process>""",
    "UTF-16",
)
FLOWABLE = _file(
    "definitions",
    f'{_PLAIN} xmlns:flowable="http://flowable.org/bpmn" xmlns:design="http://flowable.org/design" '
    'typeLanguage="http://www.w3.org/2001/XMLSchema" expressionLanguage="http://www.w3.org/1999/XPath" '
    'targetNamespace="http://flowable.org/test"',
    """<process id="leave" name="请假" isExecutable="true"><extensionElements>
    <design:stencilid>BPMNDiagram</design:stencilid>
    </extensionElements>
  <startEvent id="begin" name="开始" flowable:initiator="who" flowable:formFieldValidation="true"/>
  <userTask id="approve_leave" name="审批" flowable:candidateGroups="leaders" flowable:formKey="approve">
    <extensionElements><flowable:executionListener event="start" class="org.example.Start"/></extensionElements>
    </userTask>
  <serviceTask id="mail" name="发信" flowable:type="mail"><extensionElements><flowable:field name="to">
    <flowable:string>x</flowable:string>
    </flowable:field></extensionElements></serviceTask>
  <endEvent id="done" name="结束"/>
  <sequenceFlow id="f1" sourceRef="begin" targetRef="approve_leave"/>
    <sequenceFlow id="f2" sourceRef="approve_leave" targetRef="mail"/>
  <sequenceFlow id="f3" sourceRef="mail" targetRef="done"/>
</process>""",
    "GBK",
)
BPMN_IO = _file(
    "bpmn:definitions",
    f'{_BPMN} id="sample-diagram" targetNamespace="http://bpmn.io/schema/bpmn"',
    """<bpmn:process id="Process_1" isExecutable="false">
  <bpmn:startEvent id="StartEvent_1"/><bpmn:task id="Activity_0" name="Task"/><bpmn:endEvent id="Event_1"/>
  <bpmn:sequenceFlow id="Flow_0" sourceRef="StartEvent_1" targetRef="Activity_0"/>
  <bpmn:sequenceFlow id="Flow_1" sourceRef="Activity_0" targetRef="Event_1"/>
</bpmn:process>
<bpmndi:BPMNDiagram id="BPMNDiagram_1"><bpmndi:BPMNPlane id="BPMNPlane_1" bpmnElement="Process_1">
  <bpmndi:BPMNShape id="s_di" bpmnElement="StartEvent_1"><dc:Bounds x="0" y="0" width="36" height="36"/>
    </bpmndi:BPMNShape>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>""",
)

FILES = {
    "MIWG A.1.0, ISO-8859-1": (MIWG_A_1, {("element-unsupported", "_6-1"), ("element-unsupported", "_ec59e164")}),
    "MIWG A.3.0": (
        MIWG_A_3,
        {("event-unsupported", "b1"), ("event-unsupported", "b2"), ("element-unsupported", "pt")},
    ),
    "MIWG B.2.0": (
        MIWG_B_2,
        {
            ("element-unsupported", "c"),
            ("reference-broken", "p2"),
            ("lane-role", "Lane_1"),
            ("event-unsupported", "s"),
            ("element-unsupported", "send"),
            ("element-unsupported", "receive"),
            ("element-unsupported", "manual"),
            ("script-forbidden", "script"),
            ("element-unsupported", "adhoc"),
            ("element-unsupported", "tx"),
            ("element-unsupported", "cg"),
            ("event-unsupported", "th"),
            ("event-unsupported", "li"),
            ("event-unsupported", "e"),
        },
    ),
    "Camunda 7": (
        CAMUNDA_7,
        {
            ("extension-unknown", "approveInvoice"),
            ("id-format", "approveInvoice"),
            ("form-missing", "approveInvoice"),
            ("task-lane", "approveInvoice"),
            ("action-unknown", "archive"),
        },
    ),
    "Camunda 8": (
        CAMUNDA_8,
        {("extension-unknown", "ship"), ("task-lane", "check_order"), ("action-unknown", "ship")},
    ),
    "Signavio, UTF-16": (SIGNAVIO, {("element-unsupported", "sid-t"), ("element-unsupported", "sid-main")}),
    "Flowable, GBK": (
        FLOWABLE,
        {("extension-unknown", "approve_leave"), ("extension-unknown", "mail"), ("action-unknown", "mail")},
    ),
    "bpmn.io": (BPMN_IO, {("element-unsupported", "Process_1"), ("element-unsupported", "Activity_0")}),
}
"""Name → the file, and what must be refused in it: (rule, element)."""

KEPT = {
    "camunda": (
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
        ' camunda:asyncBefore="true"',
        "<camunda:formData><camunda:formField id='x' /></camunda:formData>",
    ),
    "zeebe": (
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
        "",
        "<zeebe:userTask /><zeebe:formDefinition formId='apply' />",
    ),
    "signavio": (
        'xmlns:signavio="http://www.signavio.com"',
        "",
        "<signavio:signavioMetaData metaKey='bgcolor' metaValue='#fff' />",
    ),
    "flowable": (
        'xmlns:flowable="http://flowable.org/bpmn"',
        ' flowable:formKey="apply"',
        "<flowable:formProperty id='x' />",
    ),
}
"""Modeler → its namespace, an attribute and extension elements of it that mean nothing here."""
