"""Persons of one name in one unit: likely one person entered twice, unless somebody says that they are not."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import Conflict, Finding
from service.people.models import Person
from service.people.queries import namesakes

CONFIRM = "/confirm_duplicate"
"""The field by which a caller says that a new person is none of those who are there."""


def require_unlike(session: Session, *, name: object, unit_code: object, except_id: UUID | None = None) -> None:
    """Raises ``Conflict`` naming everybody of that name, also with variants of its characters, in the same unit; one
    statement."""
    unit = unit_code if isinstance(unit_code, str) else None
    same = namesakes(session, name=str(name), unit_code=unit, except_id=except_id)
    if same:
        raise Conflict(
            "同一单位已有同名的在任人员，请先核对；确认不是同一人后再保存",
            [Finding(CONFIRM, f"{described(one)}：同一单位已有同名人员") for one in same],
        )


def described(person: Person) -> str:
    """A description of a person, for telling namesakes apart: 张三（区教育局，科长）."""
    return f"{person.name}（{'，'.join(filter(None, [person.unit.name if person.unit else '未填单位', person.post]))}）"
