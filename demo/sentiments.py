"""What people of the sample company say of accounts: some agree with the score, some contradict it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from accounts.models import Account, HealthBand
from metrics.engine.plan import today
from metrics.health.sentiment import set_sentiment
from metrics.models import AccountSentiment, Sentiment
from people.models import User

SALES, SUCCESS = "sales@ferrowick.example", "customer-success@ferrowick.example"
SAID: Sequence[tuple[str, int, str, str, int]] = (
    (
        HealthBand.GREEN,
        Sentiment.NEGATIVE,
        SUCCESS,
        "New CFO asked for our contract and two competitors’ prices.",
        60,
    ),
    (HealthBand.GREEN, Sentiment.POSITIVE, SUCCESS, "Speaks for us at their user group in spring.", 90),
    (
        HealthBand.AMBER,
        Sentiment.NEUTRAL,
        SALES,
        "Reorganised; our sponsor keeps the budget, users are new.",
        45,
    ),
    (HealthBand.AMBER, Sentiment.VERY_NEGATIVE, SALES, "Told us on the phone that they will not renew.", 90),
    (
        HealthBand.RED,
        Sentiment.POSITIVE,
        SALES,
        "Migration paused use for a month; the new plant starts in weeks.",
        30,
    ),
    (
        HealthBand.RED,
        Sentiment.NEGATIVE,
        SUCCESS,
        "No answer to three invitations to the business review.",
        30,
    ),
)


def say_of_accounts() -> int:
    """Say something of the largest accounts of each band, unless that was done; return of how many."""
    if AccountSentiment.objects.exists():
        return 0
    people = {user.email: user for user in User.objects.filter(email__in=(SALES, SUCCESS))}
    seen: set[int] = set()
    for band, value, email, reason, days in SAID:
        customers = Account.objects.customers().filter(standing__health_band=band)
        account = customers.exclude(pk__in=seen).order_by("-standing__arr", "pk").first()
        if account is None or email not in people:
            continue
        set_sentiment(
            account=account,
            value=value,
            reason=reason,
            expires_on=today() + timedelta(days=days),
            by=people[email],
        )
        seen.add(account.pk)
    return len(seen)
