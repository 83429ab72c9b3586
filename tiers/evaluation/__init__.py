"""What the rules say of accounts: compiled to one query, whatever the number of rules and accounts."""

from tiers.evaluation.compiled import CompiledRules, compile_rules
from tiers.evaluation.verdicts import tenure_on, tier_held, verdicts

__all__ = ["CompiledRules", "compile_rules", "tenure_on", "tier_held", "verdicts"]
