"""An address: the names by which browsers know it, its URL, and its ports bound all or none."""

import socket

import pytest

from workbench.errors import AddressInUse
from workbench.serving.address import Address


def test_names_and_urls() -> None:
    assert Address("127.0.0.1", 1).names == ("localhost", "127.0.0.1")
    assert Address("localhost", 1).names == ("localhost", "127.0.0.1")
    assert Address("::1", 1).names == ("localhost", "127.0.0.1", "::1")
    assert Address("desk.lan", 1).names == ("desk.lan", "localhost", "127.0.0.1")
    assert {"localhost", "127.0.0.1", socket.gethostname()} <= set(Address("0.0.0.0", 1).names)
    assert Address("0.0.0.0", 15180).url == "http://localhost:15180"
    assert Address("::1", 15180).url == "http://[::1]:15180"


def test_every_port_is_bound_and_named() -> None:
    address, sockets = Address("127.0.0.1", 0, 0, 0).bound()
    found = [item.getsockname()[1] for bound in sockets for item in bound]
    for bound in sockets:
        for item in bound:
            item.close()
    assert found == [address.port, address.ws_port, address.mux_port]
    assert len(set(found)) == 3


def test_where_one_port_is_taken_none_stays_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port, busy = free.getsockname()[1], taken.getsockname()[1]
        free.close()
        with pytest.raises(AddressInUse, match=rf"port {busy} is in use .* choose another port with --ws-port"):
            Address("127.0.0.1", port, busy).bound()
        socket.create_server(("127.0.0.1", port)).close()
