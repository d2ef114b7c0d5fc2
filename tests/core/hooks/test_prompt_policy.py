"""The operator's own policy service: asked once per question, and no answer is no leave."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from core.errors import PolicyUnavailable
from core.hooks.prompt_policy import HookPolicy, open_hook
from tests.core.fakes import PROJECT
from tests.servers.process import free_port
from tests.standins.origin import Answer, Origin

ALLOW = Answer(body=b'{"allow": true}')


@pytest.fixture
async def service() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        listening.always(ALLOW)
        yield listening


@pytest.fixture
async def policy(service: Origin) -> AsyncIterator[HookPolicy]:
    async with open_hook(url_of(service), timeout=5) as hook:
        yield hook


def url_of(service: Origin) -> str:
    return f"http://127.0.0.1:{service.port}/policy"


async def test_it_is_asked_with_the_project_and_the_prompt(service, policy):
    assert await policy.allows(PROJECT, "ein Leuchtturm über dem Meer")
    (asked,) = service.asked
    assert (asked.method, asked.target) == ("POST", b"/policy")
    assert asked.one("content-type") == "application/json"
    assert json.loads(asked.body) == {
        "project": "main/site",
        "prompt": "ein Leuchtturm über dem Meer",
    }


async def test_what_it_refuses_is_refused(service, policy):
    service.always(Answer(body=b'{"allow": false, "reason": "not here"}'))
    assert not await policy.allows(PROJECT, "a lighthouse")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, body=ALLOW.body),
        Answer(status=403, body=ALLOW.body),
        Answer(status=201, body=ALLOW.body),
        Answer(status=302, headers={"Location": "/elsewhere"}),
        Answer(body=b""),
        Answer(body=b"yes"),
        Answer(body=b"true"),
        Answer(body=b'{"allow": "true"}'),
        Answer(body=b'{"allow": 1}'),
        Answer(body=b'{"allowed": true}'),
        Answer(body=b'[{"allow": true}]'),
        Answer(body=b'{"allow": true, "padding": "' + b"x" * 20_000 + b'"}'),
        Answer(body=b"\xff\xfe"),
    ],
)
async def test_an_answer_that_is_no_verdict_is_no_leave(service, policy, answer):
    service.always(answer)
    with pytest.raises(PolicyUnavailable) as refused:
        await policy.allows(PROJECT, "a lighthouse")
    assert (refused.value.status, refused.value.code) == (503, "BUSY")
    assert refused.value.retry_after == 5
    assert len(service.asked) == 1


async def test_silence_ends_with_the_timeout(service):
    service.always(Answer(gate=asyncio.Event()))
    async with open_hook(url_of(service), timeout=0.2) as policy:
        with pytest.raises(PolicyUnavailable):
            await policy.allows(PROJECT, "a lighthouse")
    assert len(service.asked) == 1


async def test_nobody_there_is_no_leave():
    async with open_hook(f"http://127.0.0.1:{free_port()}/policy", timeout=5) as policy:
        with pytest.raises(PolicyUnavailable):
            await policy.allows(PROJECT, "a lighthouse")


async def test_a_kept_connection_that_was_closed_meanwhile_is_no_outage(service, policy):
    service.in_turn([ALLOW, Answer(cut_after=0), ALLOW])
    for _ in range(2):
        assert await policy.allows(PROJECT, "a lighthouse")
    assert (len(service.asked), service.connections) == (3, 2)


async def test_a_service_that_hangs_up_every_time_is_no_leave(service, policy):
    service.always(Answer(cut_after=0))
    with pytest.raises(PolicyUnavailable):
        await policy.allows(PROJECT, "a lighthouse")
    assert len(service.asked) == 2
