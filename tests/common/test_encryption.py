"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.encryption import UndecipherableError, decrypt, encrypt


@given(st.text())
def test_what_was_sealed_comes_back(text):
    assert decrypt(encrypt(text)) == text


def test_the_stored_form_shows_nothing_and_differs_each_time():
    first, second = encrypt("whsec_abc"), encrypt("whsec_abc")
    assert "whsec_abc" not in first
    assert first != second


def test_a_new_key_in_front_leaves_what_is_stored_readable(settings):
    settings.ENCRYPTION_KEYS = []
    by_secret_key = encrypt("one")
    settings.ENCRYPTION_KEYS = ["k" * 50]
    by_first_key = encrypt("two")
    settings.ENCRYPTION_KEYS = ["n" * 50, "k" * 50]
    assert decrypt(by_secret_key) == "one"
    assert decrypt(by_first_key) == "two"


def test_with_keys_of_its_own_the_secret_key_may_change(settings):
    settings.ENCRYPTION_KEYS = ["k" * 50]
    sealed = encrypt("one")
    settings.SECRET_KEY = "another"
    assert decrypt(sealed) == "one"


def test_a_lost_key_is_said_so(settings):
    sealed = encrypt("one")
    settings.SECRET_KEY = "another"
    with pytest.raises(UndecipherableError, match="ABE_SECRET_KEY"):
        decrypt(sealed)


@given(st.text(st.characters(codec="utf-8")))
def test_text_that_was_never_sealed_is_refused(text):
    with pytest.raises(UndecipherableError):
        decrypt(text)
