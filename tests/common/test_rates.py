"""Calls are counted by many threads at once, from a process's first ones on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import redis

from common import rates

CALLERS = 8


@pytest.fixture
def slow_to_make(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    make = redis.Redis.from_url

    def made(*args: Any, **kwargs: Any) -> redis.Redis:
        time.sleep(0.05)  # Long enough for every thread to have found no store yet.
        return make(*args, **kwargs)

    monkeypatch.setattr(redis.Redis, "from_url", made)
    rates._store.cache_clear()
    yield
    rates._store.cache_clear()


@pytest.mark.usefixtures("slow_to_make")
def test_a_process_s_first_calls_at_once_share_one_store() -> None:
    caller = uuid4().hex
    with ThreadPoolExecutor(CALLERS) as threads:
        counted = list(threads.map(lambda _: rates.count_call(caller, 100), range(CALLERS)))
    assert None not in counted
    assert rates._store.cache_info().misses == 1
