"""Finance's pages."""
