"""Serve an installation on this machine: ``python -m abe.serve``, with ``--sample`` for the sample company.

Everything that it starts stops with it, on Ctrl-C and on ``kill -9`` alike.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from abe.runtime.address import listening
from abe.runtime.errors import ServicesError
from abe.runtime.paths import StatePaths, load_env_file
from abe.runtime.services import ensure_running
from abe.runtime.supervisor import Program, Stopped, Supervisor, check_port, raise_on_signals, say
from abe.sample import load_sample, prepare_sample, start_empty

WORKERS = str(max(2, min(4, os.cpu_count() or 2)))


def programs(paths: StatePaths) -> tuple[Program, Program, Program]:
    """What serves: web, beat and worker, in the order in which they stop."""
    # Its warning about root is for servers of many users; here whoever types the command runs everything.
    python = (sys.executable, "-W", "ignore:You're running the worker")
    celery = (*python, "-m", "celery", "--app", "abe", "--skip-checks", "--no-color", "--quiet")
    concurrency = os.environ.get("ABE_WORKER_PROCESSES") or WORKERS
    return (
        Program("web", (sys.executable, "-m", "gunicorn", "--config", "python:abe.gunicorn", "abe.wsgi")),
        # Its notes are for one run only: the schedule is code, and a missed night is planned by the tick.
        Program("beat", (*celery, "beat", "--loglevel", "WARNING", "--schedule", str(paths.state / "beat"))),
        Program(
            "worker",
            (*celery, "worker", "--loglevel", "WARNING", "--concurrency", concurrency, "--without-gossip"),
        ),
    )


def serve(*, sample: bool) -> None:
    """Start everything, print the address, and stay until ``Stopped``. Raises ServicesError."""
    host, port = listening()
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - a comparison
    with ensure_running(wait_for_others=False) as services:
        paths = services.paths
        with Supervisor(paths, os.environ, services) as supervisor:
            check_port(host, port)
            supervisor.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"])
            notes: Callable[[], str] = prepare_sample(supervisor) if sample else start_empty(supervisor)
            web, beat, worker = programs(paths)
            supervisor.start(web)
            supervisor.wait_for(f"{address}/health/")
            say(f"\nABE answers at {address}\n\n{notes()}\n")
            supervisor.start(beat)
            supervisor.start(worker)
            if sample and load_sample(supervisor, address):
                say(f"\nAll numbers are in: {address}\n\n{notes()}\n")
            say("Ctrl-C stops everything; what is stored stays.")
            supervisor.watch()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m abe.serve", description=__doc__)
    parser.add_argument("--sample", action="store_true", help="with the sample company")
    options = parser.parse_args(arguments)
    try:
        raise_on_signals()
        load_env_file()
        serve(sample=options.sample)
    except Stopped:
        say("\nStopped.")
    except ServicesError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
