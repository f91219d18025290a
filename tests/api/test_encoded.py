import asyncio
import gzip
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api import encoded
from api.crates import CratesHandler
from api.encoded import Body, Once, accepted_coding
from tests.api.conftest import DEADLINE, LiveApi
from workbench.fleet import wire
from workbench.hub import Hub

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def test_once_is_computed_once_for_all_who_ask_together(run: Callable[..., Any]) -> None:
    calls: list[str] = []

    def compute() -> list[int]:
        calls.append(threading.current_thread().name)
        return [1]

    once = Once(compute)

    async def ask() -> list[list[int]]:
        return list(await asyncio.gather(*(once.wait() for _ in range(50))))

    answers = run(ask())
    assert len(calls) == 1
    assert calls[0] != threading.main_thread().name
    assert all(answer is answers[0] for answer in answers)
    assert once.get() is answers[0]


def test_a_failure_is_told_to_all_and_not_kept(run: Callable[..., Any]) -> None:
    outcomes = iter([RuntimeError("first"), None])

    def compute() -> str:
        if error := next(outcomes):
            raise error
        return "second"

    once = Once(compute)

    async def ask() -> list[Any]:
        return list(await asyncio.gather(once.wait(), once.wait(), return_exceptions=True))

    assert [str(error) for error in run(ask())] == ["first", "first"]
    assert run(once.wait()) == "second"


def test_gzip_is_of_the_identity_and_always_the_same() -> None:
    bodies = [Body(lambda: b"[1,2,3]" * 1000) for _ in range(2)]
    assert gzip.decompress(bodies[0].gzip.get()) == bodies[0].identity.get()
    assert bodies[0].gzip.get() == bodies[1].gzip.get()


def test_zstd_is_of_the_identity_too() -> None:
    body = Body(lambda: b"[1,2,3]" * 1000)
    assert zstd.decompress(body.zstd.get()) == body.identity.get()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "zstd"),
        ("ZSTD", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("*", "gzip"),
        ("*;q=0.1, gzip;q=0", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0, gzip;q=0.001", "gzip"),
        ("gzip;q=nonsense", "identity"),
        ("gzip;q=nan", "identity"),
        ("br", "identity"),
    ],
)
def test_the_best_coding_is_chosen(accepted: str, coding: str) -> None:
    assert accepted_coding(accepted) == coding


@pytest.mark.parametrize(("coding", "decompress"), [("zstd", zstd.decompress), ("gzip", gzip.decompress)])
def test_every_coding_is_the_same_list(http: httpx.Client, coding: str, decompress: Callable[[bytes], bytes]) -> None:
    with http.stream("GET", "/api/crates", headers={"Accept-Encoding": coding}) as answer:
        packed = b"".join(answer.iter_raw())
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (coding, "Accept-Encoding, Origin")
    plain = http.get("/api/crates", headers={"Accept-Encoding": "identity"})
    assert decompress(packed) == plain.content
    assert answer.headers["ETag"] == plain.headers["ETag"]


def test_the_same_request_is_encoded_once_in_a_revision(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = http.get("/api/crates/ledger")
    monkeypatch.setattr(wire, "claim_model", None)
    assert http.get("/api/crates/ledger").content == first.content


def test_nothing_is_encoded_on_the_loop(still_hub: Hub, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    real = wire.claim_model

    def noted(claim: Any) -> Any:
        threads.add(threading.current_thread().name)
        return real(claim)

    monkeypatch.setattr(wire, "claim_model", noted)
    for path in ("/api/ports", "/api/crates/ledger", "/api/ports/18010"):
        assert http.get(path).status_code == 200
    assert threads
    assert "live-api" not in threads


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_large_answer_goes_out_as_a_small_one_does(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    given = {"Accept-Encoding": coding}
    small = [http.request(method, "/api/crates", headers=given) for method in ("GET", "HEAD")]
    monkeypatch.setattr(encoded, "PART", 1_000)
    large = [http.request(method, "/api/crates", headers=given) for method in ("GET", "HEAD")]
    for before, after in zip(small, large, strict=True):
        assert (after.status_code, after.content) == (before.status_code, before.content)
        assert set(after.headers) == set(before.headers)
        assert after.headers["Content-Length"] == before.headers["Content-Length"]
    assert large[0].content
    assert http.get("/api/crates", headers={"If-None-Match": large[0].headers["ETag"]}).status_code == 304


def test_a_client_that_leaves_a_large_answer_is_no_failure(
    still_hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled = threading.Event()
    monkeypatch.setattr(CratesHandler, "on_finish", lambda handler: handled.set())
    still_hub.snapshot.derive(("api", "crates"), lambda _: Body(lambda: bytes(40 * encoded.PART)))
    with LiveApi(still_hub) as live:
        with live.client.stream("GET", "/api/crates", headers={"Accept-Encoding": "identity"}) as answer:
            assert next(answer.iter_raw())
        assert handled.wait(DEADLINE)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
