"""The OpenAPI document: valid, complete, and shown by a page that needs nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from service.api import access
from tests.factories.openapi import METHODS, document, template
from tests.factories.world import World


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


APART = {
    "/api/v1/rehearsals",
    "/api/v1/drafts/{draft_id}/check",
    "/api/v1/drafts/{draft_id}/deploy",
    "/api/v1/definitions/{process}/back",
    "/api/v1/instances/{instance_id}/papers/{name}/{n}/stamp",
}
"""Calls that work long outside any transaction: sent again they change nothing, or find that it is done."""


def test_every_call_is_documented_with_its_shapes(world: World) -> None:
    found = document(world.app)
    assert found["openapi"] == "3.1.0"
    wanted = set()
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in access.rules(world.app) and not rule.endpoint.startswith("api_docs"):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            wanted |= {(template(rule.rule), method.lower()) for method in methods}
    there = {(path, name) for path, item in found["paths"].items() for name in item if name in METHODS}
    assert there == wanted
    names = [found["paths"][path][method]["operationId"] for path, method in there]
    assert len(set(names)) == len(names)
    for path, method in there:
        operation = found["paths"][path][method]
        assert operation["summary"], path
        assert set(operation["tags"]) <= {tag["name"] for tag in found["tags"]}
        answers = [value for status, value in operation["responses"].items() if status.startswith("2")]
        assert all("schema" in media for answer in answers for media in answer["content"].values())
        if path.startswith("/api"):
            assert {"401", "403", "422", "429"} <= set(operation["responses"])
        if method == "post":
            assert operation["requestBody"]["content"]
            keyed = "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
            assert keyed is (path not in APART), path
        variables = set(re.findall(r"{(\w+)}", path))
        assert variables == {one["name"] for one in found["paths"][path].get("parameters", [])}


def test_every_reference_leads_somewhere_and_every_component_is_used(world: World) -> None:
    found = document(world.app)
    used = {node["$ref"] for node in nodes(found) if isinstance(node.get("$ref"), str)}
    for reference in used:
        place: Any = found
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    there = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert there <= used


def test_every_shape_is_a_valid_json_schema(world: World) -> None:
    for name, schema in document(world.app)["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name
        assert set(schema.get("required", [])) <= set(schema["properties"]), name


def test_the_page_of_the_document_needs_nothing_from_outside(world: World) -> None:
    page = world.app.test_client().get("/api/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert 'data-url="/api/openapi.json"' in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
