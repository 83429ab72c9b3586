"""Health checks: opened once for each turn, gone through, closed with what was true then."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account
from metrics.engine.plan import today
from people.services import change_access
from pods.checks.checklist import DEFAULTS, Item, held_items, set_items
from pods.checks.opening import KIND, open_due
from pods.checks.services import complete, tick
from pods.checks.tasks import open_health_checks
from pods.models import Checklist, HealthCheck, Task
from pods.tasks.services import ClosedError, NotYoursError, RefusedError, complete_task, drop_task
from tests.pods.checking import MONDAY, checked, customer, refreshed
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

EVERYTHING = range(len(DEFAULTS))


def test_each_tier_is_checked_at_its_cadence() -> None:
    soon = MONDAY + timedelta(days=45)
    customer("strategic", "S")
    customer("enterprise", "E")
    customer("growth", "G")
    customer("standard", "R", renewal_on=soon)
    customer("standard", "N", renewal_on=MONDAY + timedelta(days=400))
    opened: dict[str, list[Any]] = {}
    for ahead in range(-52, 40):  # from the first day of the quarter's last two thirds to its end
        open_due(MONDAY + timedelta(days=ahead))
        Task.objects.filter(state="open").exclude(account__name="S").update(
            state="done", outcome="fine", done_at=timezone.now() - timedelta(days=900)
        )
    for check in HealthCheck.objects.select_related("task__account").order_by("starts_on"):
        opened.setdefault(check.task.account.name, []).append((check.cadence, check.starts_on.month))
    assert opened["S"] == [("weekly", 9)]  # the first is still open, so there is no other
    assert opened["E"] == [("monthly", 10), ("monthly", 11), ("monthly", 12)]
    assert opened["G"] == [("quarterly", 10)]
    assert opened["R"] == [("at_renewal", 11)]
    assert "N" not in opened


def test_however_often_it_runs_a_turn_has_one_check() -> None:
    account = customer()
    assert [open_due(MONDAY) for _ in range(3)] == [1, 0, 0]
    check = HealthCheck.objects.get()
    assert (check.cadence, check.task.account, check.task.kind) == ("weekly", account, KIND)
    assert [item["text"] for item in check.items] == [item.text for item in DEFAULTS]
    # Even where the one was lost sight of: the task's name is taken for ever.
    Task.objects.update(state="dropped", done_at=timezone.now() - timedelta(days=900))
    assert open_due(MONDAY) == 0
    assert open_due(MONDAY + timedelta(days=7)) == 1


def test_nobody_but_customers_is_checked() -> None:
    customer("strategic", "Prospect", arr=0)
    Account.objects.update(lifecycle="prospect")
    assert open_due(MONDAY) == 0


def test_whoever_was_checked_late_is_not_checked_again_in_the_same_turn() -> None:
    check = checked(day=today() - timedelta(days=7))
    success = make_user("customer_success")
    complete(check=check, done=EVERYTHING, outcome="fine", note="", by=success)
    # Closed today, which is in a later turn than that of the check.
    assert open_due(today()) == 0
    assert open_due(today() + timedelta(days=7)) == 1


def test_an_overdue_check_stands_until_it_is_closed() -> None:
    check = checked()
    assert open_due(MONDAY + timedelta(days=28)) == 0
    drop_task(task=check.task, by=make_user("revops"), reason="They left.")
    Task.objects.update(done_at=timezone.now() - timedelta(days=900))
    assert open_due(MONDAY + timedelta(days=28)) == 1


def test_the_worker_opens_what_is_due_today() -> None:
    customer()
    open_health_checks()
    open_health_checks()
    check = HealthCheck.objects.get()
    assert check.starts_on <= today() <= check.ends_on


def test_it_is_done_only_once_everything_was_gone_through() -> None:
    check, success = checked(), make_user("customer_success")
    with pytest.raises(RefusedError, match="6 things are still"):
        complete_task(task=check.task, by=success, outcome="fine")
    tick(check=check, done=[0, 1, 2, 3, 4], by=success)
    with pytest.raises(RefusedError, match="1 thing is still"):
        complete_task(task=check.task, by=success, outcome="fine")
    complete(check=check, done=EVERYTHING, outcome="fine", note="", by=success)
    check.refresh_from_db()
    assert (check.task.state, check.task.outcome, check.left) == ("done", "fine", 0)


def test_a_refused_completion_keeps_nothing() -> None:
    check, success = checked(), make_user("customer_success")
    with pytest.raises(ValidationError):
        complete(check=check, done=EVERYTHING, outcome="act", note=" ", by=success)
    check.refresh_from_db()
    assert check.left == len(DEFAULTS)


def test_the_numbers_of_then_are_kept() -> None:
    account = customer()
    day = refreshed(account, metrics__health_score="61.5", support__open_tickets=4)
    check = checked(account)
    complete(check=check, done=EVERYTHING, outcome="watch", note="Tickets", by=make_user("customer_success"))
    check.refresh_from_db()
    assert check.facts_on == day
    assert {key: float(value) for key, value in check.facts.items()} == {
        "metrics.health_score": 61.5,
        "support.open_tickets": 4,
    }


def test_others_can_not_go_through_it_nor_anybody_once_it_is_closed() -> None:
    check, success = checked(), make_user("customer_success")
    with pytest.raises(NotYoursError):
        tick(check=check, done=[0], by=make_user("sales"))
    complete(check=check, done=EVERYTHING, outcome="fine", note="", by=success)
    with pytest.raises(ClosedError):
        tick(check=check, done=[], by=success)
    assert HealthCheck.objects.get().left == 0


def test_a_merge_takes_the_checks_along() -> None:
    check, winner = checked(), customer("strategic", "Winner")
    open_due(MONDAY)
    merge_accounts(winner=winner.pk, loser=check.task.account_id, by=make_user("revops"))
    assert HealthCheck.objects.filter(task__account=winner).count() == 2


def test_only_revops_sets_the_list_and_open_checks_keep_theirs() -> None:
    check = checked()
    with pytest.raises(PermissionDenied):
        set_items(items=[Item("Ask")], by=make_user("customer_success"))
    revops = make_user("revops")
    assert set_items(items=held_items(), by=revops) is False
    assert not Checklist.objects.exists()
    for wrong in ([], [Item("")], [Item("x" * 201)], [Item("Ask", "no.such")], [Item("Ask")] * 21):
        with pytest.raises(ValidationError):
            set_items(items=wrong, by=revops)
    assert set_items(items=[Item(" Ask them ", "support.open_tickets")], by=revops) is True
    check.refresh_from_db()
    assert len(check.items) == len(DEFAULTS)
    other = checked(customer("strategic", "Other"))
    assert [(item["text"], item["number"]) for item in other.items] == [("Ask them", "support.open_tickets")]


def test_a_check_is_gone_through_on_its_page() -> None:
    account = customer()
    refreshed(account, support__open_tickets=4)
    check = checked(account)
    client = client_of(make_user("customer_success"))
    url = reverse("pods:health_check", args=[check.pk])
    text = client.get(url).content.decode()
    assert re.search(r">4\s+tickets<", text)  # whatever space keeps them together
    assert client.post(url, {"done": ["0", "2"], "save": "1"}).status_code == 302
    assert client.get(url).content.decode().count(" checked") == 2
    assert client.post(url, {"done": ["0"], "outcome": "fine"}).status_code == 422
    everything = [str(place) for place in EVERYTHING]
    assert client.post(url, {"done": everything, "outcome": ""}).status_code == 422
    missing = client.post(url, {"done": everything, "outcome": "act"})
    assert missing.status_code == 422
    assert "Say why" in missing.content.decode()
    given = {"done": everything, "outcome": "act", "note": "Call their CTO"}
    assert client.post(url, given).status_code == 302
    assert client.post(url, given).status_code == 409
    text = client.get(url).content.decode()
    assert "Call their CTO" in text
    panel = reverse("accounts:panel", args=[account.pk, "pods.health_checks"])
    shown = client.get(panel).content.decode()
    assert "Act" in shown
    assert "Monitoring: weekly" in shown


@pytest.mark.parametrize("given", [{"done": "9"}, {"done": "x"}, {"outcome": "great"}, {"note": "x" * 5000}])
def test_what_a_check_can_not_hold_is_refused(given: dict[str, str]) -> None:
    check = checked()
    url = reverse("pods:health_check", args=[check.pk])
    assert client_as("customer_success").post(url, given).status_code == 422


def test_others_read_it_and_numbers_they_may_not_read_are_redacted() -> None:
    account = customer()
    refreshed(account, support__open_tickets=47, metrics__health_score=61)
    check = checked(account)
    change_access(levels={("legal", "support_history"): "none"})
    client, url = client_as("legal"), reverse("pods:health_check", args=[check.pk])
    text = client.get(url).content.decode()
    assert "47" not in text
    assert "Redacted" in text
    assert "61" in text
    body = b"".join(client.get(f"{url}?export=csv").streaming_content).decode()
    assert "47" not in body
    assert client.post(url, {"done": "0", "save": "1"}).status_code == 403


def test_the_list_tells_due_from_overdue_and_done() -> None:
    first, second = checked(), checked(customer("strategic", "Second"))
    third = checked(customer("strategic", "Third"))
    Task.objects.filter(pk=first.pk).update(due_on=today() - timedelta(days=1))
    Task.objects.filter(pk=second.pk).update(due_on=today())
    by = make_user("customer_success")
    complete(check=third, done=EVERYTHING, outcome="watch", note="Look", by=by)
    client, url = client_of(by), reverse("pods:health_checks")

    def listed(query: str) -> list[str]:
        body = b"".join(client.get(f"{url}?export=csv&{query}").streaming_content).decode()
        return [row["Account"] for row in csv.DictReader(io.StringIO(body.removeprefix("\ufeff")))]

    assert listed("") == ["Customer", "Second"]
    assert listed("sort=-account") == ["Second", "Customer"]
    assert listed("show=overdue") == ["Customer"]
    assert listed("show=due") == ["Second"]
    assert listed("show=done") == ["Third"]
    assert listed("show=done&outcome=act") == []
    assert listed("show=all&q=third&cadence=weekly") == ["Third"]
    page = client.get(f"{url}?show=done").content.decode()
    assert "Watch" in page
    assert "Look" in page


def test_a_long_list_goes_on_in_every_order() -> None:
    for number in range(52):
        customer("strategic", f"Customer {number:02}")
    open_due(MONDAY)
    client, url = client_as("customer_success"), reverse("pods:health_checks")
    for sort in ("due", "-due", "account", "-account"):
        page = client.get(f"{url}?sort={sort}")
        after = page.context["page"].next_url
        assert after
        assert len(client.get(f"{url}{after}").context["rows"]) == 2


def test_the_list_is_set_on_a_page() -> None:
    client, url = client_as("revops"), reverse("pods:checklist")
    assert DEFAULTS[0].text in client.get(url).content.decode()
    given = {"item-0-text": "Ask", "item-0-number": "support.open_tickets", "item-1-text": " "}
    assert client.post(url, {"item-0-text": ""}).status_code == 422
    assert client.post(url, given).status_code == 302
    assert held_items() == [Item("Ask", "support.open_tickets")]
    assert client_as("customer_success").get(url).status_code == 403
