// The tips at the palette, as menu-later.js has the menus.
import { part } from "./menu-later.js";

export default part("Tip");
