"""The run of faults sees what is lost, what is doubled, and how long nobody was answered."""

from __future__ import annotations

from collections import Counter

from tests.cluster.checking import doubled, lost
from tests.cluster.pressing import Operation, Said


def test_what_was_acknowledged_and_is_not_there_is_lost_and_what_is_there_twice_is_doubled() -> None:
    kept, twice, gone = (Operation("commented", mark) for mark in ("kept", "twice", "gone"))
    unsure, unsure_twice = Operation("commented", "unsure"), Operation("commented", "unsure twice")
    there = {"commented": Counter({"kept": 1, "twice": 2, "unsure twice": 2, "somebody else's": 3})}
    assert lost(there, [kept, twice, gone]) == ["lost: commented gone"]
    assert doubled(there, [kept, twice, unsure, unsure_twice]) == [
        "doubled: commented twice",
        "doubled: commented unsure twice",
    ]


def test_a_gap_lasts_from_one_acknowledgement_to_the_next_and_to_the_end() -> None:
    said = Said(at=[1.0, 2.0, 9.0, 10.0])
    assert said.longest_gap(0.0, 11.0) == 7.0
    assert said.longest_gap(1.5, 3.0) == 1.0
    assert said.longest_gap(9.5, 30.0) == 20.0
    assert Said().longest_gap(5.0, 8.0) == 3.0
