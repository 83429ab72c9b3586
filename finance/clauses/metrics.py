"""What clauses of contracts cost where they aren't kept."""

from __future__ import annotations

from datetime import date

from finance.clauses.agreed import promised_by_contracts
from finance.contracts.metrics import CONTRACTS
from finance.revenue.ledger import LEDGER
from finance.revenue.positions import rates_on
from metrics.registry import metric
from metrics.statements import Statement, load
from people.models import Category, Level

# Counted by support, from the ledgers of tickets.
MISSED = "support.agreed_missed_month"


@metric(
    "finance.service_credits",
    label="Service credits of the month",
    unit="money",
    category=Category.REVENUE,
    level=Level.TOTALS,
    formula="Where a first response that a contract promises was missed from the first of the month to the day: the "
    "share of the monthly fee that the clause credits, of each running contract with the shortest promise, at the fees "
    "and exchange rates of the day. Credits for availability don't count. Not defined without such a clause.",
    inputs=(MISSED, *CONTRACTS, "exchange-rates"),
    direction="down",
    depends_on=(LEDGER, MISSED),
)
def service_credits(as_of: date) -> Statement:
    return load(
        "finance",
        "service_credits",
        promised=promised_by_contracts(as_of),
        missed=MISSED,
        rates=rates_on(as_of),
        day=as_of,
    )
