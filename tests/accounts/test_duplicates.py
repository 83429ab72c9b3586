"""Which pairs of accounts are offered as duplicates, with what evidence, and which are not."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.identity import duplicates
from accounts.identity.duplicates import dismiss_pair, find_duplicates, offer_again
from accounts.identity.merge import merge_accounts
from accounts.identity.models import DuplicatePair, SharedDomain
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account, Contact
from common.sql import load_sql
from tests.sync.conftest import make_api
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db
_numbers = count(1)


def make(name: str, **fields: Any) -> Account:
    return Account.objects.create(name=name, **fields)


def know(account: Account, *emails: str) -> None:
    for email in emails:
        Contact.objects.create(account=account, name="P", email=email)


def found() -> dict[tuple[int, int], DuplicatePair]:
    find_duplicates(everything=True)
    return {(pair.low_id, pair.high_id): pair for pair in DuplicatePair.objects.waiting()}


def texts(pair: DuplicatePair) -> list[str]:
    return [item["text"] for item in pair.evidence]


def test_a_shared_web_domain_makes_a_pair_with_its_reason() -> None:
    one, two = make("Acme", domain="acme.com"), make("Rocket skates", domain="acme.com")
    pair = found()[one.pk, two.pk]
    assert pair.score == 60
    assert texts(pair) == ["Both use the web domain acme.com."]


def test_a_domain_that_many_companies_share_says_nothing() -> None:
    make("Acme", domain="gmail.com")
    make("Zenith", domain="gmail.com")
    assert found() == {}
    SharedDomain.objects.get(domain="gmail.com").delete()
    assert len(found()) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Acme Motors GmbH", "ACME Motors, Inc."),
        ("Müller & Söhne GmbH & Co. KG", "Muller & Sohne"),
        ("A.C.M.E. Motors S.A.", "ACME Motors"),
        ("Nordwind Logistik AG", "Nordwind-Logistik"),
    ],
)
def test_names_are_compared_without_legal_form_case_accents_and_punctuation(one: str, two: str) -> None:
    first, second = make(one), make(two)
    pair = found()[first.pk, second.pk]
    assert pair.score == 50
    assert texts(pair) == ["Their names are the same once the legal form is left out."]


def test_a_name_that_is_nothing_but_a_legal_form_keeps_it() -> None:
    make("AG")
    make("SA")
    assert found() == {}


def test_names_alike_need_something_more() -> None:
    one, two = make("Brightwater Logistics", country="DE"), make("Brightwaters Logistics", country="FR")
    assert found() == {}
    know(one, "a@b.example")
    know(two, "A@B.example")
    pair = found()[one.pk, two.pk]
    assert pair.evidence[0]["signal"] == "name"
    assert texts(pair)[1:] == [
        "Both have a contact with the address a@b.example.",
        "One is in DE, the other in FR.",
    ]
    assert pair.score == sum(item["points"] for item in pair.evidence)


def test_names_that_differ_in_a_number_name_different_things() -> None:
    for number in range(5):
        make(f"Regional depot number {number}", country="DE")
    assert found() == {}


def test_shared_contacts_add_up_and_an_advisers_address_says_nothing() -> None:
    one, two = make("Acme"), make("Zenith")
    for number in range(3):
        know(one, f"p{number}@x.example")
        know(two, f"p{number}@x.example")
    assert found()[one.pk, two.pk].score == 45
    Contact.objects.all().delete()
    for number in range(12):
        know(
            make(f"Client {chr(65 + number)}{number}"),
            "adviser@law.example",
            "second@law.example",
            "third@law.example",
        )
    assert found() == {}


def test_one_name_in_two_countries_with_two_domains_is_two_companies() -> None:
    make("Phoenix", domain="phoenix.de", country="DE")
    make("Phoenix Ltd", domain="phoenix.co.uk", country="GB")
    assert found() == {}


def test_divisions_are_offered_only_on_strong_evidence() -> None:
    parent = make("Acme", domain="acme.com")
    division = make("Acme Iberia", domain="acme.com", parent=parent)
    make("Acme Nordics", domain="acme.com", billing_parent=parent)
    make("Acme Baltics", domain="acme.com", parent=parent)
    pairs = found()
    assert (parent.pk, division.pk) not in pairs
    assert len(pairs) == 2  # the one that only pays together is held against each of the others
    twin = make("Acme GmbH", domain="acme.com", parent=parent)
    pair = found()[parent.pk, twin.pk]
    assert pair.score >= 90
    assert "They are linked as parts of one company." in texts(pair)


def test_a_domain_of_very_many_is_held_against_neighbours_only() -> None:
    for number in range(40):
        make(f"{chr(65 + number % 26)}{number} unlike", domain="agency.example")
    pairs = found()
    assert len(pairs) == 0  # 25 points are not enough
    for number in range(40):
        make(f"Same Name {'x' * number}", domain="host.example")
    find_duplicates(everything=True)
    assert DuplicatePair.objects.count() <= 40 * 10


def test_a_pair_found_to_be_none_is_never_offered_again_until_that_is_undone() -> None:
    one, two = make("Acme", domain="acme.com"), make("Acme", domain="acme.com")
    pair = found()[one.pk, two.pk]
    dismiss_pair(pair=pair, by=make_user("revops"), reason="Franchise")
    assert found() == {}
    pair.refresh_from_db()
    assert pair.reason == "Franchise"
    offer_again(pair=pair)
    assert (one.pk, two.pk) in found()


def test_what_was_found_apart_stays_apart_after_a_merge() -> None:
    one, two, three = (make(name, domain="acme.com") for name in ("Acme A", "Bolt", "Crane"))
    pairs = found()
    dismiss_pair(pair=pairs[two.pk, three.pk], by=make_user("revops"))
    merge = merge_accounts(winner=one.pk, loser=two.pk)
    assert found() == {}
    unmerge_accounts(merge=merge.pk)
    assert set(found()) == {(one.pk, two.pk), (one.pk, three.pk)}


def test_pairs_that_no_longer_hold_are_forgotten_and_deleted_accounts_not_offered() -> None:
    one, two = make("Acme", domain="acme.com"), make("Zenith", domain="acme.com")
    assert len(found()) == 1
    two.domain = "zenith.com"
    two.save()
    assert found() == {}
    assert not DuplicatePair.objects.exists()
    two.domain, two.deleted_at = "acme.com", one.created_at
    two.save()
    assert found() == {}


def test_after_the_first_search_only_what_changed_is_looked_at() -> None:
    api = make_api()
    api.bulk("accounts", [{"external_id": str(n), "name": f"Unlike {chr(65 + n) * 6}"} for n in range(8)])
    first = find_duplicates()
    assert (first.is_full, first.accounts) == (True, 8)
    # Time stands still within a test's transaction, so what is there is made older.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sync_change SET changed_at = changed_at - interval '1 day'")
    api.bulk(
        "accounts", [{"external_id": "1", "domain": "acme.com"}, {"external_id": "2", "domain": "acme.com"}]
    )
    second = find_duplicates()
    assert (second.is_full, second.accounts, second.pairs) == (False, 2, 1)


def test_names_are_looked_up_through_the_trigram_index() -> None:
    made = Account.objects.bulk_create(
        Account(name=f"Name {chr(97 + n % 26)}{n * 7919:x} works") for n in range(8000)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', '0.65', true)")
        cursor.execute(load_sql("accounts", "identity/names"), [[account.pk for account in made]])
        cursor.execute("ANALYZE accounts_accountname, accounts_account")
        cursor.execute(
            "EXPLAIN " + load_sql("accounts", "identity/names_alike"),
            {"probes": [made[0].pk, made[1].pk], "neighbours": 10},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Bitmap Index Scan on accounts_accountname_trgm" in plan
    assert "Seq Scan on accounts_accountname other" not in plan


@pytest.mark.django_db(transaction=True)
def test_comparing_names_holds_up_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    make("Acme Motors")
    make("Acme Motors GmbH")
    held: list[int | None] = []
    compare = duplicates._names_alike

    def watched(probes: list[int]) -> list[tuple[int, int, float]]:
        with transaction.atomic(), connection.cursor() as cursor:
            found = compare(probes)
            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text::bigint")
            held.append(cursor.fetchone()[0])
        return found

    monkeypatch.setattr(duplicates, "_names_alike", watched)
    assert find_duplicates(everything=True).pairs == 1
    assert held == [None]


@pytest.mark.parametrize("back", ["NaN", "accounts", "//evil.example", "a.b", "\x00"])
def test_saying_that_a_pair_is_none_leads_back_to_the_queue_whatever_the_form_says(back: str) -> None:
    one, two = make("Acme", domain="acme.com"), make("Acme", domain="acme.com")
    url = reverse("accounts:dismiss_pair", args=[found()[one.pk, two.pk].pk])
    answer = client_as("revops").post(url, {"next": back})
    assert (answer.status_code, answer["Location"]) == (302, reverse("accounts:duplicates"))
