"""Commands of the platform: the queue they wait in, and what each family does to the device."""
