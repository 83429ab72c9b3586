"""The first screen's cards about support."""
