// Runs before everything else, in whatever browser opens the page. Written in ECMAScript 5 (the build refuses more), so
// that a browser too old for the pages can still say so.
//
// 1. Fills in what the oldest promised browser, Chromium 90, lacks and the bundled libraries call.
// 2. Says in the page when the browser is too old, or when a program of the page did not load or failed at its start:
//    never "正在载入" for ever. A program that has taken over its place sets `data-ready` there.
(function () {
  "use strict";

  var PATIENCE_MS = 15000;
  var PROGRAMS = { "form.js": "[data-form]", "diagram.js": "[data-diagram-island]", "apidocs.js": "#api-docs", "studio-diagram.js": "[data-studio-diagram]" };
  var OLD = [
    "浏览器版本过旧",
    "本浏览器不能显示表单和流程图。请升级浏览器，或改用 Chromium 90 及以上内核的浏览器（国产浏览器请使用“极速模式”）；无法升级时，请联系系统管理员。",
  ];
  var MISSING = ["没有载入完整", "请检查网络，然后刷新本页；仍不成功时，请联系系统管理员。"];
  var FAILED = ["这部分内容无法显示", "页面程序出错。请刷新本页；仍不成功时，请换一个浏览器，或把本页地址告诉系统管理员。"];
  var KEPT = "此前填写的内容仍保存在本浏览器。";

  // ------------------------------------------------------------------ what Chromium 90 lacks

  function define(owner, name, value) {
    if (owner && !owner[name]) Object.defineProperty(owner, name, { value: value, configurable: true, writable: true });
  }

  define(Object, "hasOwn", function (object, key) {
    return Object.prototype.hasOwnProperty.call(object, key);
  });

  function at(index) {
    var whole = Math.trunc(index) || 0;
    return this[whole < 0 ? this.length + whole : whole];
  }

  function findLastIndex(test, self) {
    for (var index = this.length - 1; index >= 0; index -= 1) if (test.call(self, this[index], index, this)) return index;
    return -1;
  }

  function findLast(test, self) {
    var index = findLastIndex.call(this, test, self);
    return index < 0 ? undefined : this[index];
  }

  define(Array.prototype, "at", at);
  define(Array.prototype, "findLast", findLast);
  define(Array.prototype, "findLastIndex", findLastIndex);
  define(String.prototype, "at", at);

  /** Copies what JSON knows, and dates, maps, sets and objects that refer to each other; refuses functions, as the real one does. */
  function clone(value, made) {
    if (typeof value === "function" || typeof value === "symbol") throw new TypeError("could not be cloned");
    if (value === null || typeof value !== "object") return value;
    if (made.has(value)) return made.get(value);
    var copy;
    if (value instanceof Date) copy = new Date(value.getTime());
    else if (value instanceof RegExp) copy = new RegExp(value.source, value.flags);
    else if (value instanceof Map) copy = new Map();
    else if (value instanceof Set) copy = new Set();
    else copy = Array.isArray(value) ? new Array(value.length) : {};
    made.set(value, copy);
    if (value instanceof Map) value.forEach(function (item, key) { copy.set(clone(key, made), clone(item, made)); });
    else if (value instanceof Set) value.forEach(function (item) { copy.add(clone(item, made)); });
    else Object.keys(value).forEach(function (key) { copy[key] = clone(value[key], made); });
    return copy;
  }

  define(window, "structuredClone", function (value) {
    return clone(value, new Map());
  });

  // ------------------------------------------------------------------ what the page says when something is wrong

  /** Whether the browser knows what the bundles are written in: modules, and features of 2021 that cannot be filled in. */
  function modern() {
    return "noModule" in document.createElement("script") && "replaceAll" in String.prototype && "any" in Promise &&
      "HTMLDialogElement" in window && "CSS" in window && CSS.supports("aspect-ratio", "1");
  }

  function element(name, text) {
    var made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  function box(words, more) {
    var made = element("div", "");
    made.className = "alert alert-danger";
    made.setAttribute("role", "alert");
    made.appendChild(element("b", words[0]));
    made.appendChild(element("div", words[1] + more));
    if (words === OLD) return made;
    var again = element("a", "刷新本页");
    again.className = "btn btn-sm mt-2";
    again.href = window.location.href;
    made.appendChild(again);
    return made;
  }

  /** Puts `words` into every place of `selector` whose program has not taken over. */
  function tell(words, selector) {
    var places = document.querySelectorAll(selector);
    for (var index = 0; index < places.length; index += 1) {
      var place = places[index];
      if (place.hasAttribute("data-ready") || place.hasAttribute("data-told")) continue;
      place.setAttribute("data-told", "");
      var stage = place.querySelector("[data-stage]") || place;
      stage.textContent = "";
      stage.appendChild(box(words, place.hasAttribute("data-form") && words !== OLD ? KEPT : ""));
    }
  }

  /** Puts `words` at the top of the page, once. */
  function announce(words) {
    var main = document.getElementById("main");
    if (!main || document.getElementById("page-trouble")) return;
    var said = box(words, "");
    said.id = "page-trouble";
    main.insertBefore(said, main.firstChild);
  }

  function whenRead(act) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", act);
    else act();
  }

  function everywhere() {
    return Object.keys(PROGRAMS).map(function (name) { return PROGRAMS[name]; }).join(", ");
  }

  /** The places of the bundled program that `trace` (an address, a stack) names; null where it names none. */
  function placesOf(trace) {
    if (trace.indexOf("/static/dist/") < 0) return null; // an extension of the browser, or the browser itself
    var named = Object.keys(PROGRAMS).filter(function (name) { return trace.indexOf("/dist/" + name) >= 0; });
    return named.length ? PROGRAMS[named[0]] : everywhere();
  }

  function failed(trace) {
    var places = placesOf(trace);
    if (places) whenRead(function () { tell(FAILED, places); });
  }

  if (!modern()) {
    whenRead(function () {
      announce(OLD);
      tell(OLD, everywhere());
    });
    return;
  }

  // capture: that a script did not load is told to the script alone
  window.addEventListener("error", function (event) {
    var script = event.target && event.target.tagName === "SCRIPT" ? event.target : null;
    if (!script) return failed(event.filename + " " + ((event.error && event.error.stack) || ""));
    whenRead(function () {
      var places = placesOf(script.src);
      if (/\/dist\/base\.js/.test(script.src)) announce(MISSING);
      else if (places) tell(MISSING, places);
    });
  }, true);
  window.addEventListener("unhandledrejection", function (event) {
    failed(String((event.reason && event.reason.stack) || ""));
  });
  window.addEventListener("load", function () {
    // a picture in a fold that nobody opened is not late
    setTimeout(function () { tell(MISSING, "[data-form], #api-docs, [data-studio-diagram]"); }, PATIENCE_MS);
  });
})();
