"""What makes the load in one process: the engine's thread, its queues to gevent, and the indexes of its devices."""
