"""From a scenario file to a fleet of devices: the format, who the devices are, and what each of them is like."""
