"""What a merge of two accounts does with their signals and tasks."""

from accounts.identity.relations import moves, stays
from pods.models import Signal, Task

moves(Task)
stays(Signal, "The next refresh opens those that hold for the winner.")
