"""The browsers get nothing that the oldest promised one, Chromium 90, does not know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "service/web"
DIST = WEB / "static/dist"

# Feature -> first Chromium with it. A style that is merely plainer without them may use those of PLAINER.
STYLE = {
    r"color-mix\(": 111,
    r"light-dark\(": 123,
    r"(?<![\w-])(oklch|oklab|lch|lab|color)\(": 111,
    r"(rgb|hsl)a?\(from ": 119,
    r":has\(": 105,
    r"@container": 105,
    r"@layer": 99,
    r"@property": 85,
    r"@scope": 118,
    r"@starting-style": 117,
    r"\d[sdl]v[hw]\b": 108,
    r"[{;](translate|scale|rotate):": 104,
    r"[{;]accent-color:": 93,
    r"[{;]scrollbar-(color|width|gutter):": 121,
    r"[{;]field-sizing:": 123,
    r"[{;]text-wrap:": 114,
    r"[{;](grid-template-(rows|columns):)subgrid": 117,
    r":user-(in)?valid": 119,
    r"(^|[{;}])\s*&": 112,  # nesting
    r"[{;]anchor-name:": 125,
}
OLDEST = 90
PLAINER = {
    (r"[{;]field-sizing:", "base.css"): "a script lets text fields grow where the style cannot",
    (r"[{;]scrollbar-(color|width|gutter):", "base.css"): "the browser's own scroll bars do",
    (r"color-mix\(", "base.css"): "colours of selected text and of marks that no page has",
    (r":has\(", "base.css"): "the underline of links with an icon, which no page has",
    (r"[{;]scrollbar-(color|width|gutter):", "diagram.css"): "the browser's own scroll bars do",
    (r"color-mix\(", "diagram.css"): "three colours of drawing, for which diagram.css gives plain ones",
    (r"[{;]scrollbar-(color|width|gutter):", "studio-diagram.css"): "the browser's own scroll bars do",
    (r"color-mix\(", "studio-diagram.css"): "five colours of drawing, for which studio.css gives plain ones",
    (r":has\(", "apidocs.css"): "the documentation for developers: some tables are wider",
    (r"@container", "apidocs.css"): "the documentation for developers: made for a wide window",
}

# What is called without asking first whether it is there. The names that first.js fills in are not among them.
CALLS = {
    r"\.toSorted\(": 110,
    r"\.toReversed\(": 110,
    r"\.toSpliced\(": 110,
    r"\bObject\.groupBy\(": 117,
    r"\bPromise\.withResolvers\(": 119,
    r"\bArray\.fromAsync\(": 121,
    r"\bAbortSignal\.(timeout|any)\(": 103,
    r"\bURL\.(canParse|parse)\(": 120,
    r"\bcrypto\.randomUUID\(": 92,
    r"\.checkVisibility\(": 105,
    r"\.showPicker\(": 99,
    r"\.(isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference)\(": 122,
    r"\.(showPopover|togglePopover|hidePopover)\(": 114,
    r"\bnew FormData\([^()]*,": 112,
    r"\bIterator\.from\(": 122,
    r"\bRegExp\.escape\(": 136,
    r"\.(isWellFormed|toWellFormed)\(": 111,
    r"\bstatic\{": 94,
    r"#\w+ in ": 91,
}
ASKED_FIRST = {
    (r"\bnew FormData\([^()]*,", "chunk.js"): "React's form actions, which no form uses",
}
FILLED_IN = ["hasOwn", "structuredClone", "at", "findLast", "findLastIndex"]


def built(pattern: str) -> list[Path]:
    files = sorted(DIST.rglob(pattern))
    if not files:
        pytest.skip("the bundles are not built (make setup builds them)")
    return files


def test_no_style_needs_more_than_the_oldest_browser() -> None:
    found = {
        (feature, path.name)
        for path in built("*.css")
        for feature, since in STYLE.items()
        if since > OLDEST and re.search(feature, path.read_text(encoding="utf-8"))
    }
    assert found - set(PLAINER) == set()
    assert set(PLAINER) - found == set(), "no longer needed: take it off the list"


def test_no_program_calls_what_the_oldest_browser_lacks() -> None:
    found = {
        (call, re.sub(r"^chunk-\w+", "chunk", path.name))
        for path in built("*.js")
        for call, since in CALLS.items()
        if since > OLDEST and re.search(call, path.read_text(encoding="utf-8"))
    }
    assert found - set(ASKED_FIRST) == set()
    assert set(ASKED_FIRST) - found == set(), "no longer needed: take it off the list"


def test_what_the_oldest_browser_lacks_is_filled_in_before_any_program() -> None:
    first = (DIST / "first.js").read_text(encoding="utf-8") if built("first.js") else ""
    for name in FILLED_IN:
        assert f'"{name}"' in first, name
    for page in (WEB / "templates/layout.html", WEB.parent / "api/templates/api/docs.html"):
        scripts = re.findall(r"<script[^>]*?(\w+)\.js", page.read_text(encoding="utf-8"))
        assert scripts[0] == "first", page


def test_no_page_uses_attributes_that_the_oldest_browser_lacks() -> None:
    for page in sorted((WEB / "templates").rglob("*.html")):
        assert not re.search(r"<[^>]+\s(inert|popover|popovertarget)[\s=>]", page.read_text(encoding="utf-8")), page


def test_the_programs_of_forms_and_diagrams_make_no_code() -> None:
    for path in [*built("form.js"), *built("diagram.js"), *built("studio-*.js"), *built("chunk-*.js")]:
        assert not re.search(r"new Function\(|[^\w.$]eval\(|\bFunction\(", path.read_text(encoding="utf-8")), path
