"""The whitelist of what a diagram's service task may call: a module a process, named as its folder in ``bpmn/``."""

from service.actions.table import action_table

__all__ = ["action_table"]
