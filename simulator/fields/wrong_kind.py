"""What a parser raises for a value that is of another kind than the field's."""


class WrongKind(ValueError):  # noqa: N818 - it is raised inside validators and shown as a problem
    """A value that is no text, list or number as it must be. The text begins with `must be`, and names no value: where
    a problem is shown, what was written stands before it.
    """
