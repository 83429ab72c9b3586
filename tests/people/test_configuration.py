"""The audit of the configuration, taking changes back, and files."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db.models import BinaryField
from django.utils import timezone

from accounts.identity.services import share_domain
from accounts.models import SharedDomain
from metrics.health.content import content_of
from metrics.health.services import create_health_draft, publish_health_model
from metrics.models import HealthModel
from people.access import access_of
from people.configuration.files import MAX_BYTES, apply_import, export_yaml, plan_import, read_yaml
from people.configuration.history import Asked, Save, read_saves
from people.configuration.reading import tracked_sections
from people.configuration.registry import ConfigError, sections
from people.configuration.restoring import CannotRestoreError, plan_restoration, restore
from people.models import Level, User
from people.services import change_access, change_user
from sync.freshness.services import expect_freshness, expect_nothing
from sync.models import FieldPrecedence, FreshnessRule, Source
from sync.provenance.services import set_precedence
from sync.registry import resources
from sync.services import issue_token
from sync.webhooks.services import create_endpoint, delete_endpoint, pause_endpoint
from tests.users import client_as, client_of, make_user

# Each change in a transaction of its own, as it is outside of tests: their time is what tells saves apart.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def revops() -> User:
    return make_user("revops", name="Rita Ops")


def newest(section: str) -> Save:
    """The latest save of a section."""
    return read_saves(Asked([sections[section]]), size=1)[0][0]


def words(section: str) -> list[str]:
    return [str(line) for line in newest(section).lines]


def edited(key: str, change: Any) -> dict[str, Any]:
    """Export a section, change it, and read it back."""
    document = yaml.safe_load(export_yaml([key]))
    change(document[key])
    return read_yaml(yaml.safe_dump(document))


def test_a_change_of_access_is_told_and_taken_back(revops: User) -> None:
    change_access(levels={("support", "revenue"): "totals", ("legal", "engagement"): "full"}, by=revops)
    save = newest("access")
    assert save.author == "Rita Ops"
    assert sorted(map(str, save.lines)) == [
        "Legal: Engagement, level: from Nothing to Everything",
        "Support: Revenue, level: from Nothing to Totals only",
    ]
    plan = plan_restoration(save)
    assert plan.can_restore
    assert plan.effects == ["It holds for 0 people from their next page."]
    restore(save=save, by=revops)
    assert not access_of("support").allows("revenue", Level.TOTALS)
    again = newest("access")
    assert "Support: Revenue, level: from Totals only to Nothing" in map(str, again.lines)
    restore(save=again, by=revops)  # what was taken back can be taken back
    assert access_of("support").allows("revenue", Level.TOTALS)


def test_what_was_changed_again_since_must_be_taken_back_first(revops: User) -> None:
    change_access(levels={("support", "revenue"): "totals"}, by=revops)
    first = newest("access")
    change_access(levels={("support", "revenue"): "full"}, by=make_user("revops", name="Otto Other"))
    plan = plan_restoration(first)
    assert not plan.can_restore
    assert "changed again since. Otto Other did that" in plan.problems[0]
    with pytest.raises(CannotRestoreError):
        restore(save=first, by=revops)
    restore(save=newest("access"), by=revops)
    restore(save=first, by=revops)
    assert not access_of("support").allows("revenue", Level.TOTALS)
    assert "stand as they did" in plan_restoration(first).problems[0]


def test_a_person_is_set_back_but_never_locks_everybody_out(revops: User) -> None:
    other = make_user("revops")
    fields = {"email": other.email, "name": other.name, "title": "", "time_zone": "UTC", "is_active": True}
    change_user(user=other, by=revops, function="sales", **fields)
    demoted = newest("users")
    restore(save=demoted, by=revops)
    other.refresh_from_db()
    assert other.function == "revops"
    change_user(user=revops, by=other, function="sales", **fields | {"email": revops.email, "name": "R"})
    promotion = newest("users")
    restore(save=promotion, by=other)
    made = next(save for save in read_saves(Asked([sections["users"]]))[0] if save.steps[0].kind == "insert")
    with pytest.raises(CannotRestoreError, match="Deactivate them"):
        restore(save=made, by=revops)


def test_rules_that_were_added_changed_and_removed_come_back(revops: User) -> None:
    crm = Source.objects.create(slug="crm", name="CRM")
    expect_freshness(source=crm, category="revenue", warn_minutes=60, error_minutes=1440, by=revops)
    (said,) = words("freshness")
    assert said.startswith("Revenue from CRM added: late after 1 hour, stale after 1 day, ")
    expect_freshness(source=crm, category="revenue", warn_minutes=120, error_minutes=1440, by=revops)
    assert words("freshness") == ["Revenue from CRM, late after: from 1 hour to 2 hours"]
    restore(save=newest("freshness"), by=revops)
    assert FreshnessRule.objects.get().warn_minutes == 60
    expect_nothing(source=crm, category="revenue", by=revops)
    gone = newest("freshness")
    restore(save=gone, by=revops)
    assert FreshnessRule.objects.get().warn_minutes == 60
    restore(save=newest("freshness"), by=revops)
    assert not FreshnessRule.objects.exists()
    Source.objects.all().delete()
    with pytest.raises(CannotRestoreError):  # what it needs is gone
        restore(save=gone, by=revops)


def test_what_others_need_by_now_is_not_taken_away(revops: User) -> None:
    token = issue_token(source="crm", scopes=["*:read"]).token
    added = newest("sources")
    assert {line.what.split()[0] for line in added.lines} == {"Source", "Client"}
    with pytest.raises(CannotRestoreError):
        restore(save=added, by=revops)
    token.refresh_from_db()
    assert "can't begin again" in plan_restoration(newest("tokens")).problems[0]


def test_an_order_of_sources_comes_back_whole(revops: User) -> None:
    for slug in ("crm", "desk"):
        Source.objects.create(slug=slug, name=slug)
    accounts = resources["accounts"]
    set_precedence(resource=accounts, field="", sources=["crm", "desk"])
    set_precedence(resource=accounts, field="", sources=["desk", "crm"])
    save = newest("precedence")
    assert [str(line) for line in save.lines] == [
        "Order for accounts, every field: from crm, desk to desk, crm"
    ]
    assert "0 of 0 accounts" in plan_restoration(save).effects[0]
    restore(save=save, by=revops)
    held = FieldPrecedence.objects.order_by("rank").values_list("source__slug", flat=True)
    assert list(held) == ["crm", "desk"]
    assert "stands as it did" in plan_restoration(save).problems[0]
    set_precedence(resource=accounts, field="", sources=["desk"])
    assert "changed again since" in plan_restoration(save).problems[0]


def test_an_endpoint_is_set_back_without_its_secret(revops: User) -> None:
    endpoint = create_endpoint(
        name="Ledger", url="https://93.184.215.14/in", kinds=["*"], function="finance", by=revops
    ).endpoint
    assert "secret" not in str(newest("webhooks").lines)
    pause_endpoint(endpoint=endpoint, by=revops)
    assert words("webhooks") == ["Endpoint Ledger, state: from active to paused"]
    restore(save=newest("webhooks"), by=revops)
    endpoint.refresh_from_db()
    assert endpoint.state == "active"
    delete_endpoint(endpoint=endpoint)
    with pytest.raises(CannotRestoreError, match="secret is gone"):
        restore(save=newest("webhooks"), by=revops)


def test_a_published_health_model_is_rolled_back(revops: User) -> None:
    first = HealthModel.objects.published().get()
    content = content_of(first)
    second = create_health_draft(by=None, content=replace(content, components=content.components[:1]))
    with pytest.raises(CannotRestoreError, match="Only a publication"):
        restore(save=newest("health"), by=revops)
    publish_health_model(model=second)
    save = newest("health")
    assert "Health model 2 for every account: from Published to Retired" in map(str, save.lines)
    assert plan_restoration(save).effects
    restore(save=save, by=revops)
    again = HealthModel.objects.get(state="published")
    assert (again.version, again.note, again.published_by) == (4, "Back to version 2.", revops)
    assert content_of(again) == content
    assert "replaced since" in plan_restoration(save).problems[0]


def test_the_audit_page_filters_exports_and_pages(revops: User) -> None:
    client = client_of(revops)
    change_access(levels={("support", "revenue"): "totals"}, by=revops)
    share_domain(domain="example.org", by=None)
    page = client.get("/configuration/")
    assert page.status_code == 200
    undoable = [save for save in page.context["saves"] if save.section.is_undoable]
    assert page.content.decode().count("Take back</a>") == len(undoable) < len(page.context["saves"])
    assert {"access", "shared_domains", "users"} <= {save.section.key for save in page.context["saves"]}

    def found(query: str) -> list[str]:
        return [save.section.key for save in client.get(f"/configuration/?{query}").context["saves"]]

    assert found("section=access")[0] == "access"
    assert found(f"person={revops.pk}") == ["access"]
    assert found("person=program&section=shared_domains")[0] == "shared_domains"
    today, before = timezone.localdate(), timezone.localdate() - timedelta(days=400)
    assert "access" in found(f"day={today}")
    assert found(f"day={before}") == []
    for nonsense in ("section=x", "person=x", f"person={'9' * 40}", "day=x", "day=0001-01-01", "after=x~y"):
        assert client.get(f"/configuration/?{nonsense}").status_code == 200
    for place in ("2026-01-01T00:00:00~0", "9999-12-31T23:59:59+00:00~0", "2026-01-01T00:00:00+00:00~99"):
        assert client.get("/configuration/", {"after": place}).status_code == 200
    file = client.get("/configuration/?export=csv&section=access")
    lines = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert lines[0]["What"] == "Support: Revenue"
    assert (lines[0]["Before"], lines[0]["After"]) == ("Nothing", "Totals only")


def test_a_change_is_taken_back_on_its_page_and_only_by_revops(revops: User) -> None:
    change_access(levels={("support", "revenue"): "totals"}, by=revops)
    url = newest("access").restore_url
    for function in ("sales", "leadership"):
        assert client_as(function).get("/configuration/").status_code == 403
        assert client_as(function).post(url).status_code == 403
    client = client_of(revops)
    preview = client.get(url).content.decode()
    assert "Take it back" in preview
    assert access_of("support").allows("revenue", Level.TOTALS)
    assert client.post(url).status_code == 302
    assert not access_of("support").allows("revenue", Level.TOTALS)
    again = client.post(url)
    assert again.status_code == 409
    assert "stand as they did" in again.content.decode()
    for wrong in ("/configuration/access/user/1/restore/", "/configuration/x/y/1/restore/"):
        assert client.get(wrong).status_code == 404
    assert client.get(f"/configuration/access/accessgrant/{'9' * 30}/restore/").status_code == 404


def test_pages_name_who_changed_something(revops: User) -> None:
    client = client_of(revops)
    Source.objects.create(slug="crm", name="CRM")
    given = {"resource": "accounts", "field": "", "source": ["crm"], "step": "save"}
    assert client.post("/sync/precedence/edit/", given).status_code == 302
    assert newest("precedence").author == "Rita Ops"
    domain = SharedDomain.objects.create(domain="example.net")
    client.post(f"/accounts/duplicates/domains/{domain.pk}/remove/")
    assert (newest("shared_domains").author, words("shared_domains")) == (
        "Rita Ops",
        ["Domain example.net removed: domain “example.net”"],
    )
    token = issue_token(source="crm", scopes=["*:read"]).token
    client.post(f"/sync/tokens/{token.pk}/revoke/")
    assert newest("tokens").author == "Rita Ops"


def test_no_secret_is_in_any_history() -> None:
    for section in tracked_sections():
        for tracked in section.tracks:
            fields = tracked.events.model._meta.concrete_fields
            assert not {"secret", "old_secret", "sealed", "password"} & {field.name for field in fields}
            assert not [field for field in fields if isinstance(field, BinaryField)]  # digests of secrets


def test_a_file_changes_what_it_says_in_words_first(revops: User) -> None:
    Source.objects.create(slug="crm", name="CRM")
    data = edited("access", lambda access: access["support"].update(revenue="totals"))
    assert [each.changes for each in plan_import(data)] == [["Support: Revenue from Nothing to Totals only"]]
    assert not access_of("support").allows("revenue", Level.TOTALS)
    apply_import(data, by=revops)
    assert access_of("support").allows("revenue", Level.TOTALS)
    assert newest("access").author == "Rita Ops"

    def order(orders: Any) -> None:
        orders["accounts"] = {"*": ["crm"]}

    (planned,) = plan_import(edited("precedence", order))
    assert planned.changes == ["Order for accounts, every field added: crm"]

    def rule(rules: Any) -> None:
        rules["crm"] = {
            "revenue": {"late_after_minutes": 60, "stale_after_minutes": 120, "measure": "arrival"}
        }

    data = edited("freshness", rule)
    apply_import(data)
    assert FreshnessRule.objects.get().warn_minutes == 60
    data = edited("freshness", lambda rules: rules.clear())
    (planned,) = plan_import(data)
    assert planned.changes[0].startswith("Revenue from CRM removed: ")
    apply_import(data)
    assert not FreshnessRule.objects.exists()
    apply_import(edited("shared_domains", lambda domains: domains.append("example.org")))
    assert SharedDomain.objects.filter(domain="example.org").exists()


def test_a_health_model_in_a_file_is_a_draft_until_it_is_to_be_published() -> None:
    def heavier(models: Any) -> None:
        models["every"]["components"][0]["weight"] = 40

    data = edited("health", heavier)
    (planned,) = plan_import(data)
    assert "Usage trend: weight from 21 to 40" in planned.changes[0]
    apply_import(data)
    versions = HealthModel.objects.filter(version__gte=2).order_by("version").values_list("version", "state")
    assert list(versions) == [(2, "published"), (3, "draft")]
    assert plan_import(data)[0].changes == []  # the draft is there
    apply_import(data, is_published=True)
    assert list(versions.all()) == [(2, "retired"), (3, "published")]
    assert plan_import(data, is_published=True)[0].changes == []


def test_all_of_a_file_is_taken_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load(export_yaml(["access", "shared_domains"]))
    document["access"]["support"]["revenue"] = "totals"
    document["shared_domains"].append("example.org")
    monkeypatch.setattr("accounts.config.share_domain", fail)
    with pytest.raises(RuntimeError):
        apply_import(read_yaml(yaml.safe_dump(document)))
    assert not access_of("support").allows("revenue", Level.TOTALS)


def fail(**_: Any) -> None:
    raise RuntimeError("no")


def test_problems_name_the_place_and_what_to_do() -> None:
    Source.objects.create(slug="crm", name="CRM")
    said = {}
    for key, change in {
        "access": lambda held: held["support"].update(revenue="some"),
        "precedence": lambda held: held.update(accounts={"*": ["crm", "erp"]}),
        "freshness": lambda held: held.update(
            crm={"revenue": {"late_after_minutes": 9, "stale_after_minutes": 8, "measure": "arrival"}}
        ),
        "health": lambda held: held["every"]["components"][0].update(key="usage.gone"),
        "shared_domains": lambda held: held.insert(0, "WWW.Example.org"),
    }.items():
        with pytest.raises(ConfigError) as refused:
            plan_import(edited(key, change))
        said[key] = str(refused.value.problems[0])
    assert said == {
        "access": "access.support.revenue: “some” is not known here. Use full, none or totals.",
        "precedence": "precedence.accounts.*[1]: there is no source “erp”. Add it first, or leave it out.",
        "freshness": "freshness.crm.revenue.stale_after_minutes: is less than late_after_minutes. "
        "Data can't be stale before they are late.",
        "health": "health.every.components[0].key: There is no number “usage.gone”. "
        "Choose one from the list.",
        "shared_domains": "shared_domains.[0]: “WWW.Example.org” is no plain domain. Write example.org.",
    }


HEAD = "abe_configuration: 1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no configuration of ABE"),
        ("- a\n", "no configuration of ABE"),
        ("abe_configuration: 2\n", "must be 1"),
        (f"{HEAD}acess: {{}}\n", "acess: is not known here. Use access,"),
        (f"{HEAD}access: &a {{}}\nhealth: *a\n", "line 3, column 9: is a reference"),
        (f"{HEAD}access: {{}}\naccess: {{}}\n", "line 3, column 1: “access” is named twice"),
        (f"{HEAD}access: !!python/object/apply:os.system ['true']\n", "line 2, column 9"),
        (f"{HEAD}access: [\n", "line 3, column 1"),
        (f"{HEAD}? [a]\n: b\n", "is no plain name"),
        (f"{HEAD}access: {'[' * 5000}\n", "nested too deeply"),
        (f"{HEAD}access: '\\x00'\n\x00", "is no YAML"),
        (f"{HEAD}#{'x' * MAX_BYTES}", "larger than"),
        (b"\xff\xfe\x00", "is no YAML"),
        (
            f"{HEAD}health: {{every: {{minimum_coverage: .nan, components: [], limits: []}}}}\n",
            "must be from 0 to 1",
        ),
        (f"{HEAD}access: 2026-99-99\n", "access: must be names with values"),
    ],
)
def test_no_text_breaks_the_reading(text: str | bytes, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_yaml(text)
    assert said in str(refused.value)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    file = tmp_path / "abe.yaml"
    call_command("config", "export", str(file), "--section", "access", stderr=io.StringIO())
    return file


def test_the_command_says_what_it_would_do_and_does_it(written: Path, revops: User) -> None:
    written.write_text(written.read_text().replace("revenue: none", "revenue: totals", 1))
    dry, done = io.StringIO(), io.StringIO()
    call_command("config", "import", str(written), "--dry-run", stdout=dry)
    assert "access: " in dry.getvalue()
    assert dry.getvalue().endswith("1 to change. Nothing was changed: this was a dry run.\n")
    call_command("config", "import", str(written), "--by", revops.email, stdout=done)
    assert done.getvalue().endswith("1 changed.\n")
    assert newest("access").author == "Rita Ops"


def test_the_command_refuses_in_words(written: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (["import", str(tmp_path / "none.yaml")], "can't be read"),
        (["export", str(tmp_path)], "can't be written"),
        (["export", "--section", "nothing"], "nothing: is not known here"),
        (["import", str(written), "--by", "nobody@example.com"], "Nobody who may sign in"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("config", *arguments)
