"""A second try does what it has asked for itself, and nothing that the first one had."""

from __future__ import annotations

import psycopg.errors
from flask import Flask, Response
from sqlalchemy.exc import OperationalError

from service.http.second_try import begun, tried_twice
from service.http.sessions import afterwards, noting


def test_what_the_first_try_left_for_later_is_not_done() -> None:
    done: list[int] = []
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries))
        begun()
        afterwards(lambda: done.append(len(tries)))
        if len(tries) == 1:
            raise OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown())
        return "answer"

    with Flask(__name__).test_request_context("/"):
        assert tried_twice(work, keyed=lambda: False) == "answer"
        noting(Response())
        noting(Response())
    assert (tries, done) == ([0, 1], [2])
