"""The `best-fleet` command: thin wrappers for people who do not know Locust.

Finds the command's module, parses its options and turns errors that a user can mend into one message and exit code 2.
What a command does is in its own module here; what needs a library is imported only when the command runs.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence

from simulator import __version__, printing
from simulator.cli import completion
from simulator.cli.commands import COMMANDS, command_module
from simulator.cli.errors import ScenarioProblemsError, UsageError
from simulator.closest import closest
from simulator.exit_codes import ExitCode, of_os_error
from simulator.garbage import all_to_stay
from simulator.systems import unsupported
from simulator.texts import argparse_texts
from simulator.texts.cells import wrapped
from simulator.texts.language import LANGUAGES, OPTION, VARIABLE, speak, wanted
from simulator.texts.translation import N_, _, listed

INTERRUPTED = 128 + signal.SIGINT
"""What a shell expects of a program that Ctrl-C ended; a fleet run that is stopped so ends with its own verdict."""

_CHINESE_HEADING = re.compile(r"^(.*[\u3400-\u9fff]):$", re.MULTILINE)

EPILOG = N_("""\
examples:
  best-fleet check smoke                         what is wrong with a scenario, or the fleet that it makes
  best-fleet run smoke                           run it headless and leave a report
  best-fleet device --scenario smoke --trace
  best-fleet compare runs/monday runs/tuesday --fail-on "p99 +10%"

best-fleet COMMAND --help tells more. Exit codes: 0 passed, 1 failed, 2 usage or scenario error,
3 threshold crossed, 4 figures not valid, 5 stopped before the planned end.
""")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; `sys.argv` when None.

    Returns:
        The exit code: one of `ExitCode`, or 130 when Ctrl-C ended a command that runs no fleet.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    printing.install()
    speak(wanted(arguments, os.environ))
    if problem := unsupported(sys.platform):
        print(f"best-fleet: {problem}", file=sys.stderr)
        return ExitCode.USAGE
    argparse_texts.install()
    if completion.is_asked(os.environ):
        completion.complete(build_parser)
    # Commands import what they need when they run.
    with all_to_stay():
        return printing.exit_code(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        return dispatch(_without_language(arguments))
    except ScenarioProblemsError as error:
        print(error, file=sys.stderr)
        return ExitCode.USAGE
    except UsageError as error:
        print(f"best-fleet: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        name = error.filename or _("a file")
        print(f"best-fleet: {name}: {error.strerror or error}", file=sys.stderr)
        return of_os_error(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _without_language(arguments: list[str]) -> list[str]:
    """The arguments without `--lang`, which may stand anywhere; the programs that a command starts speak alike.

    Raises:
        UsageError: For a language that there is none of.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument(OPTION, choices=LANGUAGES)
    try:
        options, rest = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None
    if options.lang is not None:
        os.environ[VARIABLE] = options.lang
    return rest


def dispatch(arguments: list[str]) -> int:
    """Parse the arguments and hand them to the command's module.

    Raises:
        UsageError: For an unknown command or option, and for what the command itself finds wrong.
    """
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name is not None and name not in COMMANDS:
        hint = closest(name, COMMANDS)
        other = _(" (did you mean {hint}?)", hint=hint) if hint else _("; there are {names}", names=listed(COMMANDS))
        raise UsageError(_("there is no command {name!r}", name=name) + other)
    parser = build_parser(only=name)
    try:
        options, rest = parser.parse_known_args(arguments)
    except SystemExit as end:  # argparse has printed its help or its message
        return end.code if isinstance(end.code, int) else ExitCode.USAGE
    if name is None:
        parser.print_help()
        return ExitCode.USAGE
    module = command_module(name)
    if rest and not module.PASSES_OPTIONS_ON:
        known = [word for action in options.command_parser._actions for word in action.option_strings]
        hint = closest(rest[0].split("=", 1)[0], known)
        raise UsageError(
            _("{name}: unknown argument {rest!r}", name=name, rest=rest[0])
            + (_(" (did you mean {hint}?)", hint=hint) if hint else "")
        )
    return module.run(options, rest)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """argparse's own, with room for our longer names before the texts."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32)

    def format_help(self) -> str:
        """argparse puts a colon of its own behind headings, whichever their language."""
        return _CHINESE_HEADING.sub(r"\1：", super().format_help())

    def _split_lines(self, text: str, width: int) -> list[str]:
        return list(wrapped(text, width))


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line.

    Args:
        only: fill in the options of this command alone (the others are listed all the same), so that asking one
            command for help does not import all of them.
    """
    parser = argparse.ArgumentParser(
        prog="best-fleet",
        usage=_("best-fleet COMMAND [options]"),
        description=_("A fleet of virtual BEST meeting devices, driven by Locust.\n\ncommands:\n")
        + "\n".join(f"  {name:<12} {_(summary)}" for name, summary in COMMANDS.items()),
        epilog=_(EPILOG),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"best-fleet {__version__}",
        help=_("show program's version number and exit"),
    )
    commands = parser.add_subparsers(prog="best-fleet", metavar="COMMAND", help=argparse.SUPPRESS)
    for name in COMMANDS:
        module = command_module(name) if name == only else None
        command = commands.add_parser(
            name,
            description=_(module.DESCRIPTION) if module else None,
            epilog=_(module.EPILOG) if module else None,
            formatter_class=HelpFormatter,
            allow_abbrev=False,
        )
        command.set_defaults(command_parser=command)
        # Read before all else, see `_without_language`; here for the help text.
        command.add_argument(OPTION, choices=LANGUAGES, help=_("language of what is printed; default: the locale's"))
        if module:
            module.add_arguments(command)
    return parser
