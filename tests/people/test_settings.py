"""The overview of settings: every part of the configuration with who changed it last."""

from __future__ import annotations

import pytest
from django.urls import reverse

from people.configuration.registry import sections
from people.services import change_access
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


def test_every_part_is_listed_with_its_last_change_its_page_and_its_history() -> None:
    by = make_user("revops", name="Rita Rule")
    change_access(levels={("sales", "support_history"): "full"}, by=by)
    response = client_of(by).get(reverse("people:settings"))
    page = response.content.decode()
    for section in sections:
        assert section.label in page, section.key
        if section.category is not None:
            assert f"?section={section.key}" not in page, "what not everybody may know leads nowhere"
            continue
        if section.url_name:
            assert f'href="{reverse(section.url_name)}"' in page, section.key
        if section.tracks:
            assert f"?section={section.key}" in page, section.key
    told = {part.section.key: part.last for part in response.context["parts"]}
    assert told["access"].author == "Rita Rule"
    assert told["webhooks"] is None


def test_the_overview_is_for_revops() -> None:
    assert client_as("sales").get(reverse("people:settings")).status_code == 403
