#!/usr/bin/python3
"""Small network services of the lab: `static`, `forward` and `silent`. Only the standard library."""

import asyncio
import functools
import http.server
import signal
import socket
import sys


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


def static(address, port, folder):
    """Serves a folder over HTTP to many clients at once."""
    handler = functools.partial(Handler, directory=folder)
    Server((address, int(port)), handler).serve_forever()


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def forward_one(targets, reader, writer):
    """Reads as far as the Host header, then is a plain pipe to that host."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        host = b""
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"host":
                host = value.strip().split(b":")[0]
        name = host.decode("ascii", "replace")
        if name not in targets:
            writer.write(b"HTTP/1.1 403 Not a mirror\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()
            return
        above_reader, above_writer = await asyncio.open_connection(name, targets[name])
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.close()
        return
    above_writer.write(head)
    await asyncio.gather(pipe(reader, above_writer), pipe(above_reader, writer))


async def forward_all(address, port, targets):
    server = await asyncio.start_server(
        functools.partial(forward_one, targets), address, port, backlog=512)
    async with server:
        await server.serve_forever()


def forward(address, port, *names):
    """Forwards HTTP to the named hosts (NAME or NAME:PORT), chosen by the Host header."""
    targets = {}
    for name in names:
        host, _, number = name.partition(":")
        targets[host] = int(number or 80)
    asyncio.run(forward_all(address, int(port), targets))


def silent(address, port):
    """Accepts (the kernel completes the handshake) and never speaks."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(port)))
    listener.listen(512)
    while True:
        signal.pause()


if __name__ == "__main__":
    {"static": static, "forward": forward, "silent": silent}[sys.argv[1]](*sys.argv[2:])
