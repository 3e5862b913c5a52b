"""Our page in Locust's web UI."""
