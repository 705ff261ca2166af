"""Forms as a browser would send them."""

from __future__ import annotations

import re
from typing import Any


def typed(page: Any) -> dict[str, str]:
    """The values of a form, as a browser would send them: texts, areas, choices, ticks, pickers, hidden fields."""
    form = re.search(r'<form class="panel narrow".*?</form>', page.text, re.DOTALL)
    assert form is not None
    text, found = form[0], {}
    for tag in re.findall(r"<(?:input|ref-pick)[^>]*>", text):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name is None or name[1] in ("csrf_token", "once") or "multiple" in tag:
            continue
        if 'type="checkbox"' not in tag or " checked" in tag:
            found[name[1]] = value[1] if value else ""
    found |= dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', text, re.DOTALL))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def said(page: Any) -> str:
    """The messages at the fields and above the form."""
    return " ".join(re.findall(r'<div class="alert alert-danger" id="form-summary".*?</div>', page.text, re.DOTALL))
