"""Which web pages may call the API: one allow-list for CORS, for changes and for sockets."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1")
FRONT_END_PORTS: Final = (21575, 25175, 5174, 5175, 3000)
DEFAULT_PORT: Final = 15180
_LONGEST: Final = 64
"""More than any address takes, with its zone."""


def origins_on(hosts: Iterable[str], ports: Iterable[int]) -> frozenset[str]:
    """Return the plain-http origins of every host on every port."""
    every_port = tuple(ports)
    return frozenset(f"http://{bracketed(host)}:{port}" for host in hosts for port in every_port)


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


DEFAULT_ORIGINS: Final = origins_on(LOOPBACK_NAMES, (*FRONT_END_PORTS, DEFAULT_PORT))


class OriginPolicy:
    """The allow-list. A page that this very server sent is allowed as well, where that can be known for sure."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self.origins = DEFAULT_ORIGINS | {origin.strip().rstrip("/").lower() for origin in origins if origin.strip()}

    def allows(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may call, given the request's `Host` header.

        Origin and Host agreeing proves nothing for a name, which an attacker's DNS may point here; it does for
        an address and for localhost.
        """
        lowered = origin.lower()
        return lowered in self.origins or self._is_own(lowered, host.lower())

    @staticmethod
    def _is_own(origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc == host and (name == "localhost" or is_address(name))


def is_address(name: str) -> bool:
    """Whether a host is written as an IP address."""
    return _address(name) is not None


def is_loopback(address: str) -> bool:
    """Whether an address belongs to this machine alone."""
    found = _address(address)
    return found is not None and found.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; kept, since every request asks of the same few."""
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=1)
def default_policy() -> OriginPolicy:
    """Return the policy of a server that set none: the defaults, and the settings' `server.origins`."""
    from workbench.runtime import current_settings

    return OriginPolicy(current_settings().server.origins or ())
