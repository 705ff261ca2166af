"""Holds what the API answers against what its OpenAPI document promises."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.test import TestResponse

METHODS = ("get", "post", "put", "patch", "delete")


def document(app: Flask) -> dict[str, Any]:
    """The document as a client reads it."""
    found: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return found


def template(rule: str) -> str:
    """A route of Flask as a path of OpenAPI."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


class Promise:
    """The document of ``app``, ready to check answers."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.document = document(app)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, answer: TestResponse) -> None:
        """Fails unless the answer's status, media type and content are promised for its call."""
        request = answer.request
        adapter = self._app.url_map.bind("localhost")
        try:
            rule, _ = adapter.match(request.path, method=request.method, return_rule=True)
        except Exception:  # noqa: BLE001 - an address that leads nowhere promises nothing but a problem
            promised: Any = {"$ref": "#/components/responses/Problem404"}
        else:
            operation = self.document["paths"][template(rule.rule)][request.method.lower()]
            promised = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        content = self._resolved(promised)["content"]
        assert answer.mimetype in content, (answer.status_code, answer.mimetype, sorted(content))
        schema = content[answer.mimetype]["schema"]
        if answer.mimetype.endswith("json"):
            errors = [
                f"{error.instance_path} {error.message}" for error in self._validator(schema).iter_errors(answer.json)
            ]
            assert not errors, (request.method, request.path, answer.status_code, errors[:5])

    def _resolved(self, value: dict[str, Any]) -> Any:
        found: Any = value
        if "$ref" in value:
            found = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
        return found

    def _validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]
