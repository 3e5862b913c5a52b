"""What touches Locust's own interfaces: users, options, load shape, signals, percentiles, files."""
