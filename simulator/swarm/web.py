"""Our page in Locust's web UI."""

from typing import Any

from simulator.swarm.role import Role


def add_pages(web_ui: Any, role: Role) -> None:
    """Add the page's routes to Locust's Flask application."""
