"""Contracts, invoices, payments and exchange rates, as billing or the CLM sends them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Concat, NullIf
from msgspec import UNSET, Meta, UnsetType

from accounts.timeline import timeline_rule
from finance.contracts.effects import record_versions_of_contracts, record_versions_of_lines
from finance.effects import mark_accounts_of_contracts, mark_accounts_of_lines
from finance.invoices.effects import settle_by_payments, write_lines_of_invoices
from finance.invoices.records import InvoiceRecord, PaymentRecord, keep_lines
from finance.models import BillingPeriod, Contract, ContractLine, ExchangeRate, Invoice, Payment
from people.models import Category
from sync.declarations import Record, Ref, Resource, Rule
from sync.normalise import Currency, Name, keep_currency, keep_name
from sync.registry import resources

Days = Annotated[int, Meta(ge=0, le=36_600)]
FirstDay = Annotated[date, Meta(description="First day.")]
DayAfter = Annotated[date, Meta(description="First day after; null: open-ended.")]


class ContractRecord(Record):
    """An agreement with an account."""

    account: Ref | UnsetType = UNSET
    number: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    start_on: FirstDay | UnsetType = UNSET
    end_on: DayAfter | UnsetType | None = UNSET
    notice_days: Days | UnsetType | None = UNSET
    auto_renew: bool | UnsetType | None = UNSET
    renewal_months: Annotated[int, Meta(ge=0, le=1200)] | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    payment_terms_days: Days | UnsetType | None = UNSET


class ContractLineRecord(Record):
    """One priced position of a contract, active from ``start_on`` to before ``end_on``."""

    contract: Ref | UnsetType = UNSET
    product: Name | UnsetType = UNSET
    start_on: FirstDay | UnsetType = UNSET
    end_on: DayAfter | UnsetType | None = UNSET
    amount: (
        Annotated[
            Decimal,
            Meta(
                description="In the contract's currency, for the whole quantity and one billing period, before "
                "discount_percent. Not negative; kept to 4 decimals."
            ),
        ]
        | UnsetType
    ) = UNSET
    billing_period: (
        Annotated[
            BillingPeriod,
            Meta(description="What one amount pays for; one_off and usage count as no recurring revenue."),
        ]
        | UnsetType
    ) = UNSET
    quantity: (
        Annotated[
            Decimal | None,
            Meta(description="Units sold, for information: amount already covers all of them."),
        ]
        | UnsetType
    ) = UNSET
    discount_percent: (
        Annotated[Decimal | None, Meta(description="Recurring discount from 0 to 100, taken off amount.")]
        | UnsetType
    ) = UNSET
    is_trial: bool | UnsetType | None = UNSET
    is_per_seat: (
        Annotated[
            bool | None,
            Meta(
                description="Whether quantity counts seats; a product is sold by seat where any line says so."
            ),
        ]
        | UnsetType
    ) = UNSET


class ExchangeRateRecord(Record):
    """What one unit of a currency is worth in the reporting currency, from a day until the next rate."""

    currency: Currency | UnsetType = UNSET
    on: date | UnsetType = UNSET
    rate: Annotated[Decimal, Meta(description="Above zero; kept to 8 decimals.")] | UnsetType = UNSET


resources.register(
    Resource(
        key="contracts",
        model=Contract,
        record=ContractRecord,
        singular="contract",
        category=Category.CONTRACTS,
        references={"account": "accounts"},
        normalise={"currency": keep_currency},
        filters=("account", "number", "currency", "auto_renew"),
        rules=(
            Rule(
                "finance_contract_ends_after_start",
                "end_on",
                "not_after_start",
                "end_on must be after start_on.",
            ),
        ),
        effects=(
            mark_accounts_of_contracts,
            record_versions_of_contracts,
            timeline_rule(
                "finance.contract_started",
                model=Contract,
                category=Category.CONTRACTS,
                happened_at="start_on",
                title=Concat(
                    Value("Contract started: "), Coalesce(NullIf(F("number"), Value("")), Value("unnumbered"))
                ),
            ),
            timeline_rule(
                "finance.contract_ended",
                model=Contract,
                category=Category.CONTRACTS,
                happened_at="end_on",
                title=Concat(
                    Value("Contract term ends: "),
                    Coalesce(NullIf(F("number"), Value("")), Value("unnumbered")),
                ),
                when=Q(end_on__isnull=False),
            ),
        ),
    )
)

resources.register(
    Resource(
        key="contract-lines",
        model=ContractLine,
        record=ContractLineRecord,
        singular="contract line",
        category=Category.CONTRACTS,
        guarded={"amount": Category.REVENUE, "discount_percent": Category.REVENUE},
        references={"contract": "contracts"},
        normalise={"product": keep_name},
        filters=("contract", "product", "billing_period", "is_trial", "is_per_seat", "amount"),
        rules=(
            Rule(
                "finance_contractline_ends_after_start",
                "end_on",
                "not_after_start",
                "end_on must be after start_on.",
            ),
            Rule(
                "finance_contractline_amount_not_negative", "amount", "negative", "amount can't be negative."
            ),
            Rule(
                "finance_contractline_discount_is_percent",
                "discount_percent",
                "out_of_range",
                "discount_percent must lie between 0 and 100.",
            ),
        ),
        effects=(mark_accounts_of_lines, record_versions_of_lines),
    )
)

resources.register(
    Resource(
        key="exchange-rates",
        model=ExchangeRate,
        record=ExchangeRateRecord,
        singular="exchange rate",
        category=None,
        normalise={"currency": keep_currency},
        filters=("currency", "on"),
        rules=(
            Rule("finance_exchangerate_positive", "rate", "not_positive", "rate must be above zero."),
            Rule(
                "finance_exchangerate_one_a_day",
                "on",
                "taken",
                "There is a rate of this currency on this day already; change or delete that one.",
            ),
        ),
    )
)

resources.register(
    Resource(
        key="invoices",
        model=Invoice,
        record=InvoiceRecord,
        singular="invoice",
        category=Category.FINANCIAL_HEALTH,
        references={"account": "accounts", "corrects": "invoices"},
        parts={"lines": {"account": "accounts", "contract_line": "contract-lines"}},
        normalise={"number": keep_name, "currency": keep_currency, "lines": keep_lines},
        filters=("account", "number", "kind", "status", "issued_on", "currency", "corrects"),
        rules=(
            Rule(
                "finance_invoice_only_credit_notes_correct",
                "corrects",
                "not_a_credit_note",
                "Only a credit note corrects an invoice.",
            ),
            Rule(
                "finance_invoice_period_ends_after_start",
                "period_end",
                "not_after_start",
                "period_end must be after period_start.",
            ),
        ),
        effects=(
            write_lines_of_invoices,
            # Invoices come every month and would drown the rest; a correction is news.
            timeline_rule(
                "finance.credit_note_issued",
                model=Invoice,
                category=Category.FINANCIAL_HEALTH,
                happened_at="issued_on",
                title=Concat(Value("Credit note issued: "), F("number")),
                when=Q(kind="credit_note", status="issued"),
            ),
        ),
    )
)

resources.register(
    Resource(
        key="payments",
        model=Payment,
        record=PaymentRecord,
        singular="payment",
        category=Category.FINANCIAL_HEALTH,
        references={"invoice": "invoices", "account": "accounts"},
        normalise={"currency": keep_currency},
        filters=("account", "invoice", "paid_on", "currency", "reference"),
        rules=(
            Rule(
                "finance_payment_for_somebody",
                "account",
                "required",
                "A payment names an invoice or an account.",
            ),
            Rule("finance_payment_of_something", "amount", "zero", "amount can't be zero."),
        ),
        effects=(settle_by_payments,),
    )
)
