"""The command line: parse, call, choose the exit code. A command's module is imported when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from conformance import __version__
from conformance.errors import RorqualError

COMMANDS = {
    "demo": "Run a whole homologation on the embedded reference ROR.",
    "init": "Write a commented candidate.yaml.",
    "preflight": "Check that the candidate can be tested, before anything runs.",
    "run": "Run the homologation of a candidate.",
    "report": "Make the report of a recorded run again.",
    "rejudge": "Judge a recorded run again, with the present rules.",
    "compare": "Tell what changed between two runs.",
    "list": "List profiles, scenarios, requirements, checks or defects.",
    "explain": "Tell what a requirement means and how to pass it.",
    "lint": "Check scenario, candidate and waiver files.",
    "serve": "Start the reference ROR, with or without a fault.",
    "selftest": "Measure the judge: each fault must be caught.",
}


class _Commands(click.Group):
    """Knows the commands by name; imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"conformance.cli.{cmd_name}_")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, from the table above, so that no module is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rorqual")
def main_group() -> None:
    """Conformance and homologation of exchanges with the ROR, the French health-offer directory.

    Exit codes: 0 conform, 1 non conform, 2 usage, 3 candidate unreachable, 4 configuration or scenario error,
    5 harness error, 6 nothing executed or inconclusive.
    """


def main() -> None:
    """The entry point: errors that have a blame are told in one sentence, with the exit code of that blame."""
    try:
        main_group(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except RorqualError as error:
        click.echo(f"{error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
