"""How far sales and marketing want the same accounts of a list, and what has changed since they signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Exists, OuterRef, QuerySet

from accounts.lists.models import ListMembership, ListPick, ListSignature, Side, TargetList
from accounts.models import Account


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One side's signature: what it wants, ``alone`` what the other doesn't, and how many came and left since."""

    side: str
    label: str
    signature: ListSignature | None
    wanted: int = 0
    alone: int = 0
    came: int = 0
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """What both sides want of a list; ``ratio`` is both ÷ either, None until both have signed."""

    sides: tuple[Signed, ...]
    both: int
    either: int

    @property
    def is_signed(self) -> bool:
        """Whether both sides have signed."""
        return all(side.signature for side in self.sides)

    @property
    def ratio(self) -> float | None:
        """The overlap, 1 where both want the same."""
        return self.both / self.either if self.is_signed and self.either else None


def wanted_by(signature: ListSignature | None) -> QuerySet[Account]:
    """Return the live accounts that a side signed for, as the list was then."""
    if signature is None:
        return Account.objects.none()
    if signature.is_whole:
        then = ListMembership.objects.of_version(signature.version).filter(
            list=signature.list_id, account=OuterRef("pk")
        )
        return Account.objects.live().filter(Exists(then))
    return Account.objects.live().filter(
        Exists(ListPick.objects.filter(signature=signature, account=OuterRef("pk")))
    )


def signatures_of(target: TargetList) -> Mapping[str, ListSignature]:
    """Return the signatures in force by side; one query."""
    held = ListSignature.objects.filter(list=target, ended_at=None).select_related("by")
    return {signature.side: signature for signature in held}


def alignment_of(target: TargetList) -> Alignment:
    """Return the overlap and what changed since; a constant number of queries."""
    held = signatures_of(target)
    sides = tuple(_signed(target, side, held.get(side)) for side in Side.values)
    signed = [held[side] for side in Side.values if side in held]
    if (
        len(signed) == len(Side)
        and all(one.is_whole for one in signed)
        and len({one.version for one in signed}) == 1
    ):
        both = sides[0].wanted  # both signed for the same, which needn't be compared account by account
    else:
        sales, marketing = (wanted_by(held.get(side)) for side in (Side.SALES, Side.MARKETING))
        both = sales.filter(pk__in=marketing.values("pk")).count()
    return Alignment(
        sides=tuple(replace(side, alone=side.wanted - both) for side in sides),
        both=both,
        either=sum(side.wanted for side in sides) - both,
    )


def waited_for(lists: Iterable[TargetList]) -> dict[int, list[Side]]:
    """Return the sides that proposed lists still wait for, by the list's id; one query."""
    proposed = [target for target in lists if target.proposed_at is not None]
    signed = set(
        ListSignature.objects.filter(list__in=proposed, ended_at=None).values_list("list_id", "side")
    )
    return {
        target.pk: [side for side in Side if (target.pk, side.value) not in signed] for target in proposed
    }


def only_wanted_by(target: TargetList, side: str) -> QuerySet[Account]:
    """Return the accounts that one side signed for and the other didn't."""
    held = signatures_of(target)
    other = Side.MARKETING if side == Side.SALES else Side.SALES
    return wanted_by(held.get(side)).exclude(pk__in=wanted_by(held.get(other)).values("pk"))


def _signed(target: TargetList, side: str, signature: ListSignature | None) -> Signed:
    label = str(Side(side).label)
    if signature is None:
        return Signed(side=side, label=label, signature=None)
    wanted = wanted_by(signature).count()
    if signature.version == target.version:
        return Signed(side=side, label=label, signature=signature, wanted=wanted)
    now = ListMembership.objects.current().filter(list=target)
    then = ListMembership.objects.of_version(signature.version).filter(list=target)
    return Signed(
        side=side,
        label=label,
        signature=signature,
        wanted=wanted,
        came=now.filter(account__deleted_at=None).exclude(account__in=then.values("account_id")).count(),
        left=then.exclude(account__in=now.values("account_id")).values("account_id").distinct().count(),
    )
