"""What a merge of two accounts does with their signals, tasks and surveys."""

from accounts.identity.relations import moves, stays
from pods.models import Signal, SurveyRequest, Task

moves(SurveyRequest)
moves(Task)
stays(Signal, "The next refresh opens those that hold for the winner.")
