// Ids made from Chinese names: an element that still has the library's own id takes one from its name's pinyin.
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";

const AUTOMATIC = /^(Activity|Gateway|Event|Flow|StartEvent|EndEvent|Participant|TextAnnotation|Group)_[0-9a-z]{7}$/;

/** `base`, or with a number behind where something of the drawing has it. */
export function unused(modeler, base, own) {
  const ids = modeler.get("moddle").ids;
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? base : `${base}_${n}`;
    const taken = ids.assigned(id);
    if (!taken || taken === own) return id;
  }
}

/** Gives ids by itself; `spell` asks the server how a text is spelled: {id}. */
export function automaticIds(modeler, spell) {
  const given = new WeakMap(); // element -> the id that it was given here, which a new name may change again
  const stack = modeler.get("commandStack");
  /** Does what follows from the step `last` by itself: it is taken back together with it, if nothing was done since. */
  const along = (last, act) => {
    const at = stack._stackIdx;
    act();
    if (last && stack._stack[at] === last) for (const one of stack._stack.slice(at + 1, stack._stackIdx + 1)) one.id = last.id;
  };
  const wanted = async (element) => {
    const target = element.labelTarget ?? element;
    const bo = target.businessObject;
    if (!target.parent || !bo?.name || !(AUTOMATIC.test(bo.id) || given.get(target) === bo.id)) return;
    const name = bo.name;
    const last = stack._stack[stack._stackIdx];
    const said = await spell(name);
    if (!said?.id || bo.name !== name || !target.parent) return;
    const id = unused(modeler, said.id, bo);
    if (id === bo.id) return;
    given.set(target, id);
    along(last, () => modeler.get("modeling").updateProperties(target, { id }));
  };
  const hooks = new CommandInterceptor(modeler.get("eventBus"));
  hooks.postExecuted(["element.updateLabel"], ({ context }) => {
    setTimeout(() => wanted(context.element), 0);
  });
}
