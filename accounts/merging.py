"""What a merge of two accounts does with rows that no source sends."""

from accounts.identity.models import AccountMerge, AccountName, DuplicatePair
from accounts.identity.relations import Following, moves, stays
from accounts.lists.models import ListMembership, ListPick
from accounts.lists.services import follow_merged, hold_followed
from accounts.models import Standing, TierTenure, TimelineEvent
from sync.models import Change, FieldClaim, Link, Pin

moves(TimelineEvent)
stays(Standing, "The winner's is written anew by the next refresh.")
stays(TierTenure, "It tells in which tier each account was at the time.")
stays(AccountName, "")  # made of the account's own name
stays(DuplicatePair, "It is about these two accounts.")
stays(AccountMerge, "It tells of these two accounts.")
stays(
    ListMembership,
    "It tells which account was on a list; the other one takes its place on it.",
    Following(hold=hold_followed, follow=follow_merged),
)
stays(ListPick, "It is what somebody signed for.")

# What sync keeps of objects of any kind.
moves(Link)
moves(Pin)
stays(FieldClaim, "")  # a claim goes where the record goes in which it stands
stays(Change, "It is the history of each account.")
