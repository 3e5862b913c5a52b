"""What all tests share: how hard hypothesis tries, here and on CI's slow shared machines."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline for one example anywhere: the first one of a run pays for imports and key making.
settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
