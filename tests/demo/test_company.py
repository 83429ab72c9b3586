from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from demo import team
from demo.company import Company
from demo.company.accounts import TIER_FLOORS, build_accounts
from demo.company.chance import apportion, crm_id, midnight, months_after
from demo.company.contracts import PERIODS_PER_YEAR, build_contracts
from demo.company.lives import FALSE_ALARMS, SILENT_LOSSES
from demo.company.rates import LIST_RATE
from demo.company.records import Account, Contract
from demo.company.tickets import _after_business_hours
from demo.company.usage import EVENTS
from demo.exports import SEED
from tests.demo.sample import SCALE, TODAY

OTHER_DAYS = (date(2026, 12, 1), date(2027, 2, 28), date(2028, 2, 29), date(2026, 12, 31))


def arr_on(contracts: list[Contract], day: date) -> dict[str, float]:
    """ARR by account in US dollars at list rates; accounts without revenue are left out."""
    revenue: dict[str, float] = defaultdict(float)
    for contract in contracts:
        for line in contract.lines:
            recurs = line.billing_period in PERIODS_PER_YEAR and not line.is_trial
            if recurs and line.start <= day and (line.end is None or day < line.end):
                yearly = float(line.unit_price) * line.quantity * PERIODS_PER_YEAR[line.billing_period]
                revenue[contract.account] += (
                    yearly * (1 - float(line.discount_percent) / 100) * LIST_RATE[contract.currency]
                )
    return dict(revenue)


def share_of_top_fifth(revenue: dict[str, float]) -> float:
    values = sorted(revenue.values(), reverse=True)
    return sum(values[: round(len(values) / 5)]) / sum(values)


def by_story(company: Company, *stories: str) -> list[Account]:
    return [account for account in company.accounts if account.life.story in stories]


def events_between(company: Company, account: Account, first: date, last: date) -> float:
    """Events a day of an account from one day until before another."""
    row = company.usage.counts[company.accounts.index(account)]
    start = (first - company.usage.first_day).days
    return float(row[max(start, 0) : start + (last - first).days].mean())


def test_the_company_has_the_promised_size(company: Company) -> None:
    assert len(company.accounts) == 400
    assert len(company.contacts) == 3_000
    assert len(company.tickets) == 6_000
    assert len(company.engagements) == 8_000
    assert company.usage.total == pytest.approx(EVENTS * SCALE, rel=0.02)


def test_another_seed_makes_another_company(company: Company) -> None:
    others = {account.name for account in build_accounts(company.seed + 1, TODAY)}
    assert len(others & {account.name for account in company.accounts}) < 40


@pytest.mark.parametrize(
    ("seed", "today"), [(1, TODAY), (2, TODAY), *((SEED, day) for day in (TODAY, *OTHER_DAYS))]
)
def test_a_fifth_of_the_accounts_brings_three_quarters_of_the_revenue(seed: int, today: date) -> None:
    accounts = build_accounts(seed, today)
    revenue = arr_on(build_contracts(seed, today, accounts), today)
    assert 0.70 <= share_of_top_fifth(revenue) <= 0.80
    assert set(revenue) == {account.id for account in accounts if account.lifecycle == "customer"}


def test_tiers_follow_size(company: Company) -> None:
    revenue = arr_on(company.contracts, TODAY)
    floors = list(TIER_FLOORS.values())
    for account in company.accounts:
        place = list(TIER_FLOORS).index(account.tier)
        ceiling = floors[place - 1] if place else float("inf")
        assert floors[place] <= account.size < ceiling
        if account.lifecycle == "customer" and account.size > 10_000:
            assert revenue[account.id] == pytest.approx(account.size, rel=0.15)
    assert set(Counter(account.tier for account in company.accounts)) == set(TIER_FLOORS)


def test_every_lifecycle_and_currency_occurs_and_dollars_lead(company: Company) -> None:
    lifecycles = Counter(account.lifecycle for account in company.accounts)
    assert set(lifecycles) == {"target", "prospect", "customer", "churned"}
    currencies = Counter(account.currency for account in company.accounts)
    assert set(currencies) == {"USD", "EUR", "GBP"}
    assert currencies["USD"] > 200


def test_parents_exist_come_first_and_sometimes_differ_from_the_payer(company: Company) -> None:
    seen: set[str] = set()
    for account in company.accounts:
        assert {account.parent, account.billing_parent} <= seen | {None}
        seen.add(account.id)
    divisions = [account for account in company.accounts if account.parent]
    assert len(divisions) == 74
    assert any(division.billing_parent is None for division in divisions)
    assert any(division.billing_parent not in {None, division.parent} for division in divisions)
    heads = {division.parent for division in divisions}
    assert any(division.id in heads for division in divisions), "no group has three levels"


def test_names_domains_and_addresses_are_unique_and_reserved(company: Company) -> None:
    assert len({account.name for account in company.accounts}) == 400
    domains = {account.domain for account in company.accounts}
    assert len(domains) == 400
    assert all(domain.endswith(".example") and domain.isascii() for domain in domains)
    assert len({contact.email for contact in company.contacts}) == 3_000


def test_accounts_belong_to_our_people_and_each_login_has_some(company: Company) -> None:
    everyone = {person.email for person in team.EVERYONE}
    owners = Counter(account.owner_email for account in company.accounts)
    sponsors = Counter(account.sponsor_email for account in company.accounts if account.sponsor_email)
    assert set(owners) | set(sponsors) <= everyone
    for function in ("sales", "customer-success", "marketing"):
        assert owners[f"{function}@{team.DOMAIN}"] >= 5
    for function in ("leadership", "product", "engineering", "finance", "legal"):
        assert sponsors[f"{function}@{team.DOMAIN}"] >= 3


def test_every_line_lies_inside_its_contract(company: Company) -> None:
    for contract in company.contracts:
        assert contract.end is None or contract.start < contract.end
        assert contract.lines
        for line in contract.lines:
            assert line.end is None or line.start < line.end
            assert contract.start <= line.start
            if contract.end is not None:
                assert line.end is not None
                assert line.end <= contract.end
            assert line.quantity >= 1
            assert (line.unit_price == 0) == line.is_trial


def test_only_the_contract_that_runs_renews_by_itself(company: Company) -> None:
    newest = {contract.account: contract for contract in company.contracts}
    renewing = [contract for contract in company.contracts if contract.auto_renew]
    assert len(renewing) > 100
    for contract in renewing:
        assert contract is newest[contract.account]
        assert contract.end is None or contract.end > TODAY
        assert any(line.end is None or line.end > TODAY for line in contract.lines)


def test_contracts_of_an_account_never_overlap(company: Company) -> None:
    spans: dict[str, list[Contract]] = defaultdict(list)
    for contract in company.contracts:
        spans[contract.account].append(contract)
    for contracts in spans.values():
        for earlier, later in pairwise(contracts):
            assert earlier.end is not None
            assert earlier.end <= later.start


def test_billing_is_varied(company: Company) -> None:
    lines = [line for contract in company.contracts for line in contract.lines]
    assert {line.billing_period for line in lines} == {*PERIODS_PER_YEAR, "one_off", "usage"}
    assert any(line.is_trial for line in lines)
    assert len({line.discount_percent for line in lines}) > 4
    assert len({contract.id for contract in company.contracts}) == len(company.contracts)
    assert len({line.id for line in lines}) == len(lines)


def test_all_kinds_of_revenue_movement_occur_within_the_history(company: Company) -> None:
    kinds: Counter[str] = Counter()
    paid: set[str] = set()
    before: dict[str, float] = {}
    month = TODAY.replace(day=1)
    for back in range(45, -1, -1):
        now = arr_on(company.contracts, months_after(month, -back))
        if back < 30:
            for account in now.keys() | before.keys():
                old, new = before.get(account, 0.0), now.get(account, 0.0)
                if old == 0 and new > 0:
                    kinds["reactivation" if account in paid else "new"] += 1
                elif new == 0 and old > 0:
                    kinds["churn"] += 1
                elif new != old:
                    kinds["expansion" if new > old else "contraction"] += 1
        paid |= now.keys()
        before = now
    assert min(kinds[kind] for kind in ("new", "expansion", "contraction", "churn", "reactivation")) >= 8


def test_revenue_that_was_there_a_year_ago_has_grown(company: Company) -> None:
    start = arr_on(company.contracts, months_after(TODAY, -12))
    now = arr_on(company.contracts, TODAY)
    tier = {account.id: account.tier for account in company.accounts}

    def retention(*tiers: str) -> float:
        cohort = [account for account in start if tier[account] in tiers]
        return sum(now.get(a, 0.0) for a in cohort) / sum(start[a] for a in cohort)

    assert 1.05 < retention(*TIER_FLOORS) < 1.25
    assert retention("strategic") > 1.1, "one of them left within the year"
    assert retention("standard") < retention("strategic")


def test_usage_falls_before_churn_and_ends_with_it(company: Company) -> None:
    lost = [
        account
        for account in by_story(company, "churned")
        if account.life.end and account.life.end > company.usage.first_day + timedelta(days=190)
    ]
    assert len(lost) >= 5
    for account in lost:
        end = account.life.end
        assert end is not None
        assert events_between(company, account, end, TODAY) == 0
    day = timedelta(days=1)
    early = sum(
        events_between(company, a, a.life.end - 190 * day, a.life.end - 160 * day) for a in lost if a.life.end
    )
    late = sum(events_between(company, a, a.life.end - 30 * day, a.life.end) for a in lost if a.life.end)
    assert late < 0.4 * early


def test_the_stated_share_of_losses_comes_without_a_sign() -> None:
    lives = [
        account.life
        for seed in range(8)
        for account in build_accounts(seed, TODAY)
        if account.life.story == "churned"
    ]
    silent = [life for life in lives if life.is_silent]
    assert len(silent) / len(lives) == pytest.approx(SILENT_LOSSES, abs=0.06)
    for life in lives:
        assert life.end is not None
        days = np.array([(life.end - timedelta(days=back)).toordinal() for back in (150, 3)])
        early, late = life.usage(days)
        lived_long = life.start is not None and life.end - life.start > timedelta(days=300)
        if life.is_silent:
            assert all(life.distress(life.end - timedelta(days=back)) == 0 for back in (1, 30, 90))
            assert late > 0.9 * early
        elif lived_long:
            assert late < 0.4 * early
            assert life.distress(life.end - timedelta(days=10)) > 0.8
        assert life.usage(np.array([life.end.toordinal()]))[0] == 0


def test_the_stated_share_of_steady_customers_had_a_bad_spell_and_stayed() -> None:
    lives = [
        account.life
        for seed in range(8)
        for account in build_accounts(seed, TODAY)
        if account.life.story == "steady"
        and account.life.start
        and account.life.start < TODAY - timedelta(days=800)
    ]
    alarmed = [life for life in lives if life.dips]
    assert len(alarmed) / len(lives) == pytest.approx(FALSE_ALARMS, abs=0.07)
    for life in alarmed:
        [(first, worst, last, _)] = life.dips
        low = life.usage(np.array([day.toordinal() for day in (first, worst, last)]))
        assert low[1] < 0.75 * low[0]
        assert life.distress(worst - timedelta(days=1)) > 0.5
        assert life.end is None
        assert last < TODAY


def test_who_is_about_to_leave_pays_later(company: Company) -> None:
    lives = {account.id: account.life for account in company.accounts}
    due = {bill.id: bill for bill in company.bills}
    late: dict[bool, list[int]] = {True: [], False: []}
    for paid in company.payments:
        if paid.invoice:
            bill = due[paid.invoice]
            is_bad = lives[bill.account].distress(bill.due_on) > 0.4
            late[is_bad].append((paid.paid_on - bill.due_on).days)
    assert len(late[True]) > 20
    assert np.mean(late[True]) > np.mean(late[False]) + 5


def test_usage_of_accounts_at_risk_falls_and_of_rising_ones_grows(company: Company) -> None:
    def change(story: str) -> float:
        accounts = by_story(company, story)
        now = sum(events_between(company, a, TODAY - timedelta(days=30), TODAY) for a in accounts)
        half_a_year = TODAY - timedelta(days=210)
        before = sum(
            events_between(company, a, half_a_year, half_a_year + timedelta(days=30)) for a in accounts
        )
        return now / before

    assert change("at_risk") < 0.75
    assert change("rising") > 1.15


def test_expansion_follows_rising_usage(company: Company) -> None:
    ratios = []
    for account in by_story(company, "rising"):
        for term in account.life.terms:
            for (day, level), (_, before) in zip(term.steps[1:], term.steps, strict=False):
                if level > 1.1 * before:
                    days = np.array([(day - timedelta(days=back)).toordinal() for back in (150, 10)])
                    early, late = account.life.usage(days)
                    ratios.append(late > early)
    assert len(ratios) > 30
    assert np.mean(ratios) > 0.9


def test_tickets_rise_while_accounts_decline(company: Company) -> None:
    lives = {account.id: account.life for account in company.accounts}
    opened = Counter(
        lives[ticket.account].distress(ticket.opened_at.date()) > 0
        for ticket in company.tickets
        if lives[ticket.account].story in {"churned", "at_risk", "shrinking"}
    )
    weeks: Counter[bool] = Counter()
    for account in by_story(company, "churned", "at_risk", "shrinking"):
        for back in range(0, 110 * 7, 7):
            day = TODAY - timedelta(days=back)
            if any(t.start <= day and (t.end is None or day < t.end) for t in account.life.terms):
                weeks[account.life.distress(day) > 0] += 1
    assert opened[True] / weeks[True] > 1.6 * opened[False] / weeks[False]


def test_contacts_of_lost_accounts_are_mostly_inactive(company: Company) -> None:
    lifecycle = {account.id: account.lifecycle for account in company.accounts}
    left: dict[str, list[bool]] = defaultdict(list)
    for contact in company.contacts:
        left[lifecycle[contact.account]].append(contact.left_at is not None)
    assert np.mean(left["churned"]) > 0.6
    assert np.mean(left["customer"]) < 0.25
    assert Counter(contact.role for contact in company.contacts).keys() == {
        "economic_buyer", "champion", "technical_evaluator", "executive_sponsor", "legal", "user", "blocker",
    }  # fmt: skip


def test_people_of_the_account_take_part_in_deals_and_more_in_those_that_are_won(company: Company) -> None:
    people = {contact.id: contact for contact in company.contacts}
    for deal in company.opportunities:
        assert len(set(deal.contacts)) == len(deal.contacts)
        for contact in (people[pk] for pk in deal.contacts):
            assert contact.account == deal.account
            assert contact.created_at <= deal.modified_at
            assert contact.left_at is None or contact.left_at.date() > deal.opened_on
    named = [deal for deal in company.opportunities if deal.contacts]
    assert 0.6 < len(named) / len(company.opportunities) < 0.97
    won, lost = (
        [len(deal.contacts) for deal in company.opportunities if deal.is_closed and deal.is_won is is_won]
        for is_won in (True, False)
    )
    assert sum(won) / len(won) > 1.3 * sum(lost) / len(lost)


def test_tickets_are_answered_in_order_and_faster_for_higher_tiers(company: Company) -> None:
    tier = {account.id: account.tier for account in company.accounts}
    minutes: dict[str, list[float]] = defaultdict(list)
    for ticket in company.tickets:
        if ticket.first_replied_at:
            assert ticket.opened_at < ticket.first_replied_at < midnight(TODAY)
            waited = ticket.first_replied_at - ticket.opened_at
            minutes[tier[ticket.account]].append(waited.total_seconds() / 60)
        if ticket.solved_at:
            assert ticket.first_replied_at
            assert ticket.first_replied_at < ticket.solved_at < midnight(TODAY)
        assert (ticket.status in {"solved", "closed"}) == (ticket.solved_at is not None)
        assert (ticket.status == "new") == (ticket.first_replied_at is None)
    medians = [float(np.median(minutes[name])) for name in TIER_FLOORS]
    assert medians == sorted(medians)
    assert medians[0] < 30
    assert {ticket.status for ticket in company.tickets} == {
        "new", "open", "pending", "on_hold", "solved", "closed",
    }  # fmt: skip


def test_nothing_happens_in_the_future(company: Company) -> None:
    now = midnight(TODAY)
    assert all(account.created_at <= account.modified_at < now for account in company.accounts)
    assert all(contact.created_at <= contact.modified_at < now for contact in company.contacts)
    assert all(contract.updated_at < now for contract in company.contracts)
    assert all(ticket.opened_at <= ticket.updated_at < now for ticket in company.tickets)
    assert all(touch.occurred_at < now for touch in company.engagements)
    *_, last = company.usage.months()
    assert last.milli.max() < now.timestamp() * 1_000


def test_usage_is_weighted_to_recent_months(company: Company) -> None:
    counts = company.usage.counts.sum(axis=0)
    assert 575 <= len(counts) <= 625
    assert counts[-90:].mean() > 1.15 * counts[:90].mean()


def test_rates_cover_every_contract(company: Company) -> None:
    assert min(rate.on for rate in company.rates) <= min(contract.start for contract in company.contracts)
    assert {rate.currency for rate in company.rates} == {"EUR", "GBP"}
    assert len({(rate.currency, rate.on) for rate in company.rates}) == len(company.rates)
    assert all(0.9 < rate.rate < 1.5 for rate in company.rates)


def test_apportion_gives_exactly_the_total() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert sum(apportion(3_000, [0.3, 7.1, 2.2, 9.9], minimum=2)) == 3_000
    with pytest.raises(ValueError, match="at least"):
        apportion(3, [1, 1], minimum=2)


def test_crm_ids_carry_the_check_characters_of_their_letter_case() -> None:
    assert crm_id("001A", 0) == "001A00000000000IAA"
    assert len(crm_id("003A", 62**6)) == 18


def test_business_hours_skip_the_night_and_the_weekend() -> None:
    friday = midnight(date(2026, 11, 20)) + timedelta(hours=17)
    monday = midnight(date(2026, 11, 23))
    assert _after_business_hours(friday, timedelta(hours=2)) == monday + timedelta(hours=10)
    assert _after_business_hours(friday, timedelta(minutes=30)) == friday + timedelta(minutes=30)
    saturday = friday + timedelta(days=1)
    assert _after_business_hours(saturday, timedelta(minutes=5)) == monday + timedelta(hours=9, minutes=5)


def test_customers_in_trouble_rate_lower_answer_less_and_reopen_more(company: Company) -> None:
    lives = {account.id: account.life for account in company.accounts}
    tickets = {ticket.number: ticket for ticket in company.tickets}
    good: dict[bool, list[bool]] = {True: [], False: []}
    answered: dict[bool, list[bool]] = {True: [], False: []}
    for rating in company.ratings:
        is_bad = lives[tickets[rating.ticket].account].distress(rating.asked_at.date()) > 0.3
        answered[is_bad].append(rating.rating is not None)
        if rating.rating is not None:
            good[is_bad].append(rating.rating >= 4)
    assert 0.85 < _share(good[False]) < 0.99
    assert _share(good[True]) < _share(good[False]) - 0.1
    assert _share(answered[True]) < _share(answered[False]) - 0.1
    scores = {True: [0], False: [0]}
    for answer in company.recommendations:
        if answer.score is not None:
            scores[lives[answer.account].distress(answer.asked_at.date()) > 0.3].append(answer.score)
    assert sum(scores[True]) / len(scores[True]) < sum(scores[False]) / len(scores[False]) - 1


def test_nothing_is_said_before_it_could_be_or_after_today(company: Company) -> None:
    now = midnight(company.today)
    opened = {ticket.number: ticket.opened_at for ticket in company.tickets}
    for event in company.ticket_events:
        assert opened[event.ticket] <= event.occurred_at < now
    for answer in (*company.ratings, *company.recommendations):
        assert answer.asked_at < now
        assert answer.responded_at is None or answer.asked_at < answer.responded_at < now


def _share(values: list[bool]) -> float:
    return sum(values) / len(values)
