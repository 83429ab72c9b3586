"""A believable software company's customers, made up: the same seed and day give the same company."""

from __future__ import annotations

from datetime import date

from demo.company.accounts import build_accounts
from demo.company.contacts import build_contacts
from demo.company.contracts import build_contracts
from demo.company.engagements import build_engagements
from demo.company.feedback import build_ratings, build_recommendations, build_ticket_events
from demo.company.invoices import build_bills
from demo.company.invoicing import agree_on_invoicing
from demo.company.opportunities import build_opportunities
from demo.company.rates import build_rates
from demo.company.records import Company
from demo.company.tickets import build_tickets
from demo.company.usage import EVENTS, plan_usage

__all__ = ["Company", "build_company"]


def build_company(*, seed: int, today: date, scale: float = 1.0) -> Company:
    """Make up the company as it stands when ``today`` begins in UTC.

    ``scale`` is the share of the million usage events; the rest is always whole.
    """
    accounts = build_accounts(seed, today)
    contacts = build_contacts(seed, today, accounts)
    contracts = build_contracts(seed, today, accounts)
    agree_on_invoicing(today, accounts, contracts)
    bills, credit_notes, payments = build_bills(seed, today, accounts, contracts)
    tickets = build_tickets(seed, today, accounts, contacts)
    return Company(
        seed=seed,
        today=today,
        scale=scale,
        accounts=accounts,
        contacts=contacts,
        contracts=contracts,
        bills=bills,
        credit_notes=credit_notes,
        payments=payments,
        tickets=tickets,
        ticket_events=build_ticket_events(seed, today, accounts, tickets),
        ratings=build_ratings(seed, today, accounts, tickets),
        recommendations=build_recommendations(seed, today, accounts, contacts),
        engagements=build_engagements(seed, today, accounts, contacts),
        opportunities=build_opportunities(seed, today, accounts, contacts),
        rates=build_rates(seed, today),
        usage=plan_usage(seed, today, accounts, contacts, round(EVENTS * scale)),
    )
