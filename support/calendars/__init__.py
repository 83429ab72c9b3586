"""Business calendars: when a support clock runs.

``hours`` is the engine: pure functions over frozen values, without models and without Django.
"""
