"""Scheduled versions: previewed again the day before, put in force as was decided, or held for somebody's word."""
