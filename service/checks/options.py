"""Fields whose choices the settings give (``x-options``): the list is there, and the field takes its codes."""

from __future__ import annotations

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.processes.options import WORD, named


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rule form-options."""
    if context.options is None:
        return
    known = "、".join(sorted(context.options)) or "（无）"
    for form in bundle.forms.values():
        for part in named(form.schema):
            wanted = part[WORD]
            if not isinstance(wanted, str) or wanted not in context.options:
                message = (
                    f"没有选项表 {str(wanted)[:40]}；可用：{known}；"
                    "要新的一张，请系统管理员在 config/organization.toml 里写 "
                    "[[options.名称]]"
                )
            elif part.get("type") != "string":
                message = f"{WORD} 写在 type 为 string 的字段里；可选多个的写在 items 里"
            elif {"enum", "const", "x-ref", "x-among"} & part.keys():
                message = f"写了 {WORD} 的字段，选项由设置给出，不再写 enum、const、x-ref、x-among"
            else:
                continue
            report.error(form.file, form.line(WORD), form.name, "form-options", message)
