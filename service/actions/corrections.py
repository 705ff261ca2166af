"""The actions of a correction in ``registry_review``: whose file it is, what it says, what would change (R4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import talents
from service.actions.files import TOLD, alike, differences, value_of
from service.actions.reading import text_of
from service.engine import EngineFailure
from service.errors import Finding, Invalid
from service.processes.wiring import Action, ActionCall

CORRECTED = tuple(name for name in TOLD if name not in ("in_district", "works_from", "works_until"))
"""What a unit corrects. Who came or left is reported, not corrected (R9)."""


def _talent_file(session: Session, call: ActionCall) -> dict[str, Any]:
    """Whose file it is, and its ``values``, which the form begins with; an empty field is left out."""
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    values = {name: _plain(getattr(talent, name)) for name in CORRECTED}
    return {"name": talent.name, "values": {name: value for name, value in values.items() if value is not None}}


def _correction_facts(session: Session, call: ActionCall) -> dict[str, Any]:
    """What the form changes in the file as it was ``before``: ``changes``, ``clear``, and ``lines`` old → new.

    A field that the form shows and that comes back empty is cleared. Raises ``Invalid`` at the form's fields where the
    registry would refuse it: what is accepted here can be approved.
    """
    talent = talents.get_talent(session, text_of(call, "talent_id"))
    before = call.parameters.get("before")
    if not isinstance(before, Mapping):
        raise EngineFailure("核对更正时没有给出原来的信息")
    said = {name: call.data.get(name) for name in CORRECTED}
    changed = {name: value for name, value in said.items() if (value or None) != before.get(name)}
    wanted = {name: value_of(name, value) if value else None for name, value in changed.items()}
    if not wanted:
        raise Invalid(
            "没有需要更正的内容", [Finding("/data/basis", "所填内容与信息库一致；如无须更正，请改动须更正的项")]
        )
    try:
        talents.check_changes(session, talent_id=talent.id, changes=wanted, now=call.now)
    except Invalid as error:
        findings = [Finding("/data" + found.path, found.message) for found in error.findings]
        raise Invalid("更正还不能提交", findings) from error
    return {
        "changes": {name: value for name, value in changed.items() if value},
        "clear": sorted(name for name, value in changed.items() if not value),
        "lines": [
            ["更正的人才", f"{talent.name}（{talent.employer}）"],
            *differences(session, talent, wanted),
            *alike(session, talent, wanted),
        ],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


ACTIONS = (
    Action(
        "talent_file",
        "列出人才信息",
        ("talent_id",),
        _talent_file,
        sample={"name": "张三", "values": {"post": "院长"}},
        does="取出人才现有的信息，作为更正表单的初值；结果是姓名和各字段",
    ),
    Action(
        "correction_facts",
        "列出更正的内容",
        ("talent_id", "before"),
        _correction_facts,
        sample={"changes": {"post": "院长"}, "clear": ["phone"], "lines": []},
        does=("比较表单和原来的信息（`before`），信息库不收的当场指出；结果是改动、清空的字段、显示在审核表单前的几行"),
    ),
)
