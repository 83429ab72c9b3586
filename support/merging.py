"""What a merge of two accounts does with what was promised to them."""

from accounts.identity.relations import stays
from support.models import PolicyTenure

stays(PolicyTenure, "It tells what was promised to each account at the time.")
