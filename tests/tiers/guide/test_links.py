"""Links to the guide: only the secret opens them, and nothing tells it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from common import rates
from people.links.services import create_link, revoke_link, use_link
from tests.tiers.facts import publish
from tests.users import client_as, make_user
from tiers.models import GuideLink

pytestmark = pytest.mark.django_db

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}


def shared(secret: str, name: str = "shared_guide") -> Any:
    return Client().get(reverse(f"tiers:{name}", args=[secret]))


def make_link(days: int = 30) -> tuple[GuideLink, str]:
    return create_link(GuideLink, note="Acme", days=days, by=make_user("revops"))


def test_a_link_opens_the_guide_without_a_login_and_notes_its_use() -> None:
    publish()
    link, secret = make_link()
    page = shared(secret)
    assert page.status_code == 200
    text = page.content.decode()
    assert "Every other customer" in text
    assert 'name="robots" content="noindex' in text
    for header, value in HEADERS.items():
        assert page[header] == value
    made = shared(secret, "shared_pdf")
    assert b"".join(made.streaming_content).startswith(b"%PDF")
    assert made["Cache-Control"] == "private, no-store"
    link.refresh_from_db()
    assert link.uses == 2
    assert link.last_used_at is not None


def test_a_shared_page_shows_nothing_of_the_inside() -> None:
    publish()
    link, secret = make_link()
    text = shared(secret).content.decode()
    for inner in ("Acme", link.prefix + "…", "revops", "finance.arr", "accounts/", "abe-nav", "Collections"):
        assert inner not in text


@pytest.mark.parametrize("state", ["unknown", "expired", "revoked", "prefix", "digest", "empty"])
@pytest.mark.parametrize("name", ["shared_guide", "shared_pdf"])
def test_without_the_secret_of_a_living_link_there_is_nothing(state: str, name: str) -> None:
    publish()
    link, secret = make_link()
    wrong = {
        "unknown": "A" * 43,
        "prefix": link.prefix,
        "digest": bytes(link.digest).hex(),
        "empty": "-",
    }.get(state, secret)
    if state == "expired":
        GuideLink.objects.update(
            created_at=timezone.now() - timedelta(days=9), expires_at=timezone.now() - timedelta(seconds=1)
        )
    if state == "revoked":
        revoke_link(link=link, by=make_user("revops"))
    answer = shared(wrong, name)
    assert answer.status_code == 404
    assert "Every other customer" not in answer.content.decode()
    for header, value in HEADERS.items():
        assert answer[header] == value
    link.refresh_from_db()
    assert (link.uses, link.last_used_at) == (0, None)


def test_every_refusal_reads_the_same() -> None:
    publish()
    link, secret = make_link()
    revoke_link(link=link, by=make_user("revops"))
    assert shared(secret).content.replace(secret.encode(), b"") == shared("A" * 43).content.replace(
        b"A" * 43, b""
    )


def test_only_a_digest_is_kept() -> None:
    _, secret = make_link()
    row = GuideLink.objects.values().get()
    assert secret not in str(row)
    assert secret not in str(list(GuideLink.objects.get().events.values()))  # type: ignore[attr-defined]


def test_before_rules_are_published_a_link_says_so() -> None:
    _, secret = make_link()
    assert "not available" in shared(secret).content.decode()


@override_settings(LINK_RATE=3)
def test_guessing_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    # Within one minute, whenever the test runs.
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: 60_000_030.0))
    publish()
    _, secret = make_link()
    assert [shared("B" * 43).status_code for _ in range(3)] == [404] * 3
    answer = shared(secret)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize(
    ("note", "days", "field"),
    [("", 3, "note"), ("  ", 3, "note"), ("x" * 129, 3, "note"), ("x", 0, "days"), ("x", 367, "days")],
)
def test_a_bad_link_is_refused_at_its_field(note: str, days: int, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_link(GuideLink, note=note, days=days, by=make_user("revops"))
    assert list(refused.value.message_dict) == [field]


def test_revops_makes_sees_and_revokes_links() -> None:
    client = client_as("revops")
    url = reverse("tiers:guide_links")
    made = client.post(url, {"note": "Acme", "days": "7"})
    address = made.context["address"]
    assert address in made.content.decode()
    assert use_link(GuideLink, secret=address.rstrip("/").rsplit("/", 1)[1]) is not None
    page = client.get(url).content.decode()
    assert "Acme" in page
    assert address not in page
    link = GuideLink.objects.get()
    assert client.get(reverse("tiers:revoke_link", args=[link.pk])).status_code == 200
    client.post(reverse("tiers:revoke_link", args=[link.pk]))
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert "Links that ended" in client.get(url).content.decode()
    assert client.post(url, {"note": "", "days": "x"}).status_code == 422


@pytest.mark.parametrize("function", ["sales", "leadership"])
def test_others_neither_see_nor_make_links(function: str) -> None:
    link, _ = make_link()
    client = client_as(function)
    assert client.get(reverse("tiers:guide_links")).status_code == 403
    assert client.post(reverse("tiers:guide_links"), {"note": "x", "days": "3"}).status_code == 403
    assert client.post(reverse("tiers:revoke_link", args=[link.pk])).status_code == 403
    assert GuideLink.objects.filter(revoked_at=None).count() == 1
