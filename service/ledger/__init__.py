"""The ledger: what is printed of a case, and the table of all cases."""

from service.ledger.case_record import Paper
from service.ledger.cases import COLUMNS, OUTCOMES, all_cases, ledger_rows, write_csv, write_xlsx
from service.ledger.circulars import CircularRef, circular, circulars
from service.ledger.sheet import has_sheet, sheet
from service.ledger.workbooks import Cell, write_table

__all__ = [
    "COLUMNS",
    "OUTCOMES",
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
    "write_table",
    "write_xlsx",
]
