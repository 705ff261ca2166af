// The texts of the drawing library in Chinese: those of bpmn-js-i18n where it has one, in our words where it has none
// or another one than our guides.
import base from "bpmn-js-i18n/translations/zn.js";

const OURS = {
  "Activate create/remove space tool": "拉开、合拢空间",
  "Activate global connect tool": "连线",
  "Activate hand tool": "移动画面",
  "Activate lasso tool": "框选",
  "Add lane above": "上方加一条泳道",
  "Add lane below": "下方加一条泳道",
  "Add text annotation": "加说明",
  "Align elements": "对齐",
  "Align elements bottom": "下边对齐",
  "Align elements center": "左右居中对齐",
  "Align elements left": "左边对齐",
  "Align elements middle": "上下居中对齐",
  "Align elements right": "右边对齐",
  "Align elements top": "上边对齐",
  "Change element": "换一种",
  "Close minimap": "关闭小地图",
  "Connect to other element": "连到另一个图形",
  "Connect using association": "连到所说明的图形",
  "Data object must be placed within a pool/participant.": "请放在泳池里。",
  Delete: "删除",
  "Distribute elements horizontally": "左右等距",
  "Distribute elements vertically": "上下等距",
  "Divide into three lanes": "分成三条泳道",
  "Divide into two lanes": "分成两条泳道",
  "No matching entries": "没有找到",
  "Open minimap": "小地图",
  "Open {element}": "打开{element}",
  "Search in diagram": "在图中查找名称",
  Search: "查找",
  "flow elements must be children of pools/participants": "请放在泳池里。",
};

/** What the library asks for every text that it shows. */
export function translate(template, replacements = {}) {
  const text = OURS[template] ?? base[template] ?? template;
  return text.replace(/{([^}]+)}/g, (_, key) => replacements[key] ?? "");
}
