"""Lists: which part is asked for, and which words the question may use."""

import pytest
from starlette.requests import Request

from core.errors import Invalid, KeyInUrl
from core.listing import Window
from edge.api.windows import FLAG, flag, parameters_of, window_of

CHOICES = {"status": ("success", "failed"), "includeDeleted": FLAG}


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def problems(query: str) -> dict[str, tuple[str, str | None]]:
    with pytest.raises(Invalid) as refusal:
        window_of(request(query), "flowId", choices=CHOICES)
    return {field.name: (field.code, field.suggestion) for field in refusal.value.fields}


def test_without_a_word_it_is_the_newest_twenty() -> None:
    assert window_of(request("")) == (Window(limit=20, offset=0, cursor=None), {})


def test_the_window_and_the_filters_are_read() -> None:
    query = "limit=100&offset=10000&cursor=abc-_1&flowId=f&status=failed&includeDeleted=true&_=1"
    window, given = window_of(request(query), "flowId", choices=CHOICES)
    assert window == Window(limit=100, offset=10_000, cursor="abc-_1")
    assert given == {"flowId": "f", "status": "failed", "includeDeleted": "true"}
    assert flag(given, "includeDeleted")
    assert not flag({"includeDeleted": "false"}, "includeDeleted")
    assert not flag({}, "includeDeleted")


@pytest.mark.parametrize("bad", ["0", "101", "abc", "1e3", "%EF%BC%91%EF%BC%90", "%2B5", "-1", ""])
def test_a_limit_is_a_plain_number_within_its_bounds(bad: str) -> None:
    assert problems(f"limit={bad}").keys() == {"limit"}


@pytest.mark.parametrize("bad", ["-1", "10001", "1" + "0" * 30, "x", "1.0", "0x10"])
def test_an_offset_beyond_the_bound_is_told_of_the_cursor(bad: str) -> None:
    with pytest.raises(Invalid) as refusal:
        window_of(request(f"offset={bad}"))
    (field,) = refusal.value.fields
    assert (field.name, field.code) == ("offset", "OFFSET_INVALID")
    assert "nextCursor" in field.message


def test_everything_wrong_is_said_at_once() -> None:
    found = problems(
        "limit=0&offset=-1&cursor=%20&status=sucess&stauts=x&flowid=1&flowId=1&flowId=2"
        "&includeDeleted=yes&%3Cb%3E=1"
    )
    assert found == {
        "limit": ("LIMIT_INVALID", None),
        "offset": ("OFFSET_INVALID", None),
        "cursor": ("CURSOR_INVALID", None),
        "status": ("VALUE_INVALID", "success"),
        "stauts": ("UNKNOWN_PARAMETER", "status"),
        "flowid": ("UNKNOWN_PARAMETER", "flowId"),
        "flowId": ("DUPLICATE_PARAMETER", None),
        "includeDeleted": ("VALUE_INVALID", None),
        "query": ("UNKNOWN_PARAMETER", None),
    }


@pytest.mark.parametrize("bad", ["flowId=", "flowId=" + "x" * 501, "flowId=%00", "flowId=%ff"])
def test_a_filter_has_a_value_databases_can_hold(bad: str) -> None:
    assert problems(bad).keys() == {"flowId"}


def test_an_address_without_parameters_takes_none() -> None:
    assert parameters_of(request("utm_source=x")) == {}
    with pytest.raises(Invalid) as refusal:
        parameters_of(request("limit=5"))
    assert refusal.value.fields[0].message == "This address takes no parameters."


def test_too_many_parameters_are_one_mistake() -> None:
    query = "&".join(f"p{index}=1" for index in range(5_000))
    assert problems(query) == {"query": ("TOO_MANY_PARAMETERS", None)}


def test_a_key_in_the_query_is_no_mere_mistake() -> None:
    with pytest.raises(KeyInUrl):
        window_of(request("limit=0&api_key=x"))
