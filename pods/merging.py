"""What a merge of two accounts does with their signals."""

from accounts.identity.relations import stays
from pods.models import Signal

stays(Signal, "The next refresh opens those that hold for the winner.")
