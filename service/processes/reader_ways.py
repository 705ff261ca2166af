"""The ways in which somebody sees cases, as conditions over the rows that ``readers`` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, union

from service.processes import readers
from service.processes.models import Instance
from service.processes.reader_models import CaseReader
from service.processes.wide import Wide, by_reader


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in which somebody sees cases, as ``CaseReader`` keeps them: those that are ``known``, a query of those
    of the ``talents`` whom the reader serves, and the condition of cases that were ``copied`` to the reader."""

    known: Sequence[str]
    talents: Select[str] | None
    copied: ColumnElement[bool]

    @property
    def wide(self) -> Wide:
        """The condition of the cases that are seen in one of these ways."""
        known, theirs = by_reader(self.known), select(CaseReader.instance_id)
        every, each = [*known.every, select(Instance.id).where(self.copied).correlate(None)], [known.each, self.copied]
        if self.talents is not None:
            served = theirs.where(CaseReader.reader.in_(self.talents))
            every.append(served.distinct())
            each.append(served.where(CaseReader.instance_id == Instance.id).correlate(Instance).offset(0).exists())
        among = [theirs.where(CaseReader.reader.in_(self.known)).correlate(None), *every[len(known.every) :]]
        return Wide(every, or_(*each), among=among, seen=known.seen)

    @property
    def of_many(self) -> Sequence[str]:
        """The ways in which whole units see cases, of which figures are kept (``readers.of_many``)."""
        return [way for way in self.known if readers.of_many(way)]

    def beyond(self, way: str) -> Select[UUID]:
        """The ids of those cases that are seen in some way, but not in this one."""
        theirs = select(CaseReader.instance_id)
        others = [one for one in self.known if one != way]
        ways = [theirs.where(CaseReader.reader.in_(others)), select(Instance.id).where(self.copied)]
        if self.talents is not None:
            ways.append(theirs.where(CaseReader.reader.in_(self.talents)))
        found = union(*ways).subquery().c[0]
        same = theirs.where(CaseReader.reader == way, CaseReader.instance_id == found).correlate(found.table).exists()
        return select(found).where(~same)
