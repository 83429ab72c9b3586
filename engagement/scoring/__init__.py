"""Scores for targets: fit, engagement and intent, as points that anyone can read and follow."""
