"""The first screen's cards about engagement."""
