"""A condition in a file of the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.conditions.expression import ConditionError, parse_condition
from people.configuration.registry import Problem


class ConditionShape:
    """A condition, as the pages write it."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yield what is wrong with ``value``, which stands at ``path``."""
        try:
            parse_condition(value)
        except ConditionError as error:
            for problem in error.problems:
                yield Problem(f"{path}{problem.path.replace('/', '.')}", problem.message, problem.remedy)
