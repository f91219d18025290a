"""The address of a server: its host and ports, the names that browsers know it by, and the sockets bound there."""

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_WS_PORT
from workbench.errors import AddressInUse, ConfigurationError
from workbench.security.origins import LOOPBACK_NAMES, OriginPolicy, bracketed, is_loopback, origins_on
from workbench.serving.listening import listening_sockets

_ANY_HOST: Final = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True)
class Address:
    """Where to listen. A port of 0 is any free one, a `ws_port` or `mux_port` of None no such port at all."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    ws_port: int | None = DEFAULT_WS_PORT
    mux_port: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which browsers may know this server."""
        if self.host == "localhost" or is_loopback(self.host):
            return tuple(dict.fromkeys([*LOOPBACK_NAMES, self.host]))
        if self.host in _ANY_HOST:
            return (*LOOPBACK_NAMES, socket.gethostname(), *_own_addresses())
        return (self.host, *LOOPBACK_NAMES)

    @property
    def url(self) -> str:
        """The URL of the pages, for a browser on this machine."""
        return f"http://{bracketed('localhost' if self.host in _ANY_HOST else self.host)}:{self.port}"

    def origins(self, others: Sequence[str] = ()) -> OriginPolicy:
        """Return which pages may call: those of this address, and those of other origins."""
        return OriginPolicy([*origins_on(self.names, (self.port,)), *others])

    def bound(self) -> tuple["Address", list[list[socket.socket]]]:
        """Bind every port: return the address with the ports that they became, and the sockets of each in turn.

        If one port cannot be had, none stays bound. Raises AddressInUse if it is taken, else ConfigurationError.
        """
        wanted = {"--port": self.port, "--ws-port": self.ws_port, "--mux-gateway": self.mux_port}
        sockets: dict[str, list[socket.socket]] = {}
        with contextlib.ExitStack() as stack:
            for option, port in wanted.items():
                if port is not None:
                    sockets[option] = [stack.enter_context(item) for item in _bound(option, port, self.host)]
            stack.pop_all()
        ports = {option: bound[0].getsockname()[1] for option, bound in sockets.items()}
        became = Address(self.host, ports["--port"], ports.get("--ws-port"), ports.get("--mux-gateway"))
        return became, list(sockets.values())


def _own_addresses() -> list[str]:
    with contextlib.suppress(OSError):
        return sorted({str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)})
    return []


def _bound(option: str, port: int, host: str) -> list[socket.socket]:
    with _address_errors(option, port):
        return listening_sockets(port, None if host in _ANY_HOST else host)


@contextlib.contextmanager
def _address_errors(option: str, port: int) -> Iterator[None]:
    """Turn what the system says of an address into what a person can do about it."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"port {port} is in use by another program; stop that one, or choose another port with {option}",
                port=port, option=option,
            ) from None  # fmt: skip
        reason = error.strerror or str(error)
        raise ConfigurationError(f"cannot listen on port {port}: {reason}; see --host and {option}") from None
