"""Print templates of a process: each is rendered once on sample data, in a process of its own (``print_child``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from service import documents
from service.checks.bundle import Bundle, read
from service.checks.findings import CheckContext, DefinitionFinding, Report
from service.checks.form_model import sample
from service.errors import Incident, Invalid
from service.processes.options import frozen
from service.processes.told_fields import words

MADE_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_TITLE = re.compile(r"\A\ufeff?\s*//[^\n]*[\u3400-\u9fff]")
_PACKAGE = re.compile(r'"@\w')
_LINE = re.compile(r"有误：第 (\d+) 行")
_SAID = re.compile(r'\bsaid\(\s*"([^"]*)"\s*\)')
_COMMENT = re.compile(r"(?<!:)//.*")
_SIGN = {"name": "张三", "on_behalf_of": None, "on": "2026年3月2日"}


def papers(files: Mapping[str, bytes]) -> list[str]:
    """The templates among the files that are papers, not what several share."""
    return sorted(
        name.removeprefix("print/").removesuffix(".typ")
        for name in files
        if name.startswith("print/") and name.endswith(".typ") and name != f"print/{documents.SHARED}"
    )


def check(
    files: Mapping[str, bytes], context: CheckContext, looking_at: Callable[[str], None]
) -> list[DefinitionFinding]:
    """Rule print-template."""
    report = Report(looking_at)
    bundle = read(frozen(files, context.options), Report())
    templates = {name.removeprefix("print/"): content for name, content in files.items() if name.startswith("print/")}
    for name, content in sorted(templates.items()):
        if name.endswith(".typ") and _PACKAGE.search(content.decode(errors="replace")):
            message = "不能引用网上的软件包（@…）；请把要用的内容写在 print/ 里"
            report.error(f"print/{name}", 1, "-", "print-template", message)
    data = sample_of(bundle)
    for name in papers(files) if not report.failed else ():
        file = f"print/{name}.typ"
        report.looking_at(file)
        text = templates[f"{name}.typ"].decode(errors="replace")
        for line, message in unsaid(data, templates[f"{name}.typ"]):
            report.error(file, line, name, "print-template", message)
        if not _TITLE.match(text) and name not in documents.SAMPLES:
            message = "第一行请写打印件的名称，例如 // 住房补贴审批表"
            report.error(file, 1, name, "print-template", message)
        try:
            documents.render_files(
                templates,
                name,
                for_paper(data, name, templates[f"{name}.typ"]),
                made_at=MADE_AT,
                house=documents.TEMPLATE_FOLDER,
                type_folder=documents.TYPE_FOLDER,
            )
        except (Incident, Invalid) as error:
            found = _LINE.search(str(error))
            line = int(found[1]) if found else 1
            report.error(file, line, name, "print-template", f"用样例数据印不出来：{str(error)[:600]}")
    _check_word(templates, data, report)
    return report.findings


def _check_word(templates: Mapping[str, bytes], data: Mapping[str, Any], report: Report) -> None:
    """Word templates (.docx), filled in once: each belongs to the paper of its name, the process's or the house's."""
    known = {**documents.house_templates(), **templates}
    for file, content in sorted(templates.items()):
        name, _, kind = file.rpartition(".")
        if kind != "docx":
            continue
        report.looking_at(f"print/{file}")
        if f"{name}.typ" not in known:
            message = f"没有同名的打印模板 {name}.typ，这个 Word 模板用不上；请把文件名改成与打印件的一样"
            report.error(f"print/{file}", 1, name, "print-template", message)
            continue
        if (fault := documents.word_fault(content, file, for_paper(data, name, known[f"{name}.typ"]))) is not None:
            report.error(f"print/{file}", 1, name, "print-template", f"用样例数据印不出来：{fault[:600]}")


def unsaid(sample: Mapping[str, Any], template: bytes) -> list[tuple[int, str]]:
    """Line and words for each field that a paper of a step prints with ``said("…")`` and no form of its steps has.

    A field that was not filled in prints as nothing; a name that is misspelled would do so too, on every paper. A
    template names in its head the fields that a form may lack.
    """
    told = documents.about(template)
    steps = [one for one in sample["steps"] if told.each and one["id"] in told.steps]
    known = {str(field["id"]) for step in steps for field in step["fields"]} | set(told.optional)
    names = "、".join(f"“{step['name']}”" for step in steps)
    found = []
    for number, line in enumerate(template.decode(errors="replace").splitlines() if steps else (), 1):
        for name in dict.fromkeys(_SAID.findall(_COMMENT.sub("", line))):
            if name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"是否想写 {near[0]}？" if near else ""
                found.append((number, f'第 {number} 行 said("{name}")：{names}没有“{name}”这项内容。{meant}'))
    return found


def for_paper(sample: Mapping[str, Any], name: str, template: bytes) -> dict[str, Any]:
    """The data of the paper ``name`` in the made-up case ``sample`` (``sample_of``): of a step, the step as well."""
    told = documents.about(template)
    if not told.each:
        return {**documents.SAMPLES.get(name, {}), **sample}
    of = next((one for one in sample["steps"] if one["id"] in told.steps), documents.OF_A_STEP["of"])
    said = {str(one["id"]): str(one["words"]) for one in of["fields"]}
    return {**documents.OF_A_STEP, **documents.SAMPLES.get(name, {}), **sample, "of": of, "said": said}


def sample_of(bundle: Bundle) -> dict[str, Any]:
    """The data of a made-up case in which every step was done and every field filled in."""
    fields: dict[str, dict[str, Any]] = {}
    steps = []
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result:
                name = node.operation.result
                fields.setdefault(name, {"id": name, "title": node.name or name, "value": "样例", "words": "样例"})
            form = bundle.forms.get(node.form or "") if node.type == "userTask" else None
            if form is None:
                continue
            told = [
                {"id": name, "title": str(one.schema.get("title") or name), "value": value, "words": said}
                for name, one in form.fields.items()
                for value in [sample(one.schema)]
                for said in [words(one.schema, value, lambda _kind, _key: "样例")]
            ]
            fields.update({str(one["id"]): one for one in told})
            steps.append(
                {
                    "id": node.id,
                    "name": node.name or node.id,
                    "stage": node.properties.get("stage", ""),
                    "slot": "",
                    "unit": "edu",
                    "unit_name": "区教育局",
                    "sign": _SIGN,
                    "on": "2026年3月2日",
                    "due": "2026年3月11日",
                    "late_days": 0,
                    "fields": told,
                }
            )
    case = {
        "number": "2026-需-0001",
        "title": "样例事项",
        "process": "样例流程",
        "started_on": "2026年3月2日",
        "ended_on": "2026年3月11日",
        "end": "办结",
        "starter": "张三",
        "unit": "区教育局",
    }
    waiting = [{"id": "step", "name": "待办的一步", "unit_name": "区教育局", "due": "2026年3月11日"}]
    return {"case": case, "fields": fields, "steps": steps, "waiting": waiting}
