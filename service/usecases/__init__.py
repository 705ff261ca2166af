"""Work of pages, API, command line and worker that spans people and processes, and the wiring that joins the two."""

from service.usecases.prepare import check_context, prepare
from service.usecases.wire import listing_table, reference_table, wire

__all__ = ["check_context", "listing_table", "prepare", "reference_table", "wire"]
