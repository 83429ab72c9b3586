"""Refuse addresses that can't name anything, and answer 503 where a page can't go on without the cache."""

from collections.abc import Callable

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template import loader

from common.cache import LOST
from common.views import form_address

logger = structlog.get_logger(__name__)

RETRY_SECONDS = 30


class AddressMiddleware:
    """Answer 404 to a path with a NUL byte, which PostgreSQL can't compare with anything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass every other request on."""
        if "\x00" in request.path:
            raise Http404
        return self.get_response(request)


class FormAddressMiddleware:
    """Give a page to who opens an address that only takes forms; a session that ended leads there by its sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass everything on but Django's own empty answer to a GET."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET" and not response.content:
            return form_address(request, response)
        return response


class UnavailableMiddleware:
    """Turn a lost connection to the cache into a clear page that says to try again soon.

    Sign-in is what meets it: its limits on attempts are counted in the cache, and letting everybody try
    without limit would be worse than a pause.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a view that failed for want of the cache; others stay errors."""
        if not isinstance(exception, LOST):
            return None
        logger.error("A page needs the cache, which does not answer", path=request.path, error=str(exception))
        page = loader.get_template("503.html").render({"seconds": RETRY_SECONDS})
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
