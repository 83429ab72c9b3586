"""What the sample company sells, which features that opens, and what customers ask about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature in the product's telemetry; ``bulk`` ones report how many records they moved."""

    key: str
    event: str
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One position of the price list; ``seat_price`` is in US dollars per seat and year."""

    key: str
    name: str
    seat_price: int
    features: tuple[Feature, ...]


CORE = Product(
    "core",
    "Ferrowick Core",
    360,
    (
        Feature("workspaces", "Workspace opened"),
        Feature("tasks", "Task completed"),
        Feature("boards", "Board viewed"),
        Feature("search", "Search performed"),
        Feature("comments", "Comment posted"),
        Feature("files", "File attached"),
        Feature("mobile", "Mobile session started"),
        Feature("notifications", "Notification opened"),
    ),
)
MODULES = (
    Product(
        "automation",
        "Ferrowick Automation",
        180,
        (
            Feature("workflows", "Workflow run", bulk=True),
            Feature("approvals", "Approval decided"),
            Feature("templates", "Template applied"),
            Feature("schedules", "Schedule triggered", bulk=True),
        ),
    ),
    Product(
        "insights",
        "Ferrowick Insights",
        150,
        (
            Feature("dashboards", "Dashboard viewed"),
            Feature("reports", "Report exported"),
            Feature("forecasts", "Forecast opened"),
            Feature("alerts", "Alert acknowledged"),
        ),
    ),
    Product(
        "connect",
        "Ferrowick Connect",
        120,
        (
            Feature("imports", "Import finished", bulk=True),
            Feature("webhooks", "Webhook delivered", bulk=True),
            Feature("api", "API called", bulk=True),
            Feature("connectors", "Connector synced", bulk=True),
        ),
    ),
    Product(
        "governance",
        "Ferrowick Governance",
        140,
        (
            Feature("audit_log", "Audit log viewed"),
            Feature("roles", "Role changed"),
            Feature("single_sign_on", "Single sign-on used"),
            Feature("retention_rules", "Retention rule applied"),
        ),
    ),
)
PREMIUM_SUPPORT = "Premium support"
ONBOARDING = "Onboarding services"
TRAINING = "Administrator training"
API_OVERAGE = "API calls above the plan"
PRODUCTS = (CORE, *MODULES)
PRODUCT_BY_KEY = {product.key: product for product in PRODUCTS}

# product area → subjects of tickets; {thing} is filled with something of the customer's
TICKET_SUBJECTS: dict[str, tuple[str, ...]] = {
    "core": (
        "Board for {thing} loads slowly since this morning",
        "Comments on {thing} are missing after the weekend",
        "How do we archive finished work of {thing}?",
        "Attachments over 20 MB fail in {thing}",
        "Search does not find tasks of {thing}",
    ),
    "automation": (
        "Workflow for {thing} ran twice",
        "Approval step in {thing} stays pending",
        "Scheduled run of {thing} did not start",
        "Template for {thing} lost its fields",
    ),
    "insights": (
        "Dashboard of {thing} shows last week's figures",
        "Report export for {thing} stops at 10,000 rows",
        "Forecast for {thing} differs from our own",
        "Alert for {thing} arrived hours late",
    ),
    "connect": (
        "Import of {thing} rejects dates in day-first order",
        "Webhook for {thing} is retried without end",
        "API answers 429 during the nightly sync of {thing}",
        "Connector for {thing} asks to sign in again",
    ),
    "governance": (
        "Single sign-on fails for {thing}",
        "Who may see the audit log of {thing}?",
        "Role change for {thing} has no effect",
        "Retention rule for {thing} keeps too much",
    ),
    "billing": (
        "Invoice for {thing} names the wrong entity",
        "Please add a purchase order number for {thing}",
        "Question about seats charged for {thing}",
    ),
    "access": (
        "Please reset multi-factor sign-in for a user of {thing}",
        "New colleagues in {thing} received no invitation",
        "User of {thing} is locked out",
    ),
    "performance": (
        "Whole workspace of {thing} is slow",
        "Timeouts for {thing} every morning at nine",
        "Service unavailable for {thing}",
    ),
}
TICKET_THINGS = (
    "the warehouse",
    "procurement",
    "the Lyon site",
    "quality control",
    "field service",
    "customer onboarding",
    "the finance team",
    "month-end close",
    "the partner portal",
    "compliance",
    "supplier intake",
    "the night shift",
    "product launches",
    "claims handling",
    "the data team",
    "regional planning",
    "hiring",
    "maintenance",
    "the pilot group",
    "returns",
)
