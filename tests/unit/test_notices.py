"""A notice and its entry in the journal say the same, in the shape in which journals have it."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.history.notices import Goal, Notice

WORDS = st.none() | st.text(max_size=5)
GOALS = st.builds(Goal, st.none() | st.lists(st.text(max_size=5)).map(tuple), WORDS, WORDS, WORDS)
NOTICES = st.builds(Notice, st.text(), GOALS, WORDS, WORDS, WORDS, st.none() | st.dates(), st.text(max_size=5))


@given(NOTICES)
def test_what_the_journal_keeps_is_the_notice(notice: Notice) -> None:
    assert Notice.of(json.loads(json.dumps(notice.data()))) == notice


def test_the_shape_in_which_journals_have_it() -> None:
    told = Notice("due_soon", Goal(role="handler", unit="edu"), "〔2026〕1号", "入学", "办理", date(2026, 10, 13))
    assert list(told.data().items()) == [
        ("template", "due_soon"),
        ("to", {"usernames": None, "role": "handler", "unit": "edu"}),
        ("number", "〔2026〕1号"),
        ("title", "入学"),
        ("step", "办理"),
        ("due_on", "2026-10-13"),
        ("text", ""),
    ]
    assert Goal(role="leader", leader="a").data() == {"usernames": None, "role": "leader", "unit": None, "leader": "a"}


def test_an_entry_that_is_no_notice_is_refused() -> None:
    with pytest.raises(LookupError):
        Notice.of({"template": "task"})


def test_older_entries_without_a_text_are_read() -> None:
    assert Notice.of({"template": "task", "to": {"usernames": ["edu"]}}) == Notice("task", Goal(("edu",)))
