"""How gunicorn serves the web application: ``gunicorn -c python:abe.gunicorn abe.wsgi``."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

from abe.runtime.address import listening

bind = "{}:{}".format(*listening())
workers = int(os.environ.get("ABE_WEB_WORKERS") or 2)
threads = int(os.environ.get("ABE_WEB_THREADS") or 4)
worker_class = "gthread"
preload_app = True  # the code is loaded once, and shared by the workers
timeout = 120  # a bulk call of 10,000 records on a small machine takes its time
graceful_timeout = 8  # below the ten seconds after which the supervisor kills
keepalive = 5
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats need no disk
control_socket_disable = True  # it would lie in the home folder, one for all installations
loglevel = "warning"
proc_name = "abe"


def when_ready(server: Any) -> None:
    """Keep what was loaded ahead of the fork out of every later garbage collection.

    A large batch makes enough objects to trigger full collections, each of which would walk all the code.
    """
    gc.collect()
    gc.freeze()
