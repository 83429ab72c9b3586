"""Some 8,000 touches: calls, e-mails, meetings, events and visits to the website."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from demo import team
from demo.company.accounts import HOURS_FROM_UTC
from demo.company.chance import arrays_for, crm_id, midnight, pick, rng_for
from demo.company.contacts import pick_role, present
from demo.company.records import Account, Contact, Engagement

ENGAGEMENTS = 8_000
_WEEKS = 92

_PER_WEEK = {"strategic": 2.2, "enterprise": 0.75, "growth": 0.26, "standard": 0.10}
_KINDS: dict[str, dict[str, float]] = {
    "customer": {"email": 42, "call": 24, "meeting": 20, "event": 4, "web": 10},
    "churned": {"email": 50, "call": 26, "meeting": 14, "event": 2, "web": 8},
    "prospect": {"email": 40, "call": 18, "meeting": 12, "event": 8, "web": 22},
    "target": {"email": 52, "call": 8, "meeting": 0, "event": 8, "web": 32},
}
_INBOUND = {"email": 0.42, "call": 0.25, "meeting": 0.12, "event": 1.0, "web": 1.0}
_SUBJECTS = {
    "email": (
        "Follow-up on {topic}",
        "Question about {topic}",
        "Notes and next steps: {topic}",
        "Material on {topic}",
    ),
    "call": ("Call about {topic}", "Check-in: {topic}", "Quick call on {topic}"),
    "meeting": (
        "Business review: {topic}",
        "Workshop: {topic}",
        "Working session on {topic}",
        "Demo of {topic}",
    ),
    "event": ("Webinar: {topic}", "Customer day: {topic}", "Round table on {topic}"),
    "web": ("Visited the page on {topic}", "Downloaded the guide to {topic}", "Read the pricing of {topic}"),
}
_TOPICS = (
    "automation", "the rollout plan", "renewal options", "reporting", "onboarding of new teams", "adoption",
    "security review", "the roadmap", "integrations", "governance", "support experience", "training",
    "the value summary",
)  # fmt: skip
_SENIOR: dict[str, float] = {
    "champion": 6,
    "economic_buyer": 4,
    "executive_sponsor": 3,
    "technical_evaluator": 3,
    "legal": 0.7,
}


def build_engagements(
    seed: int, today: date, accounts: list[Account], contacts: list[Contact]
) -> list[Engagement]:
    """Return the touches, oldest first."""
    people: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        people[contact.account].append(contact)
    weeks = [today - timedelta(days=7 * back) for back in range(_WEEKS, 0, -1)]
    weights = np.array([[_weight(account, week) for week in weeks] for account in accounts])
    spread = (weights / weights.sum()).ravel()
    counts = arrays_for(seed, "engagements").multinomial(ENGAGEMENTS, spread).reshape(weights.shape)
    touches = []
    for account, row in zip(accounts, counts, strict=True):
        rng = rng_for(seed, "engagements", account.id)
        for week, count in zip(weeks, row.tolist(), strict=True):
            touches += [_touch(rng, account, people[account.id], week, today) for _ in range(count)]
    touches.sort(key=lambda touch: (touch.occurred_at, touch.account, touch.subject))
    number = rng_for(seed, "engagements").randrange(62**4, 62**5)
    for place, touch in enumerate(touches):
        prefix = "00TA" if touch.kind in {"email", "call", "web"} else "00UA"
        touch.id = crm_id(prefix, number + place)
    return touches


def _weight(account: Account, week: date) -> float:
    """Return how many touches an account may be expected to have in a week."""
    life, usual = account.life, _PER_WEEK[account.tier]
    if midnight(week) < account.created_at:
        return 0.0
    if life.end and week >= life.end:
        return usual * 0.12
    if account.lifecycle == "target":
        return usual * 0.35
    if life.start is None or week < life.start:
        return usual * 1.1
    if distress := life.distress(week):
        # The customer goes quiet long before the notice arrives.
        return usual * max(0.02, 0.7 - 1.3 * distress)
    renewal = next((term.end for term in life.terms if term.end and term.start <= week < term.end), None)
    near_renewal = renewal is not None and renewal - week < timedelta(days=75)
    return usual * (1.5 if near_renewal or week < life.start + timedelta(days=60) else 1.0)


def _touch(
    rng: random.Random, account: Account, people: list[Contact], week: date, today: date
) -> Engagement:
    lost = account.life.end is not None and week >= account.life.end
    kinds = _KINDS["churned" if lost else "customer" if account.life.start else account.lifecycle]
    kind = pick(rng, kinds)
    day = pick(
        rng, {place: 0.05 if (week + timedelta(days=place)).weekday() >= 5 else 1.0 for place in range(7)}
    )
    hours = min(max(rng.gauss(13, 2.4), 7.5), 19.5) - HOURS_FROM_UTC[account.country]
    occurred_at = midnight(week + timedelta(days=day)) + timedelta(minutes=math.floor(hours * 60))
    occurred_at = min(occurred_at, midnight(today) - timedelta(minutes=rng.randint(5, 600)))
    inbound = _INBOUND[kind] * (1 - account.life.distress(week) if kind in {"email", "call"} else 1.0)
    contact = None
    if people and not (kind == "web" and rng.random() < 0.6):
        contact = pick_role(rng, present(people, occurred_at), _SENIOR).id
    direction = "inbound" if rng.random() < inbound else "outbound"
    subject = rng.choice(_SUBJECTS[kind])
    is_customer = account.life.start is not None and account.life.start <= week and not lost
    return Engagement(
        id="",
        account=account.id,
        contact=contact,
        kind="business_review" if is_customer and subject.startswith("Business review") else kind,
        direction=direction,
        subject=subject.format(topic=rng.choice(_TOPICS)),
        occurred_at=occurred_at,
        user_email=_our_side(rng, account, kind, week),
    )


def _our_side(rng: random.Random, account: Account, kind: str, week: date) -> str | None:
    if kind == "web":
        return None
    if kind == "event":
        return rng.choice(team.emails("marketing"))
    if account.success_email and rng.random() < 0.45:
        return account.success_email
    # Whoever is about to leave has no time for our sponsor.
    if (
        account.sponsor_email
        and kind == "meeting"
        and rng.random() < 0.15 * (1 - account.life.distress(week))
    ):
        return account.sponsor_email
    return account.owner_email
