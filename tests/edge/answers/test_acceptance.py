"""Who shows pictures and who reads problem documents, told by their headers."""

import pytest
from starlette.datastructures import Headers

from edge.answers.acceptance import is_image_client, wants_problem


@pytest.mark.parametrize(
    ("headers", "wants_image"),
    [
        ({"sec-fetch-dest": "image"}, True),
        ({"sec-fetch-dest": "document", "accept": "image/png"}, False),
        ({"sec-fetch-dest": "empty", "accept": "image/png"}, False),
        ({"accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"}, True),
        ({"accept": "image/*"}, True),
        ({"accept": "image/webp,*/*"}, True),
        ({"accept": "*/*"}, False),
        ({"accept": "*/*, image/png;q=0.5"}, False),
        ({"accept": "text/html,application/xhtml+xml,image/avif,*/*;q=0.8"}, False),
        ({"accept": "application/json"}, False),
        ({"accept": "application/json, image/*"}, False),
        ({"accept": "image/png;q=0"}, False),
        ({"accept": "image/png;q=nonsense"}, False),
        ({"accept": ""}, False),
        ({}, False),
    ],
)
def test_who_shows_pictures_is_told_by_their_headers(
    headers: dict[str, str], wants_image: bool
) -> None:
    assert is_image_client(Headers(headers)) is wants_image


def test_a_problem_document_is_for_those_who_name_it() -> None:
    assert wants_problem(Headers({"accept": "application/json, application/problem+json"}))
    assert not wants_problem(Headers({"accept": "application/problem+json;q=0"}))
    assert not wants_problem(Headers({"accept": "*/*"}))
