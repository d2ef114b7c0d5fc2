"""A bucket as a store: what counts as absent, who is first, and what is wrong with it."""

import asyncio
import dataclasses
import time

import pytest

from cache.errors import TierUnavailable
from cache.object_probe import probe
from cache.object_tier import ObjectTier, s3_client
from tests.cache.parts import Filler, cache_of, entry_of, key_of
from tests.servers.process import free_port
from tests.servers.tcp_proxy import tcp_proxy

KEY = key_of("a")


async def _refuses_everything(tier):
    for deed in (
        tier.get(KEY.slot),
        tier.put_first(KEY.slot, entry_of(KEY)),
        tier.delete(KEY.slot),
        anext(tier.slots()),
    ):
        with pytest.raises(TierUnavailable):
            await deed


async def test_a_sound_bucket_passes_the_probe(bucket_client, bucket):
    assert await probe(bucket_client, bucket) is None
    listed = await bucket_client.list_objects_v2(Bucket=bucket, Prefix="probe/")
    assert listed["KeyCount"] == 0


async def test_a_missing_bucket_is_no_absence(bucket_client):
    await _refuses_everything(ObjectTier(bucket_client, "no-such-bucket-here"))
    problem = await probe(bucket_client, "no-such-bucket-here")
    assert (problem.code, "S3_BUCKET" in problem.advice) == ("bucket", True)


async def test_a_long_listing_comes_in_pages_without_what_others_put_there(bucket_client, bucket):
    prefix = "in-pages/"
    tier = ObjectTier(bucket_client, bucket, prefix=prefix)
    keys = [key_of(f"number {number}") for number in range(5)]
    for key in keys:
        await tier.put_first(key.slot, entry_of(key))
    for name in ("read-me", f"{keys[0].slot}", f"aa/bb/{keys[0].slot}"):
        await bucket_client.put_object(Bucket=bucket, Key=prefix + name, Body=b"")
    listed = [slot async for slot in tier.slots(page=2)]
    assert sorted(listed) == sorted(key.slot for key in keys)


async def test_a_wrong_secret_is_no_absence(s3, bucket):
    async with s3_client(**{**s3.connection, "secret_access_key": "wrong"}) as client:
        with pytest.raises(TierUnavailable):
            await ObjectTier(client, bucket).get(KEY.slot)
        problem = await probe(client, bucket)
        assert (problem.code, "AWS_SECRET_ACCESS_KEY" in problem.advice) == ("credentials", True)


async def test_nobody_listening_is_no_absence():
    nowhere = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    keys = {"access_key_id": "a", "secret_access_key": "b"}
    async with s3_client(**nowhere, **keys, retries=0) as client:
        began = time.monotonic()
        await _refuses_everything(ObjectTier(client, "bucket"))
        problem = await probe(client, "bucket")
        assert (problem.code, time.monotonic() - began < 3) == ("unreachable", True)


async def test_a_dead_cable_is_given_up_in_time(s3, bucket):
    async with tcp_proxy(s3.port) as proxy:
        through = dataclasses.replace(s3, port=proxy.port)
        async with s3_client(**through.connection) as client:
            tier = ObjectTier(client, bucket, deadline=0.5)
            assert await tier.get(KEY.slot) is None
            proxy.swallow()
            began = time.monotonic()
            with pytest.raises(TierUnavailable):
                await tier.get(KEY.slot)
            assert time.monotonic() - began < 1


async def test_a_transfer_cut_short_is_no_corruption(s3, bucket):
    """The object is sound; only this answer broke off."""
    async with tcp_proxy(s3.port) as proxy:
        through = dataclasses.replace(s3, port=proxy.port)
        async with s3_client(**through.connection, retries=0) as client:
            tier, key = ObjectTier(client, bucket, prefix="cut/"), key_of("cut")
            await tier.put_first(key.slot, entry_of(key, b"x" * 3_000_000))
            proxy.cut_after = 1_000_000
            with pytest.raises(TierUnavailable):
                await tier.get(key.slot)
            proxy.cut_after = None
            assert (await tier.get(key.slot)).body == b"x" * 3_000_000


async def test_a_picture_s_type_is_told_to_the_bucket(bucket_client, bucket):
    tier = ObjectTier(bucket_client, bucket, prefix="typed/")
    await tier.put_first(KEY.slot, entry_of(KEY))
    head = await bucket_client.head_object(Bucket=bucket, Key=tier.name_of(KEY.slot))
    assert head["ContentType"] == "image/png"


async def test_reads_beyond_the_bulkhead_wait_their_turn(bucket_client, bucket):
    tier = ObjectTier(bucket_client, bucket, prefix="bulk/", reads=2)
    assert await asyncio.gather(*(tier.get(KEY.slot) for _ in range(20))) == [None] * 20


async def test_a_bucket_behind_the_cache_fills_once(bucket_place):
    cache, fill = cache_of(store=bucket_place.tier), Filler(KEY)
    found = await asyncio.gather(*(cache.fetch(KEY, fill, wait=30) for _ in range(20)))
    assert {one.entry.body for one in found} == {fill.entry.body}
    fresh = cache_of(store=bucket_place.tier)
    assert (await fresh.lookup(KEY)).entry == fill.entry


@pytest.mark.parametrize(
    "answer",
    [(403, "AccessDenied"), (500, "InternalError"), (503, "SlowDown"), (404, "NoSuchBucket"),
     (404, ""), (400, "ExpiredToken"), (301, "PermanentRedirect")],
)  # fmt: skip
async def test_only_no_such_key_is_an_absence(answering, answer):
    client, _ = await answering(GET=[answer])
    with pytest.raises(TierUnavailable):
        await ObjectTier(client, "bucket").get(KEY.slot)
    client, _ = await answering(GET=[(404, "NoSuchKey")])
    assert await ObjectTier(client, "bucket").get(KEY.slot) is None


async def test_a_conflict_of_writers_is_worth_one_more_try(answering):
    client, double = await answering(
        PUT=[(409, "ConditionalRequestConflict"), (200, "")], GET=[(404, "NoSuchKey")]
    )
    assert await ObjectTier(client, "bucket").put_first(KEY.slot, entry_of(KEY)) == entry_of(KEY)
    assert double.asked == ["PUT", "GET", "PUT"]
    client, double = await answering(
        PUT=[(409, "ConditionalRequestConflict")], GET=[(404, "NoSuchKey")]
    )
    with pytest.raises(TierUnavailable):
        await ObjectTier(client, "bucket").put_first(KEY.slot, entry_of(KEY))
    assert double.asked.count("PUT") == 2


@pytest.mark.needs_apt
class TestGateway:
    """On the one server here whose conditional PUT is atomic."""

    async def test_twelve_racers_have_one_winner(self, rgw):
        bucket = rgw.new_bucket()
        async with s3_client(**rgw.connection) as client:
            assert await probe(client, bucket) is None
            tier = ObjectTier(client, bucket)
            for number in range(5):
                key = key_of(f"race {number}")
                entries = [entry_of(key, b"%d" % racer) for racer in range(12)]
                standing = await asyncio.gather(
                    *(tier.put_first(key.slot, entry) for entry in entries)
                )
                winner = await tier.get(key.slot)
                assert standing == [winner] * 12
                assert sum(one is ours for one, ours in zip(standing, entries, strict=True)) == 1
            assert await tier.get(key_of("absent").slot) is None
            await tier.delete(key_of("race 0").slot)
            assert await tier.get(key_of("race 0").slot) is None
