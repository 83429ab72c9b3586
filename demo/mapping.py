"""From the shape of each source system to the records of our public API, as any integrator would write it.

Each function takes one object as its source exports it and returns one record. References to another source's
records name that source; those within a source are its bare ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.exports.help_desk import PRODUCT_AREA_FIELD

Row = dict[str, Any]
Record = dict[str, Any]

_LIFECYCLES = {
    "Target": "target",
    "Prospect": "prospect",
    "Customer": "customer",
    "Former customer": "churned",
}
_DEAL_KINDS = {
    "New Business": "new",
    "Existing Customer - Upgrade": "expansion",
    "Existing Customer - Renewal": "renewal",
}
_TICKET_STATUSES = {"hold": "on_hold"}
_INVOICE_STATUSES = {"open": "issued", "paid": "issued"}
_BILLING_PERIODS = {
    ("day", 1): "day",
    ("week", 1): "week",
    ("month", 1): "month",
    ("month", 3): "quarter",
    ("month", 6): "half_year",
    ("month", 12): "year",
    ("year", 1): "year",
}


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of record from one source: which files hold it, and how an object becomes a record."""

    resource: str
    source: str
    files: tuple[str, ...]
    convert: Callable[[Row], Record]


def account(row: Row) -> Record:
    """Map a CRM Account."""
    workspaces = row["Workspace_Ids__c"]
    return {
        "external_id": row["Id"],
        "source_updated_at": _crm_instant(row["LastModifiedDate"]),
        "name": row["Name"],
        "domain": row["Website"].removeprefix("https://").removeprefix("www."),
        "industry": row["Industry"],
        "employees": row["NumberOfEmployees"],
        "country": row["BillingCountryCode"],
        "currency": row["CurrencyIsoCode"],
        "lifecycle": _LIFECYCLES[row["Lifecycle__c"]],
        "tier": row["Tier__c"].lower(),
        "parent": row["ParentId"],
        "billing_parent": row["Billing_Parent__c"],
        "workspace_ids": workspaces.split(";") if workspaces else [],
        "owner_email": row["OwnerEmail__c"],
        "sponsor_email": row["Sponsor_Email__c"],
        "custom": _without_nulls(
            region=row["Region__c"],
            customer_since=row["Customer_Since__c"],
            success_manager_email=row["Success_Manager_Email__c"],
            invoicing_plan=row["Invoicing_Plan__c"],
            invoicing_since=row["Invoicing_Since__c"],
        ),
    }


def customer(row: Row) -> Record:
    """Map a billing customer: the same company as an account of the CRM, which is found by its domain."""
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "name": row["name"],
        "domain": row["email"].partition("@")[2],
        "country": row["address"]["country"],
        "currency": row["currency"].upper(),
    }


def contact(row: Row) -> Record:
    """Map a CRM Contact."""
    return {
        "external_id": row["Id"],
        "source_updated_at": _crm_instant(row["LastModifiedDate"]),
        "account": row["AccountId"],
        "name": f"{row['FirstName']} {row['LastName']}",
        "email": row["Email"],
        "phone": row["Phone"],
        "title": row["Title"],
        "role": row["Buying_Role__c"].lower().replace(" ", "_"),
        "is_active": not row["Inactive__c"],
    }


def opportunity(row: Row) -> Record:
    """Map a CRM Opportunity."""
    return {
        "external_id": row["Id"],
        "source_updated_at": _crm_instant(row["LastModifiedDate"]),
        "account": row["AccountId"],
        "name": row["Name"],
        "kind": _DEAL_KINDS[row["Type"]],
        "stage": row["StageName"],
        "is_won": row["IsWon"],
        "is_closed": row["IsClosed"],
        "amount": row["Amount"],
        "currency": row["CurrencyIsoCode"],
        "opened_on": row["Opened_On__c"],
        "close_on": row["CloseDate"],
        "contacts": [role["ContactId"] for role in row["OpportunityContactRoles"]["records"]],
    }


def task(row: Row) -> Record:
    """Map a CRM Task: a call, an e-mail, or a visit to the website."""
    kind = {"Call": "call", "Email": "email", "Web visit": "web"}[row["Type"]]
    return _engagement(row, kind, row["CompletedDateTime"])


def event(row: Row) -> Record:
    """Map a CRM Event: a meeting, a business review, or a customer event."""
    kind = {"Meeting": "meeting", "Business review": "business_review"}.get(row["Type"], "event")
    return _engagement(row, kind, row["StartDateTime"])


def contract(row: Row) -> Record:
    """Map a billing subscription: one term of a contract."""
    metadata = row["metadata"]
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "account": _crm_account(metadata["salesforce_account_id"]),
        "number": metadata["contract_number"],
        "start_on": _epoch_day(row["start_date"]),
        "end_on": _epoch_day(row["cancel_at"]),
        "notice_days": int(metadata["notice_days"]),
        "auto_renew": metadata["auto_renew"] == "yes",
        "renewal_months": int(metadata["renewal_months"]) if metadata["renewal_months"] else None,
        "currency": row["currency"].upper(),
        "payment_terms_days": row["days_until_due"],
    }


def contract_line(row: Row) -> Record:
    """Map a subscription item; the amount is for the whole quantity and one billing period."""
    price, phase = row["price"], row["current_phase"]
    percent_off = sum(Decimal(discount["coupon"]["percent_off"]) for discount in row["discounts"])
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "contract": row["subscription"],
        "product": price["nickname"],
        "start_on": _epoch_day(phase["start_date"]),
        "end_on": _epoch_day(phase["end_date"]),
        "amount": f"{Decimal(price['unit_amount'] * row['quantity']) / 100:.2f}",
        "billing_period": _billing_period(price),
        "quantity": row["quantity"],
        "discount_percent": str(percent_off),
        "is_trial": row["trial"],
        "is_per_seat": price["unit_label"] == "seat",
    }


def invoice(row: Row) -> Record:
    """Map a billing invoice; what Stripe calls open or paid is issued here, since payments tell the rest."""
    orders = [field["value"] for field in row["custom_fields"] or [] if field["name"] == "Purchase order"]
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "account": _crm_account(row["metadata"]["salesforce_account_id"]),
        "number": row["number"],
        "kind": "invoice",
        "status": _INVOICE_STATUSES.get(row["status"], row["status"]),
        "issued_on": _epoch_day(row["effective_at"]),
        "due_on": _epoch_day(row["due_date"]),
        "currency": row["currency"].upper(),
        "purchase_order": orders[0] if orders else None,
        "lines": [_invoice_line(line) for line in row["lines"]["data"]],
        "custom": _without_nulls(dispute=row["metadata"].get("dispute")),
    }


def credit_note(row: Row) -> Record:
    """Map a billing credit note: an invoice of the other kind, with the invoice that it corrects."""
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "account": _crm_account(row["metadata"]["salesforce_account_id"]),
        "number": row["number"],
        "kind": "credit_note",
        "corrects": row["invoice"],
        "root_cause": row["metadata"]["root_cause"] or None,
        "status": "issued",
        "issued_on": _epoch_day(row["effective_at"]),
        "currency": row["currency"].upper(),
        "lines": [_invoice_line(line) for line in row["lines"]["data"]],
    }


def payment(row: Row) -> Record:
    """Map a transfer; one that names no invoice is its account's until somebody says what it is for."""
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "account": _crm_account(row["metadata"]["salesforce_account_id"]),
        "invoice": row["invoice"],
        "paid_on": _epoch_day(row["received_at"]),
        "amount": _cents(row["amount"]),
        "currency": row["currency"].upper(),
        "reference": row["description"],
    }


def exchange_rate(row: Row) -> Record:
    """Map a dated exchange rate: US dollars for one unit."""
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["date"]),
        "currency": row["currency"].upper(),
        "on": _epoch_day(row["date"]),
        "rate": row["rates"]["usd"],
    }


def ticket(row: Row) -> Record:
    """Map a help desk ticket; the first reply is counted in seconds from its creation."""
    areas = [field["value"] for field in row["custom_fields"] if field["id"] == PRODUCT_AREA_FIELD]
    seconds = row["metric_set"]["reply_time_in_seconds"]["calendar"]
    replied_at = None
    if seconds is not None:
        created_at = datetime.fromisoformat(row["created_at"])
        replied_at = _instant(created_at + timedelta(seconds=seconds))
    return {
        "external_id": str(row["id"]),
        "source_updated_at": row["updated_at"],
        "account": _crm_account(row["organization"]["external_id"]),
        "subject": row["subject"],
        "priority": row["priority"],
        "status": _TICKET_STATUSES.get(row["status"], row["status"]),
        "opened_at": row["created_at"],
        "first_replied_at": replied_at,
        "solved_at": row["metric_set"]["solved_at"],
        "requester_email": row["requester"]["email"],
        "assignee_email": row["assignee"]["email"] if row["assignee"] else None,
        "product_area": areas[0] if areas else None,
        "custom": {"channel": row["via"]["channel"]},
    }


def ticket_event(row: Row) -> Record:
    """Map an event of the help desk: a change of status or priority, or a comment."""
    status, priority = row.get("status"), row.get("priority")
    return {
        "external_id": str(row["id"]),
        "source_updated_at": row["created_at"],
        "ticket": str(row["ticket_id"]),
        "kind": "status" if status else "priority" if priority else row["via"],
        "occurred_at": row["created_at"],
        "value": _TICKET_STATUSES.get(status, status) if status else priority or row.get("author"),
    }


def rating(row: Row) -> Record:
    """Map an answer to the help desk's survey; one that hasn't come has no rating."""
    return {
        "external_id": str(row["id"]),
        "source_updated_at": row["updated_at"],
        "ticket": str(row["ticket_id"]),
        "rating": row["rating"],
        "comment": row["comment"],
        "respondent_email": row["requester"]["email"],
        "asked_at": row["created_at"],
        "responded_at": row["responded_at"],
    }


def recommendation(row: Row) -> Record:
    """Map an answer to the CRM's survey of recommendation."""
    return {
        "external_id": row["Id"],
        "source_updated_at": _crm_instant(row["LastModifiedDate"]),
        "account": row["Account__c"],
        "respondent": row["Contact__c"],
        "score": row["Score__c"],
        "asked_at": _crm_instant(row["Sent__c"]),
        "responded_at": _crm_instant(row["Responded__c"]) if row["Responded__c"] else None,
    }


def entitled_feature(row: Row) -> Record:
    """Map an entitlement of billing: a feature that a customer may use for a while."""
    return {
        "external_id": row["id"],
        "source_updated_at": _epoch_instant(row["updated"]),
        "account": _crm_account(row["metadata"]["salesforce_account_id"]),
        "feature": row["lookup_key"],
        "start_on": _epoch_day(row["start_date"]),
        "end_on": _epoch_day(row["end_date"]),
    }


def usage_event(row: Row) -> Record:
    """Map a `track` call of the product's telemetry."""
    properties = row["properties"]
    return {
        "external_id": row["messageId"],
        "source_updated_at": row["timestamp"],
        "account": _crm_account(row["context"]["groupId"]),
        "event": row["event"],
        "occurred_at": row["timestamp"],
        "user": row["userId"],
        "feature": properties.pop("feature"),
        "quantity": properties.pop("quantity", 1),
        "properties": properties,
    }


# In the order of references: what is referred to comes first, so that nothing has to wait.
FEEDS = (
    Feed("exchange-rates", "stripe", ("stripe/exchange_rates.ndjson",), exchange_rate),
    Feed("accounts", "salesforce", ("salesforce/Account.ndjson",), account),
    Feed("accounts", "stripe", ("stripe/customers.ndjson",), customer),
    Feed("contacts", "salesforce", ("salesforce/Contact.ndjson",), contact),
    Feed("opportunities", "salesforce", ("salesforce/Opportunity.ndjson",), opportunity),
    Feed("contracts", "stripe", ("stripe/subscriptions.ndjson",), contract),
    Feed("contract-lines", "stripe", ("stripe/subscription_items.ndjson",), contract_line),
    Feed("invoices", "stripe", ("stripe/invoices.ndjson",), invoice),
    Feed("invoices", "stripe", ("stripe/credit_notes.ndjson",), credit_note),
    Feed("payments", "stripe", ("stripe/payments.ndjson",), payment),
    Feed("tickets", "zendesk", ("zendesk/tickets.ndjson",), ticket),
    Feed("ticket-events", "zendesk", ("zendesk/ticket_events.ndjson",), ticket_event),
    Feed("csat-responses", "zendesk", ("zendesk/csat_responses.ndjson",), rating),
    Feed("nps-responses", "salesforce", ("salesforce/NPS_Response__c.ndjson",), recommendation),
    Feed("entitled-features", "stripe", ("stripe/active_entitlements.ndjson",), entitled_feature),
    Feed("engagements", "salesforce", ("salesforce/Task.ndjson",), task),
    Feed("engagements", "salesforce", ("salesforce/Event.ndjson",), event),
    Feed("usage-events", "segment", ("segment/track-*.ndjson.gz",), usage_event),
)


def _engagement(row: Row, kind: str, occurred_at: str) -> Record:
    return {
        "external_id": row["Id"],
        "source_updated_at": _crm_instant(row["LastModifiedDate"]),
        "account": row["WhatId"],
        "contact": row["WhoId"],
        "kind": kind,
        "occurred_at": _crm_instant(occurred_at),
        "subject": row["Subject"],
        "user_email": row["OwnerEmail__c"],
        "direction": row["Direction__c"].lower(),
    }


def _invoice_line(line: Row) -> Record:
    period, taxes = line["period"], line["taxes"]
    return {
        "description": line["description"],
        "contract_line": line["subscription_item"],
        "period_start": _epoch_day(period["start"]),
        "period_end": _epoch_day(period["end"]),
        "quantity": line["quantity"],
        "net": _cents(line["amount"]),
        "tax_percent": taxes[0]["percentage"] if taxes else "0",
        "tax": _cents(sum(tax["amount"] for tax in taxes)),
    }


def _cents(amount: int) -> str:
    return f"{Decimal(amount) / 100:.2f}"


def _billing_period(price: Row) -> str:
    if price["type"] == "one_time":
        return "one_off"
    recurring = price["recurring"]
    if recurring["usage_type"] == "metered":
        return "usage"
    return _BILLING_PERIODS[recurring["interval"], recurring["interval_count"]]


def _crm_account(external_id: str) -> dict[str, str]:
    return {"source": "salesforce", "external_id": external_id}


def _crm_instant(text: str) -> str:
    """Turn the CRM's ``+0000`` into the ``Z`` of ISO 8601's extended form."""
    return text.removesuffix("+0000") + "Z"


def _epoch_instant(seconds: int) -> str:
    return _instant(datetime.fromtimestamp(seconds, UTC))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _epoch_day(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _without_nulls(**values: Any) -> Record:
    return {name: value for name, value in values.items() if value is not None}
