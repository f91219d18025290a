"""GET /api/snapshot/…: whole tables as files."""

import csv
import io
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

from workbench.fleet.head import SnapshotHead
from workbench.fleet.tables import TABLES
from workbench.hub import Hub
from workbench.tables.frames import arrow_table
from workbench.tables.hub_tables import HUB_TABLES, TABLE_NAMES


@pytest.mark.parametrize("name", TABLES)
def test_arrow_and_parquet_are_the_table(http: httpx.Client, still_hub: Hub, name: str) -> None:
    table = arrow_table(name, still_hub.snapshot)
    arrow, columns = (http.get(f"/api/snapshot/{name}.{ending}") for ending in ("arrow", "parquet"))
    assert pa.ipc.open_file(io.BytesIO(arrow.content)).read_all().equals(table)
    assert parquet.read_table(io.BytesIO(columns.content)).to_pylist() == table.to_pylist()
    assert arrow.headers["Content-Disposition"] == f'attachment; filename="{name}-1.arrow"'
    assert columns.headers["Content-Type"] == "application/vnd.apache.parquet"


@pytest.mark.parametrize("name", TABLES)
def test_json_and_csv_say_the_same(http: httpx.Client, still_hub: Hub, name: str) -> None:
    table = arrow_table(name, still_hub.snapshot)
    told = http.get(f"/api/snapshot/{name}.json").json()
    rows = list(csv.reader(io.StringIO(http.get(f"/api/snapshot/{name}.csv").text)))
    assert rows[0] == table.column_names
    assert len(told) == len(rows) - 1 == table.num_rows
    plain = [name for name, kind in zip(table.column_names, table.schema.types, strict=True) if kind == pa.string()]
    for column in plain:
        at = table.column_names.index(column)
        assert [row[column] for row in told] == table[column].to_pylist()
        assert [row[at] for row in rows[1:]] == [value or "" for value in table[column].to_pylist()]


def test_what_is_known_is_not_sent_again(http: httpx.Client) -> None:
    tag = http.get("/api/snapshot/crates.csv").headers["ETag"]
    again = http.get("/api/snapshot/crates.csv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    head = http.head("/api/snapshot/crates.csv")
    assert (head.status_code, head.content) == (200, b"")


def test_a_file_is_made_once_and_few_are_kept(api: Any, still_hub: Hub) -> None:
    first = api.client.get("/api/snapshot/ports.json").content
    shelf = still_hub.snapshot.derive(("api", "table files"), lambda _: pytest.fail("there is none"))
    kept = shelf._bodies["ports.json"]
    assert api.client.get("/api/snapshot/ports.json").content == first
    assert shelf._bodies["ports.json"] is kept
    for name in TABLES:
        for ending in ("arrow", "csv"):
            assert api.client.get(f"/api/snapshot/{name}.{ending}").status_code == 200
    assert len(shelf._bodies) == 8


@pytest.mark.parametrize("name", ["crates.xlsx", "nothing.csv", "crates", "", ".csv", "crates.csv.gz"])
def test_an_unknown_file(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/api/snapshot/{name}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "not-found")
    assert error["details"] == {"tables": list(TABLE_NAMES), "formats": ["arrow", "parquet", "csv", "json"]}


def test_a_head_and_its_manifests_are_the_whole_revision(http: httpx.Client, still_hub: Hub) -> None:
    snapshot = still_hub.snapshot
    head = SnapshotHead.parse(http.get("/api/snapshot").json())
    manifests = pa.ipc.open_file(http.get("/api/snapshot/manifests.arrow").content).read_all()
    revived = head.revive(manifests.to_pylist())
    assert (revived.revision, revived.taken_at, revived.tally) == (
        snapshot.revision,
        snapshot.taken_at,
        snapshot.tally,
    )
    for name in TABLES:
        assert arrow_table(name, revived).equals(arrow_table(name, snapshot))


def test_what_changes_within_a_revision_has_no_tag(http: httpx.Client) -> None:
    for name in HUB_TABLES:
        answer = http.get(f"/api/snapshot/{name}.arrow")
        assert (answer.status_code, answer.headers.get("ETag")) == (200, None)
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/snapshot", "/api/snapshot/crates.arrow"])
def test_a_revision_that_is_not_there(http: httpx.Client, path: str) -> None:
    assert http.get(f"{path}?revision=1").status_code == 200
    assert http.get(f"{path}?revision=99").json()["error"]["code"] == "unknown-revision"
    assert http.get(f"{path}?revision=0").json()["error"]["code"] == "revision-gone"
