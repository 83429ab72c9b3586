"""Secret links: addresses that open by a secret alone, of which only a digest is kept.

A kind of link is a model on ``SecretLink`` with what it opens; ``services`` makes, revokes and uses links,
``views.by_link`` opens a page to whoever has one.
"""
