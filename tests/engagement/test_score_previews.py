"""Previews of point models are what the refresh will count; publishing applies them, or says what changed since."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.versions.errors import VersionChangedError
from engagement.models import ScoreDifference, ScoreModel, ScorePreview, ScorePreviewRow, ScorePublication
from engagement.scoring.previews.publishing import request_score_publication
from engagement.scoring.previews.services import request_score_preview
from engagement.scoring.previews.tables import rows_of, told
from engagement.scoring.services import discard_score_draft, save_score_draft
from metrics.engine import plan as plan_module
from metrics.runs.work import do_next_step, work_off
from tests.engagement.test_score_models import draft_of, publish_by_page, text_of
from tests.engagement.test_scoring import is_large, publish, rule, score
from tests.metrics.facts import TODAY, ago, make_account, make_touch
from tests.metrics.test_workers import in_threads
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


def preview(draft: ScoreModel) -> ScorePreview:
    """Preview a version to its end."""
    run = request_score_preview(model=draft, by=make_user("revops"))
    assert not work_off("engagement.score_preview", run.pk, seconds=600)
    run.refresh_from_db()
    assert run.state == "done", run.error
    return run


def publish_preview(run: ScorePreview, accepted: str = "") -> ScorePublication:
    """Have a preview published and let workers do it."""
    asked = request_score_publication(preview=run, by=make_user("revops"), accepted=accepted)
    assert not work_off("engagement.score_publication", asked.pk, seconds=600)
    asked.refresh_from_db()
    return asked


def changed_draft() -> ScoreModel:
    """Return a draft that counts meetings more and something new, of a model in force."""
    publish("engagement", rule("Meeting", 20, signal="meeting"), rule("Call", 10, signal="call.inbound"))
    draft = draft_of()
    save_score_draft(
        model=draft,
        by=None,
        rules=[rule("Meeting", 35, signal="meeting"), rule("Web", 5, signal="web")],
        half_life_days=10,
    )
    draft.refresh_from_db()
    return draft


def busy_accounts(count: int = 12) -> list[int]:
    accounts = [make_account() for _ in range(count)]
    for place, account in enumerate(accounts):
        for number in range(place % 4):
            make_touch(account, ago(5 * number), kind="meeting")
        make_touch(account, ago(place), kind="call", direction="inbound")
    return [account.pk for account in accounts]


def test_the_preview_counts_as_the_refresh_will(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 3)
    busy_accounts()
    draft = changed_draft()
    before = score()
    run = preview(draft)
    assert len(run.plan) >= 4
    assert publish_preview(run).state == "done"
    after = score()
    summary = run.summary or {}
    assert run.day == TODAY
    assert summary["accounts"] == len(before) == 12
    assert summary["risen"] == sum(after[pk] > before[pk] for pk in before) > 0
    assert summary["fallen"] == sum(after[pk] < before[pk] for pk in before) > 0
    assert summary["crossing_up"] == sum(before[pk] < 50 <= after[pk] for pk in before) > 0
    for side, scores in (("before", before), ("after", after)):
        assert summary[side] == [
            sum(min(9, int(one // 10)) == bar for one in scores.values()) for bar in range(10)
        ]
    shown = {row.account_id: (float(row.before), float(row.after)) for row in run.rows.all()}
    assert shown == {pk: (before[pk], after[pk]) for pk in before if before[pk] or after[pk]}
    movers = list(told(run, rows_of(run)))
    assert [mover.account_id for mover in movers] == sorted(
        (pk for pk in before if before[pk] != after[pk]), key=lambda pk: (-abs(after[pk] - before[pk]), pk)
    )
    for mover in movers:
        assert float(sum(reason.change for reason in mover.reasons)) == pytest.approx(
            float(mover.change), abs=0.1
        )


def test_what_changed_since_is_listed_and_nothing_published_until_it_is_accepted() -> None:
    ids = busy_accounts()
    draft = changed_draft()
    score()
    run = preview(draft)
    rows = {row.account_id: row.after for row in run.rows.all()}
    make_touch(ScorePreviewRow.objects.get(run=run, account_id=ids[3]).account, ago(0), kind="web")
    refused = publish_preview(run)
    assert refused.state == "failed"
    summary = refused.summary or {}
    assert [
        (one["account_id"], Decimal(one["previewed"]), Decimal(one["now"])) for one in summary["differences"]
    ] == [(ids[3], rows[ids[3]], rows[ids[3]] + 5)]
    assert not ScoreDifference.objects.exists()
    draft.refresh_from_db()
    assert draft.state == "draft"
    gone = ScorePreviewRow.objects.get(run=run, account_id=ids[7]).account
    gone.deleted_at = "2026-01-01T00:00:00Z"
    gone.save()
    make_touch(ScorePreviewRow.objects.get(run=run, account_id=ids[5]).account, ago(0), kind="web")
    again = publish_preview(run, summary["token"])
    assert (again.state, (again.summary or {})["count"]) == ("failed", 2), (
        "what came later is not swept along"
    )
    done = publish_preview(run, (again.summary or {})["token"])
    assert (done.state, done.summary) == ("done", {"accepted": 2}), done.error
    draft.refresh_from_db()
    assert (draft.state, draft.published_by) == ("published", done.requested_by)


def test_only_a_whole_preview_of_what_the_draft_says_is_published() -> None:
    busy_accounts(2)
    draft = changed_draft()
    by = make_user("revops")
    waiting = request_score_preview(model=draft, by=by)
    assert request_score_preview(model=draft, by=by) == waiting
    with pytest.raises(ValidationError, match="done"):
        request_score_publication(preview=waiting, by=by)
    assert do_next_step("engagement.score_preview", waiting.pk)
    save_score_draft(model=draft, by=by, rules=[rule("Meeting", 36, signal="meeting")], half_life_days=10)
    assert not work_off("engagement.score_preview", waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, "saved while" in waiting.error) == ("failed", True)
    assert not waiting.rows.exists()
    run = preview(draft)
    asked = request_score_publication(preview=run, by=by)
    assert request_score_publication(preview=run, by=by) == asked
    save_score_draft(model=draft, by=by, rules=[rule("Meeting", 37, signal="meeting")], half_life_days=10)
    assert not work_off("engagement.score_publication", asked.pk)
    asked.refresh_from_db()
    assert (asked.state, "draft was saved" in asked.error) == ("failed", True)
    with pytest.raises(VersionChangedError):
        request_score_publication(preview=run, by=by)
    assert ScoreModel.objects.get(kind="engagement", state="published") != draft
    discard_score_draft(model=draft, by=by)
    assert not ScorePreview.objects.exists()
    with pytest.raises(VersionChangedError):
        request_score_preview(model=draft, by=by)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told() -> None:
    busy_accounts(4)
    first, second = changed_draft(), draft_of()
    save_score_draft(model=second, by=None, rules=[rule("Meeting", 50, signal="meeting")], half_life_days=20)
    second.refresh_from_db()
    by = make_user("revops")
    asked = [request_score_publication(preview=preview(draft), by=by) for draft in (first, second)]
    ready = threading.Barrier(2)

    def work(pk: int) -> None:
        ready.wait(20)
        work_off("engagement.score_publication", pk)

    in_threads(*(lambda pk=one.pk: work(pk) for one in asked))  # type: ignore[misc]
    for one in asked:
        one.refresh_from_db()
    assert sorted(one.state for one in asked) == ["done", "failed"]
    [lost] = [one for one in asked if one.state == "failed"]
    assert "published" in lost.error
    assert ScoreModel.objects.filter(kind="engagement", state="published").count() == 1


def test_pages_follow_a_preview_and_its_publication() -> None:
    busy_accounts()
    draft = changed_draft()
    client = client_as("revops")
    asked = client.post(f"/scores/models/engagement/{draft.version}/preview/")
    run = ScorePreview.objects.get()
    assert asked.url == f"/scores/previews/{run.pk}/"
    waiting = text_of(client, asked.url)
    assert "0 of 2 steps" in waiting
    assert f'hx-get="{asked.url}"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "Publish version" not in waiting
    assert client.post(f"{asked.url}publish/").status_code == 302
    assert not ScorePublication.objects.exists()
    work_off("engagement.score_preview", run.pk)
    partial = client.get(asked.url, headers={"HX-Request": "true"})
    assert b"<html" not in partial.content
    assert b'hx-trigger="every' not in partial.content
    shown = text_of(client, asked.url)
    assert "Publish version" in shown
    assert "Half-life: 30 days, now 10 days" in shown
    assert shown.count('data-label="Because"') == rows_of(run).count()
    for way in ("up", "down", "over", "under", "sideways"):
        found = text_of(client, f"{asked.url}?way={way}&page=x")
        assert found.count('data-label="Because"') == rows_of(run, way).count(), way
        lines = client.get(f"{asked.url}?way={way}&export=csv").getvalue().decode().strip().splitlines()
        assert len(lines) == 1 + rows_of(run, way).count()
    assert client.post(f"{asked.url}publish/").status_code == 302
    publication = ScorePublication.objects.get()
    where = f"/scores/publications/{publication.pk}/"
    assert "Counting every account again" in text_of(client, where)
    make_touch(run.rows.earliest("pk").account, ago(0), kind="web")
    work_off("engagement.score_publication", publication.pk)
    told_there = text_of(client, where)
    assert "1 account gets something else than previewed" in told_there
    publication.refresh_from_db()
    token = (publication.summary or {})["token"]
    again = client.post(f"{asked.url}publish/", {"accepted": token})
    other = ScorePublication.objects.latest("pk")
    assert again.url == f"/scores/publications/{other.pk}/"
    work_off("engagement.score_publication", other.pk)
    assert "with 1 change that" in text_of(client, again.url)
    assert "Publish version" not in text_of(client, asked.url)
    assert client.get(f"/scores/models/engagement/{draft.version}/preview/").url == asked.url
    assert "Of " in text_of(client, f"/scores/models/engagement/{draft.version}/")


def test_runs_are_cancelled_from_their_pages_and_are_for_revops() -> None:
    busy_accounts(2)
    draft = changed_draft()
    client = client_as("revops")
    assert "Not previewed yet" in text_of(client, f"/scores/models/engagement/{draft.version}/preview/")
    run = request_score_preview(model=draft, by=make_user("revops"))
    assert client.post(f"/scores/previews/{run.pk}/cancel/").status_code == 302
    assert client.post(f"/scores/previews/{run.pk}/cancel/").status_code == 302
    assert "Cancelled by" in text_of(client, f"/scores/previews/{run.pk}/")
    run = preview(draft)
    asked = request_score_publication(preview=run, by=make_user("revops"))
    for function in ("marketing", "leadership"):
        other = client_as(function)
        for where in (f"previews/{run.pk}/", f"publications/{asked.pk}/"):
            assert other.get(f"/scores/{where}").status_code == 403
        for where in (f"previews/{run.pk}/publish/", f"publications/{asked.pk}/cancel/"):
            assert other.post(f"/scores/{where}").status_code == 403
    assert client.post(f"/scores/publications/{asked.pk}/cancel/").status_code == 302
    assert "Nothing was published" in text_of(client, f"/scores/publications/{asked.pk}/")
    assert not work_off("engagement.score_publication", asked.pk)
    draft.refresh_from_db()
    assert draft.state == "draft"
    for odd in ("previews/99999999999999999999/", "publications/99999999999999999999/", "previews/12345678/"):
        assert client.get(f"/scores/{odd}").status_code == 404


def test_a_page_costs_the_same_however_many_accounts() -> None:
    draft = changed_draft()
    client = client_of(make_user("revops"))

    def queries() -> int:
        run = preview(draft)
        with CaptureQueriesContext(connection) as seen:
            text_of(client, f"/scores/previews/{run.pk}/")
        return len(seen)

    busy_accounts(3)
    few = queries()
    busy_accounts(20)
    assert queries() <= few


def test_the_first_version_of_all_is_previewed_beside_nothing() -> None:
    ScoreModel.objects.filter(kind="fit", state="published").update(state="retired")
    account = make_account(employees=500)
    draft = draft_of("fit")
    save_score_draft(model=draft, by=None, rules=[is_large(30, 100)], half_life_days=None)
    draft.refresh_from_db()
    client = client_as("revops")
    run = publish_by_page(client, draft)
    assert run.state == "done", run.error
    row = run.preview.rows.get()
    assert (row.account_id, row.before, row.after) == (account.pk, 0, 30)
