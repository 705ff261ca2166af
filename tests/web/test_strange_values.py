"""No address answers 500, whatever stands in it: every GET of the service with values that no person types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from werkzeug.routing import Rule

from service.api import access as calls
from service.fields import conditions
from service.processes.definitions import list_definitions
from service.web import access as pages
from tests.factories.databases import ON_BOTH
from tests.factories.openapi import template
from tests.factories.visitor import Visitor
from tests.factories.world import HOME, World

pytestmark = ON_BOTH

VALUES = ("99999999999999999999", "9223372036854775808", "-1", "a\x00b", "\ud800", "0001-01-01", "9999-12-31")
"""Numbers beyond every column, characters that no database keeps, days that are none, and what only a machine sends."""

UNAVAILABLE = frozenset({"api_health.ready"})
"""The pages that rightly answer 503: no worker runs in a test."""

LEARNT = re.compile(r'(?:argument|asked_day|_[a-z]+|args\.get)\(\s*"([a-z_]+)"')


TASK: dict[UUID, UUID] = {}
"""Case → its task, which a strange operation may end while the walk goes on."""


def _names() -> list[str]:
    """Every name that a page asks the address for, by itself or by a filter."""
    found = {"sort"}
    for module in (HOME / "service" / "web").glob("*.py"):
        found |= set(LEARNT.findall(module.read_text("utf-8")))
    for module in (HOME / "service").glob("*/filters.py"):
        room = import_module(f"service.{module.parent.name}.filters")
        filters = [one for name, one in vars(room).items() if name.endswith("Filter") and is_dataclass(one)]
        found |= {one.page for kind in filters for one in conditions(kind) if not one.internal}
    return sorted(found)


def _reading(world: World) -> Iterator[Rule]:
    known = set(pages.rules(world.app)) | set(calls.rules(world.app))
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in known and "GET" in (rule.methods or ()):
            yield rule


def _address(world: World, rule: Rule, value: str | None) -> str | None:
    """The address with records that are there, or with ``value`` where it takes any text; None where it takes none."""
    known = {
        "instance_id": world.case,
        "task_id": TASK.get(world.case) or TASK.setdefault(world.case, world.task("handle").id),
        "talent_id": "T0001",
        "code": "edu",
        "key": "request",
        "process": "request",
        "version": 1,
        "kind": "units",
        "suffix": "pdf",
        "username": "office",
    }
    values = {name: known.get(name, UUID(int=9)) for name in rule.arguments}
    if value is not None:
        free = [name for name in rule.arguments if type(rule._converters[name]).__name__ == "UnicodeConverter"]
        whole = [name for name in rule.arguments if type(rule._converters[name]).__name__ == "IntegerConverter"]
        if value.isascii() and value.isdigit():
            free += whole
        if not free:
            return None
        values |= {name: int(value) if name in whole else "strange" for name in free}
    with world.app.test_request_context():
        address: str = world.app.url_for(rule.endpoint, **values)
    return address if value is None else address.replace("strange", quote(value, errors="surrogatepass"))


@pytest.fixture
def quiet(world: World) -> World:
    """A failure is an answer, as in the running service."""
    world.dispatched()
    world.app.testing = False
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    world.app.extensions["liaison-api-limits"] = type(world.app.extensions["liaison-api-limits"])(10**9)
    return world


def test_no_page_fails_over_strange_queries(quiet: World) -> None:
    names, office = _names(), quiet.as_user("office")
    assert {"category", "year", "since", "offset", "leader"} <= set(names)
    wrong = {}
    for rule in _reading(quiet):
        if rule.rule.startswith("/api") or rule.endpoint in UNAVAILABLE:
            continue
        address = _address(quiet, rule, None)
        for value in (VALUES[0], *VALUES[3:5], VALUES[-1]):
            query = dict.fromkeys(names, value.encode("utf-8", "surrogatepass"))
            answer = office.get(address, query_string=query)
            if answer.status_code >= 500:
                wrong[rule.rule, value[:30]] = answer.status_code
    assert wrong == {}


def test_no_call_fails_over_a_strange_query(quiet: World) -> None:
    """One parameter at a time: what is refused at the first would hide the others."""
    client, headers = quiet.app.test_client(), {"Authorization": f"Bearer {quiet.token('office')}"}
    wrong = {}
    for rule in _reading(quiet):
        parameters = _parameters(quiet, rule)
        address = _address(quiet, rule, None) if parameters else None
        for name, schema in parameters.items():
            for value in VALUES if quiet.database.is_sqlite else filter(partial(_passes, schema), VALUES):
                query = {name: value.encode("utf-8", "surrogatepass")}
                status = client.get(address, query_string=query, headers=headers).status_code
                if status >= 500:
                    wrong[rule.rule, name, value[:30]] = status
    assert wrong == {}


def _parameters(world: World, rule: Rule) -> dict[str, dict[str, Any]]:
    """Name → schema."""
    call = world.promise.document["paths"].get(template(rule.rule), {}).get("get", {})
    return {one["name"]: one["schema"] for one in call.get("parameters", []) if one.get("in") == "query"}


def _passes(schema: dict[str, Any], value: str) -> bool:
    """Whether ``value`` may come by the schema of a parameter to a statement."""
    if "enum" in schema or schema["type"] == "boolean":
        return False
    if schema["type"] in ("integer", "number"):
        return value.lstrip("-").isdigit()
    return schema.get("format") != "date" or value.count("-") == 2


def test_no_reading_address_fails_over_strange_parts_of_itself(quiet: World) -> None:
    office, token = quiet.as_user("office"), quiet.token("office")
    wrong = {}
    for rule in _reading(quiet):
        for value in VALUES:
            address = _address(quiet, rule, value)
            if address is None:
                break
            headers = {"Authorization": f"Bearer {token}"} if rule.rule.startswith("/api") else {}
            answer = office.get(address, headers=headers)
            if answer.status_code >= 500:
                wrong[rule.rule, value[:30]] = answer.status_code
    assert wrong == {}


BODIES: tuple[Any, ...] = (
    *(10**30, -1, 1.5e308, True, None, [], {}, [None], [[]], ["a\x00b"], [10**30], {"a\x00": 1}),
    *("\ud800", "a\x00b", "x" * 5000, "9999-12-31", "0001-01-01", "99999999999999999999"),
    *("00000000-0000-0000-0000-000000000009", "T0001", "edu"),
)
"""The values that a field may be sent: of the wrong type, beyond every column, characters that no database keeps."""


def _bodies(world: World, every: int = 1) -> tuple[Any, ...]:
    """On PostgreSQL those alone that its columns refuse: numbers beyond them, NUL, surrogates, days."""
    if world.database.is_sqlite:
        return BODIES[::every]
    return tuple(one for one in BODIES if isinstance(one, int | str) and one in (10**30, *VALUES))


def _writing(world: World, known: set[str]) -> Iterator[tuple[Rule, str]]:
    for rule in world.app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PATCH", "PUT"}:
            if rule.endpoint in known and rule.endpoint != "web.auth.sign_out":
                yield rule, method


def test_no_call_fails_over_a_strange_body(quiet: World) -> None:
    client, headers = quiet.app.test_client(), {"Authorization": f"Bearer {quiet.token('office')}"}
    document, wrong = quiet.promise.document, {}
    for rule, method in _writing(quiet, set(calls.rules(quiet.app))):
        call = document["paths"].get(template(rule.rule), {}).get(method.lower(), {})
        schema = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        fields = document["components"]["schemas"].get(name, schema).get("properties", {})
        for value in _bodies(quiet):
            body = json.dumps(dict.fromkeys(fields, value))
            answer = client.open(
                _address(quiet, rule, None), method=method, data=body, content_type="application/json", headers=headers
            )
            if answer.status_code >= 500:
                wrong[rule.rule, str(value)[:30]] = answer.text[:200]
    assert wrong == {}


def test_no_operation_of_a_page_fails_over_strange_fields(quiet: World) -> None:
    visitor, wrong = Visitor(quiet, "office"), {}
    headers = {"X-CSRFToken": visitor.token()}
    fields = _fields()
    assert {"person_id", "starts_on", "reason", "talent_id"} <= set(fields)
    for rule, _ in _writing(quiet, set(pages.rules(quiet.app)) - {"web.auth.sign_in", "web.auth.change_password"}):
        address = _address(quiet, rule, None)
        for value in _bodies(quiet, every=2):
            answer = visitor.client.post(
                address, data=json.dumps(dict.fromkeys(fields, value)), content_type="application/json", headers=headers
            )
            if answer.status_code >= 500:
                wrong[rule.rule, str(value)[:30]] = answer.text[:200]
    assert wrong == {}


def _fields() -> list[str]:
    """Every name that a page reads from what is sent."""
    found: set[str] = set()
    for module in (HOME / "service" / "web").glob("*.py"):
        text = module.read_text("utf-8")
        found |= {*re.findall(r'\(fields, "([a-z_]+)"', text), *re.findall(r'Field\(\s*"([a-z_]+)"', text)}
    return sorted(found)


def test_a_form_of_strange_parts_is_refused(quiet: World) -> None:
    """A part without a name, fields twice, a file where a text belongs."""
    boundary = "x7"
    nameless = f"--{boundary}\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--{boundary}--\r\n".encode()
    visitor = Visitor(quiet, "office")
    token = visitor.token()
    for path in ("/cases", "/people", "/imports/units", "/attachments", "/units", f"/cases/{quiet.case}/comment"):
        for key in (None, "k-1"):
            headers = {"X-CSRFToken": token, **({"Idempotency-Key": key} if key else {})}
            answer = visitor.client.post(
                path, data=nameless, content_type=f"multipart/form-data; boundary={boundary}", headers=headers
            )
            assert answer.status_code < 500, (path, answer.text)
    bearer = {"Authorization": f"Bearer {quiet.token('office')}"}
    for path in ("/api/v1/imports/units", f"/api/v1/instances/{quiet.case}/attachments", "/api/v1/talents/T0001/photo"):
        for key in (None, "k-2"):
            headers = {**bearer, **({"Idempotency-Key": key} if key else {})}
            answer = quiet.app.test_client().post(
                path, data=nameless, content_type=f"multipart/form-data; boundary={boundary}", headers=headers
            )
            assert 400 <= answer.status_code < 500, (path, answer.text)
            file = {"file": (BytesIO(b"\x00"), "a\x00b.pdf"), "stream": (BytesIO(b"x"), "x")}
            answer = quiet.app.test_client().post(path, data=file, headers=bearer)
            assert 400 <= answer.status_code < 500, (path, answer.text)


@pytest.mark.databases("sqlite")
def test_a_process_that_the_service_starts_is_refused_to_everybody(quiet: World) -> None:
    with quiet.database.reading() as session:
        processes = [one.key for one in list_definitions(session)]
    for user in ("office", "handler-edu", "auditor", "owner", "leader"):
        for process in processes:
            answer = quiet.api(user).post("/instances", {"process": process, "data": {}})
            assert answer.status_code in (201, 403, 404), (user, process, answer.text)
            page = Visitor(quiet, user).post(f"/cases/new/{process}", data={})
            assert page.status_code in (200, 403, 404, 422), (user, process, page.text)
