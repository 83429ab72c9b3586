"""A cache whose loss slows pages down but takes none of them away."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as CacheConnectionError
from redis.exceptions import TimeoutError as CacheTimeoutError

logger = structlog.get_logger(__name__)

LOST = (CacheConnectionError, CacheTimeoutError)


class ForgivingCache(RedisCache):
    """Redis or Valkey; while it is away nothing is found in it and nothing kept.

    ``add``, ``incr``, ``touch`` and ``clear`` still fail: whoever locks or counts with them, as the limits on
    sign-in do, must not go on as if they had.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except LOST as error:
            _report("get", error)
            return default

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        try:
            found: dict[Any, Any] = super().get_many(keys, version)
        except LOST as error:
            _report("get_many", error)
            return {}
        return found

    def set(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        try:
            super().set(key, value, timeout, version)
        except LOST as error:
            _report("set", error)

    def set_many(
        self, data: Mapping[Any, Any], timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        try:
            failed: list[Any] = super().set_many(dict(data), timeout, version)
        except LOST as error:
            _report("set_many", error)
            return list(data)
        return failed

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return super().delete(key, version)
        except LOST as error:
            _report("delete", error)
            return False

    def has_key(self, key: Any, version: int | None = None) -> bool:
        try:
            return super().has_key(key, version)
        except LOST as error:
            _report("has_key", error)
            return False


def _report(operation: str, error: Exception) -> None:
    logger.warning("The cache does not answer", operation=operation, error=str(error))
