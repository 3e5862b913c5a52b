"""The platform over MQTT: from topics to sessions, over the broker of its own or another one."""
