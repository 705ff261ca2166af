"""Templates of the house: refused when a version would take them and they fail on sample data, with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service import documents
from service.checks.bundle import read
from service.checks.findings import Report
from service.checks.prints import MADE_AT, for_paper, sample_of, unsaid
from service.errors import Finding, Incident, Invalid

_LINE = re.compile(r"第 (\d+) 行")


def require_house(house: Mapping[str, bytes], files: Mapping[str, bytes]) -> None:
    """Renders each template of the ``house`` (by its name in a bundle) once on a made-up case of the process ``files``.

    Raises Invalid with a finding each for those that fail: a name that is not known, a field of data that is not there.
    """
    if not house:
        return
    templates = {name.removeprefix("print/"): content for name, content in house.items()}
    sample = sample_of(read(files, Report()))
    findings = []
    for file, content in sorted(templates.items()):
        name, dot, kind = file.rpartition(".")
        if kind == "docx" and f"{name}.typ" in templates:
            data = for_paper(sample, name, templates[f"{name}.typ"])
            if (fault := documents.word_fault(content, file, data)) is not None:
                findings.append(Finding(f"forms/print/{file}", f"用样例数据印不出来：{fault[:600]}"))
        if not dot or kind != "typ" or file == documents.SHARED:
            continue
        for number, message in unsaid(sample, content):
            findings.append(Finding(f"forms/print/{file}:{number}", message))
        try:
            documents.render_files(
                templates,
                name,
                for_paper(sample, name, content),
                made_at=MADE_AT,
                house=documents.TEMPLATE_FOLDER,
                type_folder=documents.TYPE_FOLDER,
                missing=(),
            )
        except (Incident, Invalid) as error:
            found = _LINE.search(str(error))
            line = f":{found[1]}" if found else ""
            findings.append(Finding(f"forms/print/{file}{line}", f"用样例数据印不出来：{str(error)[:600]}"))
    if findings:
        told = "；".join(one.message for one in findings)
        raise Invalid(f"系统的打印模板有误，没有启用：{told}", findings)
