"""The rehearsal of a process (推演): a bundle runs in memory, by the step of replay, without database or clock."""

from service.rehearsal.core import Plan, Rehearsal

__all__ = ["Plan", "Rehearsal"]
