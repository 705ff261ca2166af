"""The index of the words of cases, which the database keeps beside ``case_text`` by itself (adr/0050)."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.db.database import Database

INDEX, ON_POSTGRESQL = "case_text_index", "ix_case_text_grams"
OF_FORMS = ("ix_case_said_grams", "ix_figure_case_words")
"""Indexes of expressions that PostgreSQL keeps of what forms said and of parts in the figures (adr/0103)."""
_CHECK = text("INSERT INTO case_text_index(case_text_index, rank) VALUES ('integrity-check', 1)")


def is_of_index(name: str) -> bool:
    """Whether that is the index, or a table in which SQLite keeps it: no model says so, and no backup holds it."""
    return name in (INDEX, ON_POSTGRESQL, *OF_FORMS) or name.startswith(f"{INDEX}_")


def index_differs(database: Database) -> bool | None:
    """Whether the index says something else than the words; None where that cannot be asked, as of a copy that may
    only be read. PostgreSQL keeps its index right by itself; SQLite asks so by a write that changes nothing."""
    if not database.is_sqlite:
        return False
    try:
        with database.transaction() as session:
            session.execute(_CHECK)
    except DBAPIError as error:
        return True if str(getattr(error.orig, "sqlite_errorname", "")).startswith("SQLITE_CORRUPT") else None
    return False
