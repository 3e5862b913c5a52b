"""Values that `options` lays over parameters of `dev.report` must be such as the parameter can have."""

from collections.abc import Iterator, Mapping

from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.formats import Format
from simulator.texts.told import said


def wrong_values(options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every parameter in `options` whose value cannot be, and what is wrong with it."""
    for field in CATALOGUE["dev.report"].params.fields:
        if field.name in options and isinstance(field.shape, Format):
            problem = field.shape.problem(options[field.name])
            if problem is not None:
                yield field.name, said(problem)
