// The elements that run, as owners call them: the palette, the pad at an element and the menu to change one offer these
// and no others.
const event = (type, definition) => ({ type, ...(definition && { eventDefinitionType: `bpmn:${definition}EventDefinition` }) });

/** id → {label, icon, shape (what the library's factory takes), family}. Elements of one family turn into each other. */
export const KINDS = {
  start: { label: "开始", icon: "start-event-none", shape: event("bpmn:StartEvent"), family: "start" },
  startTimer: { label: "定时开始", icon: "start-event-timer", shape: event("bpmn:StartEvent", "Timer"), family: "start" },
  end: { label: "结束", icon: "end-event-none", shape: event("bpmn:EndEvent"), family: "end" },
  terminate: { label: "结束并撤销其余任务", icon: "end-event-terminate", shape: event("bpmn:EndEvent", "Terminate"), family: "end" },
  user: { label: "要人办的任务", icon: "user-task", shape: { type: "bpmn:UserTask" }, family: "activity" },
  service: { label: "系统动作", icon: "service-task", shape: { type: "bpmn:ServiceTask" }, family: "activity" },
  rule: { label: "查规则表", icon: "business-rule-task", shape: { type: "bpmn:BusinessRuleTask" }, family: "activity" },
  call: { label: "另一张图", icon: "call-activity", shape: { type: "bpmn:CallActivity" }, family: "activity" },
  sub: { label: "内嵌子流程", icon: "subprocess-expanded", shape: { type: "bpmn:SubProcess", isExpanded: true }, family: "activity" },
  exclusive: { label: "选一条路", icon: "gateway-xor", shape: { type: "bpmn:ExclusiveGateway" }, family: "gateway" },
  inclusive: { label: "选一条或几条路", icon: "gateway-or", shape: { type: "bpmn:InclusiveGateway" }, family: "gateway" },
  parallel: { label: "分头同时做、汇合", icon: "gateway-parallel", shape: { type: "bpmn:ParallelGateway" }, family: "gateway" },
  eventGateway: { label: "等先发生的一件", icon: "gateway-eventbased", shape: { type: "bpmn:EventBasedGateway" }, family: "gateway" },
  waitTimer: { label: "等到时间", icon: "intermediate-event-catch-timer", shape: event("bpmn:IntermediateCatchEvent", "Timer"), family: "middle" },
  waitMessage: { label: "等消息", icon: "intermediate-event-catch-message", shape: event("bpmn:IntermediateCatchEvent", "Message"), family: "middle" },
  milestone: { label: "中间点", icon: "intermediate-event-none", shape: event("bpmn:IntermediateThrowEvent"), family: "middle" },
  reminder: { label: "到时间另做一件事，任务照常", icon: "intermediate-event-catch-non-interrupting-timer", shape: { ...event("bpmn:BoundaryEvent", "Timer"), cancelActivity: false }, family: "boundary" },
  deadline: { label: "到时间就不再办，转走这条路", icon: "intermediate-event-catch-timer", shape: { ...event("bpmn:BoundaryEvent", "Timer"), cancelActivity: true }, family: "boundary" },
  boundaryMessage: { label: "来消息就不再办，转走这条路", icon: "intermediate-event-catch-message", shape: { ...event("bpmn:BoundaryEvent", "Message"), cancelActivity: true }, family: "boundary" },
  pool: { label: "泳池", icon: "participant", shape: { type: "bpmn:Participant" } },
  group: { label: "环节框", icon: "group", shape: { type: "bpmn:Group" } },
  note: { label: "说明", icon: "text-annotation", shape: { type: "bpmn:TextAnnotation" } },
};

const OTHERS = { "bpmn:Lane": "泳道", "bpmn:SequenceFlow": "连线", "bpmn:Process": "流程", "bpmn:Collaboration": "流程", "bpmn:Association": "说明线", "bpmn:Participant": "泳池" };

const definitionOf = (bo) => bo.eventDefinitions?.[0]?.$type;

/** The kind of an element, an id of KINDS; undefined for what the service does not run, and for lines and lanes. */
export function kindOf(element) {
  const bo = element.businessObject;
  return Object.keys(KINDS).find((id) => {
    const { type, eventDefinitionType, cancelActivity } = KINDS[id].shape;
    if (bo.$type !== type || definitionOf(bo) !== eventDefinitionType) return false;
    return cancelActivity === undefined || bo.cancelActivity === cancelActivity;
  });
}

/** The word for an element's kind. */
export function kindName(element) {
  const kind = kindOf(element);
  return kind ? KINDS[kind].label : (OTHERS[element.businessObject?.$type] ?? "不能运行的图形");
}
