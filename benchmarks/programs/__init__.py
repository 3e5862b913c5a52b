"""What runs in the children: the clients that are measured and the servers that they talk to."""
