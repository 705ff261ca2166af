"""A bare Flask application for scale: what the same server, driver and disk do without a product on top.

``GET /json`` answers a page of tasks from memory, ``GET /rows`` from a table of 50 rows, ``POST /write`` updates a row
of 8 kB and inserts one in a durable commit.
"""

from __future__ import annotations

import os
from itertools import count

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Integer, Text, func, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from service.db import Database

ROWS = 50
STATE = "状" * 2700  # about 8 kB in UTF-8


class Base(DeclarativeBase):
    """Tables of their own."""


class State(Base):
    """The 8 kB row."""

    __tablename__ = "bare_state"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)


class Event(Base):
    """The row that is inserted."""

    __tablename__ = "bare_event"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    state_id: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


def prepare(database: Database) -> None:
    """Makes the tables, next to those of the product."""
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.execute(insert(State), [{"id": n, "state": STATE} for n in range(ROWS)])


def create_app() -> Flask:
    """The application over the database that the service itself would use."""
    app = Flask("bare")
    database = Database(os.environ["LIAISON_DATABASE_URL"])
    turn = count()
    answer = [{"id": n, "name": "受理审核", "stage": "intake", "due_on": "2026-10-13"} for n in range(ROWS)]

    @app.get("/json")
    def plain() -> ResponseReturnValue:
        return jsonify(items=answer, total=ROWS, next=None)

    @app.get("/rows")
    def rows() -> ResponseReturnValue:
        with Session(database.engine) as session:
            found = session.execute(select(State.id, func.length(State.state)).limit(ROWS)).all()
            return jsonify(items=[{"id": row[0], "length": row[1]} for row in found], total=ROWS, next=None)

    @app.post("/write")
    def write() -> ResponseReturnValue:
        n = next(turn)
        row = int(request.get_json()["row"])
        with database.transaction() as session:
            session.execute(update(State).where(State.id == row).values(state=f"{n}{STATE}"))
            session.execute(insert(Event).values(state_id=row, text="completed"))
        return jsonify(done=n)

    return app
