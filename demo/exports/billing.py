"""The sample company's billing, in the shape of Stripe's API: amounts in cents, instants in epoch seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from demo.catalogue import PRODUCTS
from demo.company.chance import midnight, rng_for
from demo.company.records import BillLine, Company, Contract, Line
from demo.words import ascii_slug

# billing period → (interval, how many of them)
INTERVALS = {
    "day": ("day", 1),
    "week": ("week", 1),
    "month": ("month", 1),
    "quarter": ("month", 3),
    "half_year": ("month", 6),
    "year": ("year", 1),
}

LEGAL_FORMS = {
    "DE": "GmbH",
    "AT": "GmbH",
    "CH": "AG",
    "FR": "SAS",
    "NL": "B.V.",
    "US": "Inc.",
    "GB": "Ltd",
    "SE": "AB",
}
MOVED_TO = {"DE": "AT", "GB": "IE", "US": "CA", "FR": "BE", "NL": "BE", "IE": "GB"}
# Products sold by seat, with the features that each opens.
FEATURES = {product.name: tuple(feature.key for feature in product.features) for product in PRODUCTS}


def epoch(day: date) -> int:
    """Return the first second of a day in UTC."""
    return int(midnight(day).timestamp())


def customers(company: Company) -> Iterator[dict[str, Any]]:
    """Yield a third of those who pay, under the name in the commercial register; a few have moved lately."""
    paying = {contract.account for contract in company.contracts}
    for account in company.accounts:
        rng = rng_for(company.seed, "customer", account.id)
        if account.id not in paying or rng.random() > 1 / 3:
            continue
        has_moved = rng.random() < 1 / 12
        told_on = (
            company.today - timedelta(days=rng.randrange(3, 40)) if has_moved else account.created_at.date()
        )
        yield {
            "id": f"cus_{account.id[4:15]}",
            "object": "customer",
            "name": account.name
            if has_moved
            else f"{account.name} {LEGAL_FORMS.get(account.country, 'Ltd')}",
            "email": f"billing@{account.domain}",
            "currency": account.currency.lower(),
            "address": {"country": MOVED_TO.get(account.country, "IE") if has_moved else account.country},
            "updated": epoch(told_on),
        }


def subscriptions(company: Company) -> Iterator[dict[str, Any]]:
    """Yield subscriptions: one for each term of a contract."""
    for contract in company.contracts:
        yield _subscription(contract, company.today)


def subscription_items(company: Company) -> Iterator[dict[str, Any]]:
    """Yield the items of all subscriptions."""
    for contract in company.contracts:
        for line in contract.lines:
            yield _item(contract, line)


def invoices(company: Company) -> Iterator[dict[str, Any]]:
    """Yield what was billed."""
    for bill in company.bills:
        yield {
            "id": bill.id,
            "object": "invoice",
            "customer": f"cus_{bill.account[4:15]}",
            "number": bill.number,
            "status": "open",
            "currency": bill.currency.lower(),
            "effective_at": epoch(bill.issued_on),
            "due_date": epoch(bill.due_on),
            "custom_fields": [{"name": "Purchase order", "value": bill.purchase_order}]
            if bill.purchase_order
            else None,
            "lines": {"object": "list", "data": [_bill_line(line) for line in bill.lines]},
            "metadata": {"salesforce_account_id": bill.account}
            | ({"dispute": bill.dispute} if bill.dispute else {}),
            "updated": epoch(bill.issued_on),
        }


def credit_notes(company: Company) -> Iterator[dict[str, Any]]:
    """Yield what was credited."""
    for note in company.credit_notes:
        yield {
            "id": note.id,
            "object": "credit_note",
            "customer": f"cus_{note.invoice.account[4:15]}",
            "invoice": note.invoice.id,
            "number": note.number,
            "currency": note.invoice.currency.lower(),
            "effective_at": epoch(note.issued_on),
            "lines": {"object": "list", "data": [_bill_line(line) for line in note.lines]},
            "metadata": {"salesforce_account_id": note.invoice.account, "root_cause": note.root_cause},
            "updated": epoch(note.issued_on),
        }


def payments(company: Company) -> Iterator[dict[str, Any]]:
    """Yield the transfers that came."""
    for paid in company.payments:
        yield {
            "id": paid.id,
            "object": "payment",
            "customer": f"cus_{paid.account[4:15]}",
            "invoice": paid.invoice,
            "amount": int(paid.amount * 100),
            "currency": paid.currency.lower(),
            "received_at": epoch(paid.paid_on),
            "description": paid.reference,
            "metadata": {"salesforce_account_id": paid.account},
            "updated": epoch(paid.paid_on),
        }


def exchange_rates(company: Company) -> Iterator[dict[str, Any]]:
    """Yield dated rates to US dollars."""
    for rate in company.rates:
        yield {
            "id": f"{rate.currency.lower()}_{rate.on:%Y_%m}",
            "object": "exchange_rate",
            "currency": rate.currency.lower(),
            "date": epoch(rate.on),
            "rates": {"usd": str(rate.rate)},
        }


def _subscription(contract: Contract, today: date) -> dict[str, Any]:
    is_over = contract.end is not None and contract.end <= today
    is_trial = any(line.is_trial for line in contract.lines)
    return {
        "id": contract.id,
        "object": "subscription",
        "customer": f"cus_{contract.account[4:15]}",
        "currency": contract.currency.lower(),
        "status": "canceled" if is_over else "trialing" if is_trial else "active",
        "start_date": epoch(contract.start),
        "cancel_at": epoch(contract.end) if contract.end else None,
        "collection_method": "send_invoice",
        "days_until_due": contract.payment_terms_days,
        "metadata": {
            "salesforce_account_id": contract.account,
            "contract_number": contract.number,
            "notice_days": str(contract.notice_days),
            "auto_renew": "yes" if contract.auto_renew else "no",
            "renewal_months": str(contract.renewal_months or ""),
        },
        "updated": int(contract.updated_at.timestamp()),
    }


def entitlements(company: Company) -> Iterator[dict[str, Any]]:
    """Yield which features each customer's products open, from the first day of a product on to its last.

    Spans of one product that touch or overlap are one.
    """
    spans: dict[tuple[str, str], list[tuple[date, date]]] = defaultdict(list)
    for contract in company.contracts:
        for line in contract.lines:
            if line.product in FEATURES:
                spans[contract.account, line.product].append((line.start, line.end or date.max))
    for (account, product), given in spans.items():
        for place, (start, end) in enumerate(_joined(given), start=1):
            for feature in FEATURES[product]:
                yield {
                    "id": f"ent_{account[4:15]}_{feature}_{place}",
                    "object": "entitlements.active_entitlement",
                    "lookup_key": feature,
                    "metadata": {"salesforce_account_id": account},
                    "start_date": epoch(start),
                    "end_date": None if end == date.max else epoch(end),
                    "updated": epoch(min(start, company.today)),
                }


def _joined(spans: list[tuple[date, date]]) -> list[tuple[date, date]]:
    joined: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _bill_line(line: BillLine) -> dict[str, Any]:
    return {
        "object": "line_item",
        "description": line.description,
        "amount": int(line.net * 100),
        "quantity": line.quantity,
        "period": {"start": epoch(line.start), "end": epoch(line.end) if line.end else None},
        "subscription_item": line.item,
        "taxes": [{"amount": int(line.tax * 100), "percentage": str(line.tax_percent)}] if line.tax else [],
    }


def _item(contract: Contract, line: Line) -> dict[str, Any]:
    interval, count = INTERVALS.get(line.billing_period, ("month", 1))
    recurring = {
        "interval": interval,
        "interval_count": count,
        "usage_type": "metered" if line.billing_period == "usage" else "licensed",
    }
    updated = line.updated_at or contract.updated_at
    return {
        "id": line.id,
        "object": "subscription_item",
        "subscription": contract.id,
        "quantity": line.quantity,
        "price": {
            "object": "price",
            "product": f"prod_{ascii_slug(line.product).replace('-', '_')}",
            "nickname": line.product,
            "unit_label": "seat" if line.product in FEATURES else None,
            "currency": contract.currency.lower(),
            "unit_amount": 0 if line.is_trial else int(line.unit_price * 100),
            "type": "one_time" if line.billing_period == "one_off" else "recurring",
            "recurring": None if line.billing_period == "one_off" else recurring,
        },
        "discounts": [{"coupon": {"percent_off": str(line.discount_percent)}}]
        if line.discount_percent
        else [],
        "trial": line.is_trial,
        "current_phase": {"start_date": epoch(line.start), "end_date": epoch(line.end) if line.end else None},
        "updated": int(updated.timestamp()),
    }
