"""What a step changes in a talent's file: read from the diagram, told to who decides, written with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service.actions.reading import list_of
from service.engine.expressions import as_date
from service.people.queries import unit_names
from service.processes.wiring import ActionCall, wiring
from service.talents.commands import TELLING
from service.talents.models import Talent
from service.talents.queries import duplicates
from service.talents.rules import CATEGORIES, TYPES

NAMES: Mapping[str, str] = {
    "name": "姓名",
    "employer": "工作单位",
    "employer_unit": "主管单位",
    "post": "职务",
    "category": "人才类别",
    "type": "人员类型",
    "type_reason": "认定理由",
    "recognition": "认定名称",
    "recognition_no": "认定文号",
    "recognized_on": "认定日期",
    "recognition_expires_on": "认定有效期",
    "fields": "专业领域",
    "platform": "创新平台",
    "town": "镇街",
    "phone": "联系电话",
    "email": "电子邮箱",
    "contact_person": "单位联系人",
    "contact_phone": "单位联系人电话",
    "works_from": "来区工作日期",
    "works_until": "离区日期",
    "in_district": "在我区工作",
}
"""What people call the fields of a file, in the order in which they read them."""

DATES = frozenset({"recognized_on", "recognition_expires_on", "works_from", "works_until"})
NOTHING = "（空）"


def wanted_changes(call: ActionCall) -> dict[str, Any]:
    """What ``changes`` fills in and ``clear`` empties, as the registry takes it. What is left out stays as it is."""
    given = call.parameters.get("changes")
    changes = {name: value_of(name, value) for name, value in dict(given or {}).items() if value not in (None, "")}
    for name in list_of(call, "clear"):
        changes.setdefault(name, None)
    return changes


def value_of(name: str, value: Any) -> Any:
    """What a form or an expression says of a field, as the registry takes it: dates are no texts there."""
    if name in DATES and isinstance(value, str):
        return as_date(value)
    return value


def differences(session: Session, talent: Talent, changes: Mapping[str, Any]) -> list[list[str]]:
    """[field, "old → new"] of what ``changes`` would make different, for who fills in and who decides."""
    found = []
    for name, title in NAMES.items():
        if name in changes and changes[name] != (old := getattr(talent, name)):
            found.append([title, f"{_text(session, name, old)} → {_text(session, name, changes[name])}"])
    return found


def alike(session: Session, talent: Talent, changes: Mapping[str, Any]) -> list[list[str]]:
    """A line for who decides where ``changes`` make the talent like others in the registry.

    How many and why, not who: whoever reports the change may have no right to see them.
    """
    if TELLING.isdisjoint(changes):
        return []
    told = {name: changes.get(name, getattr(talent, name)) for name in TELLING}
    found = duplicates(
        session, **{**told, "name": told["name"] or "", "employer": told["employer"] or ""}, except_id=talent.id
    )
    if not found:
        return []
    why = "；".join(dict.fromkeys(one.why for one in found))
    return [["疑似重复", f"人才信息库中另有 {len(found)} 人（{why}），审核时请先核对不是同一人"]]


def _text(session: Session, name: str, value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    if name == "employer_unit":
        return unit_names(session, [str(value)]).get(str(value), str(value))
    if name == "town":
        return wiring(session).towns.get(str(value), str(value))
    if name in ("category", "type"):
        return {"category": CATEGORIES, "type": TYPES}[name].get(value, str(value))
    return str(value)
