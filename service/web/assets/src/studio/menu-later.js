// Stands before what draws the library's menus and tips (build.mjs): that is loaded when the first of them opens.
class Part {
  constructor(name) {
    this.name = name;
  }
}

class Said {
  constructor(said) {
    this.said = said;
  }
}

/** Stands for a component of the library until it is here. */
export const part = (name) => new Part(name);

/** What is to be drawn, kept as it is said. */
export const html = (...said) => new Said(said);

let drawing = null;

function drawn(ui, one) {
  if (one instanceof Part) return ui[one.name];
  return one instanceof Said ? ui.html(one.said[0], ...one.said.slice(1).map((each) => drawn(ui, each))) : one;
}

/** Draws `said` into `container`, in the order of the calls; null empties it. */
export function render(said, container) {
  if (!said && !drawing) return;
  drawing = drawing ?? import("./menu-drawn.js");
  drawing.then(
    (ui) => ui.render(said && drawn(ui, said), container),
    () => {
      drawing = null;
      if (said) container.append(Object.assign(document.createElement("p"), { className: "studio-lost", textContent: "菜单没有载入，请检查网络后再点一次。" }));
    },
  );
}

export default part("Menu");
