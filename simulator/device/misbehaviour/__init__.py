"""Devices that do on purpose what the document forbids, each way in its place in `registry`."""
