import httpx
import pytest

from tests.api.conftest import NAMES


def test_only_the_fields_that_were_asked_for_come_in_that_order(http: httpx.Client) -> None:
    answer = http.get("/api/crates?fields=version,name&limit=2")
    assert answer.content == b'[{"version":"0.9.0","name":"ledger"},{"version":"0.10.0","name":"portal"}]'
    assert answer.headers["X-Total-Count"] == str(len(NAMES))
    assert [item["name"] for item in http.get("/api/crates?fields=name").json()] == NAMES


@pytest.mark.parametrize("query", ["fields=name,version", "fields=name&fields=version", "fields=name,%20version,name"])
def test_fields_come_by_commas_or_repeated(http: httpx.Client, query: str) -> None:
    assert {tuple(item) for item in http.get(f"/api/crates?{query}").json()} == {("name", "version")}


@pytest.mark.parametrize(
    ("path", "field"), [("/api/crates", "colour"), ("/api/findings", "crate"), ("/api/ports/assignments", "owner")]
)
def test_an_unknown_field_is_refused_with_those_that_there_are(http: httpx.Client, path: str, field: str) -> None:
    whole = http.get(path).json()
    answer = http.get(f"{path}?fields={field}")
    assert answer.status_code == 422
    details = answer.json()["error"]["details"]
    assert (details["parameter"], details["found"]) == ("fields", field)
    assert set(details["fields"]) == set(whole[0]) if whole else "crate_name" in details["fields"]


def test_findings_have_fields_too(http: httpx.Client) -> None:
    whole = http.get("/api/findings").json()
    chosen = http.get("/api/findings?fields=code,ports&severity=error").json()
    assert chosen == [{"code": i["code"], "ports": i["ports"]} for i in whole if i["severity"] == "error"]


def test_the_same_fields_are_put_together_once_in_a_revision(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = http.get("/api/crates?fields=name,path")
    monkeypatch.setattr("api.crates.parts", None)
    assert http.get("/api/crates?fields=name,path").content == first.content
    again = http.get("/api/crates?fields=name,path", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
