"""The sample company's help desk sends tickets of the last hours, whatever the hour, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Account, Contact
from demo.incoming import TICKETS, come_in
from support.clocks.keeping import keep_clocks
from support.models import QueuePlace, Ticket, TicketEvent
from support.policies.tenures import review_tenures
from sync.models import Link, Source
from tests.accounts.rows import make_listed
from tests.support.promises import publish_policies

pytestmark = pytest.mark.django_db


def customers() -> list[Account]:
    """Make a customer of each tier that writes, as the CRM told of them."""
    crm = Source.objects.create(slug="salesforce", name="CRM")
    Source.objects.create(slug="zendesk", name="Help desk")
    found = []
    for tier in ("strategic", "enterprise", "growth"):
        account = make_listed(f"{tier} customer", tier, standing={}, lifecycle="customer")
        Link.objects.create(resource="accounts", source=crm, external_id=tier, object_id=account.pk)
        Contact.objects.create(account=account, name="Ann", email=f"ann@{tier}.example")
        found.append(account)
    return found


def test_the_last_hours_hold_tickets_in_every_state_once() -> None:
    customers()
    now = timezone.now()
    assert come_in(now) == TICKETS
    assert come_in(now) == 0
    tickets = Ticket.objects.all()
    assert tickets.count() == TICKETS
    assert not tickets.filter(opened_at__gt=now).exists()
    assert not tickets.filter(opened_at__lt=now - timedelta(hours=10)).exists()
    assert set(tickets.values_list("status", flat=True)) == {"new", "open", "pending"}
    assert not TicketEvent.objects.filter(occurred_at__gt=now).exists()
    assert set(tickets.filter(first_replied_at=None).values_list("status", flat=True)) <= {"new"}


def test_some_are_over_and_some_run_out_within_hours() -> None:
    customers()
    cells = [("first_response", "low", "", 30), ("resolution", "urgent", "", 480)]
    publish_policies({"clock": "24x7", "cells": cells})
    come_in()
    review_tenures()
    keep_clocks()
    soon = timezone.now() + timedelta(hours=8)
    due = QueuePlace.objects.filter(state="running")
    assert due.filter(order_at__lt=timezone.now()).exists()
    assert due.filter(order_at__gt=timezone.now(), order_at__lt=soon).count() >= 5


def test_without_the_systems_of_the_sample_nothing_comes() -> None:
    assert come_in() == 0
