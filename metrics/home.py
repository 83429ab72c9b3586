"""The first screen's cards about metrics."""
