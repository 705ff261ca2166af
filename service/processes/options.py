"""Choices from the settings (``"x-options": "towns"``): a form names a list, a version of its process keeps it.

The list is written into the form when the definition is checked and deployed, as the ``oneOf`` beside the word. So it
is part of the content that is addressed: a case keeps the choices of its version, and replay needs no settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WORD = "x-options"
Lists = Mapping[str, Sequence[tuple[str, str]]]
"""Name of a list → its choices, (code, name) each, in their order."""
LARGEST = 256_000
"""Bytes of a form beyond which the checks refuse it unread."""

_TEXT = r'"(?:[^"\\]|\\.)*"'
_CHOICE = rf'\{{"const": {_TEXT}, "title": {_TEXT}\}}'
_NAMED = re.compile(rf'("{WORD}"\s*:\s*"([a-z][a-z0-9_]*)")(, "oneOf": \[{_CHOICE}(?:, {_CHOICE})*\])?')


def frozen(files: Mapping[str, bytes], lists: Lists | None) -> dict[str, bytes]:
    """The bundle with the present choices in its forms; what is no JSON, or names no known list, stays as it is.

    The choices stand on the line of the word, so that a form keeps its lines; freezing again changes nothing.
    """
    known = lists or {}
    return {name: _frozen(content, known) if _is_form(name, content) else content for name, content in files.items()}


def thawed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The bundle as people write it, without the choices that ``frozen`` has put in."""
    return {
        name: _NAMED.sub(r"\1", content.decode()).encode() if _is_form(name, content) else content
        for name, content in files.items()
    }


def named(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a form that names a list."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if WORD in part:
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _is_form(name: str, content: bytes) -> bool:
    form = name.startswith("forms/") and name.endswith(".json") and not name.endswith(".ui.json")
    if not form or len(content) > LARGEST or f'"{WORD}"'.encode() not in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _frozen(content: bytes, lists: Lists) -> bytes:
    text = content.decode()
    try:
        wanted = json.loads(text)
        bare = json.loads(_NAMED.sub(lambda found: found[1] if found[2] in lists else found[0], text))
    except (ValueError, RecursionError):
        return content
    kept = True
    for whole, part in zip(list(named(wanted)), list(named(bare)), strict=True):
        if isinstance(part[WORD], str) and (choices := lists.get(part[WORD])):
            kept = kept and "oneOf" not in part
            whole["oneOf"] = [{"const": code, "title": name} for code, name in choices]
    beside = _NAMED.sub(lambda found: found[1] + _written(lists[found[2]]) if found[2] in lists else found[0], text)
    if kept and json.loads(beside) == wanted:
        return beside.encode()
    return (json.dumps(wanted, ensure_ascii=False, indent=2) + "\n").encode()


def _written(choices: Sequence[tuple[str, str]]) -> str:
    listed = ", ".join(json.dumps({"const": code, "title": name}, ensure_ascii=False) for code, name in choices)
    return f', "oneOf": [{listed}]' if listed else ""
