"""Which column goes where, as a suggestion: from headings first, from what the cells look like second."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sync.declarations import Resource
from sync.files.targets import CUSTOM, REFERENCE, TEXT, Target, natural_keys, reference_ways, targets

# What people and programs call a field; compared as ``normalise_heading`` leaves them.
SYNONYMS = {
    "external_id": "id, external id, record id, key, {singular} id, {last} id, {singular} number, "
    "{singular} key, uid, uuid",
    "source_updated_at": "last modified, last modified date, modified, modified at, updated, updated at, last update, "
    "last updated, system modstamp, changed at, source updated at",
    "name": "{singular}, {singular} name, full name, company, company name, customer, customer name, firm, firma, "
    "organisation, organization, title of {singular}, client, client name, account name, display name",
    "domain": "website, web site, web, url, homepage, home page, web address, company domain, web domain, internet",
    "industry": "sector, branch, branche, vertical, industry type",
    "employees": "number of employees, employee count, headcount, staff, no of employees, mitarbeiter, company size",
    "country": "country code, billing country, country iso, land, shipping country, pays",
    "currency": "currency code, currency iso code, waehrung, wahrung, devise, ccy",
    "lifecycle": "lifecycle stage, account status, customer status, type, account type, stage of life",
    "parent": "parent account, parent company, parent id, parent account id, parent name, "
    "parent account name, ultimate parent",
    "billing_parent": "billing account, bill to, bill to account, paying account, billing parent id",
    "workspace_ids": "workspaces, workspace, workspace id, tenants, tenant ids, telemetry ids",
    "owner_email": "owner, account owner, owner e mail, account owner email, account manager email, account executive",
    "sponsor_email": "sponsor, executive sponsor, sponsor e mail",
    "tier": "account tier, segment, customer tier, class",
    "account": "account id, account name, company, company name, customer, customer id, customer name, client, firma",
    "contract": "contract id, contract number, agreement",
    "contact": "contact id, contact name, contact email, person",
    "email": "e mail, email address, e mail address, mail, work email",
    "phone": "telephone, phone number, tel, telefon, mobile, work phone",
    "title": "job title, position, role title, job",
    "role": "buying role, contact role, committee role",
    "is_active": "active, enabled, still there",
    "number": "no, nr, {singular} number, {singular} no, reference, document number",
    "amount": "value, sum, total, betrag, price, net amount, montant",
    "quantity": "qty, count, seats, units, menge",
    "start_on": "start, start date, starts on, begin, from, valid from, beginn",
    "end_on": "end, end date, ends on, until, to, valid until, expiry, expires on, ende",
    "opened_at": "created, created at, created date, opened, open date, date opened",
    "opened_on": "created, created date, opened, open date, date opened",
    "closed_at": "closed, close date, closed date",
    "close_on": "close date, expected close, closing date",
    "occurred_at": "date, time, timestamp, when, occurred, happened at, activity date",
    "on": "date, day, as of, valid on",
    "issued_on": "date, invoice date, issue date, issued, document date",
    "due_on": "due, due date, payable by",
    "paid_on": "date, payment date, paid, received on, value date",
    "solved_at": "solved, resolved, resolved at, solved date",
    "first_replied_at": "first reply, first response, first response at",
    "subject": "title, summary, topic, betreff",
    "product": "product name, item, sku, plan, article",
    "discount_percent": "discount, discount %, rabatt",
    "user_email": "user, colleague, owner, assigned to",
    "requester_email": "requester, requested by, reporter",
    "assignee_email": "assignee, assigned to, agent, owner",
}
PUNCTUATION = re.compile(r"[^0-9a-z%]+")


def normalise_heading(text: str) -> str:
    """Return a heading as it is compared: no case, accents, signs or ``camelCase``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return PUNCTUATION.sub(" ", plain).strip()


def signature(names: Sequence[str]) -> str:
    """Return what tells files of one heading from others, whatever the order of their columns."""
    return hashlib.sha256("\n".join(sorted(map(normalise_heading, names))).encode()).hexdigest()


def suggest_columns(
    resource: Resource, names: Sequence[str], findings: Sequence[dict[str, Any]]
) -> list[str]:
    """Return where each column may go: the name of a field, or nothing."""
    known = targets(resource)
    headings = [normalise_heading(name) for name in names]
    taken: dict[str, int] = {}
    for words in (_own_names(known), _synonyms(resource, known)):
        for place, heading in enumerate(headings):
            name = words.get(heading, "")
            if name and name not in taken and place not in taken.values():
                taken[name] = place
    for name, target in known.items():
        if name in taken:
            continue
        hints = [place for place, finding in enumerate(findings) if _looks_like(finding, target)]
        # Two columns of addresses, or two fields for one, are for a person to tell apart.
        rivals = [
            other
            for other in known.values()
            if other.name not in taken and _hint_of(other) == _hint_of(target)
        ]
        if len(hints) == 1 and hints[0] not in taken.values() and len(rivals) == 1:
            taken[name] = hints[0]
    by_place = {place: name for name, place in taken.items()}
    return [by_place.get(place, "") for place in range(len(names))]


def suggest_key(resource: Resource, mapped: set[str]) -> str:
    """Return what tells records apart: the external id where a column holds it, else the best natural key."""
    if "external_id" in mapped:
        return "external_id"
    return next((key for key, names in natural_keys(resource).items() if mapped.issuperset(names)), "")


def suggest_way(resource: Resource, name: str, heading: str, finding: dict[str, Any]) -> str:
    """Return how the cells of a reference column seem to name their record."""
    ways = reference_ways(resource, name)
    words = normalise_heading(heading).split()
    if finding["hint"] in ways:
        return str(finding["hint"])
    if "id" in words or "key" in words:
        return "id"
    if "name" in ways and ("name" in words or any(" " in text.strip() for text in finding["samples"])):
        return "name"
    return "id"


def custom_key(heading: str) -> str:
    """Return the own field that a heading suggests."""
    return CUSTOM + (normalise_heading(heading).replace(" ", "_")[:100] or "field")


def _own_names(known: dict[str, Target]) -> dict[str, str]:
    own = {normalise_heading(name): name for name in known}
    return own | {normalise_heading(target.label): name for name, target in known.items()}


def _synonyms(resource: Resource, known: dict[str, Target]) -> dict[str, str]:
    words: dict[str, str] = {}
    for name in known:
        for word in (
            SYNONYMS.get(name, "")
            .format(singular=resource.singular, last=resource.singular.split()[-1])
            .split(", ")
        ):
            words.setdefault(normalise_heading(word), name)
    return words


def _hint_of(target: Target) -> str:
    if target.kind == REFERENCE or target.kind != TEXT:
        return ""
    return "email" if target.name.endswith("email") else target.name


def _looks_like(finding: dict[str, Any], target: Target) -> bool:
    return bool(finding["hint"]) and finding["hint"] == _hint_of(target)
