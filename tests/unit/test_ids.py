"""Ids within an instance are those of RFC 9562, made with less work than the standard library's."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from service import ids


@given(st.uuids(), st.text(alphabet="0123456789abc人才", max_size=12))
def test_a_derived_id_is_that_of_the_standard_library(namespace: UUID, name: str) -> None:
    assert ids.derive(namespace, name) == uuid5(namespace, name)
    assert ids.derive(namespace, name).version == 5
    assert ids.names_in(namespace)(name) == str(uuid5(namespace, name))
