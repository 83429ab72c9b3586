"""Work that somebody asked for and waits for: planned in steps, done by workers, followed on a page.

An app keeps one row for each run (``models.Run``) and declares in ``<app>/runs.py`` what its steps do
(``registry.RunKind``). ``services`` asks for runs and cancels them, ``work`` does their steps, wherever and however
often it is called.
"""
