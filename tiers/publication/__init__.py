"""From a preview to rules in force: workers compare, decide in one short transaction, and let the accounts follow."""
