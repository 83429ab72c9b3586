"""The settings under test: own servers, and for each worker an own database and two of Valkey's."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("ABE_STATE", str(Path(__file__).resolve().parent.parent / ".abe-test"))

from abe.runtime.paths import CACHE_DATABASE
from abe.settings import *  # noqa: F403
from abe.settings import CACHES, DATABASES, PATHS, STORAGES

# "gw3" under xdist, nothing without it. Databases 0 and 1 stay those of an installation.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
PAIR = 2 * (1 + int(WORKER.removeprefix("gw") or 0) if WORKER else 1)
TEST_DATABASE = f"test_abe_{WORKER or 'main'}"

if os.environ.get("ABE_TEST_DATABASE"):  # a server or worker that a test started
    DATABASES["default"]["NAME"] = os.environ["ABE_TEST_DATABASE"]
DATABASES["default"]["CONN_MAX_AGE"] = 0

if PATHS.embedded_valkey:
    CELERY_BROKER_URL = PATHS.broker_url.replace("virtual_host=0", f"virtual_host={PAIR}")
    CACHES["default"]["LOCATION"] = PATHS.cache_url.replace("db=1", f"db={PAIR + CACHE_DATABASE}")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages are tested without collecting the static files first.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
