"""Every shipped work of others is named with its licence, and no licence slips in that nobody has looked at."""

from __future__ import annotations

import re
from importlib.metadata import distribution

import pytest

from service.web.components import BUNDLED, CONDITIONS, PAGES, SERVICE, TYPE, components
from tests.factories.visitor import Visitor
from tests.factories.world import World

PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"}
"""Licences that ask for nothing but to be named and handed on."""
LOOKED_AT = {
    "LGPL-2.1-only": {"docxtpl"},
    "LGPL-3.0-only": {"psycopg", "psycopg-binary", "SpiffWorkflow"},
    "MPL-2.0": {"certifi"},
    "LicenseRef-bpmn.io": {"bpmn-js"},
    "OFL-1.1": {"@expo-google-fonts/noto-serif-sc"},
}
"""The others, which are used unchanged as packages of their own (fonts: inside documents)."""
WITHOUT_TEXT = {"docxtpl", "jsonschema_rs", "ordered-set", "@tabler/core"}


@pytest.fixture(autouse=True)
def _bundles() -> None:
    if not BUNDLED.exists():
        pytest.skip("the bundles are not built (make setup builds them)")


def test_every_licence_is_permissive_or_has_been_looked_at() -> None:
    for one in components():
        parts = set(re.split(r" (?:OR|AND) ", one.licence))
        if not parts <= PERMISSIVE:
            assert one.name in LOOKED_AT.get(one.licence, set()), one.name
            assert one.condition, one.name
    found = {one.name for one in components()}
    assert {name for names in LOOKED_AT.values() for name in names} <= found, "no longer shipped: take it off the list"
    assert set(CONDITIONS) == set(LOOKED_AT)


def test_everything_that_is_needed_at_all_is_listed() -> None:
    needed = [line for line in distribution("talent-liaison").requires or [] if "extra ==" not in line]
    wanted = {re.split(r"[\[>=<!~; ]", line)[0].lower().replace("_", "-") for line in needed}
    assert len(wanted) > 25
    listed = {one.name.lower().replace("_", "-") for one in components() if one.part == SERVICE}
    assert wanted <= listed
    assert "werkzeug" in listed  # which nobody asks for but Flask
    assert not listed & {"pytest", "mypy", "playwright", "hypothesis"}  # which are for development only
    pages = {one.name for one in components() if one.part == PAGES}
    assert {"htmx.org", "react", "react-dom", "@rjsf/core", "bpmn-js", "@tabler/core", "bootstrap"} <= pages
    assert not pages & {"ajv", "esbuild", "chrome-aws-lambda"}
    assert [one.name for one in components() if one.part == TYPE] == ["@expo-google-fonts/noto-serif-sc"]


def test_every_component_says_its_version_and_nearly_every_its_text() -> None:
    assert all(one.version for one in components())
    assert {one.name for one in components() if not one.text} <= WITHOUT_TEXT
    assert "Copyright" in next(one.text for one in components() if one.name == "react")


def test_the_list_is_found_from_the_help_page(world: World) -> None:
    visitor = Visitor(world, "handler-edu")
    assert 'href="/licences"' in visitor.get("/help").text
    page = visitor.get("/licences").text
    assert "psycopg" in page
    assert CONDITIONS["LGPL-3.0-only"] in page
    address = re.search(r'href="(/licences/pages/[^"]+/@rjsf/core)"', page)
    assert address is not None
    text = visitor.get(address[1])
    assert text.mimetype == "text/plain"
    assert "Apache License" in text.text
    assert visitor.get("/licences/pages/1.0/nothing").status_code == 404


def test_an_opened_text_has_the_icon_of_the_service(world: World) -> None:
    """It is no page, so the browser guesses where the icon is."""
    with world.app.test_client().get("/favicon.ico", follow_redirects=True) as icon:
        assert (icon.status_code, icon.mimetype) == (200, "image/svg+xml")
        assert "Set-Cookie" not in icon.headers
