"""Turn what a panel loaded into data that any JSON encoder knows, leaving out what may not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from common.charts import Chart
from people.access import Redacted


def plain_data(value: Any, name: str, redacted: dict[str, str]) -> Any:
    """Return ``value`` as plain data; each redacted value is left out and noted with its path and reason.

    Amounts and other decimals become text, so that no digit is lost; days and moments are ISO 8601.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Chart):
        return {"title": value.title, "header": value.header(), "rows": value.rows(), "spec": value.spec()}
    if isinstance(value, Mapping):
        return _mapping(value, name, redacted)
    if isinstance(value, Iterable):
        return [plain_data(item, name, redacted) for item in value if not _is_redacted(item, name, redacted)]
    return str(value)


def _mapping(value: Mapping[Any, Any], name: str, redacted: dict[str, str]) -> dict[str, Any]:
    return {
        str(key): plain_data(item, f"{name}.{key}", redacted)
        for key, item in value.items()
        if not _is_redacted(item, f"{name}.{key}", redacted)
    }


def _is_redacted(value: Any, name: str, redacted: dict[str, str]) -> bool:
    if isinstance(value, Redacted):
        redacted[name] = value.reason
        return True
    return False
