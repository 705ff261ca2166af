"""Statements that are written once for all questions that are alike."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, String, Table, bindparam, create_engine, literal, select, true
from sqlalchemy import values as listed

from service.db.alike import Alike

WORDS = Table("words", MetaData(), Column("word", String), Column("size", Integer))


def _asked(found: tuple[Select[Any], dict[str, Any]], **more: Any) -> list[Any]:
    statement, given = found
    with create_engine("sqlite://").connect() as connection:
        WORDS.create(connection)
        connection.execute(
            WORDS.insert(), [{"word": letter * size, "size": size} for size, letter in enumerate("abc", 1)]
        )
        return list(connection.execute(statement, {**given, **more}).scalars())


def test_a_statement_is_written_once_for_all_values() -> None:
    written: list[str] = []

    def write(kind: str, first: Any, second: Any) -> Select[str]:
        written.append(kind)
        found = select(WORDS.c.word).where(first, WORDS.c.size < bindparam("below"))
        return found if second is None else found.where(second)

    question = Alike(write)
    some = question.of("some", parts=(WORDS.c.word.in_(["a", "ccc"]), None))
    others = question.of("some", parts=(WORDS.c.word.in_(["a", "bb", "x"]), None))
    assert some[0] is others[0]
    assert _asked(some, below=9) == ["a", "ccc"]
    assert _asked(others, below=2) == ["a"]
    assert _asked(question.of("some", parts=(WORDS.c.word.in_([]), None)), below=9) == []
    both = question.of("some", parts=(WORDS.c.word == "bb", WORDS.c.size == 2))
    assert _asked(both, below=9) == ["bb"]
    assert _asked(question.of("some", parts=(WORDS.c.word == "bb", WORDS.c.size == 1)), below=9) == []
    assert written == ["some", "some"]
    question.of("more", parts=(WORDS.c.word.in_(["a"]), None))
    assert written == ["some", "some", "more"]


def test_a_value_that_stands_twice_is_one_and_two_alike_are_two() -> None:
    question: Alike[Select[str]] = Alike(lambda one: select(WORDS.c.word).where(one))
    same = literal("a")
    once = question.of(parts=((WORDS.c.word == same) | (WORDS.c.word == same),))
    twice = question.of(parts=((WORDS.c.word == literal("a")) | (WORDS.c.word == literal("bb")),))
    assert _asked(once) == ["a"]
    assert _asked(twice) == ["a", "bb"]
    assert _asked(question.of(parts=(true(),))) == ["a", "bb", "ccc"]


def test_what_nobody_can_tell_alike_is_refused() -> None:
    question: Alike[Select[str]] = Alike(lambda one: select(WORDS.c.word).where(WORDS.c.word.in_(one)))
    with pytest.raises(TypeError, match="nobody can tell"):
        question.of(parts=(listed(WORDS.c.word, name="some").data([("a",)]),))
