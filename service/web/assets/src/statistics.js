// Plots of the page 统计. The page holds {months: {names, bars, line}, units: {names, bars}, stages: {names, bars}};
// a bar is {name, values, links}: a press on it goes where its cases are listed. The tables below tell the same.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import "./statistics.css";

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const COLOURS = ["#1f5fa8", "#8fb7e3", "#b3261e"];
const LINE = "#8a5200";
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Serif CJK SC", sans-serif';
const PAPER = 960;
const ROW = 30;
const shownName = (name) => (name.length > 14 ? `${name.slice(0, 13)}…` : name);

const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const axis = { type: "value", minInterval: 1, splitLine: { lineStyle: { color: "#dde3ea" } } };

function common(page) {
  return {
    animation: false,
    color: COLOURS,
    textStyle: { fontFamily: FONT, fontSize: 12, color: "#1d2733" },
    // a pattern beside each colour, for who sees none and for paper; the page gives the words
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    legend: { top: 0, data: [...page.bars, ...(page.line ? [page.line] : [])].map((one) => one.name) },
    // drawn into the picture: the policy of the pages forbids styles in markup
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, transitionDuration: calm ? 0 : 0.2 },
    grid: { left: 8, right: 16, top: 34, bottom: 8, containLabel: true },
  };
}

function upright(page) {
  const lines = page.line ? [{ ...page.line, type: "line", yAxisIndex: 1, connectNulls: false, symbolSize: 7, color: LINE, data: page.line.values }] : [];
  return {
    ...common(page),
    xAxis: { type: "category", data: page.names },
    yAxis: [axis, { type: "value", min: 0, max: 100, axisLabel: { formatter: "{value}%" }, splitLine: { show: false }, show: Boolean(page.line) }],
    series: [...page.bars.map((one) => ({ name: one.name, type: "bar", barMaxWidth: 26, data: one.values })), ...lines],
  };
}

function lying(page, stacked) {
  return {
    ...common(page),
    xAxis: axis,
    yAxis: { type: "category", inverse: true, data: page.names, axisLabel: { formatter: shownName } },
    series: page.bars.map((one, place) => ({
      name: one.name,
      type: "bar",
      stack: stacked ? "all" : undefined,
      barMaxWidth: 18,
      color: stacked && place ? COLOURS[2] : COLOURS[place],
      data: one.values,
    })),
  };
}

const KINDS = { months: upright, units: (page) => lying(page, true), stages: (page) => lying(page, false) };

function draw(box, page) {
  const many = page.names.length;
  if (box.dataset.plot !== "months") box.style.height = `${60 + many * ROW * (box.dataset.plot === "stages" ? 1.4 : 1)}px`;
  const chart = init(box, null, { renderer: "canvas", devicePixelRatio: Math.max(2, window.devicePixelRatio) });
  chart.setOption(KINDS[box.dataset.plot](page));
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    const where = page.bars[seriesIndex]?.links?.[dataIndex];
    if (where) window.location.assign(where);
  });
  return chart;
}

const island = document.getElementById("plots");
if (island) {
  const pages = JSON.parse(island.textContent);
  const charts = [...document.querySelectorAll("[data-plot]")].map((box) => [box, draw(box, pages[box.dataset.plot])]);
  const fit = () => charts.forEach(([, chart]) => chart.resize());
  new ResizeObserver(fit).observe(document.querySelector("main"));
  window.addEventListener("beforeprint", () => charts.forEach(([, chart]) => chart.resize({ width: PAPER })));
  window.addEventListener("afterprint", () => charts.forEach(([, chart]) => chart.resize({ width: "auto" })));
  document.documentElement.dataset.plotted = String(charts.length);
}
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
