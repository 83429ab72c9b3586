"""What an hour costs: in versions from a day on, shown before they count, for finance, people and leadership alone."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from common.versions.errors import VersionChangedError
from finance.costs.rates import (
    drop_rate,
    expected,
    newest,
    publish_due_rates,
    write_rate,
)
from finance.models import CostRate
from finance.tasks import draft_invoices_due
from metrics.engine.plan import today
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.functions import Function
from people.models import RESERVED, Category, User
from tests.metrics.facts import make_account, make_ticket, make_worked
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)
NEW = "finance:cost_rate_new"
READERS = set(RESERVED[Category.COST_RATES])


@pytest.fixture
def ada() -> User:
    return make_user("finance", name="Ada Okafor")


def rate(on: date = JAN, cost: str = "12000", hours: str = "200", **fields: Any) -> CostRate:
    return write_rate(
        **{
            "function": "support",
            "loaded_cost": Decimal(cost),
            "capacity_hours": Decimal(hours),
            "starts_on": on,
            "by": None,
        }
        | fields
    )


def typed(**fields: str) -> dict[str, str]:
    return {
        "function": "support",
        "starts_on": JAN.isoformat(),
        "loaded_cost": "12000",
        "capacity_hours": "200",
        "note": "Pay round",
    } | fields


def shown_in(page: str) -> str:
    # The bell has a field of that name too.
    return page.rpartition('name="shown" value="')[2].partition('"')[0]


def text_of(client: Client, url: str) -> str:
    return " ".join(strip_tags(client.get(url).content.decode()).split())


def test_a_rate_counts_from_its_day_until_the_next_and_each_stays_as_it_was() -> None:
    first, second = rate(), rate(FEB, "15000")
    assert first.per_hour == 60
    first.refresh_from_db()
    assert (first.state, first.ends_on, second.state) == ("retired", FEB, "published")
    on = CostRate.objects.on
    held = [on("support", day) for day in (JAN - timedelta(days=1), JAN, FEB - timedelta(days=1), FEB)]
    assert held == [None, first, first, second]
    with pytest.raises(IntegrityError), transaction.atomic():
        CostRate.objects.filter(pk=first.pk).update(loaded_cost=1)
    mended = rate(FEB, "15500")  # the newest may be put right from its own first day
    assert on("support", FEB) == mended
    with pytest.raises(
        ValidationError, match="Version 3 begins on 1 Feb 2026; choose that day or a later one"
    ):
        rate(JAN)


def test_a_day_ahead_waits_for_its_day_and_can_be_taken_back(ada: User) -> None:
    rate()
    ahead = rate(today() + timedelta(days=3), "18000")
    assert ahead.state == "scheduled"
    assert CostRate.objects.on("support", today()) != ahead
    assert CostRate.objects.on("support", today() + timedelta(days=3)) == ahead
    drop_rate(version=ahead, by=ada)
    assert not CostRate.objects.filter(pk=ahead.pk).exists()
    due = rate(today() + timedelta(days=1), "18000")
    with pgtrigger.ignore(f"{CostRate._meta.label}:frozen_after_draft"):
        CostRate.objects.filter(pk=due.pk).update(starts_on=today())
    assert publish_due_rates() == 1
    assert publish_due_rates() == 0
    due.refresh_from_db()
    assert (due.state, CostRate.objects.on("support", today())) == ("published", due)


def test_the_daily_task_lets_rates_count_whose_day_has_come() -> None:
    due = rate(today() + timedelta(days=1))
    with pgtrigger.ignore(f"{CostRate._meta.label}:frozen_after_draft"):
        CostRate.objects.filter(pk=due.pk).update(starts_on=today())
    draft_invoices_due()
    due.refresh_from_db()
    assert due.state == "published"


@pytest.mark.parametrize(
    "wrong",
    [
        {"loaded_cost": Decimal(0)},
        {"loaded_cost": Decimal(-1)},
        {"capacity_hours": Decimal(0)},
        {"capacity_hours": Decimal(1_000_001)},
        {"function": "nobody"},
        {"starts_on": None},
        {"starts_on": FEB, "ends_on": JAN},
    ],
)
def test_the_database_refuses_what_is_no_rate(wrong: dict[str, Any]) -> None:
    fields = {
        "function": "support",
        "version": 1,
        "state": "published",
        "loaded_cost": Decimal(10),
        "capacity_hours": Decimal(10),
        "currency": "USD",
        "starts_on": JAN,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        CostRate.objects.create(**fields | wrong)
    CostRate.objects.create(**fields)


def test_the_database_refuses_two_rates_on_one_day() -> None:
    fields = {
        "function": "support",
        "loaded_cost": Decimal(10),
        "capacity_hours": Decimal(10),
        "currency": "USD",
        "state": "retired",
    }
    CostRate.objects.create(version=1, starts_on=JAN, ends_on=FEB, **fields)
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        CostRate.objects.create(version=2, starts_on=FEB - timedelta(days=1), ends_on=None, **fields)
    CostRate.objects.create(version=2, starts_on=FEB, ends_on=None, **fields)
    CostRate.objects.create(version=1, starts_on=JAN, ends_on=None, **fields | {"function": "engineering"})


def test_of_two_at_once_one_wins_and_the_other_is_told(ada: User) -> None:
    rate()
    seen = expected("support")
    rate(FEB, "15000", by=ada)
    with pytest.raises(VersionChangedError, match="was written by Ada Okafor meanwhile") as refused:
        rate(FEB, "16000", seen=seen)
    assert refused.value.differences == [
        "Loaded cost a month: from $12,000.00 to $15,000.00.",
        "An hour: from $60.00 to $75.00.",
    ]


def test_only_finance_and_people_write_and_only_what_is_worked_is_costed() -> None:
    for function in Function.values:
        by = make_user(function)
        if function in ("finance", "people"):
            rate(today(), by=by)
        else:
            with pytest.raises(PermissionDenied, match="for finance and people to write"):
                rate(by=by)
    with pytest.raises(ValidationError) as refused:
        rate(function="legal", loaded_cost=Decimal(0), capacity_hours=Decimal(0))
    assert set(refused.value.message_dict) == {"function", "loaded_cost", "capacity_hours"}


@pytest.mark.parametrize("function", Function.values)
def test_who_reads_the_pages_and_their_files(function: str) -> None:
    rate(by=make_user("people"), cost="98765.43")
    client = client_as(function)
    for name in ("cost_rates", "cost_to_serve"):
        url = reverse(f"finance:{name}")
        for address in (url, f"{url}?export=csv"):
            assert client.get(address).status_code == (200 if function in READERS else 403), address
    if function not in READERS:
        refused = text_of(client, reverse("finance:cost_rates"))
        assert "Cost rates are for finance, people and leadership only." in refused
        assert "RevOps can change this" not in refused
        assert client.post(reverse(NEW), typed()).status_code == 403
        return
    assert "98,765.43" in text_of(client, reverse("finance:cost_rates"))
    may_write = function != "leadership"
    assert ("New rate" in text_of(client, reverse("finance:cost_rates"))) == may_write
    assert client.get(reverse(NEW)).status_code == (200 if may_write else 403)


def test_the_effect_is_shown_before_a_rate_counts(ada: User) -> None:
    busy, quiet = make_account(name="Busy"), make_account(name="Quiet")
    for account, minutes in ((busy, 120), (quiet, 30)):
        make_worked(make_ticket(account, today() - timedelta(days=20)), today() - timedelta(days=10), minutes)
    make_worked(make_ticket(busy, today() - timedelta(days=80)), today() - timedelta(days=60), 60)
    rate(today() - timedelta(days=30))
    client, wanted = (
        client_of(ada),
        typed(starts_on=(today() - timedelta(days=12)).isoformat(), loaded_cost="18000"),
    )
    answer = client.post(reverse(NEW), wanted)
    page = " ".join(strip_tags(answer.content.decode()).split())
    assert answer.status_code == 200
    assert CostRate.objects.count() == 1
    # 150 minutes at 90 instead of 60 an hour; an hour lies before any rate.
    for told in ("$225.00", "$150.00 now", "+$75.00", "60 minutes still without a rate", "Put it in force"):
        assert told in page, told
    assert page.index("Busy") < page.index("Quiet")
    assert "Pay round" in page
    shown = shown_in(answer.content.decode())
    # Something else was typed since: its own effect comes first.
    other = client.post(reverse(NEW), wanted | {"shown": shown, "loaded_cost": "24000"})
    assert "$300.00" in strip_tags(other.content.decode())
    assert CostRate.objects.count() == 1
    # Somebody else was quicker: the effect on what stands there now comes first.
    meanwhile = rate(today() - timedelta(days=13), "14000")
    again = client.post(reverse(NEW), wanted | {"shown": shown})
    assert again.status_code == 200
    assert newest("support") == meanwhile
    done = client.post(reverse(NEW), wanted | {"shown": shown_in(again.content.decode())})
    assert done.status_code == 302
    held = newest("support")
    assert held is not None
    assert (held.per_hour, held.author, held.note) == (90, ada, "Pay round")


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"function": "legal"}, "function", "Function"),
        ({"starts_on": "soon"}, "starts_on", "From"),
        ({"starts_on": "1999-12-31"}, "starts_on", "Choose a day from 2000 to 2099."),
        ({"starts_on": "2025-12-31"}, "starts_on", "choose that day or a later one"),
        ({"loaded_cost": ""}, "loaded_cost", "Loaded cost a month"),
        ({"loaded_cost": "0"}, "loaded_cost", "0.01"),
        ({"loaded_cost": "-5"}, "loaded_cost", "0.01"),
        ({"loaded_cost": "1e30"}, "loaded_cost", "Loaded cost a month"),
        ({"loaded_cost": "NaN"}, "loaded_cost", "Loaded cost a month"),
        ({"capacity_hours": "0"}, "capacity_hours", "0.01"),
        ({"capacity_hours": "1000001"}, "capacity_hours", "1000000"),
        ({"note": "x" * 1001}, "note", "Why"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    ada: User, wrong: dict[str, str], field: str, told: str
) -> None:
    rate()
    answer = client_of(ada).post(reverse(NEW), typed(note="I typed this") | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    error = page.partition(f'id="id_{field}_error"')[2].partition("</p>")[0]
    assert told in error
    if field != "note":
        assert "I typed this" in page
    assert CostRate.objects.count() == 1


def test_garbage_in_the_hidden_field_shows_the_effect_again(ada: User) -> None:
    answer = client_of(ada).post(reverse(NEW), typed(shown="\x01|" * 40))
    assert answer.status_code in (200, 422)
    assert not CostRate.objects.exists()


def test_a_file_holds_the_rates_only_where_they_are_asked_for_and_brings_them_back(ada: User) -> None:
    rate(cost="12000.50")
    assert "cost_rates" not in export_yaml()
    text = export_yaml(["cost_rates"])
    data = read_yaml(text)
    assert data == {"cost_rates": {"support": {"loaded_cost": "12000.50", "capacity_hours": "200.00"}}}
    changed = read_yaml(text.replace("12000.50", "13000"))
    assert [each.changes for each in plan_import(changed)] == [["Cost rate of support: a new draft"]]
    apply_import(changed)
    apply_import(changed)  # the draft is there already
    [draft] = CostRate.objects.drafts()
    url = reverse("finance:cost_rate_act", args=[draft.pk])
    assert "Put in force" in text_of(client_of(ada), reverse("finance:cost_rates"))
    assert client_as("leadership").post(url, {"do": "publish"}).status_code == 403
    assert client_of(ada).post(url, {"do": "publish"}).status_code == 302
    held = newest("support")
    assert held is not None
    assert (held.loaded_cost, held.starts_on) == (13000, today())
    apply_import(read_yaml(text), is_published=True, by=ada)
    assert newest("support") != held
    assert export_yaml(["cost_rates"]) == text
    apply_import({"cost_rates": {}}, is_published=True)
    assert CostRate.objects.on("support", today() + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("function", "amounts", "place"),
    [
        ("legal", {"loaded_cost": "1.00", "capacity_hours": "1.00"}, "cost_rates.legal"),
        ("support", {"loaded_cost": "x", "capacity_hours": "1.00"}, "cost_rates.support.loaded_cost"),
        ("support", {"loaded_cost": "1.001", "capacity_hours": "1.00"}, "cost_rates.support.loaded_cost"),
        ("support", {"loaded_cost": "1.00", "capacity_hours": "-1"}, "cost_rates.support.capacity_hours"),
        ("support", {"loaded_cost": "1e99", "capacity_hours": "1"}, "cost_rates.support.loaded_cost"),
        ("support", {"loaded_cost": "sNaN", "capacity_hours": "1"}, "cost_rates.support.loaded_cost"),
    ],
)
def test_a_file_with_what_is_no_rate_is_refused_at_its_place(
    function: str, amounts: dict[str, str], place: str
) -> None:
    text = yaml.safe_dump({"abe_configuration": 1, "cost_rates": {function: amounts}})
    with pytest.raises(ConfigError) as refused:
        plan_import(read_yaml(text))
    assert place in {problem.path for problem in refused.value.problems}


def test_the_history_of_rates_is_closed_to_revops(ada: User) -> None:
    rate(cost="98765.43", by=ada)
    client = client_as("revops")
    event = CostRate.pgh_event_model.objects.earliest("pgh_id")  # type: ignore[attr-defined]
    audit, settings = reverse("people:configuration"), reverse("people:settings")
    addresses = {
        audit: 200,
        f"{audit}?section=cost_rates": 200,
        f"{audit}?export=csv": 200,
        f"{audit}?export=csv&section=cost_rates": 200,
        settings: 200,
        f"{settings}?export=csv": 200,
        reverse("people:configuration_restore", args=["cost_rates", "costrate", event.pgh_id]): 403,
    }
    for address, status in addresses.items():
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert answer.status_code == status, address
        assert b"98765" not in body, address
        assert b"98,765" not in body, address
    assert "Cost rates are for finance, people and leadership only." in text_of(
        client, reverse("people:settings")
    )


def test_the_file_has_every_version(ada: User) -> None:
    rate(by=ada, note="=1+1")
    rate(FEB, "15000", by=ada)
    sent = client_of(ada).get(reverse("finance:cost_rates"), {"export": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(row["Version"], row["From"], row["An hour"]) for row in rows] == [
        ("2", "2026-02-01", "75.0000"),
        ("1", "2026-01-01", "60.0000"),
    ]
