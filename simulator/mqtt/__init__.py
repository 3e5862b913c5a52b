"""MQTT as a transport: packets, a client's connection, and a small broker. Nothing here knows of BEST."""
