"""Forms, headings and the API's contract stay as they are, unless somebody means to change them.

``LIAISON_GOLDEN=write`` writes the kept answers anew; the difference is then read, and its words go to the CHANGELOG.
"""

from __future__ import annotations

import json
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from service import people
from service.audit.questions.table import QUESTIONS
from service.auth import Account
from service.contacts.models import Activity, Contact
from service.exchange.kinds import KINDS
from service.liaisons import Link, Roster
from service.people.filters import PersonFilter
from service.reports.models import HalfYearReport
from service.talents.models import TalentTeam
from tests.factories.exports import LEADER, fill
from tests.factories.openapi import document
from tests.factories.visitor import Visitor
from tests.factories.world import World

GOLDEN = Path(__file__).parents[1] / "golden"
FORM = re.compile(r"<form\b(?P<attributes>[^>]*)>(?P<inside>.*?)</form>", re.DOTALL)
UNSTEADY = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r'(name="(?:csrf_token|once|version|session)" value=")[^"]*'), r"\1…"),
    (re.compile(r"/([\w/-]+)-[0-9A-Z]{8}\.(css|js|svg)"), r"/\1.\2"),
    (re.compile(r"\s+"), " "),
)


def kept(name: str, found: str) -> None:
    """Holds ``found`` against the kept answer ``name``."""
    path = GOLDEN / name
    if os.environ.get("LIAISON_GOLDEN") == "write":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"{name} differs; meant? LIAISON_GOLDEN=write"


def steady(text: str) -> str:
    """``text`` without what differs from run to run."""
    for pattern, instead in UNSTEADY:
        text = pattern.sub(instead, text)
    return text.strip()


@pytest.fixture
def filled(world: World) -> World:
    """Some of everything."""
    fill(world)
    return world


def arguments(world: World) -> dict[str, Any]:
    """Name of a route's argument → a record that there is."""
    with world.transaction() as session:
        person = people.search_people(session, PersonFilter("何静怡")).items[0].id

        def first(key: Any, *order: Any) -> UUID:
            return session.scalars(select(key).order_by(*order).limit(1)).one()

        return {
            "talent_id": "T0001",
            "code": "edu",
            "username": session.scalars(select(Account.username).where(Account.username == "handler-edu")).one(),
            "person_id": person,
            "leader_id": LEADER,
            "team_id": first(TalentTeam.id, TalentTeam.name),
            "link_id": first(Link.id, Link.talent_id, Link.leader_id),
            "roster_id": first(Roster.id, Roster.scope.desc()),
            "contact_id": first(Contact.id, Contact.summary),
            "activity_id": first(Activity.id, Activity.name),
            "report_id": first(HalfYearReport.id, HalfYearReport.unit_code, HalfYearReport.half),
            "kind": "talents",
            "key": "request",
            "process": "request",
            "version": 1,
        }


def pages(world: World) -> dict[str, str]:
    """Rule → address of every page that is read and whose records there are."""
    known, found = arguments(world), {}
    with world.app.test_request_context():
        for route in sorted(world.app.url_map.iter_rules(), key=lambda one: one.rule):
            if not route.endpoint.startswith("web.") or "GET" not in (route.methods or ()):
                continue
            if route.arguments <= set(known) and "." not in route.rule.rpartition("/")[2]:
                found[route.rule] = world.app.url_for(route.endpoint, **{one: known[one] for one in route.arguments})
    return found


def test_every_form_of_a_page_is_as_it_was(filled: World) -> None:
    office, admin, told = Visitor(filled, "office"), Visitor(filled, "admin"), list[str]()
    for rule, address in pages(filled).items():
        answer = office.get(address)
        if answer.status_code == 403:
            answer = admin.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        main = answer.text.partition("<main")[2]
        for found in FORM.finditer(main):
            told.append(f"== {rule}\n" + steady(found[0]).replace("> <", ">\n<") + "\n")
    assert len(told) > 60
    kept("forms.html", "\n".join(told))


def test_every_heading_of_a_sheet_is_as_it_was(filled: World) -> None:
    office, admin, told = Visitor(filled, "office"), Visitor(filled, "admin"), dict[str, list[str]]()
    auditor = Visitor(filled, "auditor")
    addresses = {
        route.rule: route.rule
        for route in filled.app.url_map.iter_rules()
        if route.rule.endswith(".xlsx") and not route.arguments
    }
    addresses |= {f"/imports/template/{kind}.xlsx": f"/imports/template/{kind}.xlsx" for kind in KINDS}
    some = {"person": "office", "day": "2026-09-16"}
    filters = {f"/audit/{one.name}.xlsx": {each.name for each in one.filters} for one in QUESTIONS}
    assert filters.keys() <= addresses.keys()
    for name, address in sorted(addresses.items()):
        asked = {one: value for one, value in some.items() if one in filters.get(name, ())}
        answers = (one.get(address, **asked) for one in (office, admin, auditor))
        answer = next(one for one in answers if one.status_code != 403)
        assert answer.status_code == 200, name
        for sheet in load_workbook(BytesIO(answer.data), read_only=True):
            told[f"{name} {sheet.title}"] = [
                str(value) for value in next(sheet.iter_rows(values_only=True), ()) if value
            ]
    assert len(told) > 20
    kept("headings.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def test_the_contract_of_the_api_is_as_it_was(world: World) -> None:
    told = json.dumps(document(world.app), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    kept("openapi.json", told)
