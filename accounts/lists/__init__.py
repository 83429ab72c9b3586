"""Saved views of the account list, and target lists whose members are kept in versions and signed for."""
