"""The sections of a scenario file, one pydantic model each; their descriptions are the format's documentation."""
