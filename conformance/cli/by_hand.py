"""The page of the bench from the command line: where it is, how far the campaign is, how to go on with it."""

from __future__ import annotations

import contextlib
import webbrowser
from pathlib import Path

import click

from conformance.cli import show
from conformance.clock import Clock
from conformance.errors import RorqualError
from conformance.page.host import Host
from conformance.plan import Campaign


def run(made: Campaign, folder: Path, clock: Clock, served: tuple[int, int, bool], opens: bool, form: str) -> None:
    """Has a person drive a campaign on a page, until it is closed; ``served``: offers, port, whether by TLS."""
    try:
        with Host(made, folder, clock, *served) as host:
            click.echo(f"The page of the bench: {host.address}", err=True)
            if opens:
                _opened(host.address)
            try:
                with show.Progress(made, form) as progress:
                    host.run(progress.told)
            except Exception as error:
                click.echo(f"{error if isinstance(error, RorqualError) else repr(error)}\n"
                           "The bench broke; close it on its page, or interrupt it.", err=True)
                host.until_closed()
                raise
            click.echo(f"Report: {folder / 'report.html'}\nClose the bench on its page, or interrupt it.", err=True)
            _left(host)
    except KeyboardInterrupt:
        click.echo(f"Stopped. The same command with --out {folder} goes on with the campaign.", err=True)
        raise


def _opened(address: str) -> None:
    """Opens the page in a window, where there is one; a browser in the terminal would take it."""
    with contextlib.suppress(webbrowser.Error):
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(address)


def _left(host: Host) -> None:
    """Waits until the operator has left a campaign that is over, one way or the other."""
    try:
        host.until_closed()
    except KeyboardInterrupt:
        click.echo("Closed.", err=True)
