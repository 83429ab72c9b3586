"""The pages of entitlements: read by all, edited by RevOps in drafts, and opened from accounts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Tier
from tests.metrics.facts import make_account, make_line
from tests.tiers.entitlements.facts import publish_values
from tests.tiers.facts import make_draft, publish
from tests.users import client_as, client_of, make_user
from tiers.entitlements.registry import kinds
from tiers.entitlements.services import part_name
from tiers.entitlements.tables import table_of
from tiers.models import RuleSet

pytestmark = pytest.mark.django_db


def typed(draft: RuleSet, tier: str, **changed: Any) -> dict[str, Any]:
    """Return what the form of a tier sends, with some fields changed."""
    table = table_of(draft)
    data: dict[str, Any] = {"expected": RuleSet.objects.get(pk=draft.pk).digest}
    for kind in kinds:
        shown = kind.value.shown(table.value(kind, table.tiers[tier]))
        data |= {part_name(kind.key, part): value for part, value in shown.items()}
    return data | changed


def edit_url(draft: RuleSet, tier: str = "growth") -> str:
    return reverse("tiers:edit_entitlements", args=[draft.version, tier])


def value(draft: RuleSet, key: str, tier: str = "growth") -> Any:
    return table_of(draft).value(kinds[key], Tier.objects.get(slug=tier))


def test_everybody_reads_what_tiers_are_entitled_to() -> None:
    client = client_as("sales")
    page = client.get(reverse("tiers:entitlements")).content.decode()
    assert "No version of the rules is published yet" in page
    rule_set = publish_values({"growth": {"first_response": 45}})
    page = client.get(reverse("tiers:entitlements")).content.decode()
    assert "45 min" in page
    assert f"Version {rule_set.version}" in page
    assert str(rule_set.published_by) in page
    assert "Begin a draft" not in page


def test_revops_begins_a_draft_and_edits_it() -> None:
    publish()
    user = make_user("revops")
    client = client_of(user)
    assert "Begin a draft" in client.get(reverse("tiers:entitlements")).content.decode()
    answer = client.post(reverse("tiers:start_draft", args=[1]), follow=True)
    draft = RuleSet.objects.get(state="draft")
    assert answer.redirect_chain[-1][0] == reverse("tiers:entitlements_of_version", args=[draft.version])
    assert client.get(edit_url(draft)).status_code == 200
    data = typed(draft, "growth", first_response="90 min", payment_terms__days_to="45", channels=["chat"])
    answer = client.post(edit_url(draft), data, follow=True)
    text = answer.content.decode()
    assert "Growth, first response: 1 h 30 min instead of 8 h" in text
    assert value(draft, "first_response") == 90
    assert value(draft, "payment_terms") == {"days_from": 30, "days_to": 45, "options": ["prepay"]}
    assert value(draft, "channels") == ["chat"]
    assert value(draft, "first_response", "standard") == 1440
    draft.refresh_from_db()
    assert draft.revisions.first() is not None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"first_response": "soon"}, "first_response"),
        ({"first_response": ""}, "first_response"),
        ({"clock": "never"}, "clock"),
        ({"channels": []}, "channels"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"payment_terms__days_from": "60"}, "payment_terms__days_to"),
        ({"payment_terms__days_to": "9999"}, "payment_terms__days_to"),
        ({"payment_terms__days_to": "x"}, "payment_terms__days_to"),
    ],
)
def test_a_bad_value_is_refused_at_its_field_and_nothing_is_lost(changed: dict[str, Any], field: str) -> None:
    user = make_user("revops")
    draft = make_draft(by=user)
    sent = typed(draft, "growth", **{"escalation": "manager", **changed})
    answer = client_of(user).post(edit_url(draft), sent)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert form["escalation"].value() == "manager"
    assert value(draft, "escalation") == "standard_queue"


def test_an_editor_who_was_overtaken_sees_what_changed_and_may_then_save() -> None:
    mine, hers = make_user("revops"), make_user("revops", name="Hanna Quick")
    draft = make_draft(by=mine)
    stale = typed(draft, "growth", first_response="1 h")
    client_of(hers).post(edit_url(draft, "standard"), typed(draft, "standard", clock="24x7"))
    client = client_of(mine)
    answer = client.post(edit_url(draft), stale)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Hanna Quick" in text
    assert "Standard, clock: business hours, now 24x7" in text
    assert value(draft, "first_response") == 480
    again = client.post(edit_url(draft), stale | {"expected": answer.context["expected"]})
    assert again.status_code == 302
    assert value(draft, "first_response") == 60
    assert value(draft, "clock", "standard") == "24x7"


def test_a_published_version_is_not_edited() -> None:
    rule_set = publish()
    client = client_as("revops")
    assert client.get(edit_url(rule_set)).status_code == 302
    assert client.post(edit_url(rule_set), {"first_response": "1 min"}).status_code == 302
    assert value(rule_set, "first_response") == 480


@pytest.mark.parametrize("function", ["sales", "leadership", "finance"])
def test_only_revops_edits(function: str) -> None:
    draft = make_draft()
    client = client_as(function)
    assert client.post(edit_url(draft), typed(draft, "growth", first_response="1 min")).status_code == 403
    assert client.post(reverse("tiers:start_draft", args=[0])).status_code == 403
    assert value(draft, "first_response") == 480
    assert RuleSet.objects.count() == 1


@pytest.mark.parametrize(
    "path", ["entitlements/999/", "entitlements/99999999999/", "entitlements/1/edit/nothing/"]
)
def test_what_does_not_exist_is_not_found(path: str) -> None:
    make_draft()
    assert client_as("revops").get(f"/tiers/{path}").status_code == 404


def panel(client: Client, account: Any, key: str) -> str:
    return client.get(
        reverse("accounts:panel", args=[account.pk, key]), headers={"HX-Request": "true"}
    ).content.decode()


def test_each_value_of_an_account_opens_where_it_comes_from() -> None:
    rule_set = publish_values({"growth": {"first_response": 45}})
    account = make_account("growth")
    line = make_line(account, rule_set.created_at.date(), terms={"payment_terms_days": 75, "number": "C-9"})
    client = client_as("finance")
    text = panel(client, account, "tiers.entitlements")
    assert "45 min" in text
    assert "Growth tier" in text
    assert "net 75 days" in text
    assert "Contract C-9" in text
    by_tier = client.get(reverse("tiers:origin", args=[account.pk, "first_response"])).content.decode()
    assert f"Version {rule_set.version}" in by_tier
    assert str(rule_set.published_by) in by_tier
    by_contract = client.get(reverse("tiers:origin", args=[account.pk, "payment_terms"])).content.decode()
    assert "Contract C-9" in by_contract
    assert "net 30 days, prepay, by the Growth tier" in by_contract
    origin = reverse("sync:origin", args=["contracts", line.contract_id, "payment_terms_days"])
    assert origin in by_contract
    assert client.get(origin).status_code == 200


def test_terms_of_a_contract_are_redacted_for_those_who_read_no_contracts() -> None:
    account = make_account("growth")
    make_line(account, publish().created_at.date(), terms={"payment_terms_days": 75, "number": "C-9"})
    client = client_as("support")
    for text in (
        panel(client, account, "tiers.entitlements"),
        client.get(reverse("tiers:origin", args=[account.pk, "payment_terms"])).content.decode(),
    ):
        assert "75 days" not in text
        assert "C-9" not in text
        assert "Support does not read contracts" in text


def test_renewals_say_what_gave_the_terms() -> None:
    account = make_account("growth")
    day = publish().created_at.date()
    make_line(account, day, terms={"payment_terms_days": 75, "number": "C-9"})
    make_line(account, day, terms={"number": "C-10"})
    text = panel(client_as("finance"), account, "finance.renewals")
    assert "net 75 days by this contract" in text
    assert "net 30 days, prepay by the Growth tier" in text


def test_origins_follow_the_values_through_the_versions() -> None:
    first = publish_values({"growth": {"first_response": 45}})
    publish_values({"growth": {"clock": "24x7"}})
    third = publish_values({"growth": {"first_response": 15}})
    page = client_as("sales").get(reverse("tiers:origin", args=[make_account("growth").pk, "first_response"]))
    turns = [(turn["words"], turn["rule_set"]) for turn in page.context["history"]]
    assert turns == [("15 min", third), ("45 min", first)]


def test_what_a_draft_entitles_to_is_for_revops() -> None:
    publish()
    draft = make_draft(by=make_user("revops", email="other@example.com"))
    urls = [
        reverse("tiers:entitlements_of_version", args=[draft.version]),
        reverse("tiers:entitlements_of_version", args=[draft.version]) + "?export=csv",
    ]
    sales, revops = client_as("sales"), client_as("revops")
    assert [sales.get(url).status_code for url in urls] == [403, 403]
    assert [revops.get(url).status_code for url in urls] == [200, 200]
    assert urls[0] not in sales.get(reverse("tiers:entitlements")).content.decode()
    assert urls[0] in revops.get(reverse("tiers:entitlements")).content.decode()
