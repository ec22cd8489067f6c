"""A network between two services that misbehaves: a TCP relay that delays, stalls or resets.

It stands for a link, not for a service: nobody in the shop knows that it is there. A lost packet is a stall as long as a
retransmission takes; the kernel's own loss emulation is not available everywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass

__all__ = ["main"]

STALL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Fault:
    """What the link does: a delay for every piece, and shares of pieces that stall or end the connection."""

    delay: float
    loss: float
    reset: float


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault, rng: random.Random) -> None:
    while piece := await reader.read(65_536):
        await asyncio.sleep(fault.delay + (STALL_SECONDS * rng.randint(1, 3) if rng.random() < fault.loss else 0.0))
        if rng.random() < fault.reset:
            # Linger of zero seconds: closing sends a reset.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            break
        writer.write(piece)
        await writer.drain()
    writer.close()


async def _serve(port: int, target: int, fault: Fault, seed: int) -> None:
    rng = random.Random(f"link/{seed}")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(
                _pump(reader, there_writer, fault, rng), _pump(there_reader, writer, Fault(fault.delay, 0, 0), rng)
            )
        for end in (writer, there_writer):
            end.close()

    server = await asyncio.start_server(relay, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Relay until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds added to every piece, each way")
    parser.add_argument("--loss", type=float, default=0.0, help="share of requests that wait for a retransmission")
    parser.add_argument("--reset", type=float, default=0.0, help="share of requests that end in a reset")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    fault = Fault(options.delay, options.loss, options.reset)
    asyncio.run(_serve(options.port, options.target, fault, options.seed))


if __name__ == "__main__":
    main()
