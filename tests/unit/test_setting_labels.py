"""Every setting has a name for people: an auditor reads which one was changed without the file beside."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from service.audit.questions.words import setting, titled, value_words
from service.config import load
from service.config.labels import LABELS, TIMES_OF_DAY
from service.usecases.configuration import by_name

SHIPPED = load(Path(__file__).parents[2] / "config", {})


def test_every_setting_has_a_name_for_people() -> None:
    names = by_name(SHIPPED).keys()
    assert len(names) > 100
    assert [one for one in names if titled(one) == setting(one)] == []
    assert LABELS.keys() <= names


def test_times_of_day_are_told_from_lengths_of_time() -> None:
    assert {name for name, value in by_name(SHIPPED).items() if isinstance(value, time)} == TIMES_OF_DAY
    assert value_words("02:30:00", "verify.at") == "02:30"
    assert value_words("10:00:00", "sessions.longest") == "10 小时"


def test_no_two_settings_have_the_same_name_in_their_file() -> None:
    told = [titled(one) for one in by_name(SHIPPED)]
    assert len(set(told)) == len(told)
