"""The pages of health models: read by everybody, changed by RevOps, previewed before they count."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.test import Client

from accounts.models import Tier
from metrics.health.content import Content, LimitDraft, content_of
from metrics.health.draft_forms import plain_text
from metrics.health.score import store_scores
from metrics.health.services import (
    create_health_draft,
    cycle,
    publish_health_model,
    save_health_draft,
)
from metrics.models import HealthModel, HealthPast, HealthPreview, HealthScore, RefreshRun
from metrics.registry import metrics
from metrics.runs.work import work_off
from people.services import change_access
from tests.metrics.facts import LAST, TODAY, ago, make_account, roll_up
from tests.metrics.test_health import put_all
from tests.metrics.test_health_scope import flat, publish, where
from tests.users import client_as

pytestmark = pytest.mark.django_db
LIST = "/metrics/health/"


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


def in_force() -> HealthModel:
    return HealthModel.objects.get(state="published", tier=None, segment="")


def page(model: HealthModel, where: str = "") -> str:
    return f"{LIST}{model.pk}/{where}"


def text_of(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, url
    return response.content.decode()


def file_of(client: Client, url: str) -> str:
    return b"".join(client.get(url).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


def typed(model: HealthModel, **changes: str) -> dict[str, str]:
    """Return what the editor would send, unchanged but for ``changes`` (dots of keys as double underscores)."""
    model.refresh_from_db()
    held = {
        "seen": cycle.mark(model),
        "minimum_coverage": plain_text(Decimal(model.minimum_coverage) * 100),
        "note": model.note,
        **{f"weight-{part.key}": str(part.weight) for part in model.components.all()},
    }
    return held | {name.replace("__", "."): value for name, value in changes.items()}


def preview_by_page(client: Client, model: HealthModel) -> str:
    asked = client.post(page(model, "preview/"))
    assert asked.status_code == 302
    run = HealthPreview.objects.latest("pk")
    assert asked.url == f"{LIST}previews/{run.pk}/"
    assert not work_off("metrics.health_preview", run.pk)
    return str(asked.url)


def test_the_list_tells_what_is_in_force_and_how_many_each_scores(revops: Client) -> None:
    own = publish(80, tier=Tier.objects.get(slug="strategic"))
    publish(30, segment="Utilities", condition=where("accounts.industry", "eq", "Utilities"), rank=3)
    for tier, industry in (("strategic", ""), ("growth", "Utilities"), ("growth", ""), (None, "")):
        put_all(make_account(tier, industry=industry))
    roll_up("tiers.tenures")
    store_scores(TODAY, 0, LAST)
    draft = create_health_draft(by=None)
    text = file_of(revops, f"{LIST}?export=csv")
    counted = {
        row["For"]: (int(row["Accounts scored"]), int(row["Drafts"]))
        for row in csv.DictReader(StringIO(text))
    }
    assert list(counted) == ["All accounts", own.scope, "Utilities"], "as they are asked, from the widest on"
    assert counted == {"All accounts": (2, 1), own.scope: (1, 0), "Utilities": (1, 0)}
    text = text_of(revops, LIST)
    listed = text_of(revops, LIST)
    assert page(draft, "edit/") in listed
    assert "Industry" in listed, "who is in the segment, in words"
    other = text_of(client_as("support"), LIST)
    assert page(draft, "edit/") not in other
    assert "Begin a draft" not in other


def test_a_version_tells_weights_curves_limits_and_what_changed(revops: Client) -> None:
    first = in_force()
    content = content_of(first)
    draft = create_health_draft(
        by=None,
        content=Content(components=(flat(40), *content.components[1:]), limits=content.limits[1:]),
    )
    text = text_of(revops, page(draft))
    assert f"{content.limits[0].label} left out of the limits" in text
    assert "weight from" in text
    assert "abe-curve" in text
    assert "of the weight" in text


def test_a_draft_is_for_revops_and_a_published_version_for_everybody() -> None:
    draft = create_health_draft(by=None)
    sales = client_as("sales")
    assert sales.get(page(draft)).status_code == 403
    assert sales.get(page(in_force())).status_code == 200
    for address in ("edit/", "limits/new/", "components/1/", "preview/", "past/", "retire/"):
        assert sales.get(page(in_force(), address)).status_code == 403, address
    assert sales.get(f"{LIST}new/").status_code == 403


def test_a_limit_about_a_closed_category_is_told_only_as_one() -> None:
    change_access(levels={("marketing", "support_history"): "none"})
    content = content_of(in_force())
    secret = LimitDraft(
        label="Burning tickets",
        kind="ceiling",
        condition=where("support.urgent_open_tickets", "gte", 3),
        points=Decimal(40),
    )
    draft = create_health_draft(by=None, content=Content(components=content.components, limits=(secret,)))
    model = publish_health_model(model=draft)
    text = text_of(client_as("marketing"), page(model))
    assert "Burning tickets" not in text
    assert "isn’t shown to you" in text
    assert "Burning tickets" in text_of(client_as("support"), page(model))


def test_a_draft_begins_for_a_tier_or_a_segment(revops: Client) -> None:
    answer = revops.post(f"{LIST}new/", {"scope": "segment", "segment": "", "begin": "copy"})
    assert answer.status_code == 422
    assert "Give the segment a name" in answer.content.decode()
    answer = revops.post(f"{LIST}new/", {"scope": "segment", "segment": "New ones", "begin": "copy"})
    model = HealthModel.objects.get(segment="New ones")
    assert answer.url == page(model, "edit/")
    assert len(content_of(model).components) == len(content_of(in_force()).components)
    revops.post(f"{LIST}new/", {"scope": "tier", "tier": "growth", "segment": "x", "begin": "empty"})
    own = HealthModel.objects.get(tier__slug="growth")
    assert (len(content_of(own).components), own.segment) == (1, "")


def test_weights_are_saved_and_a_refused_one_loses_nothing(revops: Client) -> None:
    draft = create_health_draft(by=None)
    key = draft.components.first().key  # type: ignore[union-attr]
    other = draft.components.last().key  # type: ignore[union-attr]
    refused = revops.post(
        page(draft, "edit/"),
        typed(draft, **{f"weight-{key}": "0", f"weight-{other}": "77.5"}, note="Why not"),
    )
    text = refused.content.decode()
    assert refused.status_code == 422
    assert 'value="77.5"' in text
    assert "Why not" in text
    assert re.search(rf'id="id_weight-{re.escape(key)}-error"', text)
    assert draft.components.get(key=other).weight != Decimal("77.5")
    sent = revops.post(page(draft, "edit/"), typed(draft, **{f"weight-{other}": "77.5"}, note="Why not"))
    assert sent.status_code == 302
    draft.refresh_from_db()
    assert (draft.components.get(key=other).weight, draft.note) == (Decimal("77.5"), "Why not")


def test_two_who_save_at_once_are_told_apart(revops: Client) -> None:
    draft = create_health_draft(by=None)
    before = typed(draft, minimum_coverage="80")
    save_health_draft(model=draft, by=None, content=Content(components=(flat(10),)))
    answer = revops.post(page(draft, "edit/"), before)
    assert answer.status_code == 409
    assert "was saved" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.minimum_coverage == Decimal("0.6")


def test_components_are_added_from_the_library_moved_and_removed(revops: Client) -> None:
    draft = create_health_draft(by=None, content=Content(components=(flat(10),)))
    answer = revops.post(page(draft, "edit/"), typed(draft, do="add", add=""))
    assert (answer.status_code, "Choose a number" in answer.content.decode()) == (422, True)
    revops.post(page(draft, "edit/"), typed(draft, do="add", add="support.csat"))
    added = draft.components.get(key="support.csat")
    declared = metrics["support.csat"].component
    assert declared is not None
    assert [[float(v), float(p)] for v, p in declared.curve] == added.curve
    revops.post(page(draft, "edit/"), typed(draft, do="up:support.csat"))

    def keys() -> list[str]:
        return [part.key for part in draft.components.all()]

    assert keys() == ["support.csat", "product.usage_trend"]
    revops.post(page(draft, "edit/"), typed(draft, do="remove:support.csat"))
    assert keys() == ["product.usage_trend"]
    last = revops.post(page(draft, "edit/"), typed(draft, do="remove:product.usage_trend"))
    assert (last.status_code, keys()) == (422, ["product.usage_trend"])
    assert "at least one component" in last.content.decode()


def test_a_curve_is_written_in_pairs(revops: Client) -> None:
    draft = create_health_draft(by=None, content=Content(components=(flat(10),)))
    where_ = page(draft, "components/1/")
    fields = {"label": "Trend", "group": "usage", "weight": "3", "seen": cycle.mark(draft)}
    pairs = {"value-0": "0", "points-0": "5", "value-1": "x", "points-1": "90"}
    refused = revops.post(where_, fields | pairs)
    assert refused.status_code == 422
    assert 'value="x"' in refused.content.decode()
    assert "Type a number" in refused.content.decode()
    falling = revops.post(where_, fields | {"value-0": "2", "points-0": "5", "value-1": "1", "points-1": "9"})
    assert "rise from pair to pair" in falling.content.decode()
    more = revops.post(where_, fields | pairs | {"do": "add"})
    assert (more.status_code, more.content.decode().count('name="value-')) == (200, 3)
    assert draft.components.get().curve == [[0.0, 10.0], [1.0, 10.0]], (
        "nothing is saved by a button of the editor"
    )
    saved = revops.post(where_, fields | pairs | {"value-1": "1.5", "value-2": "", "points-2": ""})
    assert saved.status_code == 302
    part = draft.components.get()
    assert (part.curve, part.weight, part.label) == ([[0.0, 5.0], [1.5, 90.0]], Decimal(3), "Trend")


def test_a_limit_is_written_with_the_editor_of_conditions(revops: Client) -> None:
    draft = create_health_draft(by=None, content=Content(components=(flat(10),)))
    here = page(draft, "limits/new/")
    assert revops.get(here).status_code == 200
    condition = {
        "where-node": ["0::group", "1:0:leaf"],
        "where-0-match": "all",
        "where-1-field": "finance.arr",
        "where-1-op": "gte",
        "where-1-value": "100",
    }
    refused = revops.post(here, {"seen": cycle.mark(draft), "label": "Large", "points": "400", **condition})
    assert refused.status_code == 422
    assert 'value="Large"' in refused.content.decode()
    saved = revops.post(
        here, {"seen": cycle.mark(draft), "label": "Large", "points": "40", "kind": "ceiling", **condition}
    )
    assert saved.status_code == 302, saved.content.decode()
    limit = draft.limits.get()
    assert (limit.label, limit.kind, limit.points) == ("Large", "ceiling", Decimal(40))
    draft.refresh_from_db()
    changed = revops.post(
        page(draft, "limits/1/"),
        {"seen": cycle.mark(draft), "label": "Large", "points": "30", "kind": "floor", **condition},
    )
    assert changed.status_code == 302
    assert draft.limits.get().kind == "floor"
    revops.post(page(draft, "edit/"), typed(draft, do="limit-remove:1"))
    assert not draft.limits.exists()


def test_who_is_in_a_segment_is_written_too(revops: Client) -> None:
    draft = create_health_draft(by=None, segment="Large ones")
    condition = {
        "where-node": ["0::group", "1:0:leaf"],
        "where-0-match": "all",
        "where-1-field": "finance.arr",
        "where-1-op": "gte",
        "where-1-value": "100",
    }
    here = page(draft, "segment/")
    refused = revops.post(here, {"seen": cycle.mark(draft), "rank": "-4", **condition})
    assert refused.status_code == 422
    assert revops.post(here, {"seen": cycle.mark(draft), "rank": "4", **condition}).status_code == 302
    draft.refresh_from_db()
    assert draft.rank == 4
    assert "finance.arr" in str(draft.condition)
    assert revops.get(page(create_health_draft(by=None), "segment/")).status_code == 404


def test_a_preview_is_read_and_published_with_a_note(revops: Client) -> None:
    account = make_account("growth", name="Brill")
    put_all(account)
    roll_up("tiers.tenures")
    store_scores(TODAY, 0, LAST)
    before = list(HealthScore.objects.values())
    draft = create_health_draft(by=None, content=Content(components=(flat(20),)))
    where_ = preview_by_page(revops, draft)
    text = text_of(revops, where_)
    assert "1 account would change band" in text
    assert "Brill" in text
    assert "Trend" in text, "the reason"
    assert "Brill" in file_of(revops, f"{where_}?export=csv&table=movers")
    assert file_of(revops, f"{where_}?export=csv&table=bands").splitlines()[1:] == ["Green,Red,1"]
    refused = revops.post(f"{where_}publish/", {"note": " "})
    assert (refused.status_code, "Say what changes and why" in refused.content.decode()) == (422, True)
    draft.refresh_from_db()
    assert draft.state == "draft"
    done = revops.post(f"{where_}publish/", {"note": "Stricter."})
    assert done.url == page(draft)
    draft.refresh_from_db()
    assert (draft.state, draft.note) == ("published", "Stricter.")
    assert list(HealthScore.objects.values()) == before
    assert "Stricter." in text_of(client_as("sales"), page(draft))


def test_a_draft_that_was_saved_since_has_no_button_to_publish(revops: Client) -> None:
    draft = create_health_draft(by=None, content=Content(components=(flat(20),)))
    where_ = preview_by_page(revops, draft)
    assert f"{where_}publish/" in text_of(revops, where_)
    save_health_draft(model=draft, by=None, content=Content(components=(flat(30),)))
    assert f"{where_}publish/" not in text_of(revops, where_)
    revops.post(f"{where_}publish/", {"note": "Now."})
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_an_earlier_version_comes_back_from_its_preview(revops: Client) -> None:
    first = in_force()
    publish(10)
    where_ = preview_by_page(revops, first)
    assert "Put it in force again" in text_of(revops, where_)
    revops.post(f"{where_}publish/", {"note": "It was right."})
    assert content_of(in_force()) == content_of(first)
    assert in_force().version > first.version


def test_retiring_says_who_takes_over_first(revops: Client) -> None:
    own = publish(80, tier=Tier.objects.get(slug="strategic"))
    for tier in ("strategic", "growth"):
        put_all(make_account(tier))
    roll_up("tiers.tenures")
    store_scores(TODAY, 0, LAST)
    text = text_of(revops, page(own, "retire/"))
    assert re.search(r"1</span> of its accounts|1 of its accounts", text)
    assert "All accounts" in text
    assert revops.post(page(own, "retire/"), {"seen": "1.x"}).status_code == 302
    own.refresh_from_db()
    assert own.state == "published", "somebody else had looked at something else"
    revops.post(page(own, "retire/"), {"seen": cycle.seen(own)})
    own.refresh_from_db()
    assert own.state == "retired"
    assert revops.get(page(in_force(), "retire/")).status_code == 404


def test_the_past_of_a_draft_is_compared_account_by_account(revops: Client) -> None:
    account = make_account(name="Brill")
    for day in (ago(20), TODAY):
        put_all(account, as_of=day)
        RefreshRun.objects.create(as_of=day, cause="test", state="done", finished_at=datetime.now(UTC))
        store_scores(day, 0, LAST)
    draft = create_health_draft(by=None, content=Content(components=(flat(20),)))
    here = page(draft, "past/")
    assert revops.get(here).status_code == 200
    refused = revops.post(here, {"first": "2020-01-01", "last": "2020-02-01", "each": "month"})
    assert (refused.status_code, "No numbers are stored" in refused.content.decode()) == (422, True)
    asked = revops.post(here, {"first": ago(30).isoformat(), "last": TODAY.isoformat(), "each": "day"})
    run = HealthPast.objects.get()
    assert asked.url == f"{LIST}pasts/{run.pk}/"
    assert "steps" in text_of(revops, asked.url)
    assert not work_off("metrics.health_past", run.pk)
    text = text_of(revops, asked.url)
    assert "0% green at the end" in text
    assert "100% green at the end" in text
    assert "Brill" in text
    assert "−80" in text.replace("-80", "−80")
    one = text_of(revops, f"{asked.url}?account={account.pk}")
    assert "Brill: version" in one
    assert revops.get(f"{asked.url}?account=999999").status_code == 200


def test_a_long_run_is_cancelled(revops: Client) -> None:
    draft = create_health_draft(by=None, content=Content(components=(flat(20),)))
    asked = revops.post(page(draft, "preview/"))
    revops.post(f"{asked.url}cancel/")
    assert HealthPreview.objects.get().state == "cancelled"
    assert "Cancelled" in text_of(revops, asked.url)


def test_a_draft_is_thrown_away_or_begun_from_any_version(revops: Client) -> None:
    answer = revops.post(page(in_force(), "do/"), {"do": "draft"})
    draft = HealthModel.objects.drafts().get()
    assert answer.url == page(draft, "edit/")
    assert revops.post(page(draft, "do/"), {"do": "discard"}).url == LIST
    assert not HealthModel.objects.drafts().exists()
    assert revops.get(page(in_force(), "edit/")).status_code == 302, "what is published is kept as it is"


def test_seventeen_weights_have_room_to_be_read(revops: Client) -> None:
    chart = revops.get(page(in_force())).context["weights"]
    assert (len(chart.categories), chart.height) == (17, "lg")
