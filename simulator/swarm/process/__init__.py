"""What a process is in the swarm: the one local process, the master, or a worker."""
