"""Any dialect in, one crate and every diagnostic of the file out."""

from datetime import UTC, date, datetime, timedelta, timezone
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.fleet.manifest import parse_manifest, timestamp
from workbench.fleet.model import Crate, Manifest, QaThresholds


def parse(text: str) -> Manifest:
    return parse_manifest("a/smart-crate.toml", dedent(text).encode())


def crate(text: str) -> Crate:
    manifest = parse(text)
    assert manifest.crate is not None
    return manifest.crate


def said(manifest: Manifest) -> list[tuple[str, int, int, str]]:
    return [(d.code, d.sites[0].line, d.sites[0].column, d.message) for d in manifest.diagnostics]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ('[smart-crate]\nname = "a"\nversion = "1"\nclassification = "data"\ntesla_grade = true', "smart-crate"),
        ('[smart_crate]\nname = "a"\nversion = "1"\nclass = "data"\ntesla_grade = true', "smart_crate"),
        ('[crate]\nname = "a"\nversion = "1"\ntype = "data"\n[metadata]\ntesla_grade = true', "crate"),
        ('name = "a"\nversion = "1"\nclassification = "data"\ntesla_grade = true', "flat"),
        ('[smart-crate]\nname = "a"\nversion = "1"\n[metadata]\nsmart_crate_type = "data"\ntesla_grade = true', "smart-crate"),
    ],
)  # fmt: skip
def test_every_header_gives_the_same_crate(text: str, dialect: str) -> None:
    found = crate(text)
    assert (found.name, found.version, found.classification, found.tesla_grade) == ("a", "1", "data", True)
    assert found.dialect == dialect


def test_the_header_outranks_the_metadata() -> None:
    found = crate("""
        [smart-crate]
        name = "a"
        classification = "gateway"
        tesla_grade = false
        [metadata]
        smart_crate_type = "data"
        tesla_grade = true
    """)
    assert (found.classification, found.tesla_grade) == ("gateway", False)


def test_an_older_spelling_is_noted_and_the_newest_is_not() -> None:
    assert said(parse('[smart-crate]\nname = "a"\n')) == []
    assert said(parse('[smart_crate]\nname = "a"\nclass = "x"\n')) == [
        ("SC009", 1, 1, "older spelling understood: header [smart_crate], class in place of classification")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20251208-120000", datetime(2025, 12, 8, 12, tzinfo=UTC)),
        ("20251208", datetime(2025, 12, 8, tzinfo=UTC)),
        (20251208, datetime(2025, 12, 8, tzinfo=UTC)),
        ("2025-12-08T12:00:00+02:00", datetime(2025, 12, 8, 12, tzinfo=timezone(timedelta(hours=2)))),
        (date(2025, 12, 8), datetime(2025, 12, 8, tzinfo=UTC)),
        ("20251308", None),
        ("yesterday", None),
        (True, None),
        (1.5, None),
    ],
)
def test_retrofit_timestamps(value: object, expected: datetime | None) -> None:
    assert timestamp(value) == expected


def test_a_wrong_timestamp_is_named_where_it_stands() -> None:
    manifest = parse('[smart-crate]\nname = "a"\n[metadata]\nretrofit_timestamp = "soon"\n')
    assert said(manifest) == [
        (
            "SC003",
            4,
            1,
            'retrofit_timestamp: expected YYYYMMDD-HHMMSS, YYYYMMDD or ISO 8601, found the string "soon"',
        )
    ]


PORT_TABLES = """
    [smart-crate]
    name = "a"
    [ports]
    http = 18600
    http_sister = 51368
    admin = { port = 18601, protocol = "grpc" }
    [service]
    ports = ["8002", "50051"]
    protocols = ["rest", "grpc"]
    [network]
    port = 18600
    [integration.geo]
    backend_port = 18400
    [integration]
    mux_port = 18107
    enabled = true
    [port_manager]
    endpoint = "http://localhost:18104/api"
    [endpoints]
    health = "http://localhost:18600/health"
    metrics = "/metrics"
    [unicode.triggers]
    neural_mux = 0xE503
"""


def test_ports_of_every_table() -> None:
    entries = crate(PORT_TABLES).entries
    assert [(e.label, e.port, e.origin, e.protocol, e.subject) for e in entries] == [
        ("http", 18600, "ports", "http", ""),
        ("http_sister", 51368, "ports", "", ""),
        ("admin", 18601, "ports", "grpc", ""),
        ("rest", 8002, "service", "rest", ""),
        ("grpc", 50051, "service", "grpc", ""),
        ("geo.backend_port", 18400, "integration", "", "geo"),
        ("mux_port", 18107, "integration", "", "mux"),
        ("port_manager", 18104, "url", "http", "port_manager"),
    ]


def test_a_url_on_an_own_port_is_an_own_endpoint_and_no_second_port() -> None:
    entries = crate('[smart-crate]\nname = "a"\n[endpoints]\nhealth = "http://localhost:18600/h"\n').entries
    assert [(e.label, e.port, e.origin, e.subject) for e in entries] == [("endpoint", 18600, "url", "")]


@pytest.mark.parametrize("header", ["[smart-crate]\nname = 'a'\n", "[crate]\nname = 'a'\n", "name = 'a'\n"])
def test_ports_in_the_header(header: str) -> None:
    assert [(e.label, e.port) for e in crate(f"{header}port = 18032\n").entries] == [("port", 18032)]
    assert [(e.label, e.port) for e in crate(f"{header}ports = [18160, '18164']\n").entries] == [
        ("port-0", 18160),
        ("port-1", 18164),
    ]
    assert [(e.label, e.port) for e in crate(f"{header}ports = {{ http = 18160 }}\n").entries] == [("http", 18160)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0", "a port must be from 1 to 65535, not 0"),
        ("65536", "a port must be from 1 to 65535, not 65536"),
        ("70000", "a port must be from 1 to 65535, not 70000"),
        ("-1", "a port must be from 1 to 65535, not -1"),
        ("9999999999999999999999999", "a port must be from 1 to 65535, not a very large number"),
        ("1.5", "a port must be a whole number from 1 to 65535, not the number 1.5"),
        ("true", "a port must be a whole number from 1 to 65535, not true"),
        ('"80 "', 'a port in quotes must be digits only, not the string "80 "'),
        ('"0x50"', 'a port in quotes must be digits only, not the string "0x50"'),
        ('"8000-8010"', 'a port in quotes must be digits only, not the string "8000-8010"'),
        ('""', 'a port in quotes must be digits only, not the string ""'),
        ('"٨٠"', 'a port in quotes must be digits only, not the string "٨٠"'),
        ("[80]", "a port must be a whole number from 1 to 65535, not an array of 1"),
        ("{ x = 1 }", "a port must be a whole number from 1 to 65535, not a table"),
        ("1979-05-27", "a port must be a whole number from 1 to 65535, not the date 1979-05-27"),
    ],
)
def test_what_is_no_port_is_left_out_with_the_reason(value: str, reason: str) -> None:
    manifest = parse_manifest("p", f'[smart-crate]\nname = "a"\n[ports]\nok = 1\nbad = {value}\n'.encode())
    assert said(manifest) == [("SC117", 5, 1, f"ports.bad: {reason}")]
    assert manifest.crate is not None
    assert [entry.label for entry in manifest.crate.entries] == ["ok"]


def test_a_hundred_thousand_ports_are_read() -> None:
    text = '[smart-crate]\nname = "a"\n[service]\nports = [' + "80," * 100_000 + "]\n"
    found = parse_manifest("p", text.encode()).crate
    assert found is not None
    assert len(found.entries) == 100_000


def test_all_errors_of_a_file_are_reported_at_their_keys() -> None:
    manifest = parse("""\
        [smart-crate]
        name = "a"
        verison = "1"
        version = 3
        tesla_grade = "yes please"
        [qa]
        metrics = 5
        [service]
        ports = ["8002", "abc"]
        [dependencies]
        [features]
    """)
    assert said(manifest) == [
        ("SC003", 4, 1, "smart-crate.version: expected a string, found the number 3"),
        ("SC003", 5, 1, 'smart-crate.tesla_grade: expected true or false, found the string "yes please"'),
        ("SC117", 9, 18, 'service.ports[1]: a port in quotes must be digits only, not the string "abc"'),
        ("SC003", 7, 1, "qa.metrics: expected a table, found the number 5"),
        ("SC006", 3, 1, 'unknown key "verison" in [smart-crate]: did you mean "version"?'),
    ]
    assert manifest.crate is not None
    assert [entry.port for entry in manifest.crate.entries] == [8002]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = [", ("SC001", 1, 6, "invalid value")),
        ('[smart-crate]\nname = "x"\nb = "open\n', ("SC001", 3, 10, "illegal character '\\n'")),
        ("a = " + "[" * 100_000, ("SC001", 1, 1, "arrays or tables are nested too deeply to be read")),
        ("a = " + "9" * 5000, ("SC001", 1, 5, "a number has too many digits to be read")),
        ("", ("SC005", 1, 1, "no [smart-crate] table and no name at the top level")),
        ("[other]\nx = 1\n", ("SC005", 1, 1, "no [smart-crate] table and no name at the top level")),
        ("\n[smart-crate]\nversion = '1'\n", ("SC004", 2, 1, "[smart-crate] has no name")),
        ("smart-crate = 3", ("SC003", 1, 1, "smart-crate: expected a table, found the number 3")),
        ("[smart-crate]\nname = ''", ("SC003", 2, 1, "smart-crate.name: expected a name, found an empty string")),
        ("[smart-crate]\nname = 7", ("SC003", 2, 1, "smart-crate.name: expected a string, found the number 7")),
    ],
)
def test_a_file_that_describes_no_crate_says_why(text: str, expected: tuple[str, int, int, str]) -> None:
    manifest = parse_manifest("p", text.encode())
    assert manifest.crate is None
    assert manifest.is_broken
    assert said(manifest) == [expected]


def test_bytes_that_are_not_utf_8_are_named_by_line_and_column() -> None:
    manifest = parse_manifest("p", '[smart-crate]\nname = "é'.encode() + b"\xff")
    assert said(manifest) == [
        ("SC002", 2, 10, "the file is not UTF-8: byte 0xff at offset 24 cannot be decoded"),
    ]


def test_a_byte_order_mark_does_no_harm() -> None:
    found = parse_manifest("p", b'\xef\xbb\xbf[smart-crate]\nname = "a"\n').crate
    assert found is not None


@pytest.mark.parametrize("name", ['"${NAME}"', "${NAME}", '"sx9-${NAME}"'])
def test_a_template_is_no_crate_and_no_error(name: str) -> None:
    manifest = parse_manifest("p", f"[smart-crate]\nname = {name}\n[ports]\nhttp = 99999\n".encode())
    assert (manifest.crate, manifest.is_broken) == (None, False)
    assert [code for code, *_ in said(manifest)] == ["SC008"]
    assert said(manifest)[0][1:3] == (2, 1)


def test_dependencies_of_every_shape() -> None:
    found = crate("""
        [smart-crate]
        name = "a"
        [dependencies]
        core = "sx9-core"
        nats = "jetstream"
        sx9-other = "^0.3.1"
        full = { crate = "sx9-full", version = "1.2" }
        several = ["sx9-one", "sx9-two"]
        [dependencies.internal]
        sx9-inner = { path = "../inner" }
        [[smart_foundations.required]]
        type = "core_runtime"
        preferred = ["rust-runtime"]
        minimum_version = "1.0"
    """)
    assert [(d.alias, d.target, d.kind, d.requirement) for d in found.dependencies] == [
        ("core", "sx9-core", "crate", ""),
        ("nats", "jetstream", "service", ""),
        ("sx9-other", "sx9-other", "crate", "^0.3.1"),
        ("full", "sx9-full", "crate", "1.2"),
        ("sx9-one", "sx9-one", "crate", ""),
        ("sx9-two", "sx9-two", "crate", ""),
        ("sx9-inner", "sx9-inner", "internal", ""),
        ("core_runtime", "rust-runtime", "runtime", "1.0"),
    ]


def test_features_of_every_shape() -> None:
    found = crate("""
        [smart-crate]
        name = "a"
        [features]
        fast = true
        slow = false
        default = ["web", "db"]
        optional = ["gpu"]
        core = { required = true }
        extra = { optional = true }
    """)
    assert found.features == {
        "fast": "on", "slow": "off", "web": "on", "db": "on", "gpu": "optional", "core": "required",
        "extra": "optional",
    }  # fmt: skip


def test_thresholds_are_merged_and_absent_ones_stay_absent() -> None:
    found = crate('[smart-crate]\nname = "a"\n[qa]\nminimum_score = 90\n[qa.metrics]\ncomplexity_threshold = 15\n')
    assert found.qa == QaThresholds(minimum_score=90, complexity_threshold=15)
    assert crate('[smart-crate]\nname = "a"\n').qa is None


def test_equal_bytes_have_equal_digests() -> None:
    assert parse("name = 'a'").digest == parse("name = 'a'").digest != parse("name = 'b'").digest


_FRAGMENTS = st.sampled_from(
    [b"[smart-crate]\n", b'name = "a"\n', b"[ports]\n", b"http = ", b"70000\n", b"{", b"[", b'"""', b"'", b"\xff", b"\n",
     b"=", b"true", b"1e400", b"[[", b"]]", b"${X}", b"inf", b"a.b.c", b"0x", b"\x00", b"#", b",", b"1979-05-27"]
)  # fmt: skip


@given(st.lists(_FRAGMENTS | st.binary(max_size=4), max_size=30).map(b"".join))
@example(b"[[smart-crate]]\nname='a'\n")
@example(b"[smart-crate]\nname='a'\n[metadata]\nsmart_crate_type={}\n[ports]\na={port={}}\n")
def test_any_bytes_give_a_manifest_with_valid_positions(data: bytes) -> None:
    manifest = parse_manifest("p", data)
    lines = manifest.source.text.split("\n")
    for diagnostic in manifest.diagnostics:
        line, column = diagnostic.sites[0].position
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 2
    assert (manifest.crate is not None) or manifest.diagnostics
