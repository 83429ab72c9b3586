"""A contract that billing has sent, and what people do to amend it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Account, Tier
from common.versions.models import VersionState
from finance.contracts.amendments import draft_amendment, propose_amendment, save_amendment
from finance.contracts.recording import QUIET, record_due_versions
from finance.models import Amendment, Contract, ContractVersion
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.approvals.services import decide_step
from people.models import User
from tests.sync.conftest import Api, make_api
from tests.users import make_user

PRICE_UP = {"lines": [{"do": "change", "amount": "1500"}]}


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


def billing() -> Api:
    return make_api("billing")


def contract_record(**fields: Any) -> dict[str, Any]:
    """What billing says of the contract: begun a year ago, it renews by itself in a hundred days."""
    return {
        "external_id": "C1",
        "account": "A1",
        "number": "FW-1",
        "start_on": in_days(-265).isoformat(),
        "end_on": in_days(100).isoformat(),
        "currency": "EUR",
        "notice_days": 60,
        "auto_renew": True,
    } | fields


def line_record(**fields: Any) -> dict[str, Any]:
    return {
        "external_id": "L1",
        "contract": "C1",
        "product": "Core",
        "start_on": in_days(-265).isoformat(),
        "amount": "1200",
        "billing_period": "year",
        "quantity": 100,
    } | fields


def sell(**terms: Any) -> Contract:
    """Have billing send a contract with a line, written down as its first version."""
    api = billing()
    send(api, "accounts", {"external_id": "A1", "name": "Acme", "country": "DE"})
    send(api, "contracts", contract_record(**terms))
    send(api, "contract-lines", line_record())
    quiet()
    allow_mid_term()
    return Contract.objects.get()


def send(api: Api, resource: str, record: dict[str, Any]) -> str:
    (status,) = api.statuses(resource, [record])
    assert status in {"created", "updated", "unchanged"}, status
    return str(status)


def quiet() -> int:
    """Record what is due once sources have been silent for a while."""
    return record_due_versions(now=timezone.now() + QUIET)


def allow_mid_term() -> None:
    """Let the accounts be of the tier whose contracts may change at any time."""
    Account.objects.update(tier=Tier.objects.filter(slug="strategic").first())


def changes_of(contract: Contract, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes with the contract's first line where a line is not named."""
    line = contract.lines.order_by("pk").first()
    assert line is not None
    lines = [
        each if each["do"] == "add" or "line" in each else {"line": line.pk} | each
        for each in changes.get("lines", ())
    ]
    return {**changes, "lines": lines}


def draft(contract: Contract, by: User, changes: Mapping[str, Any] = PRICE_UP, days: int = 10) -> Amendment:
    """Begin an amendment and say what it changes."""
    begun = draft_amendment(contract=contract, by=by)
    return save_amendment(
        amendment=begun,
        changes=changes_of(contract, changes),
        effective_on=in_days(days),
        note="Agreed on the phone",
        by=by,
    )


def propose(
    contract: Contract, by: User, changes: Mapping[str, Any] = PRICE_UP, days: int = 10
) -> ApprovalRequest:
    return propose_amendment(amendment=draft(contract, by, changes, days), by=by)


def approve(request: ApprovalRequest) -> ApprovalRequest:
    """Have everybody agree whose word is needed."""
    while True:
        request.refresh_from_db()
        step = request.steps.filter(state="waiting").first()
        if step is None:
            return request
        decide_step(request=request, by=make_user(step.function), is_approved=True, comment="")


def in_force(contract: Contract) -> ContractVersion:
    return ContractVersion.objects.get(contract=contract, state=VersionState.PUBLISHED)
