"""Declaring the cases of one family: what all of them share is said once."""

from dataclasses import dataclass
from typing import Final

from simulator.conform.case import Case, Run
from simulator.texts.translation import N_

REFUSED: Final = "a code other than 00000000"
ACCEPTED: Final = "code 00000000"
EITHER: Final = N_("either")
SILENT: Final = "The document does not say"


@dataclass(frozen=True, slots=True)
class Family:
    """Called for each of its cases; what is left out of a call is the family's."""

    name: str
    """The first part of the ids."""
    section: str
    expects: str = REFUSED
    """Of cases that are required; what the document leaves open may come either way."""
    suites: tuple[str, ...] = ()

    def __call__(
        self,
        name: str,
        title: str,
        sends: str,
        why: str,
        run: Run,
        *,
        expects: str = "",
        section: str = "",
        suites: tuple[str, ...] | None = None,
        required: bool = True,
        waits: bool = False,
        about_form: bool = False,
    ) -> Case:
        """One case; `name` is what follows the family in its id."""
        return Case(
            id=f"{self.name}.{name}",
            section=section or self.section,
            title=title,
            sends=sends,
            expects=expects or (self.expects if required else EITHER),
            why=why,
            run=run,
            required=required,
            waits=waits,
            suites=self.suites if suites is None else suites,
            about_form=about_form,
        )
