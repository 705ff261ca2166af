"""The HTTP interface ``/api/v1``, and what machines ask of the service: health and metrics.

``install`` is what ``create_app`` calls; nothing else here is for other packages.
"""

from __future__ import annotations

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider

from service.api import (
    access,
    access_proposals,
    account,
    account_rules,
    accounts,
    activities,
    assessment,
    attachments,
    backtests,
    board,
    briefs,
    calendar,
    calendar_notices,
    case_links,
    case_papers,
    contacts,
    definitions,
    draft_checks,
    draft_files,
    drafts,
    errors,
    extensions,
    health,
    imports,
    incidents,
    instances,
    interviews,
    jobs,
    ledger,
    limits,
    links,
    matters,
    metrics,
    migrations,
    notice_settings,
    office_settings,
    openapi,
    opinions,
    people,
    photos,
    phrases,
    posts,
    proofs,
    publishing,
    questions,
    quotas,
    rates,
    registers,
    rehearsals,
    replay,
    reports,
    revisits,
    roll_ups,
    rosters,
    seals,
    search,
    service_teams,
    stamps,
    statistics,
    stuck,
    substitutes,
    summaries,
    talents,
    tasks,
    teams,
    units,
    verifications,
    ways,
)
from service.config import Settings

FEATURES = (
    tasks,
    extensions,
    instances,
    case_links,
    case_papers,
    stamps,
    replay,
    ledger,
    board,
    search,
    registers,
    revisits,
    definitions,
    drafts,
    draft_files,
    draft_checks,
    publishing,
    rehearsals,
    calendar,
    calendar_notices,
    units,
    people,
    phrases,
    posts,
    proofs,
    substitutes,
    talents,
    teams,
    photos,
    links,
    quotas,
    service_teams,
    seals,
    verifications,
    questions,
    stuck,
    rosters,
    contacts,
    summaries,
    opinions,
    activities,
    matters,
    interviews,
    reports,
    roll_ups,
    briefs,
    assessment,
    attachments,
    account,
    notice_settings,
    accounts,
    access_proposals,
    account_rules,
    office_settings,
    incidents,
    imports,
    jobs,
    migrations,
    backtests,
    rates,
    ways,
    statistics,
    health,
    metrics,
)


def install(app: Flask, settings: Settings) -> None:
    """Puts the API into ``app``, after the pages: routes, problem+json, limits.

    Raises ``LookupError`` if a call does not say who may make it.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.rate_limits.body_bytes
    if isinstance(app.json, DefaultJSONProvider):
        # A form's fields stand in the order in which people fill them; and 汉字 need no escapes.
        app.json.sort_keys, app.json.ensure_ascii = False, False
    limits.install(app, settings.rate_limits.api_per_minute)
    errors.install(app)
    groups = [group for feature in FEATURES for group in (feature.calls, *getattr(feature, "more", ()))]
    openapi.install(app, groups)
    app.after_request(_headers)
    access.rules(app)


def _headers(answer: Response) -> Response:
    """Keeps answers out of caches, and from being taken for pages."""
    headers = answer.headers
    there = {name.lower() for name, _ in headers}
    if "cache-control" not in there:
        headers.add("Cache-Control", "no-store")
    if "x-content-type-options" not in there:
        headers.add("X-Content-Type-Options", "nosniff")
    return answer
