"""Devices and platform in one process on virtual time: one seed, one history (docs/simulation.md)."""
