"""From what the rules say of accounts to the tiers they hold: decided and written set-based, slice by slice."""
