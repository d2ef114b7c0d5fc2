"""`openapi`: the API's description, as /openapi.json serves it."""

import typer

from edge.api.openapi.document import openapi_json


def openapi() -> None:
    """Print the OpenAPI document; docs/openapi.json is this, kept."""
    typer.echo(openapi_json(), nl=False)
