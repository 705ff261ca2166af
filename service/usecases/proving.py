"""Proofs in processes of their own: a hostile definition harms nobody, several are walked at once.

Each child has as much processor time and memory as it is told, no secrets and no database. One that takes more is
ended, and its proof says so.
"""

from __future__ import annotations

import copyreg
import io
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

import structlog

from service import children
from service.config import Organization, Settings
from service.errors import Incident, Invalid
from service.proof import Bounds, Fault, Proof
from service.proof.findings import LIMIT
from service.workdays import Calendar

MEMORY = 1_000_000_000
"""Bytes beyond the child's first ones. Measured beyond them: the largest shipped process takes 33 MB, the planted forms
of 200 long options 40 MB; the hungriest walk, of that process with four units and four rounds, 70 MB in 66 seconds of a
busy processor. Three times as fast, as on an idle one, that is 950 MB in the 300 seconds of ``liaison prove``."""
_MORE_SECONDS = 60
"""Beyond those of the walk: to read the bundle and to write the report."""
_PATIENCE = 20
"""Times the processor time that a child may take by the clock, on a machine that has much else to do."""
_WITHHELD: Mapping[str, Any] = {"database_url": "", "secret_key": "", "oidc": None, "mail": None, "metrics": None}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The facts outside a bundle."""

    settings: Settings
    organization: Organization
    calendar: Calendar


def prove_confined(
    files: Mapping[str, bytes],
    key: str,
    house: House,
    bounds: Bounds | None = None,
    *,
    memory: int = MEMORY,
    going: Callable[[], None] | None = None,
) -> Proof:
    """As ``proof.prove``, in a process of its own. Raises Invalid for a bundle that cannot be compiled.

    ``going`` is called now and then while it runs; what it raises ends the child. Not to be called with an open
    transaction.
    """
    limits = bounds or Bounds()
    ended = children.run(
        "service.usecases.proving_child",
        _packed((dict(files), key, _without_secrets(house), limits, memory)),
        wall=_PATIENCE * (limits.seconds + _MORE_SECONDS),
        going=going,
    )
    if ended.code == 0 and ended.said:
        return _read(json.loads(ended.said))
    _note(ended)
    return _ended(files, key, ended, limits, memory)


def prove_all_confined(
    jobs: Sequence[tuple[Mapping[str, bytes], str]], house: House, bounds: Bounds, *, memory: int, at_once: int
) -> Iterator[Proof | Invalid]:
    """The proofs of several bundles in their order, ``at_once`` side by side; Invalid for one that is none."""

    def one(job: tuple[Mapping[str, bytes], str]) -> Proof | Invalid:
        try:
            return prove_confined(*job, house, bounds, memory=memory)
        except Invalid as error:
            return error

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        yield from pool.map(one, jobs)


def _read(said: Mapping[str, Any]) -> Proof:
    if "refused" in said:
        raise Invalid(str(said["refused"]))
    return Proof.from_data(said)


def _note(ended: children.Ended) -> None:
    """The log says how a child ended. Raises Incident where it failed by itself: no bundle did that."""
    log.warning("proof_child_ended", code=ended.code, said=ended.complained)
    if ended.code > 0 and "MemoryError" not in ended.complained:
        raise Incident("走查的程序没有正常结束，没有改动任何内容；请联系系统管理员查看日志")


def _ended(files: Mapping[str, bytes], key: str, ended: children.Ended, bounds: Bounds, memory: int) -> Proof:
    """The proof of a walk that was ended: of what it ran out, what that means, what to do."""
    file = next((name for name in sorted(files) if name.endswith(".bpmn")), "-")
    megabytes = memory // 1_000_000
    spent = f"{megabytes:,} MB 内存"
    if ended.code < 0 and "MemoryError" not in ended.complained:
        spent = f"{bounds.seconds + _MORE_SECONDS:g} 秒"
    message = (
        f"走查用满了 {spent}，已经停止，没有结果：流程有没有问题，这次都不知道。多半是一张表单的选项、"
        f"一个名单的人或单位、同时办理的份数太多。请减少决定走向的选项，或把流程拆小，再走一遍；"
        f"也可请系统管理员调高走查的上限"
    )
    return Proof((Fault(LIMIT, file, 1, key, message),), (), 0, 0, float(bounds.seconds), (message,), left=1)


def _packed(job: Any) -> bytes:
    """The job for the child; a mapping that cannot be changed goes as one that can."""
    into = io.BytesIO()
    pickler = pickle.Pickler(into)
    pickler.dispatch_table = {**copyreg.dispatch_table, MappingProxyType: lambda table: (dict, (dict(table),))}
    pickler.dump(job)
    return into.getvalue()


def _without_secrets(house: House) -> House:
    return replace(house, settings=replace(house.settings, **cast("dict[str, Any]", dict(_WITHHELD))))
