"""The life cycle that everything written in versions shares, seen at health models, the smallest of its users."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from common.versions.errors import VersionChangedError
from metrics.health.content import ComponentDraft, Content
from metrics.health.services import (
    create_health_draft,
    cycle,
    publish_health_model,
    restore_health_model,
    retire_health_model,
)
from metrics.models import HealthComponent, HealthModel
from tests.users import make_user

pytestmark = pytest.mark.django_db


def draft(weight: str = "1", by: Any = None, tier: Any = None) -> HealthModel:
    part = ComponentDraft(
        key="finance.arr",
        label="ARR",
        group="finance",
        weight=Decimal(weight),
        curve=((Decimal(0), Decimal(0)), (Decimal(1), Decimal(100))),
    )
    return create_health_draft(tier=tier, content=Content(components=(part,)), by=by)


@pytest.mark.parametrize(
    "change",
    [
        {"note": "Otherwise"},
        {"minimum_coverage": "0.1"},
        {"version": 9},
        {"published_at": None},
        {"state": "draft"},
        {"state": "scheduled"},
    ],
    ids="-".join,
)
def test_the_database_keeps_a_published_version_as_it_is(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        HealthModel.objects.published().update(**change)


def test_the_database_keeps_what_belongs_to_a_published_version() -> None:
    part = HealthComponent.objects.filter(model__state="published").first()
    assert part is not None
    for write in (
        lambda: HealthComponent.objects.filter(pk=part.pk).update(weight=99),
        lambda: HealthComponent.objects.filter(pk=part.pk).delete(),
        lambda: HealthComponent.objects.create(
            model=part.model,
            position=99,
            group="finance",
            key="finance.arr",
            label="ARR",
            weight=1,
            curve=[[0, 0], [1, 1]],
        ),
        lambda: HealthModel.objects.published().delete(),
    ):
        with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
            write()
    # What was published goes to the past and never back.
    HealthModel.objects.published().update(state="retired")
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        HealthModel.objects.update(state="published")


@pytest.mark.django_db(transaction=True)
def test_versions_begun_at_once_are_numbered_one_after_the_other() -> None:
    ready, numbers = threading.Barrier(3), []

    def begin() -> None:
        try:
            ready.wait(timeout=20)
            numbers.append(draft().version)
        finally:
            connection.close()

    at_once(begin, 3)
    assert sorted(numbers) == [3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_the_other_is_told_what_changed() -> None:
    by = make_user("revops")
    drafts = [draft("2", by), draft("3", by)]
    seen = [cycle.seen(one) for one in drafts]
    ready, outcomes = threading.Barrier(2), []
    places = iter(range(2))

    def publish() -> None:
        place = next(places)
        try:
            ready.wait(timeout=20)
            outcomes.append(publish_health_model(model=drafts[place], by=by, expected=seen[place]))
        except VersionChangedError as error:
            outcomes.append(error)
        finally:
            connection.close()

    at_once(publish, 2)
    (lost,) = [one for one in outcomes if isinstance(one, VersionChangedError)]
    (won,) = [one for one in outcomes if isinstance(one, HealthModel)]
    assert str(lost) == f"Health model {won.version} was published by {by} meanwhile."
    assert "ARR added to the components" in lost.differences
    assert HealthModel.objects.published().get() == won


def test_whoever_drafted_before_another_was_published_has_not_seen_it() -> None:
    one, two = draft("2"), draft("3")
    publish_health_model(model=one)
    with pytest.raises(VersionChangedError, match="Health model 3 was published meanwhile"):
        publish_health_model(model=two)
    assert publish_health_model(model=two, expected=cycle.seen(two)).state == "published"
    with pytest.raises(VersionChangedError, match="is published already") as refused:
        publish_health_model(model=two, expected=cycle.seen(two))
    assert refused.value.is_closed


def test_going_back_makes_a_version_of_its_own_and_history_names_who(django_user_model: Any) -> None:
    by = make_user("revops")
    first = HealthModel.objects.published().get()
    publish_health_model(model=draft(by=by), by=by)
    again = restore_health_model(model=first, by=by)
    first.refresh_from_db()
    assert (first.state, first.retired_by, first.retired_at is not None) == ("retired", by, True)
    assert (again.version, again.based_on, again.author, again.published_by) == (4, first, by, by)
    assert again.components.count() == first.components.count() > 1
    event = HealthModel.pgh_event_model.objects.filter(pgh_obj_id=again.pk).latest("pgh_id")  # type: ignore[attr-defined]
    assert event.pgh_context.metadata["user"] == by.pk


def test_only_what_is_published_is_retired_and_the_model_of_all_stays() -> None:
    with pytest.raises(ValidationError, match="can only be replaced"):
        retire_health_model(model=HealthModel.objects.published().get())
    from accounts.models import Tier

    own = draft(tier=Tier.objects.get(slug="strategic"))
    assert own.version == 1
    with pytest.raises(ValidationError, match="not published"):
        retire_health_model(model=own)
    publish_health_model(model=own)
    retire_health_model(model=own)
    own.refresh_from_db()
    assert own.state == "retired"


def at_once(work: Any, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
