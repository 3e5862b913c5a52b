"""The embedded BEST platform: dispatch over HTTP, broker over WebSocket, its ledger and the commands it pushes.

From the top: `process` runs a `server`, which `assembly` puts together; `dispatch` answers look-ups; `broker` gives
each connection a `device_session`, which asks `rules`, calls `handlers` and tells `online`; `pushes` says what a device
is sent and when, `device_commands` how fast; `services` is what they share; `ledger` keeps everything.

It knows its devices by a `directory` that is handed in, and nothing of scenarios.
"""
