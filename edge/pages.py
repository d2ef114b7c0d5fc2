"""The small pages around the product that need the running services."""

from starlette.requests import Request

from edge.answers.answer import Answer
from edge.state import State


async def ready(request: Request[State]) -> Answer:
    """GET /ready."""
    return await request.state["ready"].show(request)
