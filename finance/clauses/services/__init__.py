"""Writes of the clause library and of deviations from it.

Locks are taken in one order: the account, then the request for approval, then the deviation.
"""
