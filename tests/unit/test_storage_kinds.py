"""The kinds of files that forms may ask for are those that the service takes."""

from __future__ import annotations

from service.processes.terms import FILE_KINDS
from service.storage import KINDS


def test_forms_may_ask_for_what_is_taken() -> None:
    assert set(FILE_KINDS) == set(KINDS)
