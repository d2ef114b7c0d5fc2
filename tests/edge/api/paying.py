"""An application whose pictures cost money, and the people who come to it."""

from typing import Any

import httpx

from tests.edge.api.matrix_app import MASTER
from tests.edge.api.serving import Served
from tests.edge.live_server import SIGNING_KEYS
from tests.standins.replicate import ReplicateStandin

SIGN = "/api/v1/live/sign"
WARM = "/api/v1/live/warm"
PRICE = {"amount": "0.003", "currency": "USD"}
NOTHING = {"amount": "0", "currency": "USD"}
SIGNING = ",".join(f"{kid}:{secret.hex()}" for kid, secret in SIGNING_KEYS)


def environment(standin: ReplicateStandin, **more: str) -> dict[str, str]:
    """For ``served``: the stand-in's pictures, and keys that the tests can sign with, too."""
    return {
        "REPLICATE_API_TOKEN": "r8_test",
        "REPLICATE_BASE_URL": standin.base_url,
        "EDGE_SIGNING_KEYS": SIGNING,
        "EDGE_BOOTSTRAP_MASTER_KEY": MASTER,
        **more,
    }


async def new_key(edge: Served, **more: Any) -> str:
    """Of main/site and with all rights, unless ``more`` says otherwise."""
    wanted = {"name": "any", "organization": "main", "project": "site", **more}
    headers = {"X-API-Key": MASTER}
    answer = await edge.client.post("/api/v1/admin/keys", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["key"])


async def stranger(edge: Served, target: str) -> httpx.Response:
    """What somebody without any key gets."""
    request = edge.client.build_request("GET", target)
    del request.headers["X-API-Key"]
    return await edge.client.send(request)


async def signed(edge: Served, **body: Any) -> dict[str, str]:
    """What POST /live/sign answers."""
    answer = await edge.client.post(SIGN, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    assert answer.headers["cache-control"] == "private, no-store"
    data: dict[str, str] = answer.json()["data"]
    return data


async def warmed(edge: Served, **body: Any) -> dict[str, Any]:
    """What POST /live/warm answers."""
    answer = await edge.client.post(WARM, json=body)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    assert data["total"]["items"] == len(data["items"]) == sum(data["total"]["states"].values())
    return data


def states(data: dict[str, Any]) -> list[str]:
    return [item["state"] for item in data["items"]]


def codes(data: dict[str, Any]) -> list[str | None]:
    return [item["code"] for item in data["items"]]
