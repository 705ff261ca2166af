"""The actions that any diagram may call, whatever it is about: a value is set, a number is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.actions.parameters import text_of
from service.config import Settings
from service.config.language import LONGEST_PART, NumberSeries, format_problem, number_in
from service.engine import EngineFailure
from service.processes.counters import last_given, next_value, series_name
from service.processes.recording import record
from service.processes.wiring import Action, ActionCall, RehearsedCall


def actions(settings: Settings) -> tuple[Action, ...]:
    """The actions; ``settings`` say which series of numbers there are."""
    return (
        Action(
            "set",
            "赋值",
            ("value",),
            _set,
            same_as="value",
            kept=True,
            rehearsed=_set_rehearsed,
            example="`value` 写 `5 if category == 'housing' else 7`，结果记作 `days`",
            does=(
                "算出一个值，记在“结果记作”的名称下，以后的式子、表单（`x-prefill`）和打印都可以用；"
                "结果就是 `value` 的值"
            ),
        ),
        Action(
            "number",
            "给号",
            ("counter",),
            lambda session, call: _number(session, call, settings),
            ("format", "per", "again"),
            sample="批示〔2026〕1号",
            kept=True,
            rehearsed=lambda call: _number_rehearsed(call, settings),
            takes={"counter": "counters", "format": "formats"},
            example="`counter` 写 `'approval'`，结果记作 `approval_no`",
            does=(
                "按 `config/settings.toml` 里 `[counters]` 的一个系列连续编号，不跳号；"
                "`per` 是分开编号的依据（例如 `town`），"
                "`format` 代替设置里的格式。一件事项在同一步骤只编一次，撤回、退回后再办沿用原号；"
                "`again` 写 `True` 的，每到一次编一个新号。结果是编号"
            ),
        ),
    )


def _set(_session: Session, call: ActionCall) -> Any:
    return call.parameters["value"]


def _set_rehearsed(call: RehearsedCall) -> Any:
    return call.parameters["value"]


def _number(session: Session, call: ActionCall, settings: Settings) -> str:
    """The next number of a series, or the one that the case has been given at this step before.

    The journal says under which name it was counted, so that verification needs no settings.
    """
    series, text, per = _asked(call, settings)
    place = _place(call, series, per)
    if call.parameters.get("again") is not True and (known := last_given(session, call.instance.id, place)):
        return known
    today = clock.local(call.now).date()
    name = series_name(series.code, per, series.restart, today)
    seq = next_value(session, name)
    number = number_in(text, year=today.year, month=today.month, seq=seq, per=per)
    said = {**place, "name": name, "n": seq, "number": number}
    record(session, call.instance, kind="numbered", actor=call.actor, now=call.now, task=call.task, data=said)
    return number


def _number_rehearsed(call: RehearsedCall, settings: Settings) -> str:
    series, text, per = _asked(call, settings)
    place = _place(call, series, per)
    key = f"numbered:{sorted(place.items())}"
    if call.parameters.get("again") is not True and key in call.remembered:
        return str(call.remembered[key])
    today = clock.local(call.now).date()
    name = series_name(series.code, per, series.restart, today)
    seq = call.remembered[name] = int(call.remembered.get(name, 0)) + 1
    call.remembered[key] = number_in(text, year=today.year, month=today.month, seq=seq, per=per)
    return str(call.remembered[key])


def _asked(call: ActionCall | RehearsedCall, settings: Settings) -> tuple[NumberSeries, str, str]:
    """The series, how its numbers are written, and the part that is counted apart ('' for none)."""
    code, per = text_of(call, "counter"), call.parameters.get("per")
    series = settings.counters.get(code)
    if series is None:
        raise EngineFailure(f"没有编号系列 {code}，请在 config/settings.toml 的 [counters] 里添加")
    part = "" if per is None else str(per)
    if len(part) > LONGEST_PART or ":" in part:
        raise EngineFailure(f"编号系列“{series.name}”分开编号的依据应不超过 {LONGEST_PART} 个字，不含冒号：{part[:40]}")
    text = str(call.parameters.get("format") or series.format)
    if problem := format_problem(text, series.restart):
        raise EngineFailure(f"编号的格式“{text}”不能用：{problem}")
    if part and "{per}" not in text:
        raise EngineFailure(f"编号系列“{series.name}”分开编号（per）的，格式里要写 {{per}}，否则会有两个一样的编号")
    return series, text, part


def _place(call: ActionCall | RehearsedCall, series: NumberSeries, per: str) -> Mapping[str, Any]:
    """Where in a case a number is given: at a step once, for each unit that runs through it."""
    unit = call.data.get("unit") if call.scope else None
    return {"series": series.code, "per": per, "step": call.task, "unit": unit if isinstance(unit, str) else None}
