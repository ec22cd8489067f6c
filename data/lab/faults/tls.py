"""A link with TLS whose certificate expires while it is in use: what happens when nobody renews it.

It makes an authority and a certificate with ``openssl``, takes TLS connections and passes what is in them on to a port
without TLS. Connections are closed after a short life, as load balancers do, so that clients shake hands again and again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["main"]

LIFE_SECONDS = 2.0
CONFIGURATION = """[ca]
default_ca = shop
[shop]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificate(folder: Path, *, until: float) -> None:
    """Make ``ca.pem``, ``cert.pem`` and ``key.pem``; the certificate is good until ``until``, in Unix seconds."""
    (folder / "ca.conf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    key = ("-newkey", "rsa:2048", "-nodes")
    _openssl(
        folder,
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "30",
        "-subj",
        "/CN=shop authority",
    )
    names = ("-subj", "/CN=shop.internal", "-addext", "subjectAltName=IP:127.0.0.1")
    _openssl(folder, "req", "-new", *key, "-keyout", "key.pem", "-out", "cert.csr", *names)
    start, end = (datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%SZ") for at in (time.time() - 86_400, until))
    authority = ("-cert", "ca.pem", "-keyfile", "ca.key", "-in", "cert.csr", "-out", "cert.pem")
    _openssl(folder, "ca", "-batch", "-config", "ca.conf", *authority, "-startdate", start, "-enddate", end, "-notext")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def _next(reader: asyncio.StreamReader, *, idle: bool) -> bytes:
    """Read what comes next; nothing where an old connection has had nothing to do for a second."""
    try:
        return await asyncio.wait_for(reader.read(65_536), 1.0 if idle else None)
    except TimeoutError:
        return b""


async def _serve(port: int, target: int, folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        born = time.monotonic()
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        back = asyncio.create_task(_pump(there_reader, writer))
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while piece := await _next(reader, idle=time.monotonic() - born > LIFE_SECONDS):
                there_writer.write(piece)
                await there_writer.drain()
        there_writer.close()
        await back

    server = await asyncio.start_server(relay, "127.0.0.1", port, ssl=context)
    (folder / "ready").write_text("")
    async with server:
        await server.serve_forever()


def main() -> None:
    """Relay until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float, help="how long the certificate is still good")
    options = parser.parse_args()
    certificate(options.folder, until=time.time() + options.seconds)
    asyncio.run(_serve(options.port, options.target, options.folder))


if __name__ == "__main__":
    main()
