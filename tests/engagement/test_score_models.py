"""The pages of point models: read by many, changed by RevOps, previewed before they count."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from engagement.models import AccountScore, ScoreModel, ScorePublication
from engagement.scoring.previews.rates import compare_win_rates
from engagement.scoring.services import create_score_draft, cycle, draft_rules, save_score_draft
from engagement.scoring.words import model_differences
from metrics.runs.work import work_off
from tests.engagement.test_scoring import is_large, publish, rule
from tests.metrics.facts import TODAY, ago, make_account, make_deal, make_touch
from tests.users import client_as

pytestmark = pytest.mark.django_db
PAGE = "/scores/models/engagement/"


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


def draft_of(kind: str = "engagement") -> ScoreModel:
    draft = create_score_draft(kind=kind, by=None)
    draft.refresh_from_db()
    return draft


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def send(client: Client, draft: ScoreModel, where: str, **fields: Any) -> Any:
    draft.refresh_from_db()
    data = {"seen": cycle.seen(draft) if where == "do/" else cycle.mark(draft), **fields}
    return client.post(f"/scores/models/{draft.kind}/{draft.version}/{where}", data)


def previewed(client: Client, model: ScoreModel) -> str:
    """Preview a version from its page, let workers do it, and return the address of the preview."""
    asked = client.post(f"/scores/models/{model.kind}/{model.version}/preview/")
    assert asked.status_code == 302
    run = model.previews.latest("pk")
    assert not work_off("engagement.score_preview", run.pk)
    assert asked.url == f"/scores/previews/{run.pk}/"
    return f"/scores/previews/{run.pk}/"


def publish_by_page(client: Client, model: ScoreModel) -> ScorePublication:
    """Preview a draft and have it published from the preview."""
    where = previewed(client, model)
    assert client.post(f"{where}publish/").status_code == 302
    publication = ScorePublication.objects.latest("pk")
    assert not work_off("engagement.score_publication", publication.pk)
    publication.refresh_from_db()
    return publication


def rule_fields(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Meeting",
        "points": "12.5",
        "cause": "signal",
        "signal": "meeting",
        "at_most": "50",
    } | fields


def names(draft: ScoreModel) -> list[str]:
    return [one.name for one in draft_rules(draft)]


def test_everybody_reads_the_rules_and_who_published_them() -> None:
    publish("engagement", rule("Meeting", 20, signal="meeting"), half_life_days=30)
    text = text_of(client_as("marketing"), PAGE)
    assert "Meeting counts 20 today, 10 after 30 days and 5 after 60 days" in text
    assert "Version 2" in text
    assert "Came with ABE" in text
    assert "Start a draft" not in text
    for kind, status in (("engagement", 403), ("intent", 403), ("fit", 200), ("luck", 404)):
        assert client_as("support").get(f"/scores/models/{kind}/").status_code == status


def test_a_rule_about_closed_numbers_is_not_told() -> None:
    pays = {"field": "finance.arr", "op": "gte", "value": 90}
    publish("fit", is_large(), rule("Pays us", 25, condition=pays), half_life_days=None)
    publish("fit", is_large(), rule("Pays us", 45, condition=pays), half_life_days=None)
    text = text_of(client_as("support"), "/scores/models/fit/")
    assert "Pays us" not in text
    assert "does not read revenue" in text
    assert "100 employees" in text
    assert "Pays us" in text_of(client_as("finance"), "/scores/models/fit/")
    rows = client_as("support").get("/scores/models/fit/?export=csv").getvalue().decode()
    assert "Pays us" not in rows


@pytest.mark.parametrize("where", ["rules/", "do/"])
def test_only_revops_changes_models(where: str) -> None:
    draft = draft_of()
    for function in ("marketing", "leadership"):
        assert send(client_as(function), draft, where, do="publish").status_code == 403
    for path in ("rules/new/", "rules/1/", "preview/"):
        assert client_as("marketing").get(f"{PAGE}{draft.version}/{path}").status_code == 403
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_draft_is_begun_changed_and_published(revops: Client) -> None:
    publish("engagement", rule("Meeting", 20, signal="meeting"), rule("Call", 5, signal="call.inbound"))
    response = revops.post(f"{PAGE}2/do/", {"do": "draft"}, follow=True)
    assert "Version 3 is a draft" in response.content.decode()
    draft = ScoreModel.objects.get(kind="engagement", version=3)
    send(revops, draft, "rules/", half_life_days="45", note="Slower", do="down:0")
    assert names(draft) == ["Call", "Meeting"]
    send(revops, draft, "rules/", half_life_days="45", note="Slower", do="remove:0")
    send(revops, draft, "rules/new/", **rule_fields(name="Event", signal="event"))
    send(revops, draft, "rules/1/", **rule_fields(points="40"))
    assert [(one.name, one.points, one.at_most) for one in draft_rules(draft)] == [
        ("Meeting", Decimal(40), Decimal(50)),
        ("Event", Decimal("12.5"), Decimal(50)),
    ]
    text = text_of(revops, previewed(revops, draft))
    assert "Half-life: 30 days, now 45 days" in text
    assert "Publish version 3" in text
    publish_by_page(revops, draft)
    draft.refresh_from_db()
    assert (draft.state, draft.half_life_days, draft.note) == ("published", 45, "Slower")
    assert str(draft.published_by) in text_of(client_as("sales"), PAGE)


def test_a_condition_is_written_in_the_editor_without_losing_what_was_typed(revops: Client) -> None:
    draft = draft_of("fit")
    typed = {
        "name": "Large",
        "points": "x",
        "where-node": "1:0:leaf",
        "where-0-match": "all",
        "where-1-field": "accounts.employees",
        "where-1-op": "gte",
        "where-1-value": "many",
    }
    added = send(revops, draft, "rules/new/", **typed, **{"where-do": "add:0"}).content.decode()
    assert 'value="Large"' in added
    assert 'value="many"' in added
    assert "where-2-field" in added
    refused = send(revops, draft, "rules/new/", **typed)
    assert refused.status_code == 422
    assert "is no number" in refused.content.decode()
    assert "Enter a number" in refused.content.decode()
    before = names(draft)
    saved = send(revops, draft, "rules/new/", **typed | {"points": "15", "where-1-value": "500"})
    assert saved.status_code == 302
    assert names(draft) == [*before, "Large"]
    assert draft_rules(draft)[-1].condition == {
        "all": [{"field": "accounts.employees", "op": "gte", "value": 500}]
    } or draft_rules(draft)[-1].condition == {"field": "accounts.employees", "op": "gte", "value": 500}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "Fill in “Name”."),
        ({"name": "Call from us"}, "Another rule has this name"),
        ({"points": "0"}, "Give points from"),
        ({"points": "nan"}, "Enter a number"),
        ({"points": "1.234"}, "two decimals"),
        ({"points": "9" * 40}, "Give points from"),
        ({"signal": ""}, "Choose what happens"),
        ({"signal": "no.such"}, "isn’t on offer"),
        ({"cause": "chance"}, "isn’t on offer"),
        ({"at_most": "-1"}, "above 0"),
        ({"cause": "condition", "where-node": "1:0:leaf"}, "Choose a field"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_at_the_field(revops: Client, fields: dict[str, Any], told: str) -> None:
    draft = draft_of()
    response = send(revops, draft, "rules/1/", **rule_fields(**fields))
    assert response.status_code == 422
    text = response.content.decode()
    assert told in text
    assert "abe-error" in text
    assert 'value="50"' in text or "at_most" in fields


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"half_life_days": ""}, "after how many days"),
        ({"half_life_days": "0"}, "Use 1 to"),
        ({"half_life_days": "soon"}, "Enter a whole number"),
        ({"half_life_days": "30", "note": "x" * 2001}, "shorten it to 2000"),
    ],
)
def test_bad_settings_are_refused_and_kept(revops: Client, fields: dict[str, Any], told: str) -> None:
    draft = draft_of()
    response = send(revops, draft, "rules/", **{"note": "Because", **fields})
    assert response.status_code == 422
    assert told in response.content.decode()
    assert "Because" in response.content.decode() or "note" in fields


def test_of_two_who_edit_the_second_keeps_what_was_typed(revops: Client) -> None:
    draft = draft_of()
    seen = cycle.mark(draft)
    send(revops, draft, "rules/", half_life_days="20", note="Mine")
    late = revops.post(
        f"{PAGE}{draft.version}/rules/", {"seen": seen, "half_life_days": "60", "note": "Theirs"}
    )
    assert late.status_code == 409
    assert "was saved since you opened it" in late.content.decode()
    assert "Theirs" in late.content.decode()
    rule_late = revops.post(f"{PAGE}{draft.version}/rules/1/", {"seen": seen, **rule_fields(name="Typed")})
    assert rule_late.status_code == 409
    assert 'value="Typed"' in rule_late.content.decode()
    for odd in ("", "yesterday", "2026-01-01"):
        again = revops.post(
            f"{PAGE}{draft.version}/rules/", {"seen": odd, "half_life_days": "60", "note": "Odd"}
        )
        assert "was saved since you opened it" in again.content.decode()
    draft.refresh_from_db()
    assert (draft.note, draft.state) == ("Mine", "draft")


def test_a_version_comes_back_with_a_version_of_its_own_and_a_draft_goes(revops: Client) -> None:
    publish("engagement", rule("Meeting", 11, signal="meeting"))
    publish("engagement", rule("Meeting", 22, signal="meeting"))
    old = ScoreModel.objects.get(kind="engagement", version=2)
    assert "Put these rules in force again" in text_of(revops, previewed(revops, old))
    revops.post(f"{PAGE}2/do/", {"do": "restore"})
    again = ScoreModel.objects.get(kind="engagement", state="published")
    assert (again.version, [one.points for one in again.rules.all()]) == (4, [11])
    draft = draft_of()
    revops.post(f"{PAGE}{draft.version}/do/", {"do": "discard"})
    assert not ScoreModel.objects.filter(pk=draft.pk).exists()
    assert revops.post(f"{PAGE}3/do/", {"do": "discard"}).status_code == 302
    assert ScoreModel.objects.filter(kind="engagement", version=3, state="retired").exists()


def test_rules_that_speak_of_what_is_gone_are_mended_one_by_one(revops: Client) -> None:
    draft = draft_of("fit")
    gone = {"field": "no.such", "op": "gte", "value": 1}
    for place, held in enumerate(draft.rules.all()[:2]):
        held.condition = gone
        held.name = f"Broken {place}"
        held.save()
    assert "no longer known" in text_of(revops, f"/scores/models/fit/{draft.version}/")
    answer = revops.post(f"/scores/models/fit/{draft.version}/preview/")
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "can&#x27;t be counted" in told or "can't be counted" in told
    assert "Broken 0" in told
    assert text_of(revops, f"/scores/models/fit/{draft.version}/rules/1/")
    send(revops, draft, "rules/", note="", do="remove:1")
    send(revops, draft, "rules/", note="", do="remove:0")
    assert not [name for name in names(draft) if name.startswith("Broken")]
    publish_by_page(revops, draft)
    draft.refresh_from_db()
    assert draft.state == "published"


@pytest.mark.parametrize(
    "path",
    ["99/", "99999999999999999999/", "1/preview/", "1/rules/new/", "99/rules/9/", "1/rules/99999999999/"],
)
def test_odd_addresses_are_answered(revops: Client, path: str) -> None:
    draft_of()
    assert revops.get(f"{PAGE}{path}").status_code in (200, 404)
    for do in ("up:99", "down:x", "remove:-1", "remove:²", "up:", "drop", ""):
        assert revops.post(f"{PAGE}2/rules/", {"do": do, "half_life_days": "30"}).status_code == 409
        assert revops.post(f"{PAGE}2/do/", {"do": do}).status_code == 302


def test_win_rates_of_a_draft_know_only_what_was_known_when_a_deal_was_opened() -> None:
    publish("intent", rule("Web", 30, signal="web"), half_life_days=10)
    for place in range(20):
        account = make_account(employees=500 if place >= 10 else 5)
        is_won = place >= 10
        for days in (40, 60):  # from the day it was opened on: told nobody before
            make_touch(account, ago(days), kind="web")
        if is_won:
            make_touch(account, ago(61), kind="web")
        make_deal(account, ago(60), ago(30), kind="new", is_closed=True, is_won=is_won)
    make_deal(make_account(), ago(2000), ago(30), kind="new", is_closed=True)
    in_force = ScoreModel.objects.get(kind="intent", state="published")
    draft = draft_of("intent")
    save_score_draft(model=draft, by=None, rules=[is_large(30, 100)], half_life_days=10)
    rates = compare_win_rates(draft, in_force, ago(365), TODAY)
    assert (rates.deals, rates.left_out) == (20, 1)
    for side in (rates.before, rates.after):
        assert [(one.deals, one.won) for one in side] == [(10, 0), (10, 10)]
    assert rates.before[-1].most == 30


def test_differences_are_told_in_words() -> None:
    before = [
        rule("Meeting", 20, signal="meeting"),
        rule("Call", 5, signal="call.inbound"),
        is_large(30, 100),
    ]
    after = [
        is_large(30, 100),
        rule("Meeting", 25, signal="meeting", at_most=Decimal(60)),
        rule("Event", 8, signal="event"),
    ]
    assert model_differences(before, after, (30, None)) == [
        "Half-life: 30 days, now none",
        "“Call” removed (+5 points)",
        "“Meeting”: +20 points, now +25 points",
        "“Meeting”: no limit, now at most 60",
        "“Event” added: +8 points for Took part in an event",
        "The rules stand in another order",
    ]
    moved = rule("100 employees", 30, condition={"field": "accounts.employees", "op": "gte", "value": 200})
    assert "100" in model_differences([is_large(30, 100)], [moved], (None, None))[0]


def test_the_histogram_counts_accounts_that_are_there() -> None:
    model = ScoreModel.objects.get(kind="fit", state="published")
    today = timezone.now().date()
    for points in (0, 9, 55, 100, 100):
        AccountScore.objects.create(
            as_of=today, kind="fit", account=make_account(), model=model, score=points, parts=[]
        )
    gone = make_account(deleted_at=timezone.now())
    AccountScore.objects.create(as_of=today, kind="fit", account=gone, model=model, score=99, parts=[])
    text = text_of(client_as("support"), "/scores/models/fit/")
    assert "3 of 5 accounts have 50 points or more" in text
    [row] = re.findall(r'90–100</th><td class="is-num" data-raw="(\d+)"', text)
    assert row == "2"
