"""The sample company's clauses in use: what its contracts say, and who was allowed, asks for, or was refused what.

Made through the services, as its people would on the pages.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from accounts.models import Account
from demo.finance.people import REJECT, RETURN, decide
from demo.past import as_of
from demo.team import DOMAIN
from finance.clauses.querysets import DEVIATION
from finance.clauses.services.deviations import Wanted, request_deviation, withdraw_deviation
from finance.clauses.services.library import (
    create_clause_draft,
    draft_texts,
    save_clause_draft,
    steps_of,
)
from finance.clauses.services.paper import record_clause
from finance.models import ClauseFamily, Contract, Deviation
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.models import User

# (tier, family, text, own wording, terms, reason, what became of it: each letter a decision in its turn)
Ask = tuple[str, str, str, str, dict[str, object], str, str]
WITHDRAW = "w"
ASKS: tuple[Ask, ...] = (
    ("strategic", "payment-schedule", "net-60-milestones", "", {}, "Their group pays in 60 days.", ""),
    ("strategic", "liability-cap", "two-years", "", {}, "Their policy asks for two years’ fees.", ""),
    ("strategic", "data-processing", "customer-paper", "", {}, "Data may not leave Switzerland.", ""),
    (
        "strategic",
        "custom-sla",
        "thirty-minutes",
        "",
        {},
        "Production lines stand still otherwise.",
        WITHDRAW,
    ),
    ("enterprise", "liability-cap", "two-years", "", {}, "A condition of their board.", "aa"),
    ("enterprise", "indemnification", "with-data", "", {}, "They process health data with us.", "a"),
    ("enterprise", "payment-schedule", "net-60-milestones", "", {}, "New treasury policy.", REJECT),
    ("enterprise", "termination", "short-notice", "", {}, "Their procurement asks for 30 days.", ""),
    ("growth", "payment-schedule", "net-45", "", {}, "They were promised it in the offer.", "a"),
    ("growth", "payment-schedule", "net-45", "", {}, "They pay their own suppliers so.", "a"),
    ("growth", "payment-schedule", "net-45", "", {}, "The same as with their other vendors.", "a"),
    ("growth", "payment-schedule", "net-45", "", {}, "Seasonal business.", "a"),
    ("growth", "payment-schedule", "net-45", "", {}, "Asked at the renewal.", "a"),
    ("growth", "payment-schedule", "net-45", "", {}, "They change banks this quarter.", ""),
    ("growth", "termination", "short-notice", "", {}, "They want the shorter notice.", RETURN),
    (
        "standard",
        "liability-cap",
        "",
        "Our liability is unlimited.",
        {},
        "Their template, not negotiable they say.",
        "ar",
    ),
    (
        "strategic",
        "payment-schedule",
        "",
        "Invoices are due 90 days after the month in which they are received.",
        {"payment_days": 90},
        "Group-wide terms of the new parent company.",
        "",
    ),
)
# What signed papers say: (tier, family, text).
PAPERS = (
    ("strategic", "custom-sla", "thirty-minutes"),
    ("strategic", "late-payment", "account-team"),
    ("strategic", "contract-changes", "mid-term"),
    ("enterprise", "custom-sla", "two-hours"),
    ("enterprise", "payment-schedule", "net-45"),
    ("enterprise", "contract-changes", "mid-term"),
    ("growth", "payment-schedule", "net-30"),
)
HOLDERS = 3


def put_clauses_to_use() -> bool:
    """Write down what contracts say, ask for deviations, decide some; return whether that was still to be done."""
    if Deviation.objects.exists():
        return False
    # So that nobody is mailed about it.
    with as_of(today()):
        _put_to_use()
    return True


def _put_to_use() -> None:
    people = {user.email: user for user in User.objects.filter(email__endswith=f"@{DOMAIN}", is_active=True)}
    legal, sales = people[f"legal@{DOMAIN}"], people[f"sales@{DOMAIN}"]
    accounts = {tier: _customers(tier) for tier in ("strategic", "enterprise", "growth", "standard")}
    for tier, family, text in PAPERS:
        for account in accounts[tier][:HOLDERS]:
            _record(account, family, text, legal)
    asked: set[tuple[int, str]] = set()
    for place, (tier, family, text, wording, terms, reason, fate) in enumerate(ASKS):
        turned = [*accounts[tier][place:], *accounts[tier][:place]]
        free = [one for one in turned if (one.pk, family) not in asked]
        if free:
            asked.add((free[0].pk, family))
            wanted = Wanted(text=text, wording=wording, terms=terms)
            _ask(free[0], family, wanted, reason, fate, sales)
    _draft(legal)


def _customers(tier: str) -> list[Account]:
    found = Account.objects.customers().filter(standing__tier__slug=tier)
    return list(found.order_by("-standing__arr", "pk")[:24])


def _record(account: Account, family: str, text: str, by: User) -> None:
    contract = (
        Contract.objects.running_on(today()).filter(account=account).order_by("-start_on", "pk").first()
    )
    if contract is not None:
        record_clause(
            contract=contract,
            family=ClauseFamily.objects.get(key=family),
            wanted=Wanted(text=text),
            signed_on=max(contract.start_on, today() - timedelta(days=200)),
            paper="Order form, special terms",
            by=by,
        )


def _ask(account: Account, family: str, wanted: Wanted, reason: str, fate: str, by: User) -> None:
    held = request_deviation(
        account=account, family=ClauseFamily.objects.get(key=family), wanted=wanted, reason=reason, by=by
    )
    if fate == WITHDRAW:
        withdraw_deviation(deviation=held, by=by)
        return
    comment = "Which notice would they settle for?" if fate == RETURN else "Beyond what we can carry."
    decide(ApprovalRequest.objects.filter(kind=DEVIATION, subject_id=held.pk).first(), fate, comment)


def _draft(legal: User) -> None:
    """Begin the next version of the payment schedule, for legal to look at the preview of."""
    draft = create_clause_draft(family=ClauseFamily.objects.get(key="payment-schedule"), by=legal)
    texts = [
        replace(text, tiers=[*text.tiers, "growth"]) if text.key == "net-45" else text
        for text in draft_texts(draft)
    ]
    note = "Growth accounts get net 45 without asking: nearly all of them were approved."
    save_clause_draft(version=draft, by=legal, texts=texts, steps=steps_of(draft), note=note)
