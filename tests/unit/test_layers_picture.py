"""The picture of the layers shows the packages as import-linter holds them."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from tests.factories.scripts import DOCS, load_script


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return load_script("architecture/make")


def test_the_picture_is_current(make: ModuleType) -> None:
    assert make.drawn() == make.PICTURE.read_text(), "run make docs"


def test_the_picture_shows_every_package_once(make: ModuleType) -> None:
    shown = re.findall(r'font-weight="bold" text-anchor="middle" fill="#222">(\w+)<', make.PICTURE.read_text())
    service = DOCS.parent / "service"
    modules = {path.stem for path in service.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in service.glob("*/__init__.py")}
    assert sorted(shown) == sorted(modules | packages)
