"""Pages of the clause library: what we agree to, version by version, and how it is used."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.versions.errors import VersionChangedError
from common.versions.tables import versions_table
from finance.clauses.forms import VersionForm
from finance.clauses.library import Standard, Text, read_library, standard_of
from finance.clauses.preview import agreed_table, judged_table, preview_of
from finance.clauses.services.library import cycle, edits_library, steps_of
from finance.clauses.statistics import statistics, statistics_table
from finance.clauses.words import changes_between, steps_in_words, tier_names, tiers_in_words
from finance.models import ClauseFamily, ClauseVersion, Deviation
from people.access import request_access, require
from people.models import Category

LARGEST = 2**31 - 1


@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """List the families with what is preferred, what may be had without asking, and what waits."""
    require(request_access(request), Category.CONTRACTS)
    held = read_library()
    tiers = tier_names()
    live: dict[str, dict[str, int]] = {}
    found = Deviation.objects.live().filter(account__deleted_at=None)
    for family, state in found.values_list("family__key", "state"):
        counts = live.setdefault(family, {"waiting": 0, "granted": 0})
        counts[state] += 1
    drafted = _drafted()
    rows = [
        {
            "family": family,
            "standard": held.get(family.key),
            "fallbacks": _fallbacks(held.get(family.key), tiers),
            "steps": steps_in_words(held[family.key].steps) if family.key in held else "",
            "live": live.get(family.key, {}),
            "has_draft": family.pk in drafted,
        }
        for family in ClauseFamily.objects.all()
    ]
    if asked_format(request):
        return export_response(request, _library_table(held, tiers))
    context = {"rows": rows, "may_edit": edits_library(request.user)}
    return render(request, "finance/clauses/library.html", context)


@require_safe
def clause(request: HttpRequest, key: str, version: int | None = None) -> HttpResponse:
    """Show a family in the version in force, or another version of it."""
    require(request_access(request), Category.CONTRACTS)
    family = get_object_or_404(ClauseFamily, key=key)
    return show(request, family, version_of(request, family, version))


@require_safe
def preview(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show whom the publication of a draft concerns, with the button that publishes it."""
    require(request_access(request), Category.CONTRACTS)
    family = get_object_or_404(ClauseFamily, key=key)
    draft = version_of(request, family, version)
    if draft is None or not draft.is_draft:
        return redirect("finance:clause", key)
    return show_preview(request, family, draft)


def show_preview(
    request: HttpRequest,
    family: ClauseFamily,
    draft: ClauseVersion,
    *,
    meanwhile: VersionChangedError | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the preview of a draft, with what kept it from being published."""
    tiers = tier_names()
    in_force = cycle.in_force(draft)
    before = standard_of(in_force) if in_force else None
    after = standard_of(draft)
    found = preview_of(before, after, tiers)
    offers = (
        Offer("deviations", "Open deviations", lambda: judged_table(found)),
        Offer("contracts", "Contracts", lambda: agreed_table(found)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {
        "family": family,
        "version": draft,
        "in_force": in_force,
        "preview": found,
        "changes": changes_between(before, after, tiers),
        "steps": (steps_in_words(before.steps) if before else "", steps_in_words(after.steps)),
        "may_edit": edits_library(request.user),
        "seen": cycle.seen(draft),
        "meanwhile": meanwhile,
        "problems": problems or [],
        "exports": [offer for offer, rows in zip(offers, (found.judged, found.agreed), strict=True) if rows],
    }
    return render(request, "finance/clauses/preview.html", context, status=status)


@require_safe
def use(request: HttpRequest) -> HttpResponse:
    """Show how often each text is asked for and allowed, and which might as well be pre-approved."""
    require(request_access(request), Category.CONTRACTS)
    tiers = tier_names()
    found = statistics(tiers)
    offers = (
        Offer("texts", "By text", lambda: statistics_table(found.texts, "clause-texts", tiers)),
        Offer("tiers", "By text and tier", lambda: statistics_table(found.by_tier, "clause-tiers", tiers)),
        Offer("families", "By clause", lambda: statistics_table(found.families, "clause-families", tiers)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    context = {"statistics": found, "tiers": tiers, "exports": offers}
    return render(request, "finance/clauses/use.html", context)


def version_of(request: HttpRequest, family: ClauseFamily, version: int | None) -> ClauseVersion | None:
    """Return a version as the reader may see it, the one in force for None; 404 where there is none of that number.

    Drafts are for those who write the library. A family may be without a version in force.
    """
    found = ClauseVersion.objects.filter(family=family).with_texts().select_related("author", "published_by")
    if version is None:
        return found.published().first()
    held = found.filter(version=min(version, LARGEST)).first()
    if held is None or (held.is_draft and not edits_library(request.user)):
        raise Http404("There is no such version.")
    return held


def show(
    request: HttpRequest,
    family: ClauseFamily,
    version: ClauseVersion | None,
    *,
    form: VersionForm | None = None,
    meanwhile: VersionChangedError | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a version, with what kept a draft from being saved."""
    tiers = tier_names()
    may_edit = edits_library(request.user)
    versions = ClauseVersion.objects.filter(family=family).newest_first()
    versions = versions.select_related("author", "published_by", "family")
    if not may_edit:
        versions = versions.exclude(state=ClauseVersion.State.DRAFT)
    listed = list(versions[:100])
    standard = standard_of(version) if version else None
    offers = (
        Offer("texts", "Texts", lambda: _texts_table(standard, tiers)),
        Offer("versions", "Versions", lambda: versions_table("clause-versions", listed)),
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, offers))
    other = _compared(version) if version else None
    context = {
        "family": family,
        "version": version,
        "is_draft": bool(version and version.is_draft),
        "may_edit": may_edit,
        "in_force": next((one for one in listed if one.state == ClauseVersion.State.PUBLISHED), None),
        "texts": _shown(standard, tiers) if standard else [],
        "steps": steps_in_words(standard.steps) if standard else "",
        "step_list": standard.steps if standard else (),
        "other": other,
        "changes": changes_between(standard_of(other), standard, tiers) if other and standard else [],
        "versions": listed,
        "form": form or (_form(version) if version and version.is_draft and may_edit else None),
        "seen": cycle.mark(version) if version else "",
        "meanwhile": meanwhile,
        "problems": problems or [],
        "exports": offers,
    }
    return render(request, "finance/clauses/clause.html", context, status=status)


def _form(version: ClauseVersion) -> VersionForm:
    return VersionForm(initial={"note": version.note}, steps=steps_of(version))


def _compared(version: ClauseVersion) -> ClauseVersion | None:
    """Return what a version is told apart from: the one in force for a draft, else the one before it."""
    if version.is_draft:
        return cycle.in_force(version)
    earlier = cycle.of(version).filter(published_at__lt=version.published_at)
    return earlier.order_by("-published_at").first()


def _fallbacks(standard: Standard | None, tiers: dict[str, str]) -> list[dict[str, Any]]:
    if standard is None:
        return []
    return [
        {"label": text.label, "tiers": tiers_in_words(text.tiers, tiers), "is_open": bool(text.tiers)}
        for text in standard.texts
        if not text.is_preferred
    ]


def _shown(standard: Standard, tiers: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "text": text,
            "terms": standard.shape.words(text.terms),
            "tiers": tiers_in_words(text.tiers, tiers),
        }
        for place, text in enumerate(standard.texts, start=1)
    ]


def _drafted() -> set[int]:
    return set(ClauseVersion.objects.drafts().values_list("family_id", flat=True))


def _library_table(held: dict[str, Standard], tiers: dict[str, str]) -> Table:
    rows = [(standard, text) for standard in held.values() for text in standard.texts]
    return _table("clause-library", rows, tiers)


def _texts_table(standard: Standard | None, tiers: dict[str, str]) -> Table:
    return _table("clause-texts", [(standard, text) for text in standard.texts] if standard else [], tiers)


def _table(name: str, rows: list[tuple[Standard, Text]], tiers: dict[str, str]) -> Table:
    return table_of(
        name,
        rows,
        (
            ("clause", "Clause", lambda row: row[0].label),
            ("version", "Version", lambda row: row[0].version),
            ("text", "Text", lambda row: row[1].label),
            ("kind", "Kind", lambda row: "Preferred" if row[1].is_preferred else "Fallback"),
            (
                "tiers",
                "Pre-approved for",
                lambda row: "everybody" if row[1].is_preferred else tiers_in_words(row[1].tiers, tiers),
            ),
            (
                "terms",
                "Terms",
                lambda row: "; ".join(
                    f"{label}: {value}" for label, value in row[0].shape.words(row[1].terms)
                ),
            ),
            ("wording", "Wording", lambda row: row[1].wording),
            ("approval", "Beyond it", lambda row: steps_in_words(row[0].steps)),
        ),
    )
