"""Running numbers: one statement takes one, and who comes at the same time gets the next."""

from __future__ import annotations

import threading

from service.db import Database
from service.processes.counters import next_value
from tests.factories.statements import Statements


def test_a_number_is_taken_by_one_statement(session) -> None:
    assert next_value(session, "number:request:2026") == 1
    statements = Statements(session)
    assert next_value(session, "number:request:2026") == 2
    assert statements.since() == 1
    assert next_value(session, "number:request:2027") == 1


def test_a_number_that_was_not_kept_is_given_again(database: Database) -> None:
    with database.transaction() as session:
        assert next_value(session, "paper:notice:2026") == 1
        session.rollback()
    with database.transaction() as session:
        assert next_value(session, "paper:notice:2026") == 1


def test_those_who_come_at_once_get_numbers_without_gaps(database: Database) -> None:
    found, every = list[int](), 10

    def take() -> None:
        for _ in range(every):
            with database.transaction() as session:
                found.append(next_value(session, "urge:2026"))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 4 * every + 1))
