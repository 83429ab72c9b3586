"""The first screen of each function."""

from __future__ import annotations

from allauth.account.views import login as sign_in
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.home import HomePanel, Reader, home_of, home_panels
from accounts.lenses.doubts import doubts_on
from accounts.lenses.figures import explain_url
from accounts.lenses.loading import SPAN, Card, as_wide_as_asked, bulkhead, fill_rows, load_card
from accounts.models import Account
from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.htmx import render_page
from people.access import request_access
from people.models import User

ONLY_TODAY = "Only for today: where accounts stand is not kept for past days"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the reader's function looks at first; to anybody else the sign-in page itself."""
    if not request.user.is_authenticated:
        page: HttpResponse = sign_in(request)
        return page
    reader = _reader(request)
    wanted = [panel for panel in home_of(reader.user.function) if panel.is_for(reader)]
    left_out = [panel for panel in wanted if _is_past(request) and panel.is_today_only]
    left_out = [panel for panel in left_out if reader.access.allows(panel.category, panel.level)]
    context = {
        "cards": _cards(request, reader, [panel for panel in wanted if panel not in left_out]),
        "left_out": [panel.title for panel in left_out],
        "has_accounts": Account.objects.live().exists(),
        "as_of": requested_as_of(request),
        "day": reader.as_of,
    }
    return render_page(request, "accounts/home.html", "accounts/_home.html", context)


@require_safe
def home_panel(request: HttpRequest, key: str) -> HttpResponse:
    """Show one card of the home page, for a lazy one or a retry."""
    panel = home_panels.get(key)
    if panel is None:
        raise Http404("There is no such panel.")
    card = _cards(request, _reader(request), [panel], with_lazy=True)[0]
    if asked_format(request) and (table := card.rows_for_file()):
        return export_response(request, table)
    card = as_wide_as_asked(card, request.GET.get(SPAN, ""))
    return render_page(request, "accounts/home_panel.html", "accounts/_card.html", {"card": card})


def _reader(request: HttpRequest) -> Reader:
    assert isinstance(request.user, User)
    day = requested_as_of(request) or timezone.now().date()
    return Reader(user=request.user, as_of=day, access=request_access(request), doubts=doubts_on(day))


def _is_past(request: HttpRequest) -> bool:
    day = requested_as_of(request)
    return day is not None and day < timezone.now().date()


def _cards(
    request: HttpRequest, reader: Reader, wanted: list[HomePanel], *, with_lazy: bool = False
) -> list[Card]:
    day = requested_as_of(request)
    query = f"?as_of={day.isoformat()}" if day else ""
    is_past = _is_past(request)
    with bulkhead() as held:
        loaded = [
            load_card(
                panel,
                lambda panel=panel: panel.load(reader),  # type: ignore[misc]
                reader.access,
                url=f"{reverse('home_panel', args=[panel.key])}{query}",
                how_url=explain_url(panel.explain, None, day),
                doubts=reader.doubts,
                held=held,
                is_lazy=panel.is_lazy and not with_lazy,
                withheld=ONLY_TODAY if is_past and panel.is_today_only else "",
            )
            for panel in wanted
        ]
    return loaded if with_lazy else fill_rows(loaded)
