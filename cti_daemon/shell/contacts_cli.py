"""`cti-daemon contacts …`: who is told, and does it arrive? Exit code 1 when somebody cannot be reached."""

import asyncio
from typing import Annotated

import typer

from cti_daemon.model.contacts import VOICE, Contact
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_USAGE, ConfigPath, fail, load
from cti_daemon.shell.config import Loaded
from cti_daemon.shell.contact_tests import test_message
from cti_daemon.shell.notice_sender import address_in, send

app = typer.Typer(name="contacts", no_args_is_help=True, help="Show the contact book, and send test messages.")


@app.command("list")
def list_contacts(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show every contact: roles, channels in their order, deputies. No address and no number is shown."""
    for person in load(config, offline=True).settings.contact:
        ways = " → ".join(channel.via for channel in person.channels)
        deputies = f"; deputies {', '.join(person.deputies)}" if person.deputies else ""
        typer.echo(f"{person.name:<20} {ways:<24} {', '.join(person.roles)}{deputies}")


@app.command("test")
def send_tests(
    names: Annotated[list[str] | None, typer.Argument(help="Only these; everybody when none is named.", metavar="[NAME]...")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Send a test message over every channel, marked as a test, and say what each gateway answered.

    It does not need the daemon and does not ask it. Calls are not made: only the daemon may call.
    """
    loaded = load(config, offline=False)
    known = {person.name: person for person in loaded.settings.contact}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        fail(f"no [[contact]] is called {', '.join(unknown)}; there is {', '.join(known) or 'none'}", EX_USAGE)
    people = [known[name] for name in names] if names else list(known.values())
    if not asyncio.run(_test(loaded, people)):
        raise typer.Exit(1)


async def _test(loaded: Loaded, people: list[Contact]) -> bool:
    message, is_well = test_message(loaded.settings.site.name), True
    for person in people:
        for channel in person.channels:
            if channel.via == VOICE:
                typer.echo(f"- {person.name:<20} {VOICE}: not called")
                continue
            if channel.via not in loaded.secrets.gateways:
                is_well = False
                typer.echo(f"✘ {person.name:<20} {channel.via}: its gateway's URL was not read; cti-daemon check-config says why")
                continue
            url = address_in(loaded.secrets.gateways[channel.via], channel.to)
            sent = await send(url, message, loaded.settings.people.attempt_deadline)
            is_taken = sent.result is TryResult.DELIVERED
            is_well = is_well and is_taken
            typer.echo(f"{'✔' if is_taken else '✘'} {person.name:<20} {channel.via}: {'taken' if is_taken else sent.reason}")
    return is_well
