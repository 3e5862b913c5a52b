"""A monotonic clock for what measures how long it takes itself."""


class SteppingClock:
    """Seconds that grow by `step` with every look; the test may set `now` as well."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now
