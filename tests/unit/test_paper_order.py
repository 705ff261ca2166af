"""The order of papers by their numbers, and the words that stand in place of the number of a case."""

from __future__ import annotations

from service.processes.rules import NEED, numbered
from service.reports.rules import by_number


def test_the_tenth_paper_follows_the_ninth() -> None:
    given = ["通报〔2026〕3号", "通报〔2026〕10号", "通报〔2025〕11号", "通报〔2026〕9号"]
    assert sorted(given, key=by_number) == [given[2], given[0], given[3], given[1]]


def test_a_need_waits_for_its_number_and_a_summary_has_none() -> None:
    assert numbered("2026-需-0001", NEED) == "2026-需-0001"
    assert (numbered(None, NEED), numbered(None, "half_year_report")) == ("未编号", "无编号")
