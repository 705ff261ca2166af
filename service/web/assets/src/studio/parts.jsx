// The fields of the panel that are more than a text or an expression: a chunk of its own, loaded when the first is shown.
export { ConditionWidget } from "./choice.jsx";
export { DueWidget } from "./due.jsx";
export { EachWidget, ListWidget, NameWidget } from "./many.jsx";
export { CycleWidget, TimerWidget } from "./timers.jsx";
export { AboutWidget, ValueWidget } from "./values.jsx";
export { WhoWidget } from "./who.jsx";
