import re
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone

REDACTED = SimpleNamespace(is_redacted=True, reason="Revenue is not for <support>.")


def render(markup, path="/", **context):
    request = RequestFactory().get(path)
    return Template(markup).render(Context({"request": request, **context}))


def words(html):
    """What a reader sees or hears, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


VALUE_TAGS = (
    "{% money value 'EUR' %}",
    "{% number value 'tickets' %}",
    "{% percent value %}",
    "{% measure value 'money' 'EUR' %}",
    "{% measure value 'ratio' %}",
    "{% measure value 'tickets' %}",
    "{% delta value 'points' %}",
    "{% date value %}",
    "{% sparkline value 'ARR' %}",
)


@pytest.mark.parametrize(
    "tag", [*VALUE_TAGS, "{% tier value %}", "{% health value 'red' %}", "{% chip value %}"]
)
def test_a_redacted_value_says_so_with_its_reason_and_shows_nothing_else(tag):
    html = render(tag, value=REDACTED)
    assert "Redacted" in words(html)
    assert "Revenue is not for &lt;support&gt;." in html
    assert not re.search(r"\d", words(html))
    assert 'tabindex="0"' in html


@pytest.mark.parametrize("tag", VALUE_TAGS)
def test_an_absent_value_is_a_dash_that_is_read_out(tag):
    assert words(render(tag, value=None)) == "– no value"


@pytest.mark.parametrize("tag", [tag for tag in VALUE_TAGS if "date" not in tag and "sparkline" not in tag])
def test_zero_is_a_value(tag):
    assert "0" in words(render(tag, value=0))
    assert "no value" not in render(tag, value=0)


def test_short_money_keeps_the_exact_amount_on_hover():
    html = render("{% money value 'EUR' short=True %}", value=Decimal("1240000.55"))
    assert words(html) == "€1.24M"
    assert 'title="€1,240,000.55"' in html


def test_what_reads_as_one_has_its_noun_in_singular():
    read = {value: words(render("{% number value 'days' %}", value=value)) for value in (0, 1, 2)}
    assert [read[value].replace("\N{NO-BREAK SPACE}", " ") for value in read] == ["0 days", "1 day", "2 days"]
    assert words(render("{% measure 1 'tickets' %}")).endswith("ticket")
    assert words(render("{% number 1 'days' decimals=1 %}")).endswith("days"), "1.0 days"


def test_a_number_keeps_its_noun_with_it():
    html = render("{% number 3 'tickets' %}")
    assert "3</span><span" in html
    assert "\u00a0tickets" in html


@pytest.mark.parametrize(
    ("change", "good", "tone", "word", "text"),
    [
        (5, "up", "good", "up", "+5"),
        (5, "down", "bad", "up", "+5"),
        (-5, "up", "bad", "down", "−5"),
        (-5, "down", "good", "down", "−5"),
        (-5, "none", "flat", "down", "−5"),
        (0, "up", "flat", "unchanged", "0"),
    ],
)
def test_a_change_has_sign_word_shape_and_a_colour_by_what_is_good(change, good, tone, word, text):
    html = render("{% delta change good=good %}", change=change, good=good)
    assert f"is-{tone}" in html
    assert words(html) == f"{word} {text}"
    shape = {"up": "trend-up", "down": "trend-down", "unchanged": "trend-flat"}[word]
    assert f"#{shape}" in html


def test_a_change_of_money_or_ratio_carries_its_unit():
    assert words(render("{% delta value 'money' currency='USD' %}", value=-1500)) == "down −$1,500"
    assert words(render("{% delta value 'ratio' %}", value=Decimal("0.096"))) == "up +9.6%"
    nothing = render("{% delta value 'points' decimals=1 %}", value=Decimal("0.04"))
    assert words(nothing) == "unchanged 0.0 points", "what reads as nothing is no good news"
    assert "is-flat" in nothing


def test_a_date_is_a_time_element_with_its_distance():
    day = timezone.localdate() + timedelta(days=3)
    html = render("{% date day %}|{% date day relative=True %}", day=day)
    plain, relative = html.split("|")
    assert f'datetime="{day.isoformat()}"' in plain
    assert 'title="in 3 days"' in plain
    assert words(relative) == "in 3 days"
    assert str(day.year) in relative.partition(">")[0]


def test_a_tier_shows_word_and_steps():
    html = render("{% tier tier %}", tier="strategic")
    assert words(html) == "Strategic"
    assert "is-strategic" in html
    assert html.count("<i>") == 4
    assert words(render("{% tier None %}")) == "No tier"


def test_a_tier_that_is_an_enumeration_uses_its_own_label():
    member = SimpleNamespace(value="top_tier", label="Top tier")
    html = render("{% tier tier %}", tier=member)
    assert words(html) == "Top tier"
    assert "is-top-tier" in html


@pytest.mark.parametrize(("band", "label"), [("red", "Red"), ("amber", "Amber"), ("green", "Green")])
def test_health_is_a_number_a_shape_and_a_word(band, label):
    html = render("{% health 61 band %}", band=band)
    assert words(html) == f"61 {label}"
    assert f"#band-{band}" in html


def test_a_score_that_just_misses_a_band_does_not_read_as_if_it_had_reached_it():
    html = render("{% health score 'amber' %}", score=Decimal("74.96"))
    assert words(html) == "74 Amber"


def test_health_without_a_score_says_why_and_shows_no_number():
    html = render("{% health None '' coverage=0.4 %}")
    assert words(html) == "Insufficient data"
    assert "40%" in html
    assert not re.search(r"\d", words(html))


def test_a_chip_of_state_always_has_a_shape():
    for tone in ("red", "amber", "green"):
        assert "<use" in render("{% chip 'Late' tone=tone %}", tone=tone)
    assert "<use" not in render("{% chip 'Plain' %}")
    assert "is-neutral" in render("{% chip 'Odd' tone='purple' %}")


def test_text_from_data_is_escaped_everywhere():
    bad = '<script>alert("x")</script>'
    html = render(
        "{% chip bad title=bad url='/x' %}{% tier bad %}{% number 3 bad %}"
        "{% how '/h' bad %}{% icon 'x' label=bad %}"
        "{% sparkline values bad %}{% avatars people %}{% sort_header bad 'name' %}"
        "{% panel title=bad %}{{ bad }}{% endpanel %}{% state 'empty' bad %}{{ bad }}{% endstate %}"
        "{% data_table bad %}{{ bad }}{% enddata_table %}{% explained '/h' bad %}{{ bad }}{% endexplained %}",
        bad=bad,
        values=[1, 2],
        people=[{"name": bad, "role": bad}],
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_sparkline_says_what_it_shows_and_keeps_gaps():
    html = render("{% sparkline values 'ARR' unit='money' currency='EUR' %}", values=[1, None, 3, 2])
    assert "ARR: from €1.00 to €2.00, lowest €1.00, highest €3.00" in html
    assert re.search(r' d="([^"]+)"', html)[1].count("M") == 2
    assert "style=" not in html
    assert "no values" in render("{% sparkline values 'ARR' %}", values=[None])


def test_a_flat_or_single_valued_sparkline_is_drawn_in_the_middle():
    for values in ([5, 5, 5], [5]):
        assert 'cy="10.0"' in render("{% sparkline values 'x' %}", values=values)


def test_an_icon_with_a_label_is_an_image_and_without_one_is_hidden():
    assert 'aria-hidden="true"' in render("{% icon 'search' %}")
    labelled = render("{% icon 'search' label='Search' %}")
    assert 'role="img"' in labelled
    assert 'aria-label="Search"' in labelled
    assert "aria-hidden" not in labelled


def test_an_explanation_opens_in_the_sheet_and_as_a_page():
    for html in (
        render("{% how '/m/arr/' 'How' %}"),
        render("{% explained '/m/arr/' 'ARR' %}9{% endexplained %}"),
    ):
        assert 'href="/m/arr/"' in html
        assert 'hx-get="/m/arr/"' in html
        assert "data-sheet" in html
    assert render("{% how '' %}") == ""
    assert render("{% explained '' %}9{% endexplained %}") == "9"


def test_people_are_initials_with_name_and_role():
    people = [{"name": f"Ada {letter}osei", "role": "CSM"} for letter in "ABCDEFG"]
    html = render("{% avatars people limit=5 %}", people=people)
    assert html.count("<li") == 6
    assert "+2" in html
    assert "Ada Aosei, CSM" in html
    assert words(render("{{ 'mara.lindqvist@x.example'|initials }}")) == "ME"


@pytest.mark.parametrize(
    ("path", "numeric", "target", "aria"),
    [
        ("/?q=a&after=9", False, "q=a&amp;sort=arr", None),
        ("/", True, "sort=-arr", None),
        ("/?sort=arr", False, "sort=-arr", "ascending"),
        ("/?sort=-arr", False, "sort=arr", "descending"),
        ("/?sort=-arr", True, "sort=arr", "descending"),
        ("/?sort=arr", True, "sort=-arr", "ascending"),
    ],
)
def test_a_header_sorts_both_ways_and_starts_the_list_again(path, numeric, target, aria):
    html = render("{% sort_header 'ARR' 'arr' numeric=numeric %}", path=path, numeric=numeric)
    assert f'href="?{target}"' in html
    assert (f'aria-sort="{aria}"' in html) if aria else ("aria-sort" not in html)


class Form(forms.Form):
    name = forms.CharField(help_text="As in the contract.")
    note = forms.CharField(required=False)
    agree = forms.BooleanField(required=False)


def test_a_field_ties_help_and_error_to_its_control_and_keeps_what_was_typed():
    form = Form({"name": "", "note": "kept <b>"})
    html = render("{% for bound in form %}{% field bound %}{% endfor %}", form=form)
    described = re.search(r'aria-describedby="([^"]+)"', html)[1].split()
    assert all(f'id="{name}"' in html for name in described)
    assert len(described) == 2
    assert 'aria-invalid="true"' in html
    assert html.count('aria-invalid="true"') == 1
    assert "Fill in “Name”." in html
    assert "This field is required" not in html
    assert 'value="kept &lt;b&gt;"' in html
    assert html.index("<label") < html.index("<input") < html.index("As in the contract.")


def test_a_fields_hint_and_label_can_be_replaced():
    html = render("{% field form.name hint='' label='Company' %}", form=Form())
    assert "As in the contract." not in html
    assert "aria-describedby" not in html
    assert "Company" in html


def test_a_pages_variables_do_not_slip_into_a_panel():
    html = render(
        "{% panel title='A' %}body{% endpanel %}", state="error", url="/x", source="Secret", reason="no"
    )
    assert words(html) == "A body"


def test_an_unknown_panel_option_is_an_error():
    with pytest.raises(TemplateSyntaxError, match="sapn"):
        render("{% panel title='A' sapn=3 %}{% endpanel %}")
