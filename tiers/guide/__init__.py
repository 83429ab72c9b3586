"""The tier guide: one page for customers, made from the published rules and what they entitle to."""
