"""Every section of the configuration: into a file and back changes nothing, and its history can be read."""

from __future__ import annotations

import copy
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from accounts.conditions.expression import condition_data, parse_condition
from accounts.lists.services import create_list, create_view
from finance.costs.rates import write_rate
from metrics.scoreboard.targets import set_target
from people.configuration.files import apply_import, export_yaml, exportable, plan_import, read_yaml
from people.configuration.history import Asked, read_saves
from people.configuration.reading import tracked_sections
from people.configuration.registry import ConfigError, ConfigSection, sections
from people.skills.services import create_skill, set_skills
from sync.freshness.services import expect_freshness
from sync.models import Source
from sync.provenance.services import set_precedence
from sync.registry import resources
from tests.users import make_user
from tiers.services import create_draft, publish_rule_set, seen_of

pytestmark = pytest.mark.django_db

FILES = exportable()
TRACKED = tracked_sections()


def by_key(section: ConfigSection) -> str:
    return section.key


@pytest.fixture(autouse=True)
def _something_everywhere() -> None:
    """Let no section be empty that starts so."""
    crm, desk = (Source.objects.create(slug=slug, name=slug.title()) for slug in ("crm", "desk"))
    set_precedence(resource=resources["accounts"], field="", sources=[crm.slug, desk.slug])
    set_precedence(resource=resources["accounts"], field="custom.region", sources=[desk.slug])
    expect_freshness(source=crm, category="revenue", warn_minutes=60, error_minutes=1440)
    revops = make_user("revops")
    rule = parse_condition({"field": "accounts.country", "op": "eq", "value": "DE"})
    inner = create_list(name="Germany", by=revops, condition=rule)
    create_view(
        name="Large", by=revops, params={"list": [str(inner.pk)]}, where=condition_data(rule), sharing="all"
    )
    set_target(
        line="finance.nrr",
        segment=("tier", "strategic"),
        goal="at_least",
        value=Decimal("1.25"),
        starts_on=date(2026, 1, 1),
        reason="Agreed by the board.",
        person=revops,
        by=revops,
    )
    set_skills(person=revops, skills=[create_skill(name="German", kind="language", by=revops)], by=revops)
    write_rate(
        function="support",
        loaded_cost=Decimal("12000.50"),
        capacity_hours=Decimal(240),
        starts_on=date(2026, 1, 1),
        by=make_user("finance"),
    )
    rules = create_draft(by=revops)
    publish_rule_set(rule_set=rules, by=revops, expected=seen_of(rules))


def counts() -> dict[str, int]:
    """How many events each tracked table has: none more, nothing was written."""
    return {
        tracked.model._meta.label: tracked.events.count() for section in TRACKED for tracked in section.tracks
    }


@pytest.mark.parametrize("section", FILES, ids=by_key)
def test_a_section_comes_back_from_its_file_as_it_was(section: ConfigSection) -> None:
    text = export_yaml([section.key])
    data = read_yaml(text)
    assert data[section.key], "An empty section shows nothing."
    before = counts()
    for is_published in (False, True):
        assert [each.changes for each in plan_import(data, is_published=is_published)] == [[]]
        apply_import(data, is_published=is_published)
    assert counts() == before
    assert export_yaml([section.key]) == text
    assert section.file is not None
    section.file.apply(data[section.key], None, False)  # not even where it is applied without being planned
    assert export_yaml([section.key]) == text


def test_the_whole_configuration_comes_back_through_the_command(tmp_path: Any) -> None:
    file = tmp_path / "abe.yaml"
    call_command("config", "export", str(file), stderr=io.StringIO())
    said = io.StringIO()
    call_command("config", "import", str(file), stdout=said)
    assert said.getvalue() == "Nothing to change: the configuration already reads like this.\n"
    out = io.StringIO()
    call_command("config", "export", stdout=out)
    assert out.getvalue() == file.read_text()
    open_to_all = {each.key for each in FILES if each.category is None}
    assert set(yaml.safe_load(file.read_text())) == {"abe_configuration", *open_to_all}


@pytest.mark.parametrize("section", FILES, ids=by_key)
@pytest.mark.parametrize(
    "wrong", [None, 7, "text", True, [[]], [7], {"no such name": {}}, {7: 7}, {"every": []}, [{"a": 1}]]
)
def test_a_section_of_another_shape_is_refused_with_its_place(section: ConfigSection, wrong: Any) -> None:
    before = counts()
    text = yaml.safe_dump({"abe_configuration": 1, section.key: wrong})
    with pytest.raises(ConfigError) as refused:
        plan_import(read_yaml(text))
    assert all(problem.path.startswith(section.key) for problem in refused.value.problems)
    assert all(problem.message for problem in refused.value.problems)
    assert counts() == before


@pytest.mark.parametrize("section", FILES, ids=by_key)
def test_a_name_that_nobody_knows_is_refused_wherever_it_stands(section: ConfigSection) -> None:
    document = yaml.safe_load(export_yaml([section.key]))
    for path in list(mappings(document[section.key], [])):
        wrong = copy.deepcopy(document)
        place = wrong[section.key]
        for name in path:
            place = place[name]
        place["no such name"] = "?"
        with pytest.raises(ConfigError):
            plan_import(read_yaml(yaml.safe_dump(wrong)))


def mappings(value: Any, path: list[Any]) -> Any:
    """Yield the paths of all names with values, of lists only the first entry."""
    if isinstance(value, dict):
        yield path
        for name, each in value.items():
            yield from mappings(each, [*path, name])
    elif isinstance(value, list) and value:
        yield from mappings(value[0], [*path, 0])


@pytest.mark.parametrize("section", TRACKED, ids=by_key)
def test_a_tracked_table_has_its_fields_in_the_history_and_its_triggers_in_the_database(
    section: ConfigSection,
) -> None:
    for tracked in section.tracks:
        fields = {field.name for field in tracked.events.model._meta.get_fields()}
        assert set(tracked.labels) <= fields
        assert set(tracked.show) <= set(tracked.labels)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'pgtrigger_%%'",
                [tracked.model._meta.db_table],
            )
            assert cursor.fetchone()[0] >= 2
    assert (section.undo is None) == bool(section.no_undo), "Say why it can't be taken back."
    if section.url_name:
        assert reverse(section.url_name)


def test_every_table_whose_history_is_kept_is_shown_somewhere() -> None:
    from django.apps import apps

    shown = {tracked.model for section in sections for tracked in section.tracks}
    kept = {model for model in apps.get_models() if getattr(model, "pgh_event_model", None)}
    assert kept - shown == set()


@pytest.mark.parametrize("section", TRACKED, ids=by_key)
def test_the_history_of_a_section_reads_without_a_gap(section: ConfigSection) -> None:
    whole, _ = read_saves(Asked([section]), size=1000)
    paged, place = [], None
    while True:
        found, place = read_saves(Asked([section]), after=place, size=1)
        paged += found
        if place is None:
            break
    assert [save.at for save in paged] == [save.at for save in whole]
    assert all(str(line) for save in whole for line in save.lines)
