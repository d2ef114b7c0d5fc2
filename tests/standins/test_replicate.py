"""The stand-in does what its users rely on."""

import httpx

from tests.standins.replicate_picture import read_stamp, stamp_of


async def test_each_picture_tells_whose_it_is(replicate_standin):
    async with httpx.AsyncClient(base_url=replicate_standin.base_url) as client:
        numbers = set()
        for _ in range(2):
            created = await client.post(
                "/v1/models/acme/model/predictions",
                json={"input": {"prompt": "a fox", "aspect_ratio": "4:3"}},
            )
            assert created.json()["status"] == "starting"
            ended = (await client.get(f"/v1/predictions/{created.json()['id']}")).json()
            picture = (await client.get(ended["output"][0])).content
            stamp, number = read_stamp(picture)
            numbers.add(number)
            assert stamp == stamp_of("a fox")
        assert len(numbers) == 2
    calls = await replicate_standin.calls()
    assert (calls["created"], calls["polls"], calls["downloads"]) == (2, 2, 2)


async def test_nothing_ends_while_it_holds(replicate_standin):
    await replicate_standin.hold()
    async with httpx.AsyncClient(base_url=replicate_standin.base_url) as client:
        created = (await client.post("/v1/predictions", json={"version": "x", "input": {}})).json()
        path = f"/v1/predictions/{created['id']}"
        assert (await client.get(path)).json()["status"] == "processing"
        await replicate_standin.release()
        assert (await client.get(path)).json()["status"] == "succeeded"
