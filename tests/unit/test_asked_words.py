"""Each condition by which an address asks for rows has a word for auditors, and each table a noun."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass

import service
from service.audit.questions.places import ASKED, POSITIONS, filters_words
from service.audit.tables.names import table_names
from service.db import Base
from service.fields import conditions


def filters() -> Iterator[type]:
    """The filters of all lists, as their modules declare them."""
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if module.name.startswith(("service.db.migrations", "service.web.static")) or module.name.endswith("__main__"):
            continue
        for name, one in vars(importlib.import_module(module.name)).items():
            if (
                name.endswith("Filter")
                and name != "Filter"
                and is_dataclass(one)
                and isinstance(one, type)
                and one.__module__ == module.name
            ):
                yield one


def test_each_condition_of_an_address_has_a_word() -> None:
    found = list(filters())
    assert len(found) > 20
    asked = {name for one in found for own in conditions(one) if not own.internal for name in (own.page, own.sent)}
    assert asked - ASKED.keys() - POSITIONS == set()


def test_each_table_has_a_noun() -> None:
    assert set(Base.metadata.tables) - table_names().keys() == set()


def test_units_are_called_by_name_and_yes_by_its_word() -> None:
    asked = {"assisting": "edu、hrss", "late_steps": "yes", "q": "住房", "offset": 50, "town": ""}
    assert filters_words(asked, {"edu": "区教育局"}.get) == "协办：区教育局、hrss；其他环节超期：是；检索：住房"
    assert filters_words({"unit": "gone"}, {}.get) == "单位：gone"
