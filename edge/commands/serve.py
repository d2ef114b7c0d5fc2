"""`serve`: prepare the installation, say how to use it, and run the server."""

import typer

from edge.commands.terminal import give_up, run_or_exit, settings_or_exit, strong
from edge.operations.exits import ExitCode
from edge.operations.first_start import first_start
from edge.operations.greeting import greeting
from edge.server.serve import NotListening, listen, run


def serve() -> None:
    """Start the server.

    At the first start the records, a key and the signing keys are made.
    """
    settings = settings_or_exit()
    try:
        listener = listen(settings.server)
    except NotListening as error:
        give_up(str(error), ExitCode.NOT_STARTED)
    with listener:
        prepared = run_or_exit(first_start, settings)
        port = listener.getsockname()[1]
        typer.echo(greeting(settings, prepared, port=port, strong=strong))
        outcome = run(settings, listener)
    if outcome is not ExitCode.DONE:
        raise typer.Exit(outcome)
