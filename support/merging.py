"""What a merge of two accounts does with what was promised to them, and with who looks after them."""

from accounts.identity.relations import stays
from support.models import AccountEngineer, PolicyTenure

stays(AccountEngineer, "Those who look after the winner go on.")
stays(PolicyTenure, "It tells what was promised to each account at the time.")
