"""`best-fleet conform`: one or a few devices walk through numbered cases and each case gets a verdict."""
