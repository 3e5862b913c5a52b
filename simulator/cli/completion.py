"""What a shell completes after `best-fleet`: commands, options, scenarios and files, by argcomplete's protocol.

A shell that was told so (`best-fleet completion SHELL`) calls the command itself with `_ARGCOMPLETE` set.
"""

import argparse
import os
from collections.abc import Callable, Mapping

from simulator.cli.commands import COMMANDS
from simulator.scenario.shipped import SHIPPED, SUFFIXES

PROGRAM = "best-fleet"
SHELLS = ("bash", "zsh", "fish")
_FILES, _DIRECTORIES = ("scenario", "scenarios"), ("DIR",)


def is_asked(environment: Mapping[str, str]) -> bool:
    """Whether a shell wants completions, and no command is to be run."""
    return "_ARGCOMPLETE" in environment


def complete(build_parser: Callable[[str | None], argparse.ArgumentParser]) -> None:
    """Answer the shell, and end the process.

    Args:
        build_parser: the whole parser, with the options of one command filled in.
    """
    import argcomplete
    from argcomplete.completers import DirectoriesCompleter, FilesCompleter

    line, point = os.environ.get("COMP_LINE", ""), os.environ.get("COMP_POINT", "")
    words = line[: int(point) if point.isdigit() else len(line)].split()
    parser = build_parser(next((word for word in words[1:] if word in COMMANDS), None))
    yaml_files = FilesCompleter(tuple(suffix.removeprefix(".") for suffix in SUFFIXES))

    def scenarios(prefix: str, **_: object) -> list[str]:
        return [*(name for name in SHIPPED if name.startswith(prefix)), *yaml_files(prefix)]

    for action in _actions(parser):
        if action.dest in _FILES:
            action.completer = scenarios  # type: ignore[attr-defined]
        elif action.metavar in _DIRECTORIES:
            action.completer = DirectoriesCompleter()  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options="long", print_suppressed=True)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All actions, of the commands too."""
    found = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found += command._actions
    return found
