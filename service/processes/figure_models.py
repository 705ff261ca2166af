"""The tables of the figures of needs, summed by day (adr/0068): they follow from the days and the clocks of cases."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base

_NOTHING, _COMING = text("number = 0"), text("on_day > '1900-01-01'")
_BigId = BigInteger().with_variant(Integer(), "sqlite")


class FigureTally(Base):
    """By how much a figure grows on the evening of ``on_day``: the sum up to a day is the figure as of its end.

    ``dimension`` and ``key``: what is counted (``figure_folding``). ``day``: on which the needs were registered, or the
    answers given. ``figure``: its name. ``number`` is negative where needs are counted no more.
    """

    __tablename__ = "figure_tally"
    # What has come to nothing is found and forgotten without reading the rest.
    __table_args__ = (Index("ix_figure_tally_nothing", "number", sqlite_where=_NOTHING, postgresql_where=_NOTHING),)

    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    on_day: Mapped[date] = mapped_column(Date, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    figure: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class FigureWithin(Base):
    """The same for the needs of one unit, one town or one category, or those that a whole unit sees (``about``), by
    month of registering.

    ``day`` is the first of the month. All that has happened stands under the first day there is; changes that are still
    to come by themselves stand under their own (``figure_within``). One row alone, about nothing, says up to which
    ``day`` all has happened.
    """

    __tablename__ = "figure_within"
    __table_args__ = (
        Index("ix_figure_within_nothing", "number", sqlite_where=_NOTHING, postgresql_where=_NOTHING),
        Index("ix_figure_within_coming", "on_day", sqlite_where=_COMING, postgresql_where=_COMING),
    )

    about: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    on_day: Mapped[date] = mapped_column(Date, primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    figure: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class FigureCase(Base):
    """The part of one need in the tallies, as JSON (``figure_folding``): what is taken out again when it changes."""

    __tablename__ = "figure_case"

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    told: Mapped[str] = mapped_column(Text)


class FigureDue(Base):
    """A case of which days or clocks have changed since it was summed; the database writes these rows by itself."""

    __tablename__ = "figure_due"

    id: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=True)
    instance_id: Mapped[UUID]
