"""The first screen's cards about product."""
