"""Clauses for tests, with as few words as a test needs."""

from __future__ import annotations

from typing import Any

from accounts.models import Account
from finance.clauses.services.deviations import Wanted, request_deviation
from finance.clauses.services.library import (
    create_clause_draft,
    draft_texts,
    publish_clause_version,
    save_clause_draft,
    steps_of,
)
from finance.models import ClauseFamily, ClauseVersion, Deviation
from people.models import User
from tests.users import make_user


def family(key: str = "payment-schedule") -> ClauseFamily:
    return ClauseFamily.objects.get(key=key)


def ask_for(
    account: Account,
    text: str = "net-60-milestones",
    *,
    of: str = "payment-schedule",
    by: User | None = None,
    reason: str = "They insist.",
    terms: dict[str, Any] | None = None,
    wording: str = "",
    **more: Any,
) -> Deviation:
    return request_deviation(
        account=account,
        family=family(of),
        wanted=Wanted(text=text, wording=wording, terms=terms or {}),
        reason=reason,
        by=by or make_user("sales"),
        **more,
    )


def publish_next(of: str, **changes: Any) -> ClauseVersion:
    """Publish a further version of a family, its texts changed by key: ``net_45={"tiers": ["growth"]}``."""
    from dataclasses import replace

    draft = create_clause_draft(family=family(of), by=None)
    texts = [replace(text, **changes.get(text.key.replace("-", "_"), {})) for text in draft_texts(draft)]
    save_clause_draft(version=draft, by=None, texts=texts, steps=changes.get("steps", steps_of(draft)))
    return publish_clause_version(version=draft, by=None)
