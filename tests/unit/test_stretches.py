"""The keyset of a list by time: a place is written and read without loss, and pages follow each other without a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.clock import SHANGHAI
from service.db.stretches import Place, Stretch, first_moment
from service.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(-(10**15), 7 * 10**15).map(lambda micros: EPOCH + timedelta(microseconds=micros))
PLACES = st.builds(Place, MOMENTS, st.integers(0, 20), st.integers(0, 2**128 - 1))


@given(PLACES)
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    assert Place.read(str(place)) == place


@given(st.lists(PLACES, max_size=30, unique=True), st.integers(1, 5))
def test_pages_hold_each_entry_once_and_in_order(places: list[Place], limit: int) -> None:
    whole = sorted(places, key=lambda one: one.order)
    found: list[Place] = []
    after = None
    while True:
        asked = Stretch(limit, after)
        page = [one for one in whole if asked.holds(one)][:limit]
        found += page
        if len(page) < limit:
            break
        after = page[-1]
    assert found == whole


def test_the_newest_comes_first_then_the_lower_rank_then_the_greater_key() -> None:
    noon = datetime(2026, 9, 16, 12, tzinfo=SHANGHAI)
    places = [
        Place(noon, 0, 1),
        Place(noon, 1, 9),
        Place(noon, 1, 3),
        Place(first_moment(date(2026, 9, 16)), 0, 9),
        Place(noon - timedelta(days=1), 0, 9),
    ]
    assert sorted(set(places), key=lambda one: one.order) == places


def test_a_period_holds_both_its_days() -> None:
    asked = Stretch(5, since=date(2026, 9, 15), until=date(2026, 9, 16))
    inside = [datetime(2026, 9, 15, 0, 0, tzinfo=SHANGHAI), datetime(2026, 9, 16, 23, 59, 59, tzinfo=SHANGHAI)]
    outside = [datetime(2026, 9, 14, 23, 59, 59, tzinfo=SHANGHAI), datetime(2026, 9, 17, 0, 0, tzinfo=SHANGHAI)]
    assert [asked.holds(Place(at, 0, 1)) for at in (*inside, *outside)] == [True, True, False, False]


@pytest.mark.parametrize("written", ["", "1", "1.2", "x.1.a", "1.1.g", "1.100.a", "1" * 17 + ".1.a", "1.1." + "a" * 33])
def test_a_text_that_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        Place.read(written)
