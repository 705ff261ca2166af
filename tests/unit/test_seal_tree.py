"""The hash tree is that of RFC 9162, however it is built, and a proof leads from each leaf to its root."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time

import pytest

from service.clock import SHANGHAI
from service.seals import tree
from service.seals.rules import is_due

SIZES = (*range(1, 20), 31, 32, 33, 64, 65)


def leaf(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_root_is_that_of_the_definition(size):
    leaves = [leaf(n) for n in range(size)]
    assert tree.digest_of(tree.sha256, leaves) == by_definition(leaves)


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_that_grows_by_blocks_has_the_same_root(size):
    frontier = tree.Frontier(tree.sha256)
    leaves = [leaf(n) for n in range(size)]
    full = size // 4 * 4
    for start in range(0, full, 4):
        frontier.push(tree.digest_of(tree.sha256, leaves[start : start + 4]))
    assert frontier.root(leaves[full:]) == by_definition(leaves)


@pytest.mark.parametrize("size", SIZES)
def test_a_proof_leads_to_the_root_and_only_from_its_own_leaf_and_place(size):
    leaves = [leaf(n) for n in range(size)]
    inner = [tree.sha256(b"\x00" + one) for one in leaves]
    root = by_definition(leaves)
    for at in range(size):
        path = tree.path(tree.sha256, inner, at)
        assert tree.root_by(tree.sha256, leaves[at], at, size, path) == root
        assert tree.root_by(tree.sha256, leaf(size), at, size, path) != root
        assert tree.root_by(tree.sha256, leaves[at], at, size, [*path, root]) is None
        if size > 1:
            assert tree.root_by(tree.sha256, leaves[at], at, size, path[:-1]) is None
            assert tree.root_by(tree.sha256, leaves[at], (at + 1) % size, size, path) != root


def test_an_empty_tree_grows_from_the_hash_of_nothing():
    assert tree.Frontier(tree.sha256).root() == by_definition([])


@pytest.mark.skipif(tree.SM3 is None, reason="this machine's OpenSSL has no SM3")
def test_sm3_is_that_of_the_standard():
    assert tree.SM3 is not None
    assert tree.SM3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.parametrize(
    ("sealed", "now", "due"),
    [
        (None, "2026-09-16T09:00", True),
        ("2026-09-15T19:00", "2026-09-16T18:59", False),
        ("2026-09-15T18:59", "2026-09-16T18:59", True),
        ("2026-09-15T19:00", "2026-09-16T19:00", True),
        ("2026-09-16T19:01", "2026-09-16T23:00", False),
        ("2026-09-16T19:05", "2026-09-16T19:00", False),
        ("2027-04-04T19:00", "2026-09-16T09:00", True),  # the clock was months fast
    ],
)
def test_a_seal_is_due_once_after_its_time_of_day(sealed, now, due):
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)

    assert is_due(time(19), moment(sealed) if sealed else None, moment(now)) is due
    assert not is_due(None, None, moment(now))
