"""Numbers of invoices and payments; ``finance.metrics`` declares them."""

from __future__ import annotations

from datetime import date

from common.periods import end_of
from finance.invoices.ageing import due_day, open_items, year_until
from finance.invoices.querysets import USUAL_TERMS_DAYS
from finance.revenue.positions import rates_on
from metrics.registry import Component, Definition, metric
from metrics.segments import segment_ratio
from metrics.statements import Slice, Statement, load
from people.models import Category

INVOICING = ("invoices", "payments")
RATES = "exchange-rates"
IN_REPORTING_CURRENCY = "In the reporting currency at the latest rate; not defined where a currency has none"


def _converted(as_of: date, sums: Statement) -> Statement:
    return load("finance", "invoices/in_reporting_currency", sums=sums, rates=rates_on(as_of))


@metric(
    "finance.balance",
    label="Balance",
    unit="money",
    category=Category.FINANCIAL_HEALTH,
    formula="Invoices issued by the day, less credit notes, less payments; a refund adds. Drafts, void invoices and "
    f"what was written off don't count. {IN_REPORTING_CURRENCY}.",
    inputs=(*INVOICING, RATES),
    standing="balance",
)
def balance(as_of: date) -> Statement:
    return _converted(as_of, load("finance", "invoices/balance", day=as_of))


@metric(
    "finance.overdue",
    label="Overdue",
    unit="money",
    category=Category.FINANCIAL_HEALTH,
    formula="What is open of invoices that were due before the day, without disputed lines. An invoice that says no "
    "day is due by the longest terms of a contract running when it was issued, else after "
    f"{USUAL_TERMS_DAYS} days. {IN_REPORTING_CURRENCY}.",
    inputs=(*INVOICING, "contracts", RATES),
    direction="down",
    standing="overdue",
)
def overdue(as_of: date) -> Statement:
    return _converted(as_of, load("finance", "invoices/overdue", items=open_items(as_of), day=as_of))


@metric(
    "finance.disputed",
    label="Disputed",
    unit="money",
    category=Category.FINANCIAL_HEALTH,
    formula="What is open of invoice lines that the customer disputes on the day, up to what is open of the invoice. "
    f"{IN_REPORTING_CURRENCY}.",
    inputs=(*INVOICING, RATES),
    direction="down",
)
def disputed(as_of: date) -> Statement:
    return _converted(as_of, load("finance", "invoices/disputed", items=open_items(as_of)))


@metric(
    "finance.disputed_share",
    label="Disputed share",
    unit="ratio",
    category=Category.FINANCIAL_HEALTH,
    formula="What is disputed on the day divided by ARR; 0 where nothing is. Not defined without ARR, before the first "
    "invoice of the account, or where a currency has no rate.",
    inputs=("finance.disputed", "finance.arr", "invoices"),
    depends_on=("finance.disputed", "finance.arr"),
    direction="down",
    component=Component(
        group="finance",
        curve=((0, 100), (0.02, 80), (0.1, 40), (0.25, 0)),
        fresh_days=7,
        why="By ARR, so that it says the same of small and large accounts. Who disputes a tenth of a year's bill "
        "doubts what it is for.",
    ),
)
def disputed_share(as_of: date) -> Statement:
    return load("finance", "invoices/disputed_share", day=as_of, after=end_of(as_of), rates=rates_on(as_of))


@metric(
    "finance.days_beyond_terms",
    label="Days beyond terms",
    unit="days",
    category=Category.FINANCIAL_HEALTH,
    formula="How many days after the due date the payments of the last 365 days came, weighed by what they settled; "
    "early ones count as in time. Not defined where nothing was paid.",
    inputs=(*INVOICING, "contracts"),
    direction="down",
    component=Component(
        group="finance",
        curve=((0, 100), (5, 90), (15, 70), (30, 40), (60, 0)),
        fresh_days=7,
        why="A week late is a payment run; a month late is either a quarrel or a shortage, and both end "
        "contracts.",
    ),
)
def days_beyond_terms(as_of: date) -> Statement:
    return load(
        "finance",
        "invoices/days_beyond",
        day=as_of,
        since=year_until(as_of),
        due=due_day(),
        first=Slice.FIRST,
        last=Slice.LAST,
    )


@metric(
    "finance.most_days_late",
    label="Oldest invoice overdue",
    unit="days",
    category=Category.FINANCIAL_HEALTH,
    formula="How many days ago the oldest invoice was due of which something undisputed is still open. Not "
    "defined where nothing is overdue.",
    inputs=(*INVOICING, "contracts"),
    direction="down",
)
def most_days_late(as_of: date) -> Statement:
    return load("finance", "invoices/most_late", items=open_items(as_of), day=as_of)


@segment_ratio(
    Definition(
        key="finance.invoice_accuracy",
        label="Invoice accuracy",
        unit="ratio",
        category=Category.FINANCIAL_HEALTH,
        formula="Invoices of the last 365 days that were never corrected, divided by all of them. A credit note, a "
        "total that its source changed and a void count as corrections, goodwill doesn't. Accounts count in the tier "
        "they have on the day.",
        inputs=INVOICING,
        direction="up",
        parts="invoices",
    ),
    label="Invoice accuracy, by segment",
)
def invoice_accuracy(as_of: date) -> Statement:
    return load("finance", "invoices/accuracy_parts", day=as_of, since=year_until(as_of))


@segment_ratio(
    Definition(
        key="finance.payment_timing",
        label="Payment timing",
        unit="days",
        category=Category.FINANCIAL_HEALTH,
        formula="How many days after the due date the payments of the last 365 days came, each day weighed by the "
        "money it settled; early ones count as in time. Money in a currency without a rate is left out. Accounts count "
        "in the tier they have on the day.",
        inputs=(*INVOICING, "contracts", RATES),
        direction="down",
        whole="money",
    ),
    label="Payment timing, by segment",
)
def payment_timing(as_of: date) -> Statement:
    return load(
        "finance",
        "invoices/late_parts",
        day=as_of,
        since=year_until(as_of),
        due=due_day(),
        rates=rates_on(as_of),
    )


@segment_ratio(
    Definition(
        key="finance.contract_compliance",
        label="Contract compliance",
        unit="ratio",
        category=Category.CONTRACTS,
        formula="What contracts obliged us to within the 365 days that end with the day and was done by its day, "
        "divided by all of it. What was found to be void, or fell due after the end of its contract, is left out. "
        "Accounts count in the tier they have on the day.",
        inputs=("contracts",),
        direction="up",
        parts="obligations",
    ),
    label="Contract compliance, by segment",
)
def contract_compliance(as_of: date) -> Statement:
    return load("finance", "compliance_parts", day=as_of, since=year_until(as_of))
