"""The group of commands, and what becomes of errors: one sentence, and the exit code of their blame."""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from conformance import __version__
from conformance.cli import ABOUT, COMMANDS, help_text
from conformance.errors import RorqualError


class _Commands(click.Group):
    """Knows the commands by name; imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"conformance.cli.{cmd_name.replace('-', '_')}_").command
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The same help as the one told without click."""
        formatter.write(help_text() + "\n")


@click.group(cls=_Commands, help=ABOUT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rorqual")
def rorqual() -> None:
    """The commands."""


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    try:
        left = rorqual(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except RorqualError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:
        traceback.print_exc()
        click.echo("rorqual itself broke; the candidate is not to blame. Please report this with the text above.",
                   err=True)
        sys.exit(5)
    sys.exit(left if isinstance(left, int) else 0)
