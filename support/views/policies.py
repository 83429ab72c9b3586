"""Pages of policies: what counts, each version, and who may write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from common.versions.tables import versions_table
from people.access import Access, request_access, require
from people.guards import signed_in
from people.models import Category
from support.models import PolicySet
from support.policies.content import content_of
from support.policies.reading import PRIORITY_LABELS, policies_table, shown_policies
from support.policies.services import EDITORS, REFUSED, in_force
from support.policies.words import broken_policies, differences

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
State = PolicySet.State
LARGEST = 2**31 - 1


def readers_only(view: View[P]) -> View[P]:
    """Refuse a page to whoever may not read support history."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.SUPPORT_HISTORY)
        return view(request, *args, **kwargs)

    return guarded


def editors_only(view: View[P]) -> View[P]:
    """Refuse a page to all but support and RevOps."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.SUPPORT_HISTORY)
        if not edits(request):
            raise PermissionDenied(REFUSED)
        return view(request, *args, **kwargs)

    return guarded


def edits(request: HttpRequest) -> bool:
    """Return whether the reader writes policies."""
    return signed_in(request).function in EDITORS


def version_of(request: HttpRequest, version: int) -> PolicySet:
    """Return a version that the reader may see: drafts are for editors. Raises Http404 and PermissionDenied."""
    people = PolicySet.objects.select_related("author", "published_by", "retired_by", "based_on")
    found = people.filter(version=version).first() if version <= LARGEST else None
    if found is None:
        raise Http404("There is no such version of the policies.")
    if found.is_draft and not edits(request):
        raise PermissionDenied(f"Drafts of policies are for whoever writes them. {REFUSED}")
    return found


@require_safe
@readers_only
def policies(request: HttpRequest) -> HttpResponse:
    """Show the policies in force, and every version."""
    access, may_write = request_access(request), edits(request)
    held = in_force()
    shown = shown_policies(content_of(held), access) if held is not None else []
    versions = _versions(with_drafts=may_write)
    exports = [
        Offer("targets", "Targets in force", lambda: policies_table("support-policies", shown)),
        Offer("versions", "Versions", lambda: versions_table("support-policy-versions", versions)),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "held": held,
        "shown": shown,
        "priorities": PRIORITY_LABELS,
        "versions": versions,
        "broken": [one for one in shown if one.problems],
        "overdue": _overdue(versions),
        "scheduled": [one for one in versions if one.state == State.SCHEDULED],
        "may_write": may_write,
        "exports": exports,
    }
    return render(request, "support/policies/list.html", context)


@require_safe
@readers_only
def policy_version(request: HttpRequest, version: int) -> HttpResponse:
    """Show one version: its policies, and what changed from the one before."""
    held = version_of(request, version)
    access, may_write = request_access(request), edits(request)
    content = content_of(held)
    shown = shown_policies(content, access)
    other = compared_with(held)
    exports = [Offer("targets", "Targets", lambda: policies_table(f"support-policies-{version}", shown))]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "held": held,
        "shown": shown,
        "priorities": PRIORITY_LABELS,
        "other": other,
        "differences": differences(content_of(other), content, access) if other is not None else None,
        "broken": [one for one in shown if one.problems],
        "may_write": may_write,
        "exports": exports,
    }
    return render(request, "support/policies/version.html", context)


def compared_with(held: PolicySet) -> PolicySet | None:
    """Return what a version is told against: a draft against the one in force, others against the one before."""
    if held.state in (State.DRAFT, State.SCHEDULED) and (present := in_force()) is not None:
        return present
    earlier = PolicySet.objects.exclude(state__in=(State.DRAFT, State.SCHEDULED)).filter(
        version__lt=held.version
    )
    return earlier.order_by("-published_at", "-version").first()


def differences_told(before: PolicySet | None, after: PolicySet, access: Access) -> list[str]:
    """Return what changed between two versions, as far as the reader may know it."""
    return differences(content_of(before) if before is not None else (), content_of(after), access)


def _versions(*, with_drafts: bool) -> list[PolicySet]:
    found = PolicySet.objects.select_related("author", "published_by").newest_first()
    return list(found if with_drafts else found.exclude(state=State.DRAFT))


def _overdue(versions: Sequence[PolicySet]) -> list[tuple[PolicySet, Any]]:
    """Return scheduled versions that can't come into force on their day, with what is gone."""
    waiting = [one for one in versions if one.state == State.SCHEDULED]
    return [(one, broken) for one in waiting if (broken := broken_policies(one))]
