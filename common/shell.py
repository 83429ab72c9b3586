"""What the frame around every page needs: navigation, theme, as-of day and the reader's function."""

from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from common.asof import requested_as_of
from common.navigation import NavGroup, navigation_for

THEMES = ("system", "light", "dark")
THEME_COOKIE = "abe_theme"
NAV_COOKIE = "abe_nav"
ONE_YEAR = 365 * 24 * 3600
LONGEST_ADDRESS = 8000
# A new day starts the list again, so the place in the old one must not be carried along.
DROPPED_WITH_AS_OF = frozenset({"as_of", "after", "before", "cursor", "page"})


class Shell:
    """The frame of one request; everything is worked out only when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def function(self) -> str:
        """The reader's function, or nothing when nobody is signed in."""
        return str(getattr(getattr(self.request, "user", AnonymousUser()), "function", "") or "")

    @cached_property
    def function_label(self) -> str:
        """The function in words."""
        display = getattr(getattr(self.request, "user", None), "get_function_display", None)
        return str(display()) if display else self.function.replace("_", " ").capitalize()

    @cached_property
    def navigation(self) -> list[NavGroup]:
        """The left navigation for this reader."""
        return navigation_for(self.request, self.function)

    @cached_property
    def theme(self) -> str:
        """``light``, ``dark`` or ``system``."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "system"

    @cached_property
    def nav_is_slim(self) -> bool:
        """Whether the reader folded the navigation to icons."""
        return self.request.COOKIES.get(NAV_COOKIE) == "slim"

    @cached_property
    def as_of(self) -> date | None:
        """The day asked for in the URL, or ``None`` for the newest figures."""
        return requested_as_of(self.request)

    @cached_property
    def today(self) -> date:
        """Today in the reader's time zone."""
        return timezone.localdate()

    @cached_property
    def kept_params(self) -> list[tuple[str, str]]:
        """The URL's other parameters, which the as-of form carries along."""
        return [
            (key, value)
            for key, values in self.request.GET.lists()
            if key not in DROPPED_WITH_AS_OF
            for value in values
        ]

    @cached_property
    def search_url(self) -> str:
        """Where search and palette ask, or nothing while no search page exists."""
        return _reverse_or_nothing("search")

    @cached_property
    def query(self) -> str:
        """What the reader last searched for, when they stand on the search page."""
        return self.request.GET.get("q", "")[:200] if self.request.path == self.search_url else ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates the frame as ``shell`` (a context processor)."""
    return {"shell": Shell(request)}


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme (``theme``) or the navigation's width (``nav``) in a cookie, then go to ``next``.

    Unknown values are ignored, and an address outside this site leads home.
    """
    target = own_address(request, request.POST.get("next", "")) or "/"
    response: HttpResponse = (
        HttpResponse(status=204) if request.headers.get("X-Requested-With") else HttpResponseRedirect(target)
    )
    for cookie, value, allowed in (
        (THEME_COOKIE, request.POST.get("theme", ""), THEMES),
        (NAV_COOKIE, request.POST.get("nav", ""), ("slim", "wide")),
    ):
        if value in allowed:
            response.set_cookie(
                cookie, value, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure(), httponly=False
            )
    return response


def own_address(request: HttpRequest, address: str) -> str:
    """Return an address of this site as it is, nothing for any other, nor for what is no address."""
    # Django's own redirect would take a word for the name of a view.
    is_path = address.startswith("/") and len(address) <= LONGEST_ADDRESS
    is_ours = is_path and url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if is_ours else ""


def _reverse_or_nothing(name: str) -> str:
    """Return the URL of a named page, or nothing when the page doesn't exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
