"""Benchmarks: ratios against a floor measured in the same run, since the machines are noisy."""
