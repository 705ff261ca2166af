"""Proofs of drafts: every way walked, in the background."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.drafts import RIGHT
from service.api.fields import Body, Whole
from service.api.jobs import JobView, view_of
from service.api.records import Row
from service.http.context import actor, db, wired
from service.studio import drafts
from service.usecases import proofs, walks
from service.usecases.walks import content_of

calls = Calls("drafts", "Drafts of processes: change, compare, check, rehearse, publish", noun="proofs")


class ProofWish(Body):
    """``seconds``: of the processor, at most, for the walk."""

    seconds = Whole(low=1, high=proofs.MOST_SECONDS, load_default=walks.SECONDS)


@calls.post("/drafts/<uuid:draft_id>/prove", answer=JobView, status=202, body=ProofWish, right=RIGHT)
def prove_draft(body: dict[str, Any], draft_id: UUID) -> Row:
    """Has a draft walked: every state that people and timers can reach.

    The job's result holds ``faults`` and ``warnings`` (``kind``, ``file``, ``line``, ``element``, ``message``, ``way``
    in words, ``scenario`` as YAML), ``states``, ``ways``, ``seconds``, what was left ``unexplored``, the elements
    ``passed`` and ``missed`` as [process, element], and the digest of the ``content`` that was walked.
    """
    content = content_of(drafts.files(db(), drafts.get(db(), draft_id, actor())), wired().organization.lists)
    made = walks.submit(
        db(), draft_id=draft_id, content=content, seconds=body["seconds"], actor=actor(), now=clock.now()
    )
    return view_of(made)
