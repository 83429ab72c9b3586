"""Routing: named engineers, pods, specialists and the general queue; limits hold, reasons stay, people may differ."""

from __future__ import annotations

import csv
import io
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Standing, Tier
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from people.absences.services import end_absence, write_absence
from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.registry import ConfigError
from people.models import Skill, User
from people.skills.services import create_skill
from support.models import (
    Assignment,
    RoutingRule,
    RoutingRules,
    SupportTeam,
    Ticket,
    TicketToRoute,
    WaitingRound,
)
from support.routing.engine import LIMIT_WITHOUT_TEAM, Asked, Desk, Person, Rule, Team
from support.routing.facts import read_desk, rules_on
from support.routing.rules import (
    RuleDraft,
    cycle,
    drafts_of,
    expected,
    newest,
    publish_due_rules,
    told,
    write_rules,
)
from support.routing.services import give_ticket, set_engineers
from support.routing.sweep import IN_HELP_DESK, review_routing, route_waiting
from support.teams.services import create_team, set_member
from tests.accounts.rows import make_listed
from tests.metrics.facts import make_account, make_ticket
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

ANN, BOB, CID, EVE = 1, 2, 3, 4
GERMAN, PAYMENTS = 11, 12
EVERYBODY = {"all": []}


def desk(**changed: Any) -> Desk:
    """A desk of four: Ann and Bob know payments, Cid is general, Eve belongs to no team."""
    people = {
        ANN: Person(ANN, "Ann Lee", frozenset({PAYMENTS})),
        BOB: Person(BOB, "Bob Ray", frozenset({PAYMENTS, GERMAN})),
        CID: Person(CID, "Cid Poe"),
        EVE: Person(EVE, "Eve Fox"),
    }
    held: dict[str, Any] = {
        "people": people,
        "teams": (
            Team(1, "Billing", frozenset({PAYMENTS}), {ANN: 10, BOB: 10}),
            Team(9, "General", limits={CID: 5}, is_general=True),
        ),
        "rules": (
            Rule(1, "Strategic", is_named_first=True),
            Rule(2, "German", areas=frozenset({"core"}), skills=frozenset({GERMAN})),
            Rule(3, "Everyone"),
        ),
        "skills": {GERMAN: "German", PAYMENTS: "Payments"},
        "areas": {"payments": PAYMENTS},
        "load": {},
    }
    return Desk(**{**held, **changed})


def with_people(**changed: dict[str, Any]) -> Desk:
    """The desk with other facts about some, by their first name."""
    keys = {"ann": ANN, "bob": BOB, "cid": CID, "eve": EVE}
    base = desk()
    return desk(
        people=dict(base.people) | {keys[n]: replace(base.people[keys[n]], **c) for n, c in changed.items()}
    )


def strategic(**changed: Any) -> Asked:
    return replace(Asked("Payments", "normal", frozenset({1, 3}), named=ANN, pod=(BOB, EVE)), **changed)


AWAY = {"away": "away until 3 Dec 2026"}


def test_the_first_rule_that_fits_counts_and_names_what_is_needed() -> None:
    choice = desk().route(Asked("core", "low", frozenset({2, 3})))
    assert choice.rule == 2
    assert choice.reasons[0] == "Rule “German” fits; it needs German."
    assert desk().route(Asked("access", "low", frozenset({2, 3}))).rule == 3
    only = desk(rules=(Rule(5, "Urgent", priorities=frozenset({"urgent"})),))
    assert only.route(Asked("", "low", frozenset({5}))).rule is None
    assert only.route(Asked("", "urgent", frozenset({5}))).rule == 5
    assert only.route(Asked("", "urgent", frozenset())).rule is None


def test_the_named_engineer_comes_first_then_the_pod_then_specialists_then_the_general_queue() -> None:
    assert desk().route(strategic()).person == ANN
    away = with_people(ann=AWAY).route(strategic())
    assert away.person == BOB
    assert away.reasons == (
        "Rule “Strategic” fits; it needs Payments.",
        "Named engineer Ann Lee is away until 3 Dec 2026.",
        "Pod member Bob Ray has 0 of 10 open.",
    )
    no_pod = with_people(ann=AWAY).route(strategic(pod=(EVE,)))
    assert (no_pod.person, no_pod.team) == (BOB, 1)
    assert "Pod member Eve Fox: without Payments." in no_pod.reasons
    general = with_people(ann=AWAY, bob=AWAY).route(strategic(pod=()))
    assert (general.person, general.team) == (CID, 9)
    assert "Billing: nobody takes tickets now (2 away)." in general.reasons
    nobody = with_people(ann=AWAY, bob=AWAY, cid=AWAY).route(strategic(pod=()))
    assert (nobody.person, nobody.team) == (None, 9)
    assert nobody.reasons[-1] == "It waits in the queue of General until somebody has room."


def test_a_named_engineers_stand_in_comes_before_the_pod() -> None:
    choice = with_people(ann={**AWAY, "stand_in": EVE}, eve={"skills": frozenset({PAYMENTS})}).route(
        strategic()
    )
    assert choice.person == EVE
    assert choice.reasons[-1] == f"Their stand-in Eve Fox has 0 of {LIMIT_WITHOUT_TEAM} open."


def test_rules_that_are_not_for_named_engineers_go_to_the_least_loaded_by_their_limit() -> None:
    held = desk(load={ANN: 4, BOB: 3})
    asked = Asked("Payments", "normal", frozenset({3}), named=ANN)
    choice = held.route(asked)
    assert choice.person == BOB
    assert choice.reasons[-1] == "Billing: Bob Ray has 3 of 10 open, the least loaded of 2 who can."
    assert held.load == {ANN: 4, BOB: 4}
    # Four of twenty is less than three of ten.
    teams = (Team(1, "Billing", frozenset({PAYMENTS}), {ANN: 20, BOB: 10}), desk().teams[1])
    assert desk(teams=teams, load={ANN: 4, BOB: 3}).route(asked).person == ANN


def test_nobody_gets_more_than_their_limit_and_equals_go_by_name() -> None:
    held = desk()
    asked = Asked("Payments", "normal", frozenset({3}))
    given = [held.route(asked).person for _ in range(26)]
    assert given[:4] == [ANN, BOB, ANN, BOB]
    assert (given.count(ANN), given.count(BOB), given.count(CID), given.count(None)) == (10, 10, 5, 1)


def test_who_is_without_the_skill_or_has_left_is_passed_over() -> None:
    assert (
        desk().route(Asked("core", "low", frozenset({2}))).person == CID
    )  # nobody covers German but the general team
    both = (Team(1, "Desk", frozenset(), {ANN: 9, BOB: 9}), desk().teams[1])
    rule = (Rule(4, "Desk", team=1, skills=frozenset({GERMAN})),)
    assert desk(teams=both, rules=rule).route(Asked("", "low", frozenset({4}))).person == BOB
    gone = with_people(ann={"is_active": False}).route(strategic(pod=()))
    assert "Named engineer Ann Lee works here no longer." in gone.reasons
    assert gone.person == BOB


def test_routing_again_names_who_had_it_and_tries_their_stand_in() -> None:
    held = with_people(ann={**AWAY, "stand_in": EVE})
    choice = held.route(Asked("", "low", frozenset({3}), before=ANN))
    assert choice.reasons[0] == "Ann Lee is away until 3 Dec 2026, so it is routed again."
    assert choice.person == EVE


@pytest.fixture
def ann() -> User:
    return make_user("support", name="Ann Lee", email="ann@example.com")


@pytest.fixture
def bob() -> User:
    return make_user("support", name="Bob Ray", email="bob@example.com")


@pytest.fixture
def payments(ann: User) -> Skill:
    return create_skill(name="Payments", kind="area", by=ann)


@pytest.fixture
def billing(ann: User, bob: User, payments: Skill) -> SupportTeam:
    made = create_team(name="Billing", covers=[payments], by=ann)
    for person in (ann, bob):
        set_member(team=made, person=person, open_limit=3, by=ann)
    return made


def ticket(account: Any = None, area: str = "payments", **fields: Any) -> Ticket:
    return make_ticket(account or make_account("growth"), today(), product_area=area, **fields)


def present(held: Ticket) -> Assignment:
    return Assignment.objects.present().select_related("engineer", "team", "rule").get(ticket=held)


def away(person: User, stand_in: User | None = None) -> Any:
    return write_absence(
        person=person,
        starts_on=today() - timedelta(days=1),
        ends_on=today() + timedelta(days=2),
        stand_in=stand_in,
        by=person,
    )


def test_new_tickets_are_routed_once_and_end_when_they_are_done(billing: SupportTeam, ann: User) -> None:
    held = ticket()
    assert route_waiting() == 1
    row = present(held)
    assert (row.engineer, row.team, row.cause) == (ann, billing, "rules")
    assert row.rule is not None
    assert row.reasons == [
        "Rule “Everyone else” fits; it needs Payments.",
        "Billing: Ann Lee has 0 of 3 open, the least loaded of 2 who can.",
    ]
    assert route_waiting() == 0
    Ticket.objects.filter(pk=held.pk).update(status="closed")
    assert route_waiting() == 0
    row.refresh_from_db()
    assert row.ended_at is not None
    Ticket.objects.filter(pk=held.pk).update(status="open")  # opened again: somebody is to have it
    assert route_waiting() == 1


def test_strategic_accounts_go_to_their_named_engineer_by_the_default_rules(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    account = make_listed("Large", "strategic", standing={})
    set_engineers(account=account, named=bob, others=[ann], by=ann)
    first = ticket(account, area="something else")
    route_waiting()
    assert present(first).engineer == bob
    assert "Named engineer Bob Ray has 0 of 3 open." in present(first).reasons
    away(bob)
    second = ticket(account, area="something else")
    route_waiting()
    assert present(second).engineer == ann
    assert any(
        reason.startswith("Named engineer Bob Ray is away until") for reason in present(second).reasons
    )
    with pytest.raises(ValidationError):
        set_engineers(account=account, named=bob, others=[bob], by=ann)
    with pytest.raises(PermissionDenied):
        set_engineers(account=account, named=bob, others=[], by=make_user("sales"))


def test_the_help_desks_word_is_taken_once_and_counts_for_the_limit(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    named = [ticket(assignee_email=ann.email) for _ in range(4)]
    stranger = ticket(assignee_email="who@else.example")
    route_waiting()
    assert {present(one).engineer for one in named} == {ann}
    assert present(named[0]).reasons == [IN_HELP_DESK]
    assert present(named[0]).team == billing
    assert present(stranger).engineer == bob  # Ann is over her limit by the help desk's word
    give_ticket(ticket=named[0], engineer=bob, team=None, reason="Knows it", by=bob)
    assert route_waiting() == 0  # the help desk said nothing new
    assert present(named[0]).engineer == bob
    Ticket.objects.filter(pk=named[0].pk).update(assignee_email="")
    assert route_waiting() == 0
    Ticket.objects.filter(pk=named[0].pk).update(assignee_email=ann.email)
    assert route_waiting() == 1
    assert (present(named[0]).engineer, present(named[0]).cause) == (ann, "help_desk")


def test_an_absence_routes_open_tickets_again_and_says_so(billing: SupportTeam, ann: User, bob: User) -> None:
    held = ticket(assignee_email=ann.email)
    route_waiting()
    absence = away(ann)
    assert route_waiting() == 1
    row = present(held)
    assert (row.engineer, row.cause) == (bob, "absence")
    assert row.reasons[0].startswith("Ann Lee is away until")
    assert Assignment.objects.filter(ticket=held).count() == 2
    assert route_waiting() == 0
    end_absence(absence=absence, by=ann)
    assert route_waiting() == 0  # it stays with whoever took over
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert route_waiting() == 1
    assert present(held).engineer == ann


def test_what_waits_in_a_queue_goes_to_whoever_has_room_again(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    held = [ticket() for _ in range(7)]
    route_waiting()
    [waits] = [one for one in held if present(one).engineer is None]
    assert present(waits).team == SupportTeam.objects.get(is_general=True)
    assert route_waiting() == 0
    done = next(one for one in held if present(one).engineer == bob)
    Ticket.objects.filter(pk=done.pk).update(status="solved")
    assert route_waiting() == 1
    assert present(waits).engineer == bob


def test_a_chunk_is_read_with_the_same_number_of_queries(
    billing: SupportTeam, django_assert_max_num_queries: Any
) -> None:
    accounts = [make_account("growth") for _ in range(3)]
    for account in accounts:
        ticket(account)
    with django_assert_max_num_queries(70) as few:
        route_waiting()
    for account in accounts * 4:
        ticket(account)
    with django_assert_max_num_queries(len(few)):
        route_waiting()


def rows_read() -> int:
    """Return how many rows of tickets and decisions this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('support_ticket', 'support_assignment')"
        )
        return int(cursor.fetchone()[0])


def test_a_sweep_with_nothing_changed_reads_no_ticket_however_many_are_open(
    billing: SupportTeam,
) -> None:
    account = make_account("growth")
    costs = []
    for count in (20, 300):  # six find somebody, the rest waits
        for _ in range(count):
            ticket(account)
        route_waiting()
        route_waiting()
        before = rows_read()
        with CaptureQueriesContext(connection) as asked:
            assert route_waiting() == 0
        costs.append((len(asked), rows_read() - before))
    assert Assignment.objects.waiting().count() == 314
    assert costs[0] == costs[1]
    assert costs[1][0] <= 25
    assert costs[1][1] == 0


def test_a_round_ends_where_nobody_has_room_and_goes_on_where_it_stopped(
    billing: SupportTeam, ann: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.routing.sweep.CHUNK", 2)
    monkeypatch.setattr("support.routing.sweep.CHUNKS_A_SWEEP", 2)
    held = [ticket() for _ in range(20)]
    route_waiting()
    for _ in range(5):
        route_waiting()
    assert WaitingRound.objects.get().came_to is None
    done = [one for one in held if present(one).engineer == ann][:2]
    Ticket.objects.filter(pk__in=[one.pk for one in done]).update(status="solved")
    assert route_waiting() == 2  # those that wait longest
    assert {present(one).engineer for one in held[6:8]} == {ann}
    assert WaitingRound.objects.get().came_to is None  # nobody has room: no more are read
    set_member(team=billing, person=ann, open_limit=13, by=ann)
    moved = [route_waiting() for _ in range(5)]
    assert moved == [4, 4, 2, 0, 0]  # the desk is another, so each sweep goes on where the one before stopped
    assert Assignment.objects.waiting().count() == 2


def test_a_round_reads_on_while_somebody_has_room_whom_the_first_that_wait_can_not_have(
    billing: SupportTeam, ann: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.routing.sweep.CHUNK", 2)
    full = [ticket() for _ in range(6)]
    others = [ticket(area="something else") for _ in range(5)]
    last = ticket()
    route_waiting()
    route_waiting()
    assert Assignment.objects.waiting().count() == 6
    Ticket.objects.filter(pk=full[0].pk).update(status="solved")
    assert route_waiting() == 1
    assert present(last).engineer is not None
    assert {present(one).engineer for one in others} == {None}


def test_what_changes_is_marked_with_the_change_and_nothing_else_is(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    account = make_account("growth")
    held = ticket(account)
    route_waiting()

    def marked(**fields: Any) -> bool:
        TicketToRoute.objects.all().delete()
        Ticket.objects.filter(pk=held.pk).update(**fields)
        return TicketToRoute.objects.filter(ticket=held).exists()

    assert not marked(subject="Another question")
    assert not marked(status="new")  # as it was
    assert marked(assignee_email=bob.email)
    assert marked(product_area="core")
    assert marked(priority="urgent")
    assert marked(account=make_account())
    assert marked(solved_at=held.opened_at)
    assert not marked(subject="It is done")
    assert marked(solved_at=None)
    assert marked(deleted_at=timezone.now())
    assert not marked(assignee_email=ann.email)  # nobody sees it
    done = ticket(account, status="closed")
    assert not TicketToRoute.objects.filter(ticket=done).exists()


def test_who_looks_after_an_account_from_now_on_gets_what_waits(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    away(ann)
    away(bob)
    account = make_listed("Large", "strategic", standing={})
    eve = make_user("support", name="Eve Fox")
    held = [ticket(account, area=""), ticket(area="")]
    route_waiting()
    assert Assignment.objects.waiting().count() == 2
    set_engineers(account=account, named=eve, others=[], by=ann)
    assert list(TicketToRoute.objects.values_list("ticket", flat=True)) == [held[0].pk]
    assert route_waiting() == 1
    assert present(held[0]).engineer == eve


def test_the_review_marks_whatever_nobody_marked(billing: SupportTeam, ann: User, bob: User) -> None:
    lost, moved, done = ticket(), ticket(), ticket()
    route_waiting()
    Assignment.objects.filter(ticket=lost).delete()
    other = ann if present(moved).engineer == bob else bob
    Ticket.objects.filter(pk=moved.pk).update(assignee_email=other.email)
    Ticket.objects.filter(pk=done.pk).update(status="solved")
    TicketToRoute.objects.all().delete()
    assert route_waiting() == 0
    assert review_routing() == 3
    assert route_waiting() == 2
    assert present(lost).engineer is not None
    assert (present(moved).engineer, present(moved).cause) == (other, "help_desk")
    assert not Assignment.objects.present().filter(ticket=done).exists()
    assert review_routing() == 0


def test_a_tickets_account_that_meets_another_rule_by_now_is_tried_with_the_review(
    billing: SupportTeam, ann: User, bob: User
) -> None:
    away(ann)
    away(bob)
    account = make_listed("Large", "growth", standing={})
    eve = make_user("support", name="Eve Fox")
    set_engineers(account=account, named=eve, others=[], by=ann)
    held = ticket(account, area="")
    route_waiting()
    assert present(held).engineer is None
    strategic = Tier.objects.get(slug="strategic")
    Account.objects.filter(pk=account.pk).update(tier=strategic)
    Standing.objects.filter(account=account).update(tier=strategic)
    assert route_waiting() == 0
    review_routing()
    assert route_waiting() == 1
    assert present(held).engineer == eve


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_exceed_a_limit_and_decide_each_ticket_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("support.routing.sweep.CHUNK", 4)

    def slow(*given: Any) -> Any:
        desk = read_desk(*given)
        time.sleep(0.2)  # Long enough for every worker to have counted, were none to wait for the others.
        return desk

    monkeypatch.setattr("support.routing.sweep.read_desk", slow)
    lead = make_user("support")
    team = create_team(name="Billing", covers=[create_skill(name="Payments", kind="area", by=lead)], by=lead)
    people = [make_user("support") for _ in range(3)]
    for person in people:
        set_member(team=team, person=person, open_limit=7, by=lead)
    if not SupportTeam.objects.filter(
        is_general=True
    ).exists():  # tables are emptied after tests of this kind
        create_team(name="General", is_general=True, by=lead)
    account = make_account()
    for _ in range(30):
        ticket(account)
    ready, failed = threading.Barrier(3), []

    def work() -> None:
        try:
            ready.wait(10)
            route_waiting()
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    counts = [Assignment.objects.present().filter(engineer=person).count() for person in people]
    assert counts == [7, 7, 7]
    assert Assignment.objects.count() == Assignment.objects.present().count() == 30


def test_decisions_are_kept_as_they_were(billing: SupportTeam, ann: User) -> None:
    held = ticket()
    route_waiting()
    row = present(held)
    with pytest.raises(DatabaseError), transaction.atomic():
        Assignment.objects.filter(pk=row.pk).update(reasons=["Because"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(ticket=held, team=billing, cause="rules", reasons=["Twice"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(ticket=ticket(), team=billing, cause="hand", reasons=["By nobody"])


def test_a_ticket_is_given_by_hand_with_a_reason(billing: SupportTeam, ann: User, bob: User) -> None:
    held = ticket()
    route_waiting()
    seen = present(held).pk
    page = reverse("support:ticket_routing", args=[held.pk])
    client = client_of(bob)
    typed = {"engineer": bob.pk, "reason": "I know them", "seen": seen}
    assert client.post(page, typed).status_code == 302
    row = present(held)
    assert (row.engineer, row.author, row.team) == (bob, bob, billing)
    assert row.reasons == ["Bob Ray took it: I know them", "Bob Ray had 0 of 3 open."]
    late = client.post(page, typed)
    assert late.status_code == 422
    assert b"It is with Bob Ray by now." in late.content
    assert b"I know them" in late.content
    assert client.post(page, {**typed, "seen": row.pk, "reason": ""}).status_code == 422
    assert client.post(page, {"reason": "x", "seen": "y"}).status_code == 422
    assert client.post(page, {"team": billing.pk, "reason": "Later", "seen": row.pk}).status_code == 302
    assert (present(held).engineer, present(held).team) == (None, billing)
    away(ann)
    refused = client.post(page, {"engineer": ann.pk, "reason": "x"})
    assert b"is away until" in refused.content
    stranger = client_as("customer_success")
    shown = stranger.get(page)
    assert b"Give it to somebody" not in shown.content
    assert b"I know them" in shown.content
    assert stranger.post(page, typed).status_code == 403
    assert client_as("finance").get(page).status_code == 403
    Ticket.objects.filter(pk=held.pk).update(status="solved")
    assert b"This ticket is done" in client.post(page, {"team": billing.pk, "reason": "x"}).content


def test_the_page_of_a_ticket_tells_the_reasons_and_exports_them(billing: SupportTeam, ann: User) -> None:
    held = ticket()
    page = reverse("support:ticket_routing", args=[held.pk])
    client = client_of(ann)
    assert b"Not routed yet" in client.get(page).content
    route_waiting()
    assert "the least loaded of 2 who can" in client.get(page).content.decode()
    sent = client.get(page, {"export": "csv"})
    [row] = csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig")))  # type: ignore[attr-defined]
    assert (row["With"], row["Rule"]) == ("Ann Lee", "Everyone else")


def test_engineers_of_an_account_are_written_on_its_page(ann: User, bob: User) -> None:
    account = make_account()
    page = reverse("support:account_engineers", args=[account.pk])
    client = client_of(ann)
    assert client.post(page, {"named": bob.pk, "others": [ann.pk]}).status_code == 302
    shown = client.get(page).content.decode()
    assert "checked" in shown
    assert client.post(page, {"named": ann.pk, "others": [ann.pk]}).status_code == 422
    assert client.post(page, {"named": ann.pk, "others": [bob.pk]}).status_code == 302  # they change places
    assert client_as("sales").get(page).status_code == 403


def test_rules_are_versions_from_a_day_on(ann: User, billing: SupportTeam) -> None:
    default = rules_on(today())
    assert default is not None
    seen = expected()
    rules = [
        RuleDraft(name="All", condition=EVERYBODY, team="Billing", areas=["core"], priorities=["urgent"])
    ]
    made = write_rules(rules=rules, starts_on=today(), by=ann, seen=seen)
    assert rules_on(today()) == made
    assert told(drafts_of(made)[0]).endswith("product area core, priority urgent → Billing")
    with pytest.raises(VersionChangedError):
        write_rules(rules=rules, starts_on=today(), by=ann, seen=seen)
    with pytest.raises(ValidationError) as refused:
        write_rules(rules=rules, starts_on=today() - timedelta(days=1), by=ann)
    assert list(refused.value.message_dict) == ["starts_on"]
    ahead = write_rules(rules=rules, starts_on=today() + timedelta(days=1), by=ann)
    assert rules_on(today()) == made
    assert publish_due_rules() == 0
    assert ahead.state == "scheduled"
    with pytest.raises(DatabaseError), transaction.atomic():
        RoutingRule.objects.filter(rules=made).update(name="Other")
    with pytest.raises(PermissionDenied):
        write_rules(rules=rules, starts_on=today(), by=make_user("sales"))


@pytest.mark.parametrize(
    ("changed", "told_of"),
    [
        ({"name": " "}, "name it"),
        ({"team": "Nobody"}, "no team"),
        ({"skills": ["Juggling"]}, "no skill"),
        ({"priorities": ["yesterday"]}, "priorities are"),
        ({"condition": {"field": "no.such", "op": "eq", "value": 1}}, "condition"),
        ({"areas": ["x" * 200]}, "product areas"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_place(changed: dict[str, Any], told_of: str) -> None:
    fields = {"name": "All", "condition": EVERYBODY, **changed}
    with pytest.raises(ValidationError) as refused:
        write_rules(rules=[RuleDraft(**fields)], starts_on=today(), by=None)
    assert "Rule 1" in refused.value.message_dict["rules"][0]
    assert told_of in refused.value.message_dict["rules"][0]


def test_the_page_tells_the_rules_in_words_and_the_file_changes_them(ann: User, billing: SupportTeam) -> None:
    page = reverse("support:routing")
    shown = client_as("sales").get(page).content.decode()
    assert "Strategic accounts" in shown
    assert "the named engineer, then the pod" in shown
    data = yaml.safe_load(export_yaml(["support_routing"]))
    assert plan_import(read_yaml(yaml.safe_dump(data)), is_published=False)[0].changes == []
    data["support_routing"]["rules"][0]["team"] = "Billing"
    read = read_yaml(yaml.safe_dump(data))
    assert plan_import(read, is_published=False)[0].changes != []
    apply_import(read, by=make_user("revops"), is_published=False)
    assert RoutingRules.objects.count() == 2
    assert "then Billing" in client_of(ann).get(page).content.decode()
    data["support_routing"]["rules"][0]["team"] = "Nobody"
    with pytest.raises(ConfigError, match="no team"):
        plan_import(read_yaml(yaml.safe_dump(data)), is_published=False)


def test_a_rule_whose_condition_broke_holds_for_nobody(ann: User, billing: SupportTeam) -> None:
    # A condition that was sound when it was written: what it speaks of is gone since.
    draft = cycle.begin(by=ann, based_on=newest())
    broken = {"field": "gone.by", "op": "eq", "value": 1}
    RoutingRule.objects.create(rules=draft, position=1, name="All", condition=broken)
    cycle.publish(draft, by=ann, expected=cycle.seen(draft), starts_on=today())
    held = ticket()
    route_waiting()
    assert present(held).reasons[0] == "No rule fits it, so whoever covers it takes it."
