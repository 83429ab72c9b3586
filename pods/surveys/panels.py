"""What the account page shows of surveys: whom we asked last, what they answered, and where to ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.periods import end_of
from people.access import Access
from people.models import Category
from pods.surveys.models import SurveyRequest
from pods.surveys.reading import TONES, Shown, State
from pods.surveys.registry import survey_kinds
from pods.surveys.services import may_ask

MOST = 6


@register_panel
class AccountSurveys(Panel):
    """Whom we asked how they find us, the newest first."""

    key = "pods.surveys"
    title = "Surveys"
    template = "pods/panels/surveys.html"
    category = Category.ACCOUNT_PROFILE
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        found = SurveyRequest.objects.asked_by_day(as_of).filter(account=account).order_by("-asked_at", "-pk")
        rows = list(found[: MOST + 1])
        return {
            "surveys": [_plain(Shown(row, access), as_of) for row in rows[:MOST]],
            "has_more": len(rows) > MOST,
            "asks": [
                {"label": kind.label, "url": reverse("pods:survey_ask", args=[kind.key, account.pk])}
                for kind in survey_kinds
                if may_ask(kind, access)
            ],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the surveys shown."""
        if not data["surveys"]:
            return None
        return table_of(
            "surveys",
            data["surveys"],
            [
                ("kind", "Kind", lambda row: row["kind"]),
                ("who", "Asked", lambda row: row["who"]),
                ("about", "About", lambda row: row["about"]),
                ("asked_at", "Asked at", lambda row: row["asked_at"]),
                ("state", "State", lambda row: row["state"]),
                ("rating", "Answer", lambda row: row["rating"]),
                ("comment", "Comment", lambda row: row["comment"]),
            ],
        )


def _plain(shown: Shown, as_of: date) -> dict[str, Any]:
    request, state = shown.request, shown.state
    # As it stood when the day ended.
    since = {
        State.ANSWERED: request.answered_at,
        State.WITHDRAWN: request.withdrawn_at,
        State.UNDELIVERED: request.given_up_at,
        State.EXPIRED: request.expires_at,
    }.get(state)
    if since is not None and since >= end_of(as_of):
        state = State.OPEN
    answered = state == State.ANSWERED
    return {
        "kind": shown.kind_label,
        "who": shown.who,
        "about": shown.about,
        "asked_at": request.asked_at,
        "state": str(state.label),
        "tone": TONES[state],
        "rating": shown.rating if answered else None,
        "of": shown.kind.highest if shown.kind else None,
        "comment": shown.comment if answered else "",
    }
