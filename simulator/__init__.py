"""best-fleet: a fleet of virtual BEST meeting devices, and an embedded platform to try it on."""

__version__ = "0.1.0"
