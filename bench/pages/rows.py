"""100,000 accounts, some of them with a year of everything."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from django.db import connection

ACCOUNTS = 100_000
BATCH = 10_000
RICH = 40  # accounts with a full history, over which the account pages are drawn
FIRST = (
    "North",
    "Harbour",
    "Silver",
    "Amber",
    "Craig",
    "Ferro",
    "Juniper",
    "Moss",
    "Thorn",
    "Alder",
    "Bright",
    "Stone",
)
SECOND = (
    "wind",
    "gate",
    "field",
    "brook",
    "haven",
    "lea",
    "mont",
    "worth",
    "combe",
    "stead",
    "view",
    "ridge",
)
THIRD = ("Energy", "Foods", "Labs", "Logistics", "Media", "Systems", "Trading", "Works", "Pharma", "Retail")


def load_accounts() -> None:
    """Bring the accounts in through the pipeline, then give each a standing and a contact."""
    from sync.models import Source
    from sync.pipeline.decode import decode_body
    from sync.pipeline.run import run_batch
    from sync.registry import resources

    source = Source.objects.create(slug="bench", name="Bench")
    chance = random.Random(1)

    def name(number: int) -> str:
        return f"{chance.choice(FIRST)}{chance.choice(SECOND)} {chance.choice(THIRD)} {number}"

    for start in range(0, ACCOUNTS, BATCH):
        body = json.dumps(
            [
                {
                    "external_id": f"A{number}",
                    "name": name(number),
                    "domain": f"a{number}.example",
                    "industry": chance.choice(THIRD),
                    "country": chance.choice(("DE", "US", "GB", "FR")),
                    "employees": chance.randint(5, 90_000),
                    "lifecycle": "customer",
                    "owner_email": f"owner{number % 40}@example.com",
                }
                for number in range(start, start + BATCH)
            ]
        ).encode()
        resource = resources["accounts"]
        run_batch(resource=resource, source=source, decoded=decode_body(body, resource, lines=False))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_standing")  # intake leaves a blank one for each account
        cursor.execute(STANDINGS)
        cursor.execute(CONTACTS)


STANDINGS = """
INSERT INTO accounts_standing (account_id, tier_id, mrr, arr, nrr, health, health_band, health_change, renewal_on,
    open_tickets, usage_events, usage_trend, last_touch_on, as_of, updated_at)
SELECT id, (SELECT min(id) FROM accounts_tier) + id % 4, 1000, round((random() * 900000)::numeric, 2), random(),
    round((random() * 100)::numeric, 1), 'amber', round((random() * 40 - 20)::numeric, 1),
    current_date + (id % 400)::int, id % 9, id % 5000, random(), current_date - (id % 90)::int, current_date, now()
FROM accounts_account
"""
CONTACTS = """
INSERT INTO accounts_contact (account_id, name, email, phone, title, role, is_active, custom)
SELECT id, 'Person of ' || name, '', '', 'Buyer', 'champion', true, '{}' FROM accounts_account
"""


def load_histories() -> list[int]:
    """Give some accounts a year of everything; return their ids."""
    from accounts.models import Account, TimelineEvent
    from engagement.models import Engagement
    from finance.models import Contract, ContractLine
    from finance.revenue.ledger import follow_lines, mark_all
    from product.models import UsageFeatureDay, UsageUserDay
    from support.models import Ticket

    now = datetime.now(UTC)
    today = now.date()
    chosen = list(Account.objects.order_by("pk").values_list("pk", flat=True)[: ACCOUNTS : ACCOUNTS // RICH])
    for pk in chosen:
        contract = Contract.objects.create(
            account_id=pk,
            number=f"C{pk}",
            start_on=today - timedelta(days=500),
            end_on=today + timedelta(days=60),
            currency="USD",
        )
        ContractLine.objects.bulk_create(
            ContractLine(
                contract=contract,
                product=f"Product {n}",
                start_on=contract.start_on,
                amount=1000 + n,
                billing_period="month",
            )
            for n in range(8)
        )
        Ticket.objects.bulk_create(
            Ticket(
                account_id=pk,
                subject=f"Question {n}",
                opened_at=now - timedelta(days=2 * n + 2),
                first_replied_at=now - timedelta(days=2 * n + 1),
                solved_at=None if n % 5 == 0 else now - timedelta(days=2 * n),
                product_area=f"Area {n % 5}",
            )
            for n in range(60)
        )
        UsageUserDay.objects.bulk_create(
            UsageUserDay(account_id=pk, day=today - timedelta(days=d), user=f"u{u}", events=9)
            for d in range(180)
            for u in range(6)
        )
        UsageFeatureDay.objects.bulk_create(
            UsageFeatureDay(account_id=pk, day=today - timedelta(days=d), feature=f"Feature {f}", events=9)
            for d in range(90)
            for f in range(8)
        )
        Engagement.objects.bulk_create(
            Engagement(account_id=pk, kind="call", occurred_at=now - timedelta(days=3 * n), subject="Call")
            for n in range(40)
        )
        TimelineEvent.objects.bulk_create(
            TimelineEvent(
                account_id=pk,
                kind="bench.event",
                category="support_history",
                happened_at=now - timedelta(days=n),
                title=f"Event {n}",
                subject_id=pk * 1000 + n,
            )
            for n in range(200)
        )
    mark_all()
    follow_lines(as_of=today, first=0, last=2**63 - 1)
    return chosen
