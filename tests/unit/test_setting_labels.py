"""Every setting has a name for people: an auditor reads which one was changed without the file beside."""

from __future__ import annotations

from pathlib import Path

from service.audit.questions.words import setting, titled
from service.config import load
from service.config.labels import LABELS
from service.usecases.configuration import names_of

SHIPPED = load(Path(__file__).parents[2] / "config", {})


def test_every_setting_has_a_name_for_people() -> None:
    names = names_of(SHIPPED)
    assert len(names) > 100
    assert [one for one in names if titled(one) == setting(one)] == []
    assert LABELS.keys() <= names


def test_no_two_settings_have_the_same_name_in_their_file() -> None:
    told = [titled(one) for one in names_of(SHIPPED)]
    assert len(set(told)) == len(told)
