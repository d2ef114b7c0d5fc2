"""A bucket that will not do is recognised before anything depends on it."""

import pytest

from cache.object_probe import probe


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"GET": [(403, "AccessDenied")]}, "list"),
        ({"GET": [(403, "InvalidAccessKeyId")]}, "credentials"),
        ({"GET": [(403, "SignatureDoesNotMatch")]}, "credentials"),
        ({"GET": [(400, "AuthorizationHeaderMalformed")]}, "region"),
        ({"GET": [(404, "NoSuchBucket")]}, "bucket"),
        ({"GET": [(500, "InternalError")]}, "other"),
        ({"GET": [(404, "NoSuchKey")], "PUT": [(403, "AccessDenied")]}, "write"),
        ({"GET": [(404, "NoSuchKey")], "PUT": [(501, "NotImplemented")]}, "conditional"),
        (
            {"GET": [(404, "NoSuchKey")], "PUT": [(200, "")], "DELETE": [(403, "AccessDenied")]},
            "conditional",
        ),
    ],
)
async def test_the_probe_names_what_is_wrong(answering, answers, code):
    client, _ = await answering(**answers)
    problem = await probe(client, "bucket")
    assert problem.code == code
    assert problem.advice.endswith(".")
