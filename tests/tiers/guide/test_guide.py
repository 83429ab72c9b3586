"""The tier guide: exactly the published values, in words for customers, as page and as PDF."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
import typst
from django.test import Client
from django.urls import reverse

from accounts.conditions.expression import parse_condition
from accounts.models import Tier
from common.typeset import compiler_of, typeset
from tests.metrics.facts import make_account
from tests.tiers.entitlements.facts import publish_values
from tests.tiers.facts import at_least, make_draft, plain_rules, publish
from tests.users import client_as
from tiers.content import EVERYONE, Content, Points, Rule, Threshold
from tiers.entitlements.registry import kinds, ordered_kinds
from tiers.entitlements.tables import table_of
from tiers.guide import pdf
from tiers.guide.content import Guide, guide_of, published_guide
from tiers.guide.pdf import guide_pdf
from tiers.guide.wording import AGREED, AND_MORE, OR_MORE, customer_words, in_full

pytestmark = pytest.mark.django_db


def words(data: dict[str, Any]) -> str:
    return customer_words(parse_condition(data))


NAMED = {"field": "accounts.name", "op": "eq", "value": "Acme Holding"}
OWNED = {"field": "accounts.owner", "op": "eq", "value": "boss@example.com"}
JUDGED = {"field": "metrics.health_score", "op": "gte", "value": 50}
OWN = {"field": "custom.secret_plan", "op": "eq", "value": "yes"}
LARGE = {"field": "accounts.employees", "op": "gte", "value": 5000}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (EVERYONE, "Every other customer"),
        (at_least(100_000, 90_000), "ARR ≥ $100,000"),
        ({"all": [at_least(100_000), LARGE]}, "ARR ≥ $100,000 and Employees ≥ 5,000\xa0people"),
        (NAMED, AGREED),
        ({"not": NAMED}, AGREED),
        ({"all": [NAMED, OWNED, JUDGED, OWN]}, AGREED),
        ({"all": [at_least(100_000), NAMED]}, f"ARR ≥ $100,000, {AND_MORE}"),
        ({"any": [at_least(100_000), NAMED]}, f"ARR ≥ $100,000, {OR_MORE}"),
        ({"all": [at_least(100_000), {"any": [LARGE, JUDGED]}]}, None),
        ({"not": {"all": [at_least(100_000), NAMED]}}, AGREED),
        ({"not": at_least(100_000)}, "not (ARR ≥ $100,000)"),
    ],
)
def test_conditions_are_told_without_what_is_our_own_affair(data: dict[str, Any], said: str | None) -> None:
    make_account(custom={"secret_plan": "yes"})
    text = words(data)
    assert said is None or text == said
    for inner in ("Acme", "boss", "ealth", "ecret", "custom.", "finance.", "accounts.", "stay"):
        assert inner not in text


def test_a_guide_shows_exactly_the_values_of_its_version() -> None:
    rule_set = publish_values(
        {
            "strategic": {"first_response": 17, "channels": ["phone"], "collections": "automated"},
            "growth": {"payment_terms": {"days_from": 11, "days_to": 22, "options": ["milestone"]}},
        }
    )
    guide = published_guide()
    assert guide is not None
    assert guide.version == rule_set.version
    table = table_of(rule_set)
    # The rules give three of the four tiers.
    assert [column.slug for column in guide.tiers] == ["strategic", "growth", "standard"]
    assert [row.label for row in guide.rows] == [kind.label for kind in ordered_kinds() if kind.is_shareable]
    for row in guide.rows:
        kind = next(kind for kind in kinds if kind.label == row.label)
        assert list(row.values) == [
            kind.words(table.value(kind, table.tiers[one.slug])) for one in guide.tiers
        ]
    said = {row.label: row.values for row in guide.rows}
    assert said["First response"] == ("17 min", "8 h", "24 h")
    assert said["Payment terms"][1] == "net 11 to 22 days, milestone"
    assert "Monitoring" not in said
    assert "Collections" not in said


def test_what_we_say_in_short_is_said_in_full_below() -> None:
    publish_values({"strategic": {"escalation": "vp_cs", "team": ["named_csm"]}})
    guide = published_guide()
    assert guide is not None
    assert "CSM is customer success manager" in guide.notes[0]
    assert "ARR is annual recurring revenue" in guide.notes[0]
    assert "MRR" not in guide.notes[0], "only what the guide says"
    assert guide.notes[0] in client_as("legal").get(reverse("tiers:guide")).content.decode()
    assert in_full(["phone", "Slack"]) == ""


def test_a_draft_and_a_retired_version_are_in_no_guide() -> None:
    assert published_guide() is None
    publish_values({"strategic": {"first_response": 17}})
    publish_values({"strategic": {"first_response": 18}})
    make_draft()
    guide = published_guide()
    assert guide is not None
    assert guide.rows[0].values[0] == "18 min"


def test_rules_of_the_same_tier_stand_below_one_another() -> None:
    publish(
        Content(
            rules=(
                Rule(name="A secret customer", tier="strategic", condition=NAMED),
                Rule(name="Large", tier="strategic", condition=at_least(100_000)),
                Rule(name="Rest", tier="standard", condition=EVERYONE),
            )
        )
    )
    guide = published_guide()
    assert guide is not None
    assert guide.tiers[0].who == (AGREED, "ARR ≥ $100,000")
    assert guide.tiers[-1].who == ("Every other customer",)
    assert "secret" not in str(guide)


def test_a_score_says_its_points() -> None:
    publish(
        Content(
            kind="score",
            points=(
                Points(name="Revenue", points=60, condition=at_least(100_000)),
                Points(name="Ours", points=-10, condition=JUDGED),
            ),
            thresholds=(
                Threshold(tier="strategic", enter=50, stay=40),
                Threshold(tier="standard"),
            ),
        )
    )
    guide = published_guide()
    assert guide is not None
    assert [column.who for column in guide.tiers] == [("From 50 points",), ("Every other customer",)]
    assert guide.points == ("60 points: ARR ≥ $100,000", f"−10 points: {AGREED}")
    assert guide_pdf(guide).startswith(b"%PDF-1.7")


def test_the_page_and_the_pdf_are_for_colleagues() -> None:
    publish_values({"strategic": {"first_response": 17}})
    client = client_as("sales")
    page = client.get(reverse("tiers:guide"))
    assert "17 min" in page.content.decode()
    assert "finance.arr" not in page.content.decode()
    answer = client.get(reverse("tiers:guide_pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert "attachment" in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content).startswith(b"%PDF-1.7")
    assert Client().get(reverse("tiers:guide_pdf")).status_code == 302


def test_without_published_rules_the_page_says_what_is_missing() -> None:
    client = client_as("sales")
    assert "No rules are published" in client.get(reverse("tiers:guide")).content.decode()
    assert client.get(reverse("tiers:guide_pdf")).status_code == 404


HOSTILE = '#panic("x") $_a_ *b* \\ `c` @preview/x:1 <label> <script>{{x}}'


def pages_of(guide: Guide) -> list[bytes]:
    """Return the guide drawn, one picture a page."""
    drawn = compiler_of(pdf.TEMPLATE).compile(
        format="png", ppi=40, sys_inputs={"content": msgspec.json.encode(guide).decode()}
    )
    return drawn if isinstance(drawn, list) else [drawn]


def test_a_tier_named_like_markup_stays_text() -> None:
    Tier.objects.filter(slug="growth").update(label=HOSTILE)
    publish()
    guide = published_guide()
    assert guide is not None
    assert guide_pdf(guide).startswith(b"%PDF")
    page = client_as("sales").get(reverse("tiers:guide")).content.decode()
    assert "<script>" not in page.split("</head>")[1]


def test_letters_that_the_fonts_lack_make_a_pdf_all_the_same() -> None:
    Tier.objects.filter(slug="growth").update(label="成长 🚀")
    publish()
    guide = published_guide()
    assert guide is not None
    assert guide_pdf(guide).startswith(b"%PDF-1.7")


def test_the_pdf_is_tagged_titled_and_the_same_each_time() -> None:
    publish()
    guide = published_guide()
    assert guide is not None
    made = guide_pdf(guide)
    typeset.cache_clear()
    assert guide_pdf(guide) == made
    assert b"/MarkInfo" in made
    assert re.search(rb"/Lang\s*\(en", made)
    assert b"pdfuaid" in made or b"/Metadata" in made


@pytest.mark.parametrize("rules", [1, 12, 40])
def test_it_is_one_page_whatever_the_number_of_rules(rules: int) -> None:
    content = Content(
        rules=(
            *(
                Rule(
                    name=f"Rule {number}",
                    tier=("strategic", "enterprise", "growth")[number % 3],
                    condition={"all": [at_least(200_000 - number), LARGE]},
                )
                for number in range(rules)
            ),
            Rule(name="Rest", tier="standard", condition=EVERYONE),
        )
    )
    publish(content)
    guide = published_guide()
    assert guide is not None
    assert len(pages_of(guide)) == 1


def test_the_template_reaches_neither_network_nor_files_outside() -> None:
    source = pdf.TEMPLATE.read_text()
    assert "#import" not in source
    with pytest.raises(typst.TypstError):
        compiler_of(pdf.TEMPLATE).compile(input=b'#read("../../abe/settings.py")', format="pdf")
    # The compiler is shared, so it must go on with its own template.
    compiler_of.cache_clear()


def test_the_guide_of_any_version_can_be_made() -> None:
    rule_set = publish(plain_rules())
    assert guide_of(table_of(rule_set), rule_set).version == rule_set.version
