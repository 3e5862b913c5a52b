"""The secure channel between device and platform: a suite chosen by name (protocol/README.md 3.2).

`base` is the interface, `registry` finds a suite, `keys` makes and hands out RSA keys; one file a suite.
"""
