"""Ask the web server of this container whether it can work: ``python -m abe.health_probe``; exit 1 where not."""

from __future__ import annotations

import os
import sys
from urllib.request import Request, urlopen

from abe.runtime.address import listening


def main() -> int:
    """Ask ``/health/`` on loopback under a host name that the settings allow."""
    first = os.environ.get("ABE_ALLOWED_HOSTS", "").split(",")[0].strip()
    host = "localhost" if first in {"", "*"} else first.lstrip(".")
    request = Request(f"http://127.0.0.1:{listening()[1]}/health/", headers={"Host": host})
    try:
        with urlopen(request, timeout=4):  # noqa: S310 - an address of our own
            return 0
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
