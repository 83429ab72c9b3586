"""Secrets at rest: what is stored can be read only with the keys of the installation.

Every value is a Fernet token (AES-128-CBC with HMAC-SHA256). Keys are derived from ``ABE_ENCRYPTION_KEYS``, the
first of which encrypts, and from ``ABE_SECRET_KEY``, which encrypts where none is given and always decrypts; so
adding a key in front changes nothing that is stored, and an old key may go once nothing needs it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Separates these keys from anything else that is ever derived from the same text.
PURPOSE = b"abe secrets at rest 1"


class UndecipherableError(Exception):
    """The text was sealed with a key that this installation no longer has, or was altered."""


def encrypt(text: str) -> str:
    """Return ``text`` sealed for storing; the same text gives another result each time."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """Return what ``encrypt`` was given. Raises UndecipherableError where no key of ours fits."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UndecipherableError(
            "A stored secret cannot be read: ABE_SECRET_KEY or ABE_ENCRYPTION_KEYS changed since it was saved."
        ) from error


def _keys() -> MultiFernet:
    return _derived((*settings.ENCRYPTION_KEYS, settings.SECRET_KEY))


@lru_cache(maxsize=4)
def _derived(texts: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(text)) for text in texts])


def _derive(text: str) -> bytes:
    # The texts are long random strings, so no slow derivation is needed.
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return urlsafe_b64encode(derivation.derive(text.encode()))
