"""One run from its first moment to its reports."""
