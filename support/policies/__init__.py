"""Policies: what support promises to whom, in versions, and what was promised to each account from when on."""
