"""The hash tree over the journal, after RFC 9162 (section 2.1): pure, so that anybody can build it again.

A leaf is the hash of an event, which covers its content and all of its stream before it. The leaf's digest is
H(0x00 ‖ leaf), that of a node H(0x01 ‖ left ‖ right). A tree of n leaves splits at the largest power of two below n,
which is the same as joining neighbours level by level and lifting a last one that has no neighbour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Hash = Callable[[bytes], bytes]
"""Data → digest."""

BLOCK = 1024
"""Leaves of a block: the digest of each full block is kept, so that a proof reads one block and the digests of all."""


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def find_sm3() -> Hash | None:
    """SM3 (GB/T 32905) where this machine's OpenSSL has it."""
    try:
        begun = hashlib.new("sm3")
    except ValueError:
        return None

    def sm3(data: bytes) -> bytes:
        made = begun.copy()
        made.update(data)
        return made.digest()

    return sm3


SM3 = find_sm3()


def reduced(hash_: Hash, digests: Sequence[bytes]) -> bytes:
    """The digest over ``digests``, the nodes of one level in order; they are at least one."""
    level = list(digests)
    while len(level) > 1:
        joined = [hash_(b"\x01" + level[n] + level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = joined if len(level) % 2 == 0 else [*joined, level[-1]]
    return level[0]


def digest_of(hash_: Hash, leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over ``leaves``, in order."""
    return reduced(hash_, [hash_(b"\x00" + leaf) for leaf in leaves]) if leaves else hash_(b"")


class Frontier:
    """A growing tree, kept as the roots of its full subtrees, the largest first: to append costs the same for ever."""

    def __init__(self, hash_: Hash) -> None:
        self.hash = hash_
        self._full: list[tuple[int, bytes]] = []

    def push(self, digest: bytes) -> None:
        """Appends a full block by its digest."""
        blocks = 1
        while self._full and self._full[-1][0] == blocks:
            _, left = self._full.pop()
            digest = self.hash(b"\x01" + left + digest)
            blocks *= 2
        self._full.append((blocks, digest))

    def root(self, rest: Sequence[bytes] = ()) -> bytes:
        """The root of the tree with the leaves ``rest``, less than a block, after all that was pushed."""
        nodes = [left for _, left in self._full]
        if rest or not nodes:
            nodes.append(digest_of(self.hash, rest))
        right = nodes.pop()
        for left in reversed(nodes):
            right = self.hash(b"\x01" + left + right)
        return right


def path(hash_: Hash, digests: Sequence[bytes], at: int) -> list[bytes]:
    """The neighbours from the node ``at`` of a level up to the root over it: what a proof of inclusion consists of."""
    found: list[bytes] = []
    level = list(digests)
    while len(level) > 1:
        beside = at ^ 1
        if beside < len(level):
            found.append(level[beside])
        joined = [hash_(b"\x01" + level[n] + level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = joined if len(level) % 2 == 0 else [*joined, level[-1]]
        at //= 2
    return found


def root_by(hash_: Hash, leaf: bytes, at: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to from ``leaf``, the ``at``-th (from 0) of ``size``; None for a proof of bad length.

    RFC 9162, 2.1.3.2.
    """
    if not 0 <= at < size:
        return None
    here, last, digest = at, size - 1, hash_(b"\x00" + leaf)
    for beside in proof:
        if last == 0:
            return None
        if here % 2 == 1 or here == last:
            digest = hash_(b"\x01" + beside + digest)
            while here % 2 == 0 and here != 0:
                here, last = here >> 1, last >> 1
        else:
            digest = hash_(b"\x01" + digest + beside)
        here, last = here >> 1, last >> 1
    return digest if last == 0 else None
