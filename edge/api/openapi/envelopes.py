"""The envelopes of answers: one thing, or a part of a list."""

from typing import Literal

from edge.api.openapi.answers import (
    Deleted,
    Flow,
    Generation,
    Image,
    Key,
    NewKey,
    Pagination,
    Pending,
    Resolved,
    Shown,
)


class Done(Shown):
    """The envelope of every answer that is no error."""

    success: Literal[True]


class Listed(Done):
    """A part of a list, newest first."""

    pagination: Pagination


class GenerationAnswer(Done):
    data: Generation


class ImageAnswer(Done):
    data: Image


class FlowAnswer(Done):
    data: Flow


class ResolvedAnswer(Done):
    data: Resolved


class KeyAnswer(Done):
    data: Key


class NewKeyAnswer(Done):
    data: NewKey


class DeletedAnswer(Done):
    data: Deleted


class PendingAnswer(Done):
    data: Pending


class GenerationList(Listed):
    data: list[Generation]


class ImageList(Listed):
    data: list[Image]


class FlowList(Listed):
    data: list[Flow]


class KeyList(Listed):
    data: list[Key]
