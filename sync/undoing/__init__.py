"""Take a batch back: what it changed, where nothing newer has changed the same, and what it created."""
