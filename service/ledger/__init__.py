"""The ledger: what is printed of a case, the table of all cases, and their event logs for process mining."""

from service.ledger.case_record import Paper
from service.ledger.cases import COLUMNS, all_cases, ledger_rows, write_csv, write_xlsx
from service.ledger.circulars import CircularRef, circular, circulars
from service.ledger.ocel import write_ocel
from service.ledger.sheet import has_sheet, sheet
from service.ledger.workbooks import Cell, write_table
from service.ledger.xes import write_xes

__all__ = [
    "COLUMNS",
    "Cell",
    "CircularRef",
    "Paper",
    "all_cases",
    "circular",
    "circulars",
    "has_sheet",
    "ledger_rows",
    "sheet",
    "write_csv",
    "write_ocel",
    "write_table",
    "write_xes",
    "write_xlsx",
]
