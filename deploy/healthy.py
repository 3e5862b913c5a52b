#!/usr/bin/env python3
"""Whether the port of `BEST_FLEET_HEALTH_PORT` takes connections: the health check of the container.

Without a port there is nothing to ask, and all is well: a run ends by itself, and its exit code tells.
"""

import os
import socket
import sys

TIMEOUT_S = 3.0


def main() -> int:
    """0 if it is healthy, 1 if not."""
    port = os.environ.get("BEST_FLEET_HEALTH_PORT", "")
    if not port:
        return 0
    try:
        socket.create_connection(("127.0.0.1", int(port)), TIMEOUT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"port {port}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
