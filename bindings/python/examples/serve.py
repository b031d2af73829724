"""Many sessions on one event loop, without a thread for any of them; their code calls a function of this program."""

import asyncio

import capsule


async def main() -> None:
    async with capsule.Runtime() as runtime:
        bridge = runtime.open_bridge()

        @bridge.capability("price.of")
        async def price_of(item: str, amount: int = 1) -> int:
            """What so many of them cost."""
            await asyncio.sleep(0.01)
            return len(item) * amount

        serving = asyncio.create_task(bridge.serve_async())
        options = capsule.SessionOptions(bridge=bridge, rules=[capsule.Rule("price.*")])
        async with runtime.open_pool(min_idle=2, max_sessions=4, session=options) as pool:
            sources = [f"host.price.of('{item}', amount=2)" for item in ("pear", "fig", "plum", "banana")]
            for result in await asyncio.gather(*(run(pool, source) for source in sources)):
                print(result.value)
        bridge.close()
        await serving


async def run(pool: capsule.Pool, source: str) -> capsule.RunResult:
    async with await pool.acquire_async(timeout=10) as session:
        return await session.run_async(source, timeout_ms=2000)


asyncio.run(main())
