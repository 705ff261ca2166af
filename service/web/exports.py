"""导出 Excel: what a list shows, all its pages, as a workbook.

A list that can be exported has a function ``find(limit, offset)`` that both its page and its export call, so that both
know the same filters, order and rights; and a function that gives the columns for a batch of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.db.lists import MAX_LIMIT, Page
from service.http.files import written
from service.ledger import Cell, write_table
from service.ledger.workbooks import XLSX
from service.web.access import requires

AT_ONCE = 500
"""Rows of a list with known keys that are looked up together."""
T = TypeVar("T")
K = TypeVar("K")


Columns = Mapping[str, Callable[[T], Cell]]
"""Heading → what a row has in this column, in the order of the sheet."""


def batches(find: Callable[[int, int], Page[T]]) -> Iterator[Sequence[T]]:
    """The rows of every page of a list; the first batch comes also where it is empty."""
    start = 0
    while True:
        page = find(MAX_LIMIT, start)
        yield page.items
        if page.next is None or not page.items:
            return
        start = page.next


def groups(keys: Iterable[K], load: Callable[[Sequence[K]], Sequence[T]]) -> Iterator[Sequence[T]]:
    """The rows of a list whose keys are known, some at a time; the first group comes also where it is empty."""
    waiting = iter(keys)
    some = list(islice(waiting, AT_ONCE))
    while True:
        yield load(some)
        some = list(islice(waiting, AT_ONCE))
        if not some:
            return


def exported(
    pages: Blueprint,
    address: str,
    title: str | Callable[[], str],
    find: Callable[[int, int], Page[T]],
    columns: Columns[T] | Callable[[Sequence[T]], Columns[T]],
    *,
    right: str | None = None,
    for_administrators: bool = False,
    name: str = "export",
) -> None:
    """Gives a list an ``address`` where who may see it gets it as its page shows it, all its pages, as a sheet."""

    @requires(right=right, for_administrators=for_administrators)
    def export() -> ResponseReturnValue:
        said = title if isinstance(title, str) else title()
        return workbook(said, batches(find), columns if callable(columns) else lambda _: columns)

    pages.add_url_rule(address, name, export)


def workbook(
    title: str, found: Iterable[Sequence[T]], columns: Callable[[Sequence[T]], Columns[T]]
) -> ResponseReturnValue:
    """Sends ``found``, batch after batch, as a sheet ``title`` of at least one batch.

    ``columns`` is asked once a batch, so that it may look up what all its rows need in a fixed number of statements.
    """
    pending = iter(found)
    first = next(pending)
    known = columns(first)
    rows = chain(_cells(first, known), _rest(pending, columns))
    return sheet(title, list(known), rows)


def sheet(title: str, heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> ResponseReturnValue:
    """Sends rows of cells as a sheet ``title``, named with the moment of the export; it is never held in memory."""
    now = clock.local(clock.now())
    name = f"{title} {now:%Y-%m-%d} {now:%H}时{now:%M}分.xlsx"
    return written(lambda path: write_table(rows, path, columns=heading, title=title), XLSX, name)


def export_address(endpoint: str) -> str:
    """Where the present list is exported: ``endpoint`` with all filters of the address, from the first page on."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "offset" and value]
    address = url_for(endpoint, **(request.view_args or {}))
    return f"{address}?{urlencode(query)}" if query else address


def _cells(rows: Iterable[T], columns: Columns[T]) -> Iterator[list[Cell]]:
    return ([value(row) for value in columns.values()] for row in rows)


def _rest(found: Iterable[Sequence[T]], columns: Callable[[Sequence[T]], Columns[T]]) -> Iterator[list[Cell]]:
    for batch in found:
        yield from _cells(batch, columns(batch))
