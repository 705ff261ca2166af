"""Patterns of forms: what a browser could try for ever is refused, what people need is not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest

from service.checks import patterns

HOME = Path(__file__).parents[2]
SOUND = [
    (r"\S", 4000, "字"),
    (r"^\+?[0-9][0-9 \-]{3,24}[0-9]$", 30, "0757-8888 8888"),
    (r"^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$", 100, "a.b@c.d.e"),
    (r"^1\d{10}$", 11, "13800000000"),
    (r"^(\d{3,4}-)?\d{7,8}(-\d{1,6})?$", 20, "0757-88888888-12"),
    (r"^\s*\S.*$", 4000, " a "),
    (r"^[\u4e00-\u9fff]{2,20}(·[\u4e00-\u9fff]{1,20})*$", 60, "买买提·艾力"),
    (r"^\p{Script=Han}+$", 20, "汉字"),
    (r"^(\d{3},?)*$", 100, "123,456"),
    (r"^(?:甲|乙|丙丁)+$", 100, "甲丙丁"),
    (r"^[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]$", 18, "440605199001010012"),
    (r"^(0|[1-9]\d*)(\.\d{1,2})?$", 20, "10.50"),
    (r"^https?://[\w.-]+(/[\w./-]*)?$", 200, "http://a.b/c"),
    (r"^〔\d{4}〕\d+号$", 30, "〔2026〕12号"),
    (r"^[^\x00-\x1f\\\]\-]*$", 100, "abc"),
]
HOSTILE = [
    (r"(a+)+$", 100),
    (r"(a*)*b", 100),
    (r"(a|a)*$", 100),
    (r"(a|ab|b)*c", 100),
    (r"^(\w+\s?)*$", 100),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", 100),
    (r"(x+x+)+y", 10),
    (r"([\w.-]+)+@", 100),
    (r"^(\d+|\d+-)*x$", 100),
    (r"(.*)(.*)(.*)(.*)x", 100),
    (r"\s*\s*\s*\s*x", 4000),
    (r"(a?){30}a{30}", 100),
    ("a?" * 30 + "a" * 30, 100),
    (r"^((a{1,20}){1,20}){1,20}$", 400),
    (r"(?:a|b|ab){1,1000}$", 1000),
]
UNREADABLE = [
    (r"^(?=a)b", "向前看"),
    (r"^(?!a)b", "向前看"),
    (r"(?<=a)b", "向前看"),
    (r"(a)\1", r"\1"),
    (r"(?<n>a)\k<n>", r"\k"),
    ("(a", "括号"),
    ("a)", "括号"),
    ("[a", "不完整"),
    ("[z-a]", "范围"),
    ("a**", "两次"),
    ("*a", "前面没有内容"),
    ("a{3,1}", "写反"),
    ("\\", "不完整"),
    ("(" * 200 + ")" * 100, "括号"),
    ("a" * 301, "300"),
    ("(a{100}){100}b?", "太长"),
]


@pytest.mark.parametrize(("pattern", "longest", "text"), SOUND)
def test_what_people_need_is_sound(pattern: str, longest: int, text: str) -> None:
    assert patterns.problem(pattern, longest) is None
    linear = jsonschema_rs.RegexOptions()
    assert jsonschema_rs.is_valid({"pattern": pattern}, text, pattern_options=linear)


@pytest.mark.parametrize(("pattern", "longest"), HOSTILE)
def test_what_multiplies_is_refused_with_the_way_out(pattern: str, longest: int) -> None:
    reason = patterns.problem(pattern, longest)
    assert reason is not None
    assert "浏览器可能算不完" in reason or "太长" in reason
    assert "请" in reason


@pytest.mark.parametrize(("pattern", "words"), UNREADABLE)
def test_what_is_wrong_or_beyond_both_engines_is_refused(pattern: str, words: str) -> None:
    reason = patterns.problem(pattern, 100)
    assert reason is not None
    assert words in reason


def test_shorter_texts_allow_more() -> None:
    assert patterns.problem(r"(.*)(.*)(.*)x", 4000) is not None
    assert patterns.problem(r"(.*)(.*)(.*)x", 50) is None


def test_a_browser_comes_to_an_end_with_every_sound_pattern() -> None:
    """On the texts that such patterns are known to fail on; the engine is that of Chromium."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("make setup brings node")
    cases = [[pattern, longest, text] for pattern, longest, text in SOUND]
    script = """
      for (const [pattern, longest, text] of JSON.parse(require("fs").readFileSync(0, "utf-8"))) {
        const expression = new RegExp(pattern, "u");
        if (!expression.test(text)) throw new Error(pattern + " does not take " + text);
        for (const piece of [text, text[0], "a", "1", " ", "a.", "1-", "汉", "汉·"])
          expression.test(piece.repeat(Math.ceil(longest / piece.length)).slice(0, longest - 1) + "\\u0000");
      }
    """
    done = subprocess.run(
        [node, "-e", script], input=json.dumps(cases).encode(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_patterns_of_the_shipped_forms_are_sound() -> None:
    found = {
        (part["pattern"], part.get("maxLength", patterns.UNBOUNDED_TEXT))
        for path in (HOME / "forms").glob("*/*.json")
        for part in _parts(json.loads(path.read_text()))
        if isinstance(part.get("pattern"), str)
    }
    assert len(found) > 3
    assert [pattern for pattern, longest in found if patterns.problem(pattern, longest)] == []


def _parts(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [part for inner in value for part in _parts(inner)]
    if not isinstance(value, dict):
        return []
    return [value, *(part for inner in value.values() for part in _parts(inner))]
