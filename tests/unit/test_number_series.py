"""Numbers as a set: which were given twice, which are missing."""

from __future__ import annotations

import pytest

from service.processes.series import MOST_NAMED, twice_and_missing


@pytest.mark.parametrize(
    ("numbers", "twice", "missing"),
    [
        ([], [], []),
        (["2026-需-0001", "2026-需-0002", "2026-需-0003"], [], []),
        (["2026-需-0001", "2026-需-0003"], [], ["2026-需-0002"]),
        (["2026-需-0002", "2026-需-0001", "2026-需-0002"], ["2026-需-0002"], []),
        (["2025-需-0009", "2026-需-0001"], [], []),  # each year by itself
        (["通报〔2026〕1号", "通报〔2026〕3号"], [], ["通报〔2026〕2号"]),
        (["1-2026", "3-2026"], [], []),  # the running part is not the last: nothing is said
        (["需-0099", "需-0100", "需-0102"], [], ["需-0101"]),
        (["甲"], [], []),
    ],
)
def test_what_is_twice_and_what_is_missing(numbers: list[str], twice: list[str], missing: list[str]) -> None:
    assert twice_and_missing(numbers) == (twice, missing)


def test_of_many_missing_numbers_some_are_named() -> None:
    assert len(twice_and_missing(["需-0001", "需-9999"])[1]) == MOST_NAMED
