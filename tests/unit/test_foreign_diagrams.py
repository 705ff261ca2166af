"""Diagrams of other modelers are kept, or refused at the element, by kind; other encodings are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.checks import DefinitionFinding, check
from service.checks.gate import checked
from service.checks.kinds import RULES, grouped, totals
from service.cli import liaison
from service.engine.xml import parse_xml, utf8
from service.errors import Invalid
from service.proof import KINDS
from tests.factories.diagrams import CONTEXT, definition
from tests.factories.foreign import FILES, KEPT

ROOT = Path(__file__).parents[2]
M = "bpmn/matter.bpmn"


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_diagram_is_refused_at_its_elements_alone(name: str) -> None:
    content, refused = FILES[name]
    found = check({"bpmn/foreign.bpmn": content}, context=CONTEXT)
    assert refused <= {(one.rule, one.element) for one in found if one.severity == "error"}
    assert {one.rule for one in found} & {"xml", "schema", "engine", "check-limit"} == set()


@pytest.mark.parametrize("modeler", KEPT)
def test_what_means_nothing_here_is_kept_with_one_warning(modeler: str) -> None:
    namespace, attribute, extensions = KEPT[modeler]
    changes = [
        (M, '<bpmn:process id="matter"', f'<bpmn:process id="matter" {namespace}'),
        (M, '<bpmn:userTask id="apply"', f'<bpmn:userTask id="apply"{attribute}'),
        (M, "<bpmn:extensionElements>", f"<bpmn:extensionElements>{extensions}"),
    ]
    files = definition(*changes)
    [warning] = check(files, context=CONTEXT)
    assert (warning.rule, warning.severity, warning.file) == ("extension-unknown", "warning", M)
    assert modeler in warning.message
    assert checked(files, key="matter", context=CONTEXT).files[M] == files[M]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("GBK", "gbk"),
        ("gb2312", "gb2312"),
        ("GB18030", "gb18030"),
        ("Big5", "big5"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("utf-8", "utf-8-sig"),
        ("UTF-16", "utf-8"),  # saved again by what left the declaration as it was
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_says(declared: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>\n<a name="'
    content = (head + "中文" + '" />').encode(encoding)
    root = parse_xml(content, name="a.bpmn")
    assert (root.get("name"), root.sourceline) == ("中文", 2)
    kept = utf8(content, "a.bpmn")
    assert kept.decode().partition("\n")[2] == '<a name="中文" />'
    assert b"UTF-8" in kept or kept == content


def test_latin_letters_are_read_and_kept_as_utf_8() -> None:
    text = definition()[M].decode().replace("UTF-8", "ISO-8859-1", 1).replace('id="lanes"', 'id="lanes" name="Größe"')
    files = definition() | {M: text.encode("iso-8859-1", errors="xmlcharrefreplace")}
    kept = checked(files, key="matter", context=CONTEXT).files
    assert "Größe" in kept[M].decode()
    assert kept["forms/apply.json"] == files["forms/apply.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a />', "声明的编码"),
        ('<?xml version="1.0" encoding="UTF-8"?><a name="中文" />'.encode("gbk"), "UTF-8 编码"),
        (b'<?xml version="1.0" encoding="gbk"?><a name="\xff\xff" />', "编码"),
    ],
)
def test_what_is_not_in_its_encoding_is_refused_with_the_way_out(content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_xml(content, name="a.bpmn")
    assert said in refused.value.findings[0].message
    assert "UTF-8" in refused.value.findings[0].message


def test_findings_are_grouped_by_kind_errors_first_and_what_is_left_out_is_counted() -> None:
    def one(n: int, rule: str, severity: str) -> DefinitionFinding:
        return DefinitionFinding("a.bpmn", n, f"e{n}", rule, "说明", severity)  # type: ignore[arg-type]

    findings = [one(n, "label", "error") for n in range(46)]
    findings += [one(50, "timer-interrupts", "warning"), one(2, "script-forbidden", "error")]
    groups = grouped(findings)
    assert [(group.rule, group.severity, group.total, len(group.shown), group.more) for group in groups] == [
        ("script-forbidden", "error", 1, 1, ""),
        ("label", "error", 46, 5, "另有 41 处"),
        ("timer-interrupts", "warning", 1, 1, ""),
    ]
    assert totals(findings) == "47 处错误、1 处提醒"
    assert totals([]) == ""


def test_the_command_shows_some_of_each_kind_and_counts_the_rest(tmp_path: Path) -> None:
    names = "".join(f'<bpmn:task id="t{n}" name="任务" />' for n in range(46))
    for name, content in definition((M, '<bpmn:startEvent id="begin"', f'{names}<bpmn:startEvent id="begin"')).items():
        kind, _, file = name.partition("/")
        path = tmp_path / kind / "matter" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    done = CliRunner().invoke(liaison, ["check", str(tmp_path / "bpmn" / "matter")])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert sum("element-unsupported: " in line for line in lines) == 5
    assert "element-unsupported（不能运行的图形）：另有 41 处" in lines
    assert "处错误" in done.stderr


def test_every_rule_of_the_guide_has_a_name_for_people() -> None:
    guide = (ROOT / "docs/diagram-checks.md").read_text()
    explained = {line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")}
    assert set(RULES) <= explained
    assert explained - set(RULES) <= KINDS.keys()  # the proof's
