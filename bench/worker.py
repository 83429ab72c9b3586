"""``python -m bench.worker DATABASE``: one worker of the refresh in a process of its own.

It says that it is ready, waits for a line, works off all steps, and prints its seconds and its peak memory in MiB.
"""

from __future__ import annotations

import os
import resource
import sys

from bench.harness import seconds


def main(name: str) -> None:
    """Work as one child of a Celery worker would."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abe.settings")
    import django

    django.setup()
    from bench.companies import use
    from metrics.engine.steps import work_off

    use(name)
    print("ready", flush=True)
    sys.stdin.readline()
    took = seconds(work_off)
    print(f"{took} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
