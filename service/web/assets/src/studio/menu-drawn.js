// What draws the menus and tips of the editor, a chunk of its own.
export { html, render } from "diagram-js/lib/ui/index.js";
export { default as Menu } from "diagram-js/lib/features/popup-menu/PopupMenuComponent.js";
export { default as Tip } from "diagram-js/lib/features/palette/PaletteTooltipComponent.js";
