"""What people and programs get when something goes wrong; wired as handlers in abe/urls.py."""

from typing import Any
from uuid import uuid4

import structlog
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

logger = structlog.get_logger(__name__)

TITLES = {
    400: "That request can't be read",
    403: "You can't open this",
    404: "There is nothing here",
    405: "This address takes a form, and shows nothing",
    500: "Something went wrong on our side",
}


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return _answer(request, 400, "Go back, check what you typed or followed, and try once more.")


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the reason the code gave."""
    return _answer(request, 403, str(exception) or "Your function has no access to this page.")


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; a message of our own is shown, a router's list of patterns is not."""
    own = exception.args[0] if isinstance(exception, Http404) and exception.args else ""
    known = own if isinstance(own, str) and own else "The address is wrong, or the record is gone."
    return _answer(request, 404, known)


def form_address(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """Answer 405 with a page to somebody who opens an address that only takes forms, such as after signing in again."""
    answer = _answer(
        request,
        405,
        "What you sent before signing in was not done. Go back to the page it stood on and send it again.",
    )
    answer["Allow"] = refused["Allow"]
    return answer


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with an id that the log has too; touch neither database nor session, which may be down."""
    error_id = uuid4().hex[:10]
    logger.error("A page failed", error_id=error_id, path=request.path, method=request.method)
    if _wants_json(request):
        response: HttpResponse = _problem(500, "The error is recorded.", error_id=error_id)
    else:
        html = loader.get_template("500.html").render({"error_id": error_id, "title": TITLES[500]})
        response = HttpResponse(html, status=500)
    response["X-Error-Id"] = error_id
    return response


def _answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    if _wants_json(request):
        return _problem(status, detail)
    return render(
        request, "error.html", {"code": status, "title": TITLES[status], "detail": detail}, status=status
    )


def _wants_json(request: HttpRequest) -> bool:
    """Return whether a program asks: it uses the API's addresses or says that it takes JSON and no HTML."""
    if request.path.startswith("/api/"):
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _problem(status: int, detail: str, **members: Any) -> JsonResponse:
    """Return an RFC 9457 problem."""
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail, **members}
    return JsonResponse(body, status=status, content_type="application/problem+json")
