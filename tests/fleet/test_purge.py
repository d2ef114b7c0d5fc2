"""A purge on one machine is a miss on all of them, whatever is away; and what comes after it."""

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from redis import Redis

from cache.object_tier import s3_client
from tests.fleet.crowd import ask, ask_everywhere, live_target, until, waiting_crowd
from tests.fleet.parts import bucket_settings, flush, paid_settings
from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.servers.postgres import fresh_database
from tests.servers.s3_server import S3Server
from tests.servers.valkey import RedisServer
from tests.standins.replicate import ReplicateStandin

# Seconds after which nobody shows a purged picture any more.
PROMISED = 3.0
_LOOKING = {"cache_control": "only-if-cached"}


@pytest.fixture(scope="module")
def three(
    tmp_path_factory: pytest.TempPathFactory,
    fleet_valkey: RedisServer,
    s3: S3Server,
    postgres_server: str,
    replicate_process: ReplicateStandin,
) -> Iterator[list[ServerProcess]]:
    """Three processes on Redis, a bucket and PostgreSQL."""
    with fresh_database(postgres_server) as database:
        settings = {
            **paid_settings(replicate_process),
            **bucket_settings(s3, s3.new_bucket()),
            "REDIS_URL": fleet_valkey.url,
            "DATABASE_URL": database,
            "EDGE_RATE_LIMIT": "0",
        }
        with fleet(tmp_path_factory.mktemp("purges"), 3, **settings) as processes:
            yield processes


@pytest.fixture
async def warm(
    three: list[ServerProcess], replicate_standin: ReplicateStandin, request: pytest.FixtureRequest
) -> str:
    """The prompt of a picture that every process has in its memory."""
    prompt = f"for {request.node.name}"
    for _ in range(2):
        replies = await ask_everywhere(three, live_target(prompt))
        assert {reply.status for reply in replies} == {200}
    return prompt


async def purge(process: ServerProcess, **wanted: object) -> dict[str, object]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.post(
            f"{process.base_url}/api/v1/purge", json=wanted, headers={"X-API-Key": API_KEY}
        )
    assert answer.status_code == 200, answer.text
    data: dict[str, object] = json.loads(answer.content)["data"]
    return data


async def gone_everywhere(processes: list[ServerProcess], prompt: str) -> float:
    """After how many seconds no process has the picture any more; it stays so."""
    loop = asyncio.get_running_loop()
    began, target = loop.time(), live_target(prompt)
    while True:
        replies = await ask_everywhere(processes, target, **_LOOKING)
        if {reply.status for reply in replies} == {504}:
            return loop.time() - began
        assert loop.time() - began < 3 * PROMISED, [reply.status for reply in replies]
        await asyncio.sleep(0.05)


async def test_a_purge_on_one_is_a_miss_on_all(
    three: list[ServerProcess], warm: str, replicate_standin: ReplicateStandin
) -> None:
    before = await replicate_standin.created()
    told = await purge(three[0], prompt=warm)
    assert told["purged"] == {"masters": 1, "derivatives": 0}
    assert await gone_everywhere(three, warm) < PROMISED
    replies = await ask_everywhere(three, live_target(warm))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert await replicate_standin.created() == before + 1


async def test_derivatives_of_what_is_purged_are_gone_everywhere(
    three: list[ServerProcess], warm: str, replicate_standin: ReplicateStandin
) -> None:
    small = live_target(warm, w="64", fm="webp")
    for _ in range(2):
        assert {each.status for each in await ask_everywhere(three, small)} == {200}
    told = await purge(three[1], prompt=warm)
    assert told["purged"] == {"masters": 1, "derivatives": 1}
    await gone_everywhere(three, warm)
    replies = await ask_everywhere(three, small, **_LOOKING)
    assert {reply.status for reply in replies} == {504}


async def test_a_purge_reaches_all_while_nobody_hears_each_other(
    three: list[ServerProcess], warm: str, fleet_valkey: RedisServer
) -> None:
    with Redis.from_url(fleet_valkey.url) as client:
        client.execute_command("ACL SETUSER default resetchannels")
        try:
            await purge(three[0], prompt=warm)
            assert await gone_everywhere(three, warm) < PROMISED
        finally:
            client.execute_command("ACL SETUSER default allchannels")


async def test_a_purge_during_a_flight_wins(
    three: list[ServerProcess], replicate_standin: ReplicateStandin
) -> None:
    prompt = "purged while it was made"
    await replicate_standin.hold()
    crowd = await waiting_crowd(three, live_target(prompt), times=5)
    await replicate_standin.wait(polls=1)
    await purge(three[2], prompt=prompt)
    await replicate_standin.release()
    replies = await crowd.replies()
    assert {reply.status for reply in replies} == {200}
    # Those who waited at the maker have the purged one and may not keep it; the others waited
    # for its lease and then had another one made.
    kept = {reply.body for reply in replies if not reply.uncacheable}
    unkept = {reply.body for reply in replies if reply.uncacheable}
    assert unkept
    assert len(kept | unkept) == 2
    assert kept.isdisjoint(unkept)
    later = await ask_everywhere(three, live_target(prompt))
    assert {reply.body for reply in later} == kept
    assert await replicate_standin.created() == 2


async def test_a_take_down_outlives_every_cache_and_every_process(
    three: list[ServerProcess],
    warm: str,
    fleet_valkey: RedisServer,
    s3: S3Server,
    replicate_standin: ReplicateStandin,
) -> None:
    image_id = (await ask(three[0].port, live_target(warm))).headers["x-image-id"]
    before = await replicate_standin.created()
    await purge(three[0], prompt=warm, tombstone=True)
    await until_gone(three, warm)
    flush(fleet_valkey)
    await empty(s3, three[0].settings["S3_BUCKET"])
    ends = await asyncio.gather(*(asyncio.to_thread(process.stop) for process in three))
    assert ends == [0, 0, 0]
    await asyncio.gather(*(asyncio.to_thread(process.start_again) for process in three))
    replies = await ask_everywhere(three, live_target(warm))
    assert {(reply.status, reply.code) for reply in replies} == {(410, "GONE")}
    shown = await ask_everywhere(three, f"/cdn/main/site/img/{image_id}")
    assert {(reply.status, reply.code) for reply in shown} == {(410, "GONE")}
    assert await replicate_standin.created() == before


async def until_gone(processes: list[ServerProcess], prompt: str) -> None:
    """Every process says that it was taken down."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while {each.status for each in await ask_everywhere(processes, live_target(prompt))} != {410}:
        assert loop.time() - began < 3 * PROMISED
        await asyncio.sleep(0.05)


async def empty(s3: S3Server, bucket: str) -> None:
    async with s3_client(**s3.connection) as client:
        listed = await client.list_objects_v2(Bucket=bucket)
        for each in listed.get("Contents", ()):
            await client.delete_object(Bucket=bucket, Key=each["Key"])


async def test_a_purge_reaches_all_without_redis_and_nothing_comes_back_with_it(
    three: list[ServerProcess], warm: str, fleet_valkey: RedisServer
) -> None:
    """The last one here: for a while after it nobody trusts Redis."""
    seen = await ask(three[0].port, live_target(warm))
    slot = seen.headers["content-disposition"].partition('"')[2].partition(".")[0]
    with Redis.from_url(fleet_valkey.url) as client:
        copies = f"*entry:{{{slot}*"
        assert client.keys(copies)
        fleet_valkey.pause()
        try:
            await purge(three[0], prompt=warm)
            assert await gone_everywhere(three, warm) < PROMISED
        finally:
            fleet_valkey.resume()
        await until(lambda: not client.keys(copies), what="the clean-up")
    assert await gone_everywhere(three, warm) < PROMISED
