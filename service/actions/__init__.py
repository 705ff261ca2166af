"""The whitelist of what a diagram's service task may call, and the wiring that hands it to the processes."""

from service.actions.prepare import check_context, prepare
from service.actions.table import action_table
from service.actions.wire import listing_table, reference_table, wire

__all__ = ["action_table", "check_context", "listing_table", "prepare", "reference_table", "wire"]
