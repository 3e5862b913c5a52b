"""What goes wrong in a run, when, and for which devices: declared, and drawn from a seed. Pure; others act on it."""
