"""The floor of the queue: a minimal keyset page over the same rows; and the addresses of both."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

PAGE = """<!doctype html><html lang="en"><title>Queue</title><table>{% for row in rows %}<tr>
<td>{{ row.1|date:"Y-m-d H:i" }}</td><td><a href="/support/tickets/{{ row.0 }}/">{{ row.2 }}</a></td>
<td><a href="/accounts/{{ row.5 }}/">{{ row.6 }}</a></td><td>{{ row.3 }}</td><td>{{ row.4 }}</td><td>{{ row.7 }}</td>
<td>{{ row.8 }}</td><td>{{ row.9 }}</td><td>{{ row.10 }}</td></tr>{% endfor %}</table>
<a href="?due={{ last.1|date:"c" }}&id={{ last.0 }}">Next</a>"""
ROWS = """
SELECT place.ticket_id, place.order_at, ticket.subject, ticket.priority, ticket.status, ticket.account_id, account.name,
    standing.arr, standing.renewal_on, team.name, engineer.name
FROM support_queueplace AS place
JOIN support_ticket AS ticket ON ticket.id = place.ticket_id
JOIN accounts_account AS account ON account.id = ticket.account_id
LEFT JOIN accounts_standing AS standing ON standing.account_id = account.id
LEFT JOIN support_assignment AS held ON held.ticket_id = place.ticket_id AND held.ended_at IS NULL
LEFT JOIN support_supportteam AS team ON team.id = held.team_id
LEFT JOIN people_user AS engineer ON engineer.id = held.engineer_id
WHERE (place.order_at, place.ticket_id) > (%s, %s)
ORDER BY place.order_at, place.ticket_id
LIMIT 50
"""


def floor_queue(request: HttpRequest) -> HttpResponse:
    """A keyset page of 50 tickets in one query, with a session."""
    assert request.user.is_authenticated
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [datetime.fromisoformat(request.GET["due"]), int(request.GET["id"])])
        rows = cursor.fetchall()
    return HttpResponse(_template().render({"rows": rows, "last": rows[-1]}))


@cache
def _template() -> Any:
    return engines["django"].from_string(PAGE)


urlpatterns = [path("floor/queue/", floor_queue), path("", include("abe.urls"))]
