"""`best-fleet completion`: the lines that make a shell complete this command."""

import argparse
from collections.abc import Sequence

from simulator.cli.completion import PROGRAM, SHELLS
from simulator.exit_codes import ExitCode
from simulator.texts.translation import N_, _, listed

DESCRIPTION = N_("""\
Print what makes your shell complete this command: commands, options, names of scenarios and YAML files.""")
EPILOG = N_("""\
examples, to be put into the file that your shell reads when it starts:
  eval "$(best-fleet completion bash)"              ~/.bashrc
  eval "$(best-fleet completion zsh)"               ~/.zshrc, after compinit
  best-fleet completion fish | source               ~/.config/fish/config.fish
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare for which shell."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=_("one of {shells}", shells=listed(SHELLS)))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Print them."""
    from argcomplete.shell_integration import shellcode

    print(shellcode([PROGRAM], shell=options.shell))
    return ExitCode.PASSED
