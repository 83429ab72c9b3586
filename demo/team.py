"""Who works at the sample company: one login per function, and the colleagues who look after accounts."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Ferrowick"
DOMAIN = "ferrowick.example"

# One for all sample logins, printed at start and written in the README: it guards invented data only.
PASSWORD = "every-account-counts"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person at the sample company; ``has_login`` when the shared password opens the account."""

    email: str
    name: str
    function: str
    title: str
    time_zone: str
    has_login: bool = False


def _login(function: str, name: str, title: str, time_zone: str) -> Colleague:
    email = f"{function.replace('_', '-')}@{DOMAIN}"
    return Colleague(email, name, function, title, time_zone, has_login=True)


def _colleague(function: str, name: str, title: str, time_zone: str) -> Colleague:
    email = f"{name.lower().replace(' ', '.')}@{DOMAIN}"
    return Colleague(email, name, function, title, time_zone)


LOGINS = (
    _login("sales", "Nadia Okafor", "Account executive", "America/New_York"),
    _login("customer_success", "Tomas Lindqvist", "Customer success manager", "Europe/Berlin"),
    _login("marketing", "Claire Fontaine", "Account-based marketing lead", "Europe/Paris"),
    _login("product", "Priya Raman", "Chief product officer", "America/Los_Angeles"),
    _login("engineering", "Owen Gallagher", "Vice president of engineering", "Europe/Dublin"),
    _login("support", "Mei Tan", "Senior support engineer", "Asia/Singapore"),
    _login("finance", "Henrik Dahl", "Finance partner", "Europe/Stockholm"),
    _login("legal", "Ruth Pemberton", "Commercial counsel", "Europe/London"),
    _login("people", "Amara Boateng", "People partner", "Europe/London"),
    _login("revops", "Diego Herrera", "Head of revenue operations", "America/Chicago"),
    _login("leadership", "Margaret Ellery", "Chief executive", "America/New_York"),
)

COLLEAGUES = (
    _colleague("sales", "Marcus Langley", "Senior account executive", "America/New_York"),
    _colleague("sales", "Holly Corbett", "Account executive", "America/Chicago"),
    _colleague("sales", "Rohan Kapoor", "Account executive", "America/Los_Angeles"),
    _colleague("sales", "Katrin Vogt", "Account executive", "Europe/Berlin"),
    _colleague("sales", "Luc Marchand", "Account executive", "Europe/Paris"),
    _colleague("sales", "Beth Oakley", "Account executive", "Europe/London"),
    _colleague("sales", "Kenji Mori", "Account executive", "Asia/Singapore"),
    _colleague("customer_success", "Sana Qureshi", "Customer success manager", "America/New_York"),
    _colleague("customer_success", "Elliot Nash", "Customer success manager", "America/Chicago"),
    _colleague("customer_success", "Giulia Rinaldi", "Customer success manager", "Europe/Rome"),
    _colleague("customer_success", "Pieter Bakker", "Customer success manager", "Europe/Amsterdam"),
    _colleague("customer_success", "Jia Liu", "Customer success manager", "Asia/Singapore"),
    _colleague("customer_success", "Warren Hollis", "Vice president of customer success", "America/New_York"),
    _colleague("marketing", "Ines Cardoso", "Field marketer", "Europe/Madrid"),
    _colleague("marketing", "Theo Barlow", "Demand generation manager", "America/Chicago"),
    _colleague("product", "Anders Nygaard", "Product manager", "Europe/Oslo"),
    _colleague("product", "Folake Adeyemi", "Product manager", "Europe/London"),
    _colleague("engineering", "Karthik Menon", "Engineering lead", "Asia/Kolkata"),
    _colleague("engineering", "Paige Sheldon", "Engineering lead", "America/Los_Angeles"),
    _colleague("support", "Uwe Reuter", "Support engineer", "Europe/Berlin"),
    _colleague("support", "Tessa Carver", "Support engineer", "America/Chicago"),
    _colleague("support", "Chidi Eze", "Support engineer", "Africa/Lagos"),
    _colleague("support", "Yuki Nakamura", "Support engineer", "Asia/Tokyo"),
    _colleague("finance", "Simon Fairley", "Billing manager", "Europe/London"),
    _colleague("leadership", "Graham Vance", "Chief revenue officer", "America/New_York"),
)

EVERYONE = LOGINS + COLLEAGUES

# Who sponsors large accounts, so that the functions that own none have some to look after.
SPONSORS = tuple(
    f"{name}@{DOMAIN}"
    for name in ("leadership", "product", "engineering", "finance", "legal", "graham.vance", "warren.hollis")
)


def emails(*functions: str) -> tuple[str, ...]:
    """Return the addresses of everyone in the given functions, logins first."""
    return tuple(person.email for person in EVERYONE if person.function in functions)
