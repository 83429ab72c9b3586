"""The clause library that every installation begins with; legal makes it its own by publishing further versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEGAL, FINANCE, LEADERSHIP = "legal", "finance", "leadership"
LARGE = ("strategic", "enterprise")


@dataclass(frozen=True, kw_only=True)
class FirstText:
    """A text as it comes with the product; the first of a family is the preferred one."""

    key: str
    label: str
    wording: str
    terms: dict[str, Any] = field(default_factory=dict)
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FirstFamily:
    """A family as it comes with the product; ``steps`` are (function, hours)."""

    key: str
    label: str
    shape: str
    steps: tuple[tuple[str, int], ...]
    texts: tuple[FirstText, ...]


FIRST_FAMILIES = (
    FirstFamily(
        key="data-processing",
        label="Data processing agreement",
        shape="data_protection",
        steps=((LEGAL, 48),),
        texts=(
            FirstText(
                key="standard",
                label="Our agreement",
                wording="The provider processes personal data for the customer under its data processing agreement. "
                "It tells the customer of a breach within 72 hours of learning of it, and of a new subprocessor 14 "
                "days ahead.",
                terms={"breach_notice": 4320, "subprocessor_notice": 14, "data_location": "any"},
            ),
            FirstText(
                key="regional",
                label="Data stay in the region",
                wording="As in the provider’s agreement; further, the provider stores the customer’s data in the "
                "customer’s region alone, tells of a breach within 48 hours and of a new subprocessor 30 days ahead.",
                terms={"breach_notice": 2880, "subprocessor_notice": 30, "data_location": "region"},
                tiers=LARGE,
            ),
            FirstText(
                key="customer-paper",
                label="24 hours and one country",
                wording="As in the provider’s agreement; further, the provider stores the customer’s data in one "
                "country that the customer names, and tells of a breach within 24 hours.",
                terms={"breach_notice": 1440, "subprocessor_notice": 30, "data_location": "country"},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="custom-sla",
        label="Custom SLA",
        shape="service_level",
        steps=(("support", 48), (LEGAL, 48)),
        texts=(
            FirstText(
                key="standard",
                label="Service levels of the tier",
                wording="Support and availability follow the provider’s service description for the customer’s tier.",
            ),
            FirstText(
                key="two-hours",
                label="Two hours, 99.9%",
                wording="The provider first answers within two hours and keeps the service available for 99.9% of "
                "each month. Where it doesn’t, 5% of the monthly fee is credited.",
                terms={"first_response": 120, "uptime": "99.9", "service_credit": "5"},
                tiers=LARGE,
            ),
            FirstText(
                key="thirty-minutes",
                label="Thirty minutes, 99.95%",
                wording="The provider first answers within 30 minutes and keeps the service available for 99.95% of "
                "each month. Where it doesn’t, 10% of the monthly fee is credited.",
                terms={"first_response": 30, "uptime": "99.95", "service_credit": "10"},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="indemnification",
        label="Indemnification",
        shape="indemnity",
        steps=((LEGAL, 72), (LEADERSHIP, 72)),
        texts=(
            FirstText(
                key="standard",
                label="Intellectual property",
                wording="The provider holds the customer harmless against third parties that claim that the service "
                "infringes their intellectual property.",
                terms={"scope": "ip"},
            ),
            FirstText(
                key="with-data",
                label="Intellectual property and data",
                wording="The provider holds the customer harmless against third parties that claim that the service "
                "infringes their intellectual property, or that the provider broke data protection law.",
                terms={"scope": "ip_data"},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="payment-schedule",
        label="Payment schedule",
        shape="payment",
        steps=((FINANCE, 24),),
        texts=(
            FirstText(
                key="net-30",
                label="Net 30",
                wording="Invoices are due 30 days after they are issued.",
                terms={"payment_days": 30},
            ),
            FirstText(
                key="net-45",
                label="Net 45",
                wording="Invoices are due 45 days after they are issued.",
                terms={"payment_days": 45},
                tiers=LARGE,
            ),
            FirstText(
                key="net-60-milestones",
                label="Net 60, by milestones",
                wording="Invoices are due 60 days after they are issued. One-off work is invoiced by milestones that "
                "the parties agree.",
                terms={"payment_days": 60, "payment_options": ["milestone", "multi_year"]},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="liability-cap",
        label="Liability cap",
        shape="liability",
        steps=((LEGAL, 72), (FINANCE, 48)),
        texts=(
            FirstText(
                key="one-year",
                label="One year’s fees",
                wording="Each party’s liability is limited to the fees of the twelve months before the claim.",
                terms={"cap_fees": "1"},
            ),
            FirstText(
                key="eighteen-months",
                label="Eighteen months’ fees",
                wording="Each party’s liability is limited to the fees of the eighteen months before the claim.",
                terms={"cap_fees": "1.5"},
                tiers=LARGE,
            ),
            FirstText(
                key="two-years",
                label="Two years’ fees",
                wording="Each party’s liability is limited to the fees of the twenty-four months before the claim.",
                terms={"cap_fees": "2"},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="termination",
        label="Termination",
        shape="termination",
        steps=((LEGAL, 48), (FINANCE, 48)),
        texts=(
            FirstText(
                key="term-end",
                label="At the end of a term",
                wording="The customer may end the contract at the end of a term with 60 days’ notice. Either party "
                "may end it for cause.",
                terms={"termination_right": "term_end", "termination_notice": 60},
            ),
            FirstText(
                key="short-notice",
                label="At the end of a term, 30 days",
                wording="The customer may end the contract at the end of a term with 30 days’ notice. Either party "
                "may end it for cause.",
                terms={"termination_right": "term_end", "termination_notice": 30},
                tiers=LARGE,
            ),
        ),
    ),
    FirstFamily(
        key="contract-changes",
        label="Changes during the term",
        shape="changes",
        steps=(("customer_success", 24), (LEGAL, 48)),
        texts=(
            FirstText(
                key="at-renewal",
                label="At the annual renewal",
                wording="What was agreed changes at the annual renewal.",
                terms={"contract_changes": "annual_renewal"},
            ),
            FirstText(
                key="mid-term",
                label="Mid-term",
                wording="What was agreed may change during the term where both parties agree in writing.",
                terms={"contract_changes": "mid_term"},
                tiers=("strategic",),
            ),
        ),
    ),
    FirstFamily(
        key="late-payment",
        label="Late payment",
        shape="late_payment",
        steps=((FINANCE, 24),),
        texts=(
            FirstText(
                key="automated",
                label="Automated reminders",
                wording="The provider reminds of overdue invoices by e-mail.",
                terms={"collections": "automated"},
            ),
            FirstText(
                key="account-team",
                label="The account team first",
                wording="Before the provider reminds of overdue invoices, its account team speaks with the customer.",
                terms={"collections": "relationship"},
                tiers=LARGE,
            ),
        ),
    ),
)
