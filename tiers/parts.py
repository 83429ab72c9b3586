"""What belongs to a rule set beside its rules, such as what each tier is entitled to.

A part is copied into new drafts, counts in the digest of the version and is told in its differences. It is declared
in ``<app>/rule_set_parts.py``; its rows carry ``tiers.models.rules.frozen_with_rule_set``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.registry import Registry
from tiers.models import RuleSet


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSetPart:
    """One part: ``fill`` gives a new draft its rows (of ``based_on``, or defaults), ``read`` returns them as JSON.

    ``write`` gives a new draft the rows that were read once; ``fill`` follows and leaves them.
    ``differences`` tells in sentences what changed between two readings. Whoever changes rows of a draft calls
    ``tiers.services.note_revision`` in the same transaction.
    """

    key: str
    label: str
    fill: Callable[[RuleSet], None]
    read: Callable[[RuleSet], Any]
    write: Callable[[RuleSet, Any], None]
    differences: Callable[[Any, Any], list[str]]


rule_set_parts: Registry[RuleSetPart] = Registry("rule-set part", "rule_set_parts")
