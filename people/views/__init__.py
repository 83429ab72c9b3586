"""People's pages: the access policy, users, and one's own settings."""
