"""Codes in messages for people that stand there without their name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.checks.bundle import read
from service.checks.findings import Report

AUTOMATIC = re.compile(r"\b(Activity|Gateway|Event|Flow|StartEvent|EndEvent|Participant|Group)_\w+")
"""The ids that editors give."""
_ASIDE = re.compile(r"（[^（）]*）|“[^”]*”|'[^']*'|\"[^\"]*\"|[\w/]+\.(?:toml|json|bpmn|dmn)|\w+:\w+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLES = frozenset({"unit", "days"})
"""Names that messages give as an example."""


def unnamed(message: str, files: Mapping[str, bytes]) -> list[str]:
    """The ids and names of a bundle that a message shows alone: in brackets behind a name, or as somebody has typed
    them (in quotes), they may stand."""
    bundle = read(files, Report())
    known = {name for form in bundle.forms.values() for name in form.fields}
    known |= {one for process in bundle.processes.values() for one in (*process.nodes, *process.flows, *process.lanes)}
    alone = _WORD.findall(_ASIDE.sub("", message))
    return [one for one in alone if one in known - _EXAMPLES] + [one[0] for one in AUTOMATIC.finditer(message)]
