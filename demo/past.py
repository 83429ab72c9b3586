"""Let what is written now be dated as of a day past, as it would be had people written it then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pgtrigger
from django.db import models, transaction
from django.utils import timezone

from demo.company.chance import midnight
from finance.models import (
    AllocationRun,
    BillingArrangement,
    BillingMilestone,
    CollectionHold,
    ContractObligation,
    CostRate,
    DunningMessage,
    DunningPolicy,
    DunningRelease,
    InvoiceDispute,
    PaymentPromise,
    SellerParticulars,
)
from people.approvals.clock import announce_turns
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.models import Notice
from pods.models import Task

MORNING = timedelta(hours=9)
# What says when something was written; days that a service is given are none of these.
STAMPS: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (AllocationRun, ("at",)),
    (ApprovalRequest, ("requested_at", "closed_at")),
    (ApprovalStep, ("began_at", "decided_at")),
    (BillingArrangement, ("created_at", "published_at")),
    (BillingMilestone, ("created_at",)),
    (CollectionHold, ("set_at", "ended_at")),
    (ContractObligation, ("created_at", "done_at", "dropped_at")),
    (CostRate, ("created_at", "published_at", "retired_at")),
    (DunningMessage, ("created_at", "claimed_at", "sent_at")),
    (DunningPolicy, ("created_at", "saved_at", "published_at")),
    (DunningRelease, ("at",)),
    (InvoiceDispute, ("opened_at", "resolved_at")),
    # Whoever was to be told was told then.
    (Notice, ("created_at", "due_at", "sent_at", "over_at")),
    (PaymentPromise, ("recorded_at", "decided_at")),
    (SellerParticulars, ("created_at", "published_at")),
    (Task, ("opened_at", "done_at")),
)
# What people were told longer ago they have read by now.
UNREAD_FOR = timedelta(days=7)
# Versions keep when they were published; these are made here, and nobody has seen them yet.
FROZEN = (
    f"{BillingArrangement._meta.label}:frozen_after_draft",
    f"{CostRate._meta.label}:frozen_after_draft",
    f"{DunningPolicy._meta.label}:frozen_after_draft",
    f"{SellerParticulars._meta.label}:frozen_after_draft",
)


@contextmanager
def as_of(day: date, *of: type[models.Model]) -> Iterator[None]:
    """Date what the block writes to the morning of ``day``, all or nothing; mails that it asks for count as sent.

    ``of`` names the models that it writes, where these are few and it is called often; none: all that there are.

    For the sample company alone: what others write meanwhile of the same kinds, and commit, is dated so too.
    """
    at = min(midnight(day) + MORNING, timezone.now())
    with transaction.atomic():
        began = timezone.now()
        yield
        if ApprovalRequest in of or not of:
            # Else the workers would tell whoever decides, once this is committed.
            announce_turns()
        Notice.objects.filter(created_at__gte=began, sent_at=None).update(sent_at=at)
        if timezone.now() - at > UNREAD_FOR:
            Notice.objects.filter(created_at__gte=began, user__isnull=False, read_at=None).update(read_at=at)
        with pgtrigger.ignore(*FROZEN):
            for model, fields in STAMPS:
                if model in of or not of:
                    _date(model, fields, began, at)


def _date(model: type[models.Model], fields: tuple[str, ...], began: Any, at: Any) -> None:
    for field in fields:
        rows = model._default_manager.filter(**{f"{field}__gte": began})  # noqa: SLF001 - Django's own name
        rows.update(**{field: at})
