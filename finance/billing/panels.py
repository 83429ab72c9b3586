"""How an account is billed, on its page."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from finance.billing.agreed import arrangement_of
from people.models import Category


@register_panel
class BillingPanel(Panel):
    """When invoices come, how long payment may take, and who gets them."""

    key = "finance.billing"
    title = "How it is billed"
    template = "finance/panels/billing.html"
    category = Category.FINANCIAL_HEALTH
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        agreed = arrangement_of(account, as_of)
        return {
            "account_id": account.pk,
            "schedule": agreed.schedule,
            "is_made_here": agreed.is_made_here,
            "payer": agreed.payer.name if agreed.payer != account else "",
            "payer_id": agreed.payer.pk,
            "days": agreed.terms.days,
            "origin": agreed.terms.origin,
            "is_by_arrangement": bool(agreed.version and agreed.version.payment_days is not None),
            "recipient": agreed.recipient.name,
            "email": agreed.recipient.email,
            "purchase_order": agreed.purchase_order,
            "tax_percent": agreed.tax_percent,
        }
