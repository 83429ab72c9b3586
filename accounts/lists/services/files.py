"""Files whose rows name accounts for a list: kept, read otherwise, put on the list and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from accounts.lists.access import may_edit
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.files import MOST_BYTES, match_file
from accounts.lists.models import ListChange, ListFile, TargetList
from accounts.lists.services.members import add_accounts
from accounts.models import Account
from people.models import User
from sync.files.errors import FileError
from sync.files.reading import Reading

KEEP = timedelta(days=30)


@transaction.atomic
def keep_file(*, target: TargetList, by: User, name: str, data: bytes) -> ListFile:
    """Keep a file for a list by hand; nothing is added yet. Raises ListRefused."""
    if target.kind != TargetList.Kind.STATIC or not may_edit(target, by):
        raise ListRefused("You don’t change who is on this list.")
    if not data:
        raise ListRefused("The file is empty. Choose one with a heading and rows below it.", field="file")
    if len(data) > MOST_BYTES:
        raise ListRefused(
            f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it and upload the parts.",
            field="file",
        )
    clean = name.replace("\x00", "").replace("\\", "/").rsplit("/", 1)[-1][-255:] or "file"
    kept = ListFile(list=target, by=by, name=clean, data=data, reading=msgspec.to_builtins(Reading()))
    kept.save()
    return kept


@transaction.atomic
def read_file_as(*, kept: ListFile, columns: Sequence[str], reading: Reading) -> None:
    """Let a file be read in another way, or others of its columns be looked up. Raises ListRefused once it is added."""
    held = _held(kept)
    held.columns, held.reading = list(columns), msgspec.to_builtins(reading)
    held.save(update_fields=["columns", "reading"])


@transaction.atomic
def add_file(*, kept: ListFile, by: User, seen: str) -> ListChange | None:
    """Put the accounts that the rows of a file name on its list; return the change, None where all were on it.

    ``seen`` is the ``Matched.seen`` that was shown; raises ChangedMeanwhile where the rows name others by now,
    ListRefused where the file can't be read or was added already.
    """
    held = _held(kept)
    try:
        matched = match_file(held)
    except FileError as error:
        raise ListRefused(str(error)) from error
    if matched.seen != seen:
        raise ChangedMeanwhile("The rows name other accounts by now. Look again before you add them.")
    if not matched.accounts:
        raise ListRefused("No row names an account.")
    change = add_accounts(
        target=held.list,
        accounts=Account.objects.live().filter(pk__in=matched.accounts),
        by=by,
        cause=ListChange.Cause.FILE,
        note=held.name,
    )
    held.change, held.added_at = change, timezone.now()
    held.save(update_fields=["change", "added_at"])
    return change


@transaction.atomic
def drop_file(*, kept: ListFile) -> None:
    """Throw a file away; what it brought stays on the list."""
    ListFile.objects.filter(pk=kept.pk).delete()


def drop_old_files() -> int:
    """Throw away files that are older than 30 days; return how many."""
    return ListFile.objects.filter(created_at__lt=timezone.now() - KEEP).delete()[0]


def _held(kept: ListFile) -> ListFile:
    held = ListFile.objects.select_for_update(of=("self",)).select_related("list").filter(pk=kept.pk).first()
    if held is None:
        raise ListRefused("The file has been thrown away meanwhile.")
    if held.added_at is not None:
        raise ListRefused("The accounts of this file are on the list already.")
    return held
