"""The first screen's cards about pods."""
