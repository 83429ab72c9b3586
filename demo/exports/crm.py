"""The sample company's CRM: objects in the shape of Salesforce's REST API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from demo.company.accounts import REGIONS
from demo.company.records import Account, Company, Contact, Engagement, Opportunity

_LIFECYCLE = {
    "target": "Target",
    "prospect": "Prospect",
    "customer": "Customer",
    "churned": "Former customer",
}
_DEAL_TYPES = {
    "new": "New Business",
    "expansion": "Existing Customer - Upgrade",
    "renewal": "Existing Customer - Renewal",
}
_TASK_TYPES = {"call": "Call", "email": "Email", "web": "Web visit"}
_EVENT_TYPES = {"meeting": "Meeting", "event": "Customer event", "business_review": "Business review"}


def stamp(at: datetime) -> str:
    """Write an instant as this CRM does: milliseconds and a zone without a colon."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def accounts(company: Company) -> Iterator[dict[str, Any]]:
    """Yield Account objects, a parent before its divisions."""
    for account in company.accounts:
        yield _account(account)


def contacts(company: Company) -> Iterator[dict[str, Any]]:
    """Yield Contact objects."""
    for contact in company.contacts:
        yield _contact(contact)


def opportunities(company: Company) -> Iterator[dict[str, Any]]:
    """Yield Opportunity objects."""
    for deal in company.opportunities:
        yield _opportunity(deal)


def tasks(company: Company) -> Iterator[dict[str, Any]]:
    """Yield Task objects: calls, e-mails and visits to the website."""
    for touch in company.engagements:
        if touch.kind in _TASK_TYPES:
            yield {
                **_activity("Task", touch),
                "TaskSubtype": "Call"
                if touch.kind == "call"
                else "Email"
                if touch.kind == "email"
                else "Task",
                "Type": _TASK_TYPES[touch.kind],
                "Status": "Completed",
                "CompletedDateTime": stamp(touch.occurred_at),
            }


def events(company: Company) -> Iterator[dict[str, Any]]:
    """Yield Event objects: meetings and customer events."""
    for touch in company.engagements:
        if touch.kind in _EVENT_TYPES:
            yield {
                **_activity("Event", touch),
                "Type": _EVENT_TYPES[touch.kind],
                "StartDateTime": stamp(touch.occurred_at),
                "EndDateTime": stamp(touch.occurred_at + timedelta(minutes=45)),
            }


def recommendations(company: Company) -> Iterator[dict[str, Any]]:
    """Yield the answers to the survey that this CRM sends, in an object of its own."""
    for answer in company.recommendations:
        yield {
            "attributes": {"type": "NPS_Response__c"},
            "Id": answer.id,
            "Account__c": answer.account,
            "Contact__c": answer.contact,
            "Score__c": answer.score,
            "Sent__c": stamp(answer.asked_at),
            "Responded__c": stamp(answer.responded_at) if answer.responded_at else None,
            "CreatedDate": stamp(answer.asked_at),
            "LastModifiedDate": stamp(answer.responded_at or answer.asked_at),
        }


def _account(account: Account) -> dict[str, Any]:
    start = account.life.start
    return {
        "attributes": {"type": "Account"},
        "Id": account.id,
        "Name": account.name,
        "ParentId": account.parent,
        "Billing_Parent__c": account.billing_parent,
        "Website": f"https://www.{account.domain}",
        "Industry": account.industry,
        "NumberOfEmployees": account.employees,
        "BillingCountryCode": account.country,
        "CurrencyIsoCode": account.currency,
        "Lifecycle__c": _LIFECYCLE[account.lifecycle],
        "Tier__c": account.tier.capitalize(),
        "Region__c": REGIONS.get(account.country, "EMEA"),
        "Customer_Since__c": start.isoformat() if start else None,
        "Workspace_Ids__c": ";".join(account.workspace_ids) or None,
        "OwnerEmail__c": account.owner_email,
        "Sponsor_Email__c": account.sponsor_email,
        "Success_Manager_Email__c": account.success_email,
        "Invoicing_Plan__c": account.invoicing.plan if account.invoicing else None,
        "Invoicing_Since__c": account.invoicing.since.isoformat() if account.invoicing else None,
        "CreatedDate": stamp(account.created_at),
        "LastModifiedDate": stamp(account.modified_at),
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "attributes": {"type": "Contact"},
        "Id": contact.id,
        "AccountId": contact.account,
        "FirstName": contact.first_name,
        "LastName": contact.last_name,
        "Email": contact.email,
        "Phone": contact.phone,
        "Title": contact.title,
        "Buying_Role__c": contact.role.replace("_", " ").capitalize(),
        "Inactive__c": contact.left_at is not None,
        "CreatedDate": stamp(contact.created_at),
        "LastModifiedDate": stamp(contact.modified_at),
    }


def _opportunity(deal: Opportunity) -> dict[str, Any]:
    return {
        "attributes": {"type": "Opportunity"},
        "Id": deal.id,
        "AccountId": deal.account,
        "Name": deal.name,
        "Type": _DEAL_TYPES[deal.kind],
        "StageName": deal.stage,
        "IsWon": deal.is_won,
        "IsClosed": deal.is_closed,
        "Amount": deal.amount,
        "CurrencyIsoCode": deal.currency,
        "CloseDate": deal.close_on.isoformat(),
        "Opened_On__c": deal.opened_on.isoformat(),
        "OpportunityContactRoles": {"records": [{"ContactId": pk} for pk in deal.contacts]},
        "CreatedDate": stamp(deal.created_at),
        "LastModifiedDate": stamp(deal.modified_at),
    }


def _activity(kind: str, touch: Engagement) -> dict[str, Any]:
    return {
        "attributes": {"type": kind},
        "Id": touch.id,
        "WhatId": touch.account,
        "WhoId": touch.contact,
        "Subject": touch.subject,
        "Direction__c": touch.direction.capitalize(),
        "OwnerEmail__c": touch.user_email,
        "CreatedDate": stamp(touch.occurred_at),
        "LastModifiedDate": stamp(touch.occurred_at),
    }
