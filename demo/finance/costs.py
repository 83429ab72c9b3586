"""What the support desk of the sample company costs: a rate of last year, and one since the pay round."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from common.periods import add_months, month_start
from demo.finance.people import FINANCE, person
from demo.past import as_of
from finance.costs.rates import write_rate
from finance.models import CostRate
from metrics.engine.plan import today

# Months back, what the five people of the desk cost a month, and the hours that they have for tickets.
RATES = (
    (
        26,
        "36400.00",
        "610.00",
        "Five people with contributions, tools and rooms; 122 hours each are left for tickets.",
    ),
    (2, "38700.00", "610.00", "Pay round of the autumn."),
)


def set_cost_rates() -> int:
    """Enter the rates, unless some are there; return how many."""
    if CostRate.objects.exists():
        return 0
    finance = person(FINANCE)
    with transaction.atomic():
        for months, loaded_cost, hours, note in RATES:
            day = add_months(month_start(today()), -months)
            with as_of(day, CostRate):
                write_rate(
                    function="support",
                    loaded_cost=Decimal(loaded_cost),
                    capacity_hours=Decimal(hours),
                    starts_on=day,
                    note=note,
                    by=finance,
                )
    return len(RATES)
