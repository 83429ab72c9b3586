"""Who is billed, who owes, and who sees to it, for all tests of finance."""

from __future__ import annotations

import pytest

from accounts.models import Account
from people.models import User
from tests.finance.owing import make_debtor
from tests.metrics.facts import make_account
from tests.users import make_user


@pytest.fixture
def ada(db: None) -> User:
    """Somebody in finance."""
    return make_user("finance")


@pytest.fixture
def acme(db: None) -> Account:
    """A customer that pays for itself and, in some tests, for divisions."""
    return make_account("strategic", name="Acme", currency="EUR")


@pytest.fixture
def debtor(db: None) -> Account:
    """A customer whose collections are automated, with somebody who can be written to."""
    return make_debtor()
