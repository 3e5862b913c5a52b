"""The embedded BEST platform: dispatch over HTTP, broker over WebSocket, its ledger and the commands it sends.

`settings` says what it does, `server` runs it as a process of its own, `inspection` reads a ledger afterwards. It knows
its devices by a `directory` that is handed in, and nothing of scenarios.
"""
