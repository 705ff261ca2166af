"""The records that one request shows: each once, in order, however many they are."""

from __future__ import annotations

import pytest

from service.access_log import subjects
from service.access_log.subjects import Subjects

MANY = [f"instance:{number % 400}" for number in range(1000)]


@pytest.mark.parametrize("held", [50, 10_000])
def test_each_is_told_once_in_the_order_in_which_it_came(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(subjects, "HELD", held)
    made = Subjects()
    for first in range(0, 1000, 3):
        made.add(MANY[first : first + 3])
    assert list(made) == MANY[:400]
    assert len(made) == 400
    assert "instance:7" in made
    assert "instance:400" not in made
    parts = list(made.parts(["instance:9", "talent:T0001", "instance:9"], 150))
    assert [len(part) for part in parts] == [150, 150, 101]
    assert [one for part in parts for one in part] == [
        "instance:9",
        "talent:T0001",
        *(one for one in MANY[:400] if one != "instance:9"),
    ]
    made.add(["instance:400"])
    assert next(iter(made)) == "instance:0"  # a reader that stops holds up nobody
    made.add(MANY)
    assert len(made) == 401
    made.close()
    assert list(made) == []


def test_of_nothing_there_is_one_empty_part() -> None:
    assert list(Subjects().parts([], 10)) == [[]]
