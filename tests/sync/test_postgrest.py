"""A copy behind PostgREST: the requests that it gets, and what they leave."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from tests.sync.conftest import HOSTILE
from tests.sync.fake_postgrest import MAX_ROWS, Rest, running_rest
from workbench import Workbench
from workbench.errors import InvalidRequest, SyncBroken, SyncError, SyncRefused, SyncSchemaError, SyncUnreachable
from workbench.sync.relations import RELATIONS, relational


def with_tables(rest: Rest, schema: str, version: int = 1) -> Rest:
    rest.tables = {f"{schema}.{relation.name}": {} for relation in RELATIONS}
    rest.tables[f"{schema}.workbench_sync"] = {"": {"version": version, "synced_at": None}}
    return rest


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rest]:
    monkeypatch.delenv("POSTGREST_TOKEN", raising=False)
    monkeypatch.setenv("SUPABASE_KEY", "service-key")
    with running_rest(with_tables(Rest(), "public"), "/rest/v1") as running:
        yield running


def figures(result: Any) -> tuple[int, int, int]:
    return result.written, result.unchanged, result.removed


def test_the_tables_hold_what_the_fleet_says(rest: Rest, hostile_fleet: Callable[[], Workbench]) -> None:
    wb = hostile_fleet()
    asked = wb.sync.supabase(rest.url, dry_run=True)
    assert {method for method, *_ in rest.asked} == {"GET"}
    result = wb.sync.supabase(rest.url)
    assert (asked.written, figures(result)) == (result.written, (asked.written, 0, 0))
    for name, items in relational(wb.snapshot).items():
        expected = {key: {"id": key, "digest": item.digest, **item.values} for key, item in items.items()}
        assert rest.tables[f"public.{name}"] == orjson.loads(orjson.dumps(expected)), name
    names = {row["name"] for row in rest.tables["public.crates"].values()}
    assert names == {name.replace("\0", "\N{REPLACEMENT CHARACTER}") for name in HOSTILE}
    assert rest.tables["public.workbench_sync"][""]["synced_at"]


def test_the_second_run_reads_on_past_the_servers_limit_and_writes_nothing(
    rest: Rest, hostile_fleet: Callable[[], Workbench]
) -> None:
    written = hostile_fleet().sync.supabase(rest.url).written
    assert len(rest.tables["public.edges"]) > 2 * MAX_ROWS
    rest.asked.clear()
    assert figures(hostile_fleet().sync.supabase(rest.url)) == (0, written, 0)
    assert {method for method, *_ in rest.asked} == {"GET"}


def test_what_is_gone_is_removed_by_its_ids(rest: Rest, hostile_fleet: Callable[[], Workbench], fleet_dir: Any) -> None:
    hostile_fleet().sync.supabase(rest.url)
    (fleet_dir / "c0" / "smart-crate.toml").unlink()
    wb = hostile_fleet()
    result = wb.sync.supabase(rest.url)
    assert result.removed > 3
    assert {name: set(rows) for name, rows in rest.tables.items() if name != "public.workbench_sync"} == {
        f"public.{name}": set(items) for name, items in relational(wb.snapshot).items()
    }


def test_one_that_breaks_off_is_taken_up_again(rest: Rest, hostile_fleet: Callable[[], Workbench]) -> None:
    wb = hostile_fleet()
    reads = 1 + len(RELATIONS)
    rest.breaks_at = reads + 3
    with pytest.raises(
        SyncBroken, match=r"the connection broke: .*; \d+ of \d+ changes were made; the next run"
    ) as caught:
        wb.sync.supabase(rest.url)
    done = caught.value.details["done"]
    assert 0 < done == len(rest.tables["public.crates"]) + len(rest.tables["public.ports"])
    assert wb.sync.supabase(rest.url).written == caught.value.details["total"] - done


def test_refusals_say_what_to_do_and_no_secret(
    rest: Rest, hostile_fleet: Callable[[], Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = hostile_fleet().sync
    with pytest.raises(SyncSchemaError, match=r"'other\.workbench_sync' in the schema cache: make the tables first"):
        sync.supabase(rest.url, schema="other")
    monkeypatch.setenv("SUPABASE_KEY", "a-wrong-key")
    with pytest.raises(SyncRefused, match="permission denied for table crates: set SUPABASE_KEY") as caught:
        sync.supabase(rest.url)
    assert "a-wrong-key" not in str(caught.value) + repr(caught.value.details)
    with pytest.raises(SyncError, match=r"what answers at .* is no PostgREST \(HTTP 404\)"):
        sync.postgrest(f"{rest.url}/elsewhere/")
    with pytest.raises(SyncUnreachable, match=r"no PostgREST answers at http://u@127\.0\.0\.1:9"):
        sync.postgrest("http://u:secret@127.0.0.1:9")
    with pytest.raises(InvalidRequest, match='"ftp://h" is no address of a PostgREST'):
        sync.postgrest("ftp://h")


def test_a_plain_postgrest_takes_a_token_and_another_version_is_refused(
    hostile_fleet: Callable[[], Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUPABASE_KEY", raising=False)
    monkeypatch.setenv("POSTGREST_TOKEN", "service-key")
    with running_rest(with_tables(Rest(), "fleet")) as rest:
        assert hostile_fleet().sync.postgrest(rest.url, schema="fleet").written > 20
        rest.tables["fleet.workbench_sync"][""]["version"] = 2
        with pytest.raises(
            SyncSchemaError, match='the schema "fleet" is of version 2, and this workbench writes version 1'
        ):
            hostile_fleet().sync.postgrest(rest.url, schema="fleet")
