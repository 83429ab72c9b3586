"""Health checks: customers are looked at as often as their tier entitles them to, by a list, with an outcome.

``periods`` says when one is due, ``opening`` opens those that are, as tasks, ``checklist`` is what is gone through,
``services`` writes what came of it.
"""
