"""The gate of deployment: findings without an error make a bundle that may be deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.checks import CheckContext, DefinitionFinding, check
from service.engine.xml import utf8
from service.errors import Finding, Invalid
from service.processes.bundles import CheckedBundle, compile_bundle
from service.processes.options import frozen


def checked(files: Mapping[str, bytes], *, key: str, context: CheckContext) -> CheckedBundle:
    """Checks the files of the process ``key``. Raises Invalid where they may not be deployed."""
    return passed(files, check(files, context=context), key=key, context=context)


def passed(
    files: Mapping[str, bytes], findings: Sequence[DefinitionFinding], *, key: str, context: CheckContext
) -> CheckedBundle:
    """The bundle of ``files``, of which ``check`` has found ``findings`` with ``context``, wherever it ran.

    The choices that its forms take from the settings are written into them.

    Raises Invalid, with one finding per error, where there is one: its path is ``file:line element rule``.
    """
    require_pass(findings)
    # from other modelers come other encodings; what is kept is UTF-8
    read = {name: utf8(data, name) if name.endswith((".bpmn", ".dmn")) else data for name, data in files.items()}
    kept = frozen(read, context.options)
    return CheckedBundle(key, kept, compile_bundle(kept, key), tuple(findings))


def require_pass(findings: Sequence[DefinitionFinding], *, deploying: bool = True) -> None:
    """Raises Invalid, with one finding per error, where the definition may not run."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        message = refusal(errors) if deploying else f"流程定义有 {len(errors)} 处错误，请先按说明改好"
        raise Invalid(message, [Finding(place(each), each.message) for each in errors])


def refusal(errors: Sequence[DefinitionFinding]) -> str:
    """The message that a definition was refused, for people."""
    return f"流程定义有 {len(errors)} 处错误，没有部署；请按说明修改后再部署"


def place(finding: DefinitionFinding) -> str:
    """Where a finding is: file, line, element and rule."""
    return f"{finding.file}:{finding.line} {finding.element} {finding.rule}"
