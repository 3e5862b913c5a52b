"""The secure channel between device and platform: a suite chosen by name (docs/deviations.md, Secure channel).

`base` is the interface, `registry` finds a suite, `keys` makes and hands out RSA keys; one file a suite.
"""
