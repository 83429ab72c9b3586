"""Every value opens its source, what others say instead, and its history; people pin values."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pghistory
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.models import Account
from people.models import AccessGrant, Category, Level, User
from sync.models import FieldPrecedence, Pin
from sync.pipeline.settle import settle_objects
from sync.provenance.as_of import values_as_of
from sync.provenance.services import end_expired_pins, set_pin, set_precedence
from sync.registry import resources
from tests.sync.conftest import Api, make_api
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

CRM = {
    "external_id": "a",
    "name": "Acme",
    "domain": "acme.example",
    "industry": "Software",
    "owner_email": "ann@example.com",
    "tier": "strategic",
    "custom": {"region": "north"},
    "source_updated_at": "2026-05-01T00:00:00Z",
}
BILLING = {
    "external_id": "cus_1",
    "domain": "acme.example",
    "industry": "Retail",
    "source_updated_at": "2026-05-02T00:00:00Z",
}


@pytest.fixture
def crm(db: None) -> Api:
    return make_api()


@pytest.fixture
def account(crm: Api) -> Account:
    crm.bulk("accounts", [CRM])
    return Account.objects.get()


@pytest.fixture
def shared(account: Account) -> Account:
    make_api(source="stripe").bulk("accounts", [BILLING])
    return account


def page(client: Any, name: str, *args: Any, status: int = 200) -> str:
    response = client.get(reverse(f"sync:{name}", args=args))
    assert response.status_code == status
    return str(response.content.decode())


def test_a_record_lists_each_field_with_its_source(account):
    text = page(client_as("sales"), "origins", "accounts", account.pk)
    assert "salesforce" in text
    assert "Region" in text
    assert "strategic" in text  # the word, not its number
    assert "1 May 2026" in text


def test_a_conflict_is_shown_with_both_values(shared):
    text = page(client_as("revops"), "origin", "accounts", shared.pk, "industry")
    assert "Retail" in text
    assert "Others say" in text
    assert "Software" in text
    assert "stripe" in text
    assert "cus_1" in text


def test_the_history_of_a_field_tells_each_turn(crm, account):
    crm.bulk("accounts", [CRM | {"industry": "Energy", "source_updated_at": "2026-06-01T00:00:00Z"}])
    text = page(client_as("sales"), "origin", "accounts", account.pk, "industry")
    assert text.index("Energy") < text.index("How it changed")
    told = text[text.index("How it changed") :]
    assert "Software" in told
    assert "Energy" in told
    own = page(client_as("sales"), "origin", "accounts", account.pk, "custom.region")
    assert "north" in own


def test_a_field_of_a_closed_category_is_redacted(account):
    AccessGrant.objects.filter(function="support", category=Category.ACCOUNT_TEAM).update(level=Level.NONE)
    client = client_as("support")
    for name, args in (
        ("origins", ("accounts", account.pk)),
        ("origin", ("accounts", account.pk, "owner_email")),
    ):
        text = page(client, name, *args)
        assert "ann@example.com" not in text
        assert "does not read account team" in text


def test_what_a_function_may_not_read_is_forbidden(account):
    AccessGrant.objects.filter(function="people", category=Category.ACCOUNT_PROFILE).update(level=Level.NONE)
    page(client_as("people"), "origins", "accounts", account.pk, status=403)


@pytest.mark.parametrize(
    "args",
    [("nothing", 1), ("usage-events", 1), ("accounts", 0), ("accounts", 2**63), ("accounts", 10**40)],
)
def test_what_is_not_there_is_404(args, db):
    page(client_as("revops"), "origins", *args, status=404)


def test_an_unknown_field_is_404(account):
    page(client_as("revops"), "origin", "accounts", account.pk, "no/such", status=404)


def test_a_person_pins_a_value_and_ends_it(shared, crm):
    client = client_as("customer_success")
    address = reverse("sync:pin", args=["accounts", shared.pk, "industry"])
    assert "Pin industry" in client.get(address).content.decode()
    answer = client.post(address, {"value": "Energy", "reason": "Told us so", "expires_on": ""})
    assert answer.status_code == 302
    shared.refresh_from_db()
    assert shared.industry == "Energy"
    crm.bulk("accounts", [CRM | {"industry": "Health", "source_updated_at": "2026-07-01T00:00:00Z"}])
    shared.refresh_from_db()
    assert shared.industry == "Energy"
    text = page(client, "origin", "accounts", shared.pk, "industry")
    assert "Told us so" in text
    assert "Health" in text
    client.post(reverse("sync:unpin", args=["accounts", shared.pk, "industry"]))
    shared.refresh_from_db()
    assert shared.industry == "Health"
    told = page(client, "origin", "accounts", shared.pk, "industry")
    author = str(User.objects.get(function="customer_success"))
    assert f"pinned by {author}" in told
    assert f"pin ended by {author}" in told


def test_a_change_by_the_order_of_the_sources_names_who_saved_it(shared, crm):
    crm.bulk("accounts", [CRM | {"industry": "Health", "source_updated_at": "2026-07-01T00:00:00Z"}])
    by = make_user("revops", name="Rita Rule")
    held = Account.objects.get(pk=shared.pk).industry
    first = "stripe" if held == "Health" else "salesforce"
    with pghistory.context(user=by.pk):
        set_precedence(resource=resources["accounts"], field="industry", sources=[first])
    settle_objects(resource=resources["accounts"], object_ids=[shared.pk])
    assert Account.objects.get(pk=shared.pk).industry != held
    assert "order of the sources saved by Rita Rule" in page(
        client_of(by), "origin", "accounts", shared.pk, "industry"
    )


def test_a_pin_of_a_field_that_one_may_not_read_stays(account):
    by = make_user("revops")
    declared = resources["accounts"]
    set_pin(
        resource=declared, object_id=account.pk, field="owner_email", value="p@x.example", reason="r", by=by
    )
    AccessGrant.objects.filter(function="sales", category=Category.ACCOUNT_TEAM).update(level=Level.NONE)
    address = reverse("sync:unpin", args=["accounts", account.pk, "owner_email"])
    assert client_as("sales").post(address).status_code == 404
    assert Pin.objects.get().ended_at is None
    assert client_as("customer_success").post(address).status_code == 302
    assert Pin.objects.get().ended_at is not None


def test_a_pin_of_a_word_of_a_list_is_kept_as_such(account):
    client = client_as("revops")
    address = reverse("sync:pin", args=["accounts", account.pk, "tier"])
    assert "enterprise" in client.get(address).content.decode()
    client.post(address, {"value": "enterprise", "reason": "Agreed"})
    account.refresh_from_db()
    assert account.tier.slug == "enterprise"


@pytest.mark.parametrize(
    ("field", "data", "told"),
    [
        ("industry", {"value": "x" * 200, "reason": "r"}, "at most"),
        ("industry", {"value": "Energy", "reason": " "}, "Fill in"),
        ("industry", {"value": "Energy", "reason": "r", "expires_on": "2020-01-01"}, "is over"),
        ("country", {"value": "Atlantis", "reason": "r"}, "country"),
        ("employees", {"value": "-5", "reason": "r"}, "at least 0"),
        ("name", {"value": "", "reason": "r"}, "empty"),
        ("industry", {"value": "a\x00b", "reason": "r"}, "ull character"),
        ("lifecycle", {"value": "alien", "reason": "r"}, "on offer for"),
    ],
)
def test_a_bad_pin_says_what_is_wrong_and_changes_nothing(account, field, data, told):
    address = reverse("sync:pin", args=["accounts", account.pk, field])
    answer = client_as("revops").post(address, data)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Pin.objects.exists()


@pytest.mark.parametrize("key", ["a\nb", "a/pin", "../../b", "50%", "a?b#c", "ä &amp; ö", " "])
def test_an_own_field_may_be_called_anything(crm, account, key):
    crm.bulk("accounts", [CRM | {"custom": {key: "then"}, "source_updated_at": "2026-06-01T00:00:00Z"}])
    client = client_as("revops")
    field = f"custom.{key}"
    assert reverse("sync:origin", args=["accounts", account.pk, field]) in page(
        client, "origins", "accounts", account.pk
    )
    assert client.get(account.get_absolute_url()).status_code == 200
    assert "then" in page(client, "origin", "accounts", account.pk, field)
    address = reverse("sync:pin", args=["accounts", account.pk, field])
    held = client.post(address, {"value": "held", "reason": "r"})
    assert (held.status_code, client.get(held["Location"]).status_code) == (302, 200)
    assert Account.objects.get(pk=account.pk).custom[key] == "held"
    client.post(reverse("sync:unpin", args=["accounts", account.pk, field]))
    assert Account.objects.get(pk=account.pk).custom[key] == "then"


def test_a_pin_begins_with_the_choice_that_is_held(account, crm):
    crm.bulk("accounts", [CRM | {"lifecycle": "customer", "source_updated_at": "2026-06-01T00:00:00Z"}])
    text = client_as("revops").get(reverse("sync:pin", args=["accounts", account.pk, "lifecycle"]))
    assert '<option value="customer" selected>' in text.content.decode()


def test_a_list_is_pinned_line_by_line(account):
    client = client_as("revops")
    address = reverse("sync:pin", args=["accounts", account.pk, "workspace_ids"])
    answer = client.post(address, {"value": "ws_1\n\n ws_2 \n", "reason": "Counted by hand"})
    assert answer.status_code == 302
    account.refresh_from_db()
    assert account.workspace_ids == ["ws_1", "ws_2"]
    assert "ws_1\nws_2</textarea>" in client.get(address).content.decode()


def test_a_reference_offers_no_pin(account):
    client = client_as("revops")
    pin = reverse("sync:pin", args=["accounts", account.pk, "parent"])
    assert pin not in page(client, "origin", "accounts", account.pk, "parent")
    assert client.get(pin).status_code == 404
    assert reverse("sync:pin", args=["accounts", account.pk, "name"]) in page(
        client, "origin", "accounts", account.pk, "name"
    )


def test_only_those_who_may_pin(account):
    address = reverse("sync:pin", args=["accounts", account.pk, "industry"])
    assert client_as("support").post(address, {"value": "E", "reason": "r"}).status_code == 403
    assert not Pin.objects.exists()


def test_a_pin_ends_when_its_time_is_over(account):
    client = client_as("revops")
    address = reverse("sync:pin", args=["accounts", account.pk, "industry"])
    day = (timezone.now() + timedelta(days=3)).date()
    client.post(address, {"value": "Energy", "reason": "r", "expires_on": day.isoformat()})
    assert end_expired_pins() == 0
    Pin.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert end_expired_pins() == 1
    account.refresh_from_db()
    assert account.industry == "Software"


def test_an_order_shows_its_effect_before_it_is_saved(shared):
    client = client_as("revops")
    address = reverse("sync:precedence_edit")
    given = {"resource": "accounts", "field": "", "source": ["salesforce", "stripe"]}
    shown = client.post(address, given | {"step": "preview"}).content.decode()
    assert "1 of 1" in shown.replace("<span>", "").replace("</span>", "") or "would change" in shown
    assert "Software" in shown
    assert not FieldPrecedence.objects.exists()
    shared.refresh_from_db()
    assert shared.industry == "Retail"
    assert client.post(address, given | {"step": "save"}).status_code == 302
    shared.refresh_from_db()
    assert shared.industry == "Software"
    assert "salesforce" in client.get(reverse("sync:precedence")).content.decode()


def test_the_effect_names_a_record_as_it_is_called_now(shared):
    make_api(source="stripe").bulk("accounts", [BILLING | {"name": "Acme as billed"}])
    given = {"resource": "accounts", "field": "", "source": ["salesforce", "stripe"], "step": "preview"}
    shown = client_as("revops").post(reverse("sync:precedence_edit"), given).content.decode()
    assert re.search(rf'<a href="/accounts/{shared.pk}/"[^>]*>Acme as billed</a>', shown)


@pytest.mark.parametrize("source", [["nobody"], ["a\x00"], ["salesforce", "salesforce"]])
def test_a_bad_order_is_refused(shared, source):
    given = {"resource": "accounts", "field": "", "source": source, "step": "save"}
    assert client_as("revops").post(reverse("sync:precedence_edit"), given).status_code == 422
    assert not FieldPrecedence.objects.exists()


@pytest.mark.parametrize("field", ["custom." + "x" * 101, "custom.a\x00b", "custom.", "nothing", "custom"])
def test_an_order_for_what_no_record_has_is_not_found(shared, field):
    client = client_as("revops")
    given = {"resource": "accounts", "field": field, "source": ["salesforce"]}
    assert client.get(reverse("sync:precedence_edit"), given).status_code == 404
    for step in ("preview", "save"):
        assert client.post(reverse("sync:precedence_edit"), given | {"step": step}).status_code == 404
    assert not FieldPrecedence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_orders_saved_at_once_are_one_after_the_other(shared):
    start = threading.Barrier(2)

    def save(*sources: str) -> None:
        try:
            start.wait(10)
            set_precedence(resource=resources["accounts"], field="", sources=sources)
        finally:
            connection.close()

    orders = [("salesforce", "stripe"), ("stripe", "salesforce")]
    for _ in range(5):
        FieldPrecedence.objects.all().delete()
        with ThreadPoolExecutor(2) as pool:
            for saved in [pool.submit(save, *order) for order in orders]:
                saved.result()
        held = FieldPrecedence.objects.order_by("rank").values_list("source__slug", flat=True)
        assert tuple(held) in orders


def test_orders_are_for_revops(shared):
    client = client_as("sales")
    assert client.get(reverse("sync:precedence")).status_code == 403
    assert client.post(reverse("sync:precedence_edit"), {"resource": "accounts"}).status_code == 403


def test_a_record_is_known_as_it_was(crm, account):
    resource = resources["accounts"]
    first = timezone.now()
    crm.bulk(
        "accounts",
        [
            CRM
            | {"industry": "Energy", "custom": {"region": None}, "source_updated_at": "2026-06-01T00:00:00Z"}
        ],
    )
    then = values_as_of(resource, account.pk, first)
    assert then is not None
    assert (then["industry"], then["name"], then["deleted_at"]) == ("Software", "Acme", None)
    now = values_as_of(resource, account.pk, timezone.now())
    assert now is not None
    assert now["industry"] == "Energy"
    crm.call("delete", "accounts/salesforce/a/")
    gone = values_as_of(resource, account.pk, timezone.now())
    assert gone is not None
    assert gone["deleted_at"] is not None
    assert values_as_of(resource, account.pk, first - timedelta(days=1)) is None


def test_a_joined_list_names_the_records_it_stands_in(crm: Api) -> None:
    crm.bulk(
        "accounts", [{"external_id": name, "name": name, "workspace_ids": [f"ws_{name}"]} for name in "ab"]
    )
    first, second = Account.objects.order_by("pk")
    merge_accounts(winner=second.pk, loser=first.pk)
    text = page(client_as("revops"), "origin", "accounts", second.pk, "workspace_ids")
    assert "ws_a, ws_b" in text
    parts = text.partition("Joined from")[2].partition("How it changed")[0]
    assert [f"<code>{name}</code>" in parts for name in "ab"] == [True, True]
    assert "Others say" not in text
