"""Where RevOps closes the account profile to a function, no page names an account, and each says why."""

from __future__ import annotations

import pytest

from accounts.models import Account
from people.models import Category, Level
from people.services import change_access
from tests.accounts.rows import make_busy
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy() -> Account:
    return make_busy()


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/",
        "/accounts/export.csv",
        "/accounts/{pk}/",
        "/accounts/{pk}/timeline/",
        "/metrics/explain/finance.arr/?account={pk}",
        "/search/?q=Busy",
    ],
)
def test_a_closed_profile_closes_every_way_to_it(busy: Account, url: str) -> None:
    address = url.format(pk=busy.pk)
    client = client_as("support")
    assert client.get(address).status_code == 200
    change_access(levels={("support", Category.ACCOUNT_PROFILE): Level.NONE})
    response = client.get(address)
    assert response.status_code in (200, 403)
    content = response.content.decode()
    assert busy.name not in content
    assert "does not read account profile" in content
