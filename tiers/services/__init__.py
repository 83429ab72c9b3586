"""Writes of rule sets, overrides and moves by hand."""

from tiers.services.cycle import seen_of
from tiers.services.drafts import bring_back_draft, create_draft, delete_draft, note_revision, save_draft
from tiers.services.overrides import end_override, extend_override, move_by_hand, override_tier
from tiers.services.publishing import (
    publish_rule_set,
    retire_rule_set,
    schedule_rule_set,
    unschedule_rule_set,
)

__all__ = [
    "bring_back_draft",
    "create_draft",
    "delete_draft",
    "end_override",
    "extend_override",
    "move_by_hand",
    "note_revision",
    "override_tier",
    "publish_rule_set",
    "retire_rule_set",
    "save_draft",
    "schedule_rule_set",
    "seen_of",
    "unschedule_rule_set",
]
