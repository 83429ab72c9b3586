"""The clause library: who writes it, how versions follow one another, and what differs in words."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from time import process_time
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from common.versions.errors import VersionChangedError
from finance.clauses.library import Step, standard_of
from finance.clauses.services.library import (
    TextDraft,
    create_clause_draft,
    create_family,
    cycle,
    discard_clause_draft,
    draft_texts,
    publish_clause_version,
    restore_clause_version,
    save_clause_draft,
    steps_of,
)
from finance.clauses.words import wording_diff
from finance.models import ClauseText, ClauseVersion
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from tests.finance.clauses import family, publish_next
from tests.finance.test_ledger_at_once import in_threads
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_a_draft_begins_with_what_is_in_force_and_changes_nothing_until_published() -> None:
    by = make_user("legal")
    draft = create_clause_draft(family=family(), by=by)
    assert [text.key for text in draft_texts(draft)] == ["net-30", "net-45", "net-60-milestones"]
    texts = [
        *draft_texts(draft),
        TextDraft(label="Net 90", wording="Due after 90 days.", tiers=["strategic"]),
    ]
    draft = save_clause_draft(version=draft, by=by, texts=texts, steps=[Step(function="finance", hours=8)])
    assert ClauseVersion.objects.published().get(family=family()).version == 1
    publish_clause_version(version=draft, by=by, expected=cycle.seen(draft))
    held = standard_of(ClauseVersion.objects.published().get(family=family()))
    assert (held.version, held.texts[-1].key, held.steps) == (
        2,
        "net-90",
        (Step(function="finance", hours=8),),
    )
    assert ClauseVersion.objects.get(family=family(), version=1).state == "retired"


@pytest.mark.parametrize("function", ["sales", "finance", "leadership"])
def test_legal_and_revops_alone_write_it(function: str) -> None:
    by = make_user(function)
    draft = create_clause_draft(family=family(), by=make_user("revops"))
    for write in (
        lambda: create_clause_draft(family=family(), by=by),
        lambda: save_clause_draft(version=draft, by=by, texts=draft_texts(draft), steps=steps_of(draft)),
        lambda: publish_clause_version(version=draft, by=by),
        lambda: discard_clause_draft(version=draft, by=by),
        lambda: create_family(label="Escrow", shape="wording", by=by),
    ):
        with pytest.raises(PermissionDenied):
            write()


def test_what_was_published_is_kept_by_the_database() -> None:
    text = ClauseText.objects.filter(version__state="published").first()
    assert text is not None
    for change in (
        lambda: ClauseText.objects.filter(pk=text.pk).update(wording="Other"),
        lambda: ClauseText.objects.filter(pk=text.pk).delete(),
        lambda: ClauseVersion.objects.filter(pk=text.version_id).update(approval=[]),
        lambda: ClauseText.objects.create(
            version_id=text.version_id, position=9, key="x", kind="fallback", label="X", wording="X"
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_the_second_who_saves_or_publishes_is_told_what_the_first_did() -> None:
    by = make_user("legal")
    draft, other = (create_clause_draft(family=family(), by=by) for _ in range(2))
    mark, seen = cycle.mark(draft), cycle.seen(other)
    save_clause_draft(version=draft, by=by, texts=draft_texts(draft), steps=steps_of(draft), expected=mark)
    with pytest.raises(VersionChangedError):
        save_clause_draft(
            version=draft, by=by, texts=draft_texts(draft), steps=steps_of(draft), expected=mark
        )
    publish_clause_version(version=draft, by=by)
    with pytest.raises(VersionChangedError, match="was published"):
        publish_clause_version(version=other, by=by, expected=seen)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": " "}, "texts.1.label"),
        ({"label": "Net 30"}, "texts.1.label"),
        ({"wording": "\x00"}, "texts.1.wording"),
        ({"tiers": ["gold"]}, "texts.1.tiers"),
        ({"terms": {"payment_days": -1}}, "texts.1.terms.payment_days"),
    ],
)
def test_a_text_that_cannot_be_is_refused_at_its_field(change: Any, field: str) -> None:
    draft = create_clause_draft(family=family(), by=None)
    texts = draft_texts(draft)
    texts[1] = replace(texts[1], **change)
    with pytest.raises(ValidationError) as refused:
        save_clause_draft(version=draft, by=None, texts=texts, steps=steps_of(draft))
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], "steps"),
        ([Step(function="nobody", hours=1)], "steps.0.function"),
        ([Step(function="legal", hours=0)], "steps.0.hours"),
        ([Step(function="legal", hours=1)] * 6, "steps"),
    ],
)
def test_every_version_says_whose_word_is_needed(steps: list[Step], field: str) -> None:
    draft = create_clause_draft(family=family(), by=None)
    with pytest.raises(ValidationError) as refused:
        save_clause_draft(version=draft, by=None, texts=draft_texts(draft), steps=steps)
    assert list(refused.value.message_dict) == [field]


def test_a_family_of_ones_own_needs_a_text_before_it_counts() -> None:
    by = make_user("legal")
    escrow = create_family(label="Source code escrow", shape="wording", by=by)
    assert escrow.key == "source-code-escrow"
    draft = create_clause_draft(family=escrow, by=by)
    with pytest.raises(ValidationError, match="preferred text first"):
        publish_clause_version(version=draft, by=by)
    for label, shape, field in (
        ("source code ESCROW", "wording", "label"),
        ("", "wording", "label"),
        ("!!!", "wording", "label"),
        ("New", "no", "shape"),
    ):
        with pytest.raises(ValidationError) as refused:
            create_family(label=label, shape=shape, by=by)
        assert list(refused.value.message_dict) == [field]


def test_versions_tell_in_words_what_changed() -> None:
    before = ClauseVersion.objects.published().get(family=family())
    after = publish_next(
        "payment-schedule",
        net_30={"wording": "Invoices are due 20 days after they are issued.", "terms": {"payment_days": 20}},
        net_45={"tiers": ["strategic", "growth"]},
        steps=[Step(function="finance", hours=24), Step(function="legal", hours=12)],
    )
    assert cycle.differences(before, after) == [
        "“Net 30”, Days to pay: 30 days, now 20 days",
        "“Net 30”, wording: “30”, now “20”",
        "“Net 45”, pre-approved for Strategic, Enterprise, now for Strategic, Growth",
        "Approval: Finance within 24 h, now Finance within 24 h, then Legal within 12 h",
    ]


def test_the_earlier_version_comes_back_as_a_version_of_its_own() -> None:
    first = ClauseVersion.objects.get(family=family(), version=1)
    publish_next("payment-schedule", net_45={"tiers": []})
    back = restore_clause_version(version=first, by=make_user("legal"))
    assert back.version == 3
    assert draft_texts(back) == draft_texts(first)
    assert cycle.differences(first, back) == []


def test_words_that_were_changed_are_told_from_those_that_stayed() -> None:
    pieces = wording_diff("Due after 30 days, always.", "Due after 45 working days, always.")
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "Due after"),
        ("removed", "30"),
        ("added", "45 working"),
        ("same", "days, always."),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins() -> None:
    drafts = [create_clause_draft(family=family(), by=None) for _ in range(2)]
    seen = [cycle.seen(draft) for draft in drafts]

    def publish(place: int) -> str:
        try:
            publish_clause_version(version=drafts[place], by=None, expected=seen[place])
        except VersionChangedError as error:
            return error.message
        return "published"

    told = in_threads(lambda: publish(0), lambda: publish(1))
    assert sorted(each == "published" for each in told) == [False, True]
    assert ClauseVersion.objects.published().filter(family=family()).count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("the a b " * 2_500, "a the b " * 2_500),
        ("word " * 4_000, "word " * 3_000),
        ("x" * 20_000, "y" * 20_000),
    ],
)
def test_no_wording_takes_long_to_compare(before: str, after: str) -> None:
    began = process_time()
    pieces = wording_diff(before, after)
    assert process_time() - began < 2
    assert [piece.text for piece in pieces if piece.kind != "added"] == [before]
    assert [piece.text for piece in pieces if piece.kind != "removed"] == [after]


def test_a_long_wording_is_told_sentence_by_sentence() -> None:
    same = " ".join(f"In case {place} the party of the part of the first part pays." for place in range(200))
    pieces = wording_diff(f"{same} It ends in May.", f"{same} It ends in June.")
    assert [(piece.kind, piece.text[-16:]) for piece in pieces] == [
        ("same", "first part pays."),
        ("removed", "It ends in May."),
        ("added", "It ends in June."),
    ]


def test_a_file_says_in_words_what_it_changes_and_drafts_or_publishes_it() -> None:
    data = read_yaml(export_yaml(["clauses"]))
    held = data["clauses"]["payment-schedule"]
    held["texts"][1]["tiers"] = ["growth"]
    data["clauses"]["source-code-escrow"] = {
        "label": "Source code escrow",
        "shape": "wording",
        "texts": [{"label": "None", "wording": "We keep it.", "terms": {}, "tiers": []}],
        "approval": [{"function": "legal", "hours": 24}],
    }
    legal = make_user("legal")
    (planned,) = apply_import(data, by=legal)
    assert [words.split(":")[:2] for words in planned.changes] == [
        [
            "Payment schedule",
            " a new draft (“Net 45”, pre-approved for Strategic, Enterprise, now for Growth)",
        ],
        ["Source code escrow", " a new draft (“None” added)"],
    ]
    assert ClauseVersion.objects.get(family=family(), state="published").version == 1
    assert [each.changes for each in plan_import(data)] == [[]], "The drafts are there already."
    apply_import(data, by=legal, is_published=True)
    assert ClauseVersion.objects.get(family=family(), state="published").version == 2
    assert [each.changes for each in plan_import(data, is_published=True)] == [[]]
    assert read_yaml(export_yaml(["clauses"]))["clauses"]["source-code-escrow"]["texts"][0]["key"] == "none"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda held: held.pop("custom-sla"), "clauses.custom-sla: is missing."),
        (
            lambda held: held["custom-sla"].update(label="SLA"),
            "clauses.custom-sla.label: is “Custom SLA” here",
        ),
        (
            lambda held: held["custom-sla"].update(shape="wording"),
            "clauses.custom-sla.shape: is service_level here",
        ),
        (
            lambda held: held["custom-sla"].update(texts=[]),
            "clauses.custom-sla.texts: must have the preferred text",
        ),
        (lambda held: held["custom-sla"].update(approval=[]), "clauses.custom-sla.approval: Say whose word"),
        (
            lambda held: held["custom-sla"]["texts"][0]["terms"].update(uptime="much"),
            "clauses.custom-sla.texts[0].terms.uptime: Choose from 0 to 100",
        ),
        (
            lambda held: held["custom-sla"]["texts"][1].update(tiers=["gold"]),
            "texts[1].tiers: There is no tier",
        ),
        (
            lambda held: held.update({"other": deepcopy(held["custom-sla"])}),
            "clauses.other: isn’t the short form of its name",
        ),
    ],
)
def test_a_file_that_the_library_cannot_hold_is_refused_with_its_place(change: Any, problem: str) -> None:
    document = yaml.safe_load(export_yaml(["clauses"]))
    change(document["clauses"])
    with pytest.raises(ConfigError) as refused:
        plan_import(read_yaml(yaml.safe_dump(document, allow_unicode=True)))
    assert any(problem in str(each) for each in refused.value.problems), refused.value


def test_a_file_is_brought_in_by_those_who_write_the_library() -> None:
    data = read_yaml(export_yaml(["clauses"]))
    data["clauses"]["custom-sla"]["texts"][0]["wording"] = "As agreed."
    with pytest.raises(ConfigError, match="--by"):
        apply_import(data, by=make_user("sales"))
    assert not ClauseVersion.objects.drafts().exists()
