"""How well a health model would have told who leaves or pays less, from what was stored and known at the time.

``services`` asks for a run, ``work`` does its steps: each month-end of a slice is scored and packed (``panel``), then
judged (``measures``, ``judging``), then other weights are suggested (``weights``). See docs/backtest.md.
"""
