"""Values in texts (``{due_days}``): what stands in braces is an expression over known data."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from service.checks.bundle import Bundle
from service.checks.expressions import known_data
from service.checks.findings import CheckContext, Report
from service.checks.sampling import names_in
from service.engine.expressions import check_expression
from service.processes.told_texts import DUE_DAYS, DUE_ON, expressions_in, texts_of


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rule text-value."""
    known = known_data(bundle)
    dated: set[str] = set()
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.type != "userTask":
                continue
            if node.properties.get("due"):
                dated.add(node.form or "")
            for problem in _problems(node.properties.get("due_basis", ""), known | {DUE_ON, DUE_DAYS}, context):
                report.error(node.file, node.line, node.id, "text-value", f"期限的依据里的{problem}")
    for form in bundle.forms.values():
        names = known | ({DUE_ON, DUE_DAYS} if form.name in dated else set())
        for part, file in ((form.schema, form.file), (bundle.ui.get(form.name), f"forms/{form.name}.ui.json")):
            for word, text in texts_of(part):
                for problem in _problems(text, names, context):
                    line = form.line(word) if file == form.file else 1
                    report.error(file, line, form.name, "text-value", f"说明里的{problem}")


def _problems(text: str, known: Collection[str], context: CheckContext) -> Iterator[str]:
    for expression in expressions_in(text):
        found = check_expression(expression, None, context.functions)
        unknown = sorted(names_in(expression) - set(known))
        if unknown and set(unknown) <= {DUE_ON, DUE_DAYS}:
            found.append(f"{unknown[0]} 只能用在有期限的任务的表单里")
        elif unknown:
            found.append(f"不认识数据 {'、'.join(unknown)}")
        if found:
            yield f"{{{expression}}}：{'；'.join(found)}"
