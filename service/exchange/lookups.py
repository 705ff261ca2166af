"""The records that rows of a sheet name, and the faults of one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.config import Organization
from service.config.office import Contacts
from service.errors import Finding, Invalid, LiaisonError
from service.people.models import Leader, Unit
from service.rights import Actor
from service.spelling import half_width
from service.talents.models import Talent

Values = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Basis:
    """Where the words of the columns come from, and the rules of contact records."""

    organization: Organization
    contacts: Contacts


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact that no two rows of a sheet may both say, with the columns that say it; names are resolved to records."""

    key: tuple[object, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """The row of the sheet that said the same before, and in which columns."""

    number: int
    columns: tuple[str, ...]
    unless: str = ""
    """Another way out than deleting one of the two."""


@dataclass(slots=True)
class Lookups:
    """The records that rows name, read once a transaction: names are unique only where the lists hold one entry.

    ``marks`` and ``namesakes`` hold what the rows above said: they are of the whole sheet, over all transactions.
    """

    session: Session
    actor: Actor
    now: datetime
    basis: Basis
    marks: dict[object, int] = field(default_factory=dict)
    namesakes: dict[str, list[tuple[int, str | None, str | None]]] = field(default_factory=dict)
    _units: dict[str, str] = field(default_factory=dict)
    _leaders: dict[str, list[Leader]] = field(default_factory=dict)
    _talents: dict[str, list[Talent]] = field(default_factory=dict)

    def seen(self, number: int, *marks: Mark) -> Twin | None:
        """The row above that has one of ``marks``; without one, row ``number`` is remembered by them."""
        for mark in marks:
            if mark.key in self.marks:
                return Twin(self.marks[mark.key], mark.columns)
        self.marks |= {mark.key: number for mark in marks}
        return None

    def unit(self, name: str | None, path: str = "/unit") -> str | None:
        """The code of the unit with that name (or code)."""
        if name is None:
            return None
        if not self._units:
            rows = self.session.execute(select(Unit.code, Unit.name)).all()
            self._units = {unit_name: code for code, unit_name in rows} | {code: code for code, _ in rows}
        name = name if name in self._units else half_width(name)
        if name not in self._units:
            raise refused(path, f"没有单位“{name}”，请填单位名录中的全称或代码")
        return self._units[name]

    def leader(self, name: str | None, post: str | None, day: date | None) -> Leader:
        """The leader with that name who held a post on ``day``; ``post`` tells several apart."""
        if name is None:
            raise refused("/leader", "请填写领导的姓名")
        if name not in self._leaders:
            found = select(Leader).join(Leader.person).where(Leader.person.has(name=name))
            self._leaders[name] = list(self.session.scalars(found))
        named = [one for one in self._leaders[name] if post is None or post in (one.post, one.unit and one.unit.name)]
        held = [one for one in named if day is None or one.serves_on(day)]
        if len(held) == 1 or (held and day is None):
            return held[0]
        if not named:
            raise refused("/leader", f"没有领导“{name}{f'（{post}）' if post else ''}”，请先登记其任职")
        if not held:
            raise refused("/leader", f"{name}在 {day} 没有任职，请核对日期或任职")
        raise refused("/leader_post", f"有 {len(held)} 项任职符合“{name}”，请填写领导职务以区分")

    def talent(self, text: str | None, employer: str | None = None, path: str = "/talent") -> Talent:
        """The talent with that number, or with that name (``employer`` tells namesakes apart)."""
        if text is None:
            raise refused(path, "“联系对象”不能为空")
        if text not in self._talents:
            found = select(Talent).where((Talent.id == half_width(text)) | (Talent.name == text), Talent.active)
            self._talents[text] = list(self.session.scalars(found))
        named = [one for one in self._talents[text] if employer is None or employer == one.employer]
        if len(named) == 1:
            return named[0]
        if not named and self._talents[text]:
            raise refused(path, f"人才库里的“{text}”不在“{employer}”工作，请核对工作单位，或改填人才编号")
        if not named:
            raise refused(path, f"人才库里没有“{text}”，请先登记，或改填人才编号")
        raise refused(path, f"有 {len(named)} 位“{text}”，请改填人才编号：{'、'.join(one.id for one in named)}")


class Gathered:
    """The faults of one row: of every name it holds and then of the command, so that nothing comes bit by bit."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []

    def of(self, operation: Callable[[], Found], instead: Found) -> Found:
        """The result of ``operation``; where it is refused that is noted, and ``instead`` stands for it."""
        try:
            return operation()
        except LiaisonError as error:
            self.note(error)
            return instead

    def note(self, error: LiaisonError) -> None:
        """Notes why something was refused; what names no field is about the whole row."""
        self._findings.extend(error.findings or [Finding("", error.message)])

    def refuse(self, path: str, message: str) -> None:
        """Notes that the field at ``path`` is wrong."""
        self._findings.append(Finding(path, message))

    def errors(self) -> list[Invalid]:
        """All of it as one error, if there is any."""
        return [Invalid(self._findings[0].message, self._findings)] if self._findings else []

    def done(self) -> None:
        """Raises ``Invalid`` if anything was refused."""
        for error in self.errors():
            raise error


def refused(path: str, message: str) -> Invalid:
    """A refusal of one field."""
    return Invalid(message, [Finding(path, message)])


def columns_said(titles: Mapping[str, str], columns: Sequence[str]) -> str:
    """The headings of ``columns`` in a sentence."""
    return "、".join(titles[key] for key in columns)


def turned(table: Mapping[Any, str]) -> dict[str, Any]:
    """Word -> code."""
    return {name: code for code, name in table.items()}


def day_of(text: str | None) -> date | None:
    """A day as it was read from a cell."""
    return date.fromisoformat(text) if text is not None else None
