"""Who shows pictures and who reads problem documents, told by their headers."""

import pytest
from starlette.datastructures import Headers

from edge.answers.acceptance import accepted_pictures, is_image_client, wants_problem


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


AVIF, WEBP, JPEG, PNG = "image/avif", "image/webp", "image/jpeg", "image/png"
PLAIN = {JPEG, PNG}


@pytest.mark.parametrize(
    ("accept", "kinds"),
    [
        # Chromium, Firefox, Safari.
        ("image/jxl,image/avif,image/webp,image/apng,image/*,*/*;q=0.8", {AVIF, WEBP, *PLAIN}),
        ("image/avif,image/webp,image/png,image/*;q=0.8,*/*;q=0.5", {AVIF, WEBP, *PLAIN}),
        ("image/webp,image/avif,image/jxl,video/*;q=0.8,image/*;q=0.8", {AVIF, WEBP, *PLAIN}),
        # Nobody said AVIF or WebP.
        (None, PLAIN),
        ("", PLAIN),
        ("*/*", PLAIN),
        ("image/*", PLAIN),
        ("image/*, */*;q=0.8", PLAIN),
        ("text/html", PLAIN),
        ("image/jpeg", {JPEG}),
        ("image/avifx, x-image/webp", PLAIN),
        # One of them.
        ("image/webp", {WEBP, *PLAIN}),
        ("IMAGE/WebP ; Q=1", {WEBP, *PLAIN}),
        ("image/avif;q=0.5", {AVIF, *PLAIN}),
        # Refusals.
        ("image/avif;q=0, image/webp, */*", {WEBP, *PLAIN}),
        ("image/webp;q=0.000, image/avif;q=0.0", PLAIN),
        ("image/avif, image/avif;q=0", PLAIN),
        ("image/avif;q=nonsense", PLAIN),
        ("image/jpeg;q=0, */*", {PNG}),
        ("image/png;q=0", {JPEG}),
        ("image/*;q=0, image/webp", {WEBP}),
        ("image/*;q=0, image/avif", {AVIF, *PLAIN}),
        ("image/*;q=0", PLAIN),
        ("*/*;q=0", PLAIN),
        # What is liked less than what everybody gets.
        ("image/jpeg, image/webp;q=0.5", {JPEG}),
        ("image/png", {PNG}),
        ("image/webp;q=0.1, image/png;q=0.9", {PNG}),
        ("image/avif;q=0.5, image/webp", {WEBP, *PLAIN}),
        ("image/webp;q=0.5, image/jpeg;q=0.4, image/png;q=0.1", {WEBP, *PLAIN}),
        ("image/avif;q=0.5, image/webp;q=0.9, image/*;q=0.8", {WEBP, *PLAIN}),
    ],
)
def test_a_negotiated_picture_has_a_type_that_was_asked_for(
    accept: str | None, kinds: set[str]
) -> None:
    assert accepted_pictures(Headers({} if accept is None else {"accept": accept})) == kinds


def test_several_accept_fields_are_one() -> None:
    raw = [(b"accept", b"image/avif"), (b"accept", b"image/webp;q=0.1, image/*;q=0.1")]
    assert accepted_pictures(Headers(raw=raw)) == {AVIF, WEBP, *PLAIN}
