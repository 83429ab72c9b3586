"""The sample company's product telemetry: `track` calls in the shape of Segment's, a gzip file a month."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from demo.company.chance import arrays_for
from demo.company.records import Company
from demo.company.usage import FEATURES, EventMonth

_CLIENTS = ("web", "web", "web", "mobile", "desktop")
_CHUNK = 20_000  # lines joined at a time: memory stays flat, however many events


def write_months(company: Company, folder: Path) -> Iterator[tuple[Path, int]]:
    """Write one file a month into a folder; yield each with the number of its events.

    The bytes depend on the company alone: no file name or time goes into the gzip header.
    """
    text = msgspec.json.encode
    plan = company.usage
    # The parts of a line are written once for each user and feature, not once for each event.
    who = [
        [
            f'","userId":{text(user).decode()},"context":{{"groupId":"{account.id}"}},"event":'
            for user in users
        ]
        for account, users in zip(plan.accounts, plan.users, strict=True)
    ]
    what = [
        [
            f'{text(feature.event).decode()},"properties":{{"feature":"{feature.key}","client":"'
            f'{"api" if feature.bulk else client}","quantity":'
            for client in _CLIENTS
        ]
        for feature in FEATURES
    ]
    for month in plan.months():
        path = folder / f"track-{month.month:%Y-%m}.ndjson.gz"
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file:
            for lines in _lines(company.seed, month, who, what):
                file.write("".join(lines).encode())
        yield path, len(month)


def _lines(seed: int, month: EventMonth, who: list[list[str]], what: list[list[str]]) -> Iterator[list[str]]:
    rng = arrays_for(seed, "messages", month.month)
    for first in range(0, len(month), _CHUNK):
        part = slice(first, first + _CHUNK)
        size = len(month.account[part])
        ids = rng.bytes(12 * size).hex()
        stamps = np.datetime_as_string(month.milli[part].astype("datetime64[ms]")).tolist()
        clients = rng.integers(0, len(_CLIENTS), size).tolist()
        columns = (
            part_of[part].tolist() for part_of in (month.account, month.user, month.feature, month.quantity)
        )
        yield [
            f'{{"type":"track","messageId":"{ids[place * 24 : place * 24 + 24]}","timestamp":"{stamp}Z'
            f"{who[account][user]}{what[feature][client]}{quantity}}}}}\n"
            for place, (stamp, client, account, user, feature, quantity) in enumerate(
                zip(stamps, clients, *columns, strict=True)
            )
        ]
