"""MQTT client libraries compared: what a connection and a round trip cost in one process with thousands of them.

`python -m benchmarks.mqtt --libraries DIR` measures them beside the project's own WebSocket and MQTT clients, in one
interleaved run; docs/mqtt-clients.md says what came out. Not part of `make bench`: it answers one question, once.
"""
