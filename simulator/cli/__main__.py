"""`python -m simulator.cli`: the same as `best-fleet`, for places where its script is not on the path."""

import sys

from simulator.cli import main

sys.exit(main())
