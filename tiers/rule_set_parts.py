"""What belongs to the rule sets beside their rules: what each tier is entitled to."""

from tiers.entitlements.part import ENTITLEMENTS
from tiers.parts import rule_set_parts

rule_set_parts.register(ENTITLEMENTS)
