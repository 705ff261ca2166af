"""Our answers when the library meets an expression or an action: our evaluator, the caller's actions, no scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import SpiffWorkflow.dmn.engine.DMNEngine as library_tables  # noqa: N813 - a module, called like its class
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.dmn.specs.model import HitPolicy, Rule
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task

from service.engine.cells import asked
from service.engine.data import look
from service.engine.expressions import FUNCTIONS, ExpressionError, as_date, evaluate, faults_of
from service.engine.program import Program
from service.engine.world import Call, Context, decided

_OF_TABLES = FUNCTIONS | {"dmninputexpr"}


def _plain(value: Any) -> Any:
    """A value as the journal keeps it: a date is its ISO text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def scope_of(task: Task) -> str:
    """'' at the top, else the id of the call in which the task runs."""
    return str(task.workflow.parent_task_id) if isinstance(task.workflow, BpmnSubWorkflow) else ""


class _Environment(BasePythonScriptEngineEnvironment):
    def __init__(self, context: Context) -> None:
        super().__init__({})
        self.context = context
        self.now = context.now
        self.opening = context.opening

    def evaluate(self, expression: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        names = {**context, **external_context} if external_context else context
        return evaluate(expression, names, self.context.functions, texts_as_dates=self.context.rules > 1)

    def execute(self, script: str, context: Any, external_context: Any = None) -> Any:
        raise ExpressionError("流程图里不允许脚本")

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        raise ExpressionError("服务动作只能由引擎调用")


class ScriptEngine(PythonScriptEngine):
    """The script engine of one advance of ``program``."""

    def __init__(self, program: Program, context: Context) -> None:
        super().__init__(_Environment(context))
        self.program = program
        self.context = context
        self._due: dict[str, str | None] = {}

    def validate(self, expression: str) -> None:
        """Raises SyntaxError for what is no expression: the library then tries it as the right side of a comparison."""
        if faults := faults_of(expression, _OF_TABLES):
            raise SyntaxError("；".join(faults))

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:
        """The value of an expression over the data of a task, which are looked at only."""
        try:
            return self.environment.evaluate(expression, look(task), external_context)
        except SpiffWorkflowException as error:
            error.add_note(f"Error evaluating expression '{expression}'")
            raise
        except Exception as error:  # whatever an expression raises is told as the library tells it: with its step
            message = f"Error evaluating expression '{expression}'"
            raise WorkflowTaskException(message, task=task, exception=error) from error

    def call_service(self, task: Task, **kwargs: Any) -> str:
        """Runs a service task's action; gives its result as JSON text."""
        parameters = {name: _plain(value["value"]) for name, value in kwargs["operation_params"].items()}
        result = self.context.action(
            Call(
                name=kwargs["operation_name"],
                parameters=parameters,
                variable=task.task_spec.result_variable,
                data=dict(task.data),
                task=task.task_spec.bpmn_id,
                scope=scope_of(task),
            )
        )
        for output in self.program.collections.get(task.task_spec.result_variable, ()):
            task.data.pop(output, None)  # a new round opens: what the last one collected is in the journal
        return json.dumps(result, sort_keys=True)

    def due_of(self, task: Task | None) -> str | None:
        """The due date (ISO) that the diagram gives the user task, for the timers attached to it."""
        if task is None:
            return None
        if task.id not in self._due:  # all timers of a task ask
            self._due[task.id] = self._counted(task)
        return self._due[task.id]

    def _counted(self, task: Task) -> str | None:
        kept = self.context.kept.get(str(task.id))
        expression = kept["due"] if kept else getattr(task.task_spec, "extensions", {}).get("properties", {}).get("due")
        beside = {"settings": kept["settings"]} if kept else None
        day = as_date(self.evaluate(task.parent, expression, external_context=beside)) if expression else None
        return day.isoformat() if day else None


class _Re:
    """Stands for the module ``re`` within the library's decision tables, which use it for the character ``?`` alone."""

    @staticmethod
    def sub(_pattern: str, _placeholder: str, cell: str) -> str:
        return asked(cell)


library_tables.re = _Re


_decide = library_tables.DMNEngine.decide


def _decide_and_tell(table: Any, task: Task) -> Any:
    """The library's answer; which rules gave it is noted for who asks what a run has passed."""
    rules = _decide(table, task)
    model = table.decision_table
    answering = rules if model.hit_policy == HitPolicy.COLLECT.value else rules[:1]
    decided(str(model.id), [str(rule.id) for rule in answering])
    return rules


library_tables.DMNEngine.decide = _decide_and_tell


_outputs = Rule.output_as_dict


def _plain_outputs(rule: Rule, task: Task) -> dict[str, Any]:
    """The results of a rule as the data keep them: a date is its ISO text."""
    return {name: _plain(value) for name, value in _outputs(rule, task).items()}


Rule.output_as_dict = _plain_outputs
