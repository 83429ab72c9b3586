"""What RevOps sees first of accounts that may be the same company."""

from __future__ import annotations

from typing import Any

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.identity.models import DuplicatePair
from people.functions import Function
from people.models import Category
from sync.models import PendingRecord

SHOWN = 5


@register_home_panel
class Duplicates(HomePanel):
    """The likeliest duplicates, and how many records wait for somebody to say which account they are."""

    key = "accounts.duplicates"
    title = "Which account is which"
    template = "accounts/home/duplicates.html"
    category = Category.ACCOUNT_PROFILE
    is_today_only = True
    functions = {Function.REVOPS: 25}

    def load(self, reader: Reader) -> dict[str, Any]:
        waiting = DuplicatePair.objects.waiting()
        return {
            "pairs": list(waiting.select_related("low", "high").order_by("-score", "-pk")[:SHOWN]),
            "total": waiting.count(),
            "records": PendingRecord.objects.filter(
                resource="accounts", code=PendingRecord.AMBIGUOUS, is_new=False
            ).count(),
        }
