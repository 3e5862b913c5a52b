"""Who may reach the swarm's processes: the token between them, the web page's login and host names."""
