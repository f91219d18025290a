"""Binding ports, so that a port that is taken is found out cleanly."""

import socket
from typing import Final

from tornado.netutil import bind_sockets

_SEND_BUFFER: Final = 131_072


def listening_sockets(port: int, host: str | None) -> list[socket.socket]:
    """Return sockets that listen on a port of a host (None: of every address); raises OSError.

    All of a host's addresses are tried first: Tornado leaves a socket open behind an address that it cannot bind.
    """
    for family, kind, protocol, _, address in _addresses(port, host):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    bound = bind_sockets(port, host)
    for item in bound:
        # Those that are accepted take it over. Left to itself the kernel takes megabytes of an answer at once,
        # and meanwhile the event loop waits: measured, the loop is late less often and the answers come sooner.
        item.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return bound


def _addresses(port: int, host: str | None) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [info for info in found if info[0] == socket.AF_INET or socket.has_ipv6]  # type: ignore[misc]
