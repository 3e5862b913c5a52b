"""The scenario format: YAML with lines, the sections and their defaults, checks, and the reference page."""
