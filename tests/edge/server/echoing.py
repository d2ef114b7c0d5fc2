"""An application that tells what reached it, requests for it, and the form of a refusal."""

from typing import Any

import orjson

from tests.edge.server.raw_http import Reply

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells what arrived; reads the body of a POST, and of nothing else."""
    size = 0
    more = scope["method"] == "POST" and not scope["path"].startswith("/unread")
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode("ascii"),
        "query": scope["query_string"].decode("ascii"),
        "fields": len(scope["headers"]),
        "size": size,
    }
    body = orjson.dumps(told)
    length = str(len(body)).encode()
    headers = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def refused(replies: list[Reply], status: int, code: str, field_code: str | None = None) -> None:
    """Exactly one reply, in the form every error has."""
    assert [reply.status for reply in replies] == [status]
    reply = replies[0]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "private, no-store"
    assert reply.headers["cdn-cache-control"] == "no-store"
    assert reply.headers["x-accel-expires"] == "0"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["connection"] == "close"
    envelope = reply.json()
    assert envelope["success"] is False
    error = envelope["error"]
    assert error["code"] == code == reply.headers["x-error-code"]
    assert error["requestId"] == reply.headers["x-request-id"]
    assert error["message"]
    if field_code is not None:
        assert [field["code"] for field in error["fields"]] == [field_code]


def get(target: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % target, b"Host: a", *fields, b"", b""])


def post(path: bytes, body: bytes) -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, len(body))
    return head + body
