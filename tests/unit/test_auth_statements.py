"""Parts of statements that are made once a day are the same for all threads: no database takes two of one name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import CTE

from service.auth.queries import holdings, leaders_signed_up

THREADS, DAYS = 8, 40


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("part", [holdings, leaders_signed_up])
def test_all_threads_get_the_same_part_on_a_new_day(part: Callable[[date], CTE]) -> None:
    together = Barrier(THREADS)

    def ask(day: date) -> CTE:
        together.wait(30)
        return part(day)

    with ThreadPoolExecutor(THREADS) as pool:
        for n in range(DAYS):
            day = date(2031, 1, 1) + timedelta(days=n)
            assert len({id(one) for one in pool.map(ask, [day] * THREADS)}) == 1
