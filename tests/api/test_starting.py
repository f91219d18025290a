"""What is answered while the server starts is described like all else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api import routes
from api.openapi import openapi_document
from api.schemas import Json
from tests.api.conftest import LiveApi
from tests.api.test_openapi import check
from workbench.hub import Hub
from workbench.serving.starting import Beginning, EarlyAnswers, LastList


@pytest.fixture
def document(still_hub: Hub) -> Json:
    return openapi_document(routes(still_hub))


class StartingApi(LiveApi):
    """A server that never gets further than its start."""

    def __init__(self, hub: Hub, beginning: Beginning) -> None:
        super().__init__(hub)
        self.beginning = beginning

    def made_application(self) -> EarlyAnswers:
        return EarlyAnswers(self.beginning)


@pytest.fixture
def http(still_hub: Hub, tmp_path: Path) -> Iterator[httpx.Client]:
    last = LastList(tmp_path / "state", "key")
    last.write(b"[]", b"")
    with StartingApi(still_hub, Beginning(last)) as live:
        yield live.client


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_every_answer_before_the_start_is_described(document: Json, http: httpx.Client, accept: str) -> None:
    told: set[int] = set()
    for path, section in document["paths"].items():
        for method in section:
            headers = {"Accept": accept, "Accept-Encoding": "identity"}
            answer = http.request(method.upper(), path.replace("{", "").replace("}", ""), headers=headers)
            check(document, method, path, answer)
            told.add(answer.status_code)
    assert told == {200, 503}
