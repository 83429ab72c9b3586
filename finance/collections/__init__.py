"""Collections: who is asked to pay what, when and in which words, and what holds us back. docs/collections.md."""
