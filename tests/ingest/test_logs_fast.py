"""JSON lines read as columns give what the general path gives for every line."""

from __future__ import annotations

from datetime import datetime

import orjson
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.ingest.logs.jsonfast import decode_block
from rca.ingest.logs.jsonplan import learn
from rca.ingest.logs.jsonrows import UnreadableError, json_row
from rca.ingest.logs.rows import canonical
from rca.ingest.logs.times import Clock

COLUMNS = (
    "time_ns",
    "service_name",
    "severity_number",
    "severity_text",
    "body",
    "trace_id",
    "span_id",
    "request_id",
    "attributes",
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_moment = st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1))  # noqa: DTZ001
_time = st.one_of(
    _moment.map(lambda t: t.isoformat() + "Z"),
    _moment.map(lambda t: t.strftime("%Y-%m-%d %H:%M:%S,%f+01:00")),
    st.integers(1_000_000_000, 1_900_000_000),
    st.floats(1e9, 1.9e9),
    st.sampled_from(
        [
            "",
            "never",
            "Mar  4 14:10:00",
            "2026-03-04 14:10:00,123",
            "@4000000069a83d420811337e",
            "2026-02-30T00:00:00Z",
            1e300,
            None,
        ]
    ),
)
_id = st.one_of(
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.sampled_from(
        [
            "",
            "0",
            "ABCDEF0123456789",
            "1-5759e988-bd862e3fe1be46a994272793",
            "none",
            12345678901234567,
            None,
            "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        ]
    ),
)
_message = st.one_of(
    _text.map("m{}".format),
    _text.map("done {} in 3 ms".format),
    st.sampled_from(
        ["", "null", '{"msg": "inner"}', "a request_id=r-17 b", "trace_id=" + "c" * 32, "\x1b[31mred\x1b[0m", 7]
    ),
)
_level = st.sampled_from(["info", "WARN", "", "30", 30, 40, "odd", None, "INFO+2"])
_record = st.fixed_dictionaries(
    {"ts": _time, "msg": _message},
    optional={
        "level": _level,
        "level_value": st.sampled_from([20000, 40000]),
        "trace_id": _id,
        "span_id": _id,
        "request_id": st.one_of(_text, st.none()),
        "service": st.one_of(_text, st.fixed_dictionaries({"name": _text}, optional={"version": _text})),
        "n": st.one_of(
            st.integers(-(2**63), 2**64 - 1),
            st.floats(allow_nan=False, allow_infinity=False),
            st.booleans(),
            st.none(),
            _text,
        ),
        "tags": st.lists(st.one_of(st.integers(0, 9), _text), max_size=3),
        "http": st.dictionaries(
            st.sampled_from(["status", "path", "x y"]), st.one_of(st.integers(0, 999), _text, st.none()), max_size=3
        ),
    },
)


def _slow(lines: list[bytes]) -> tuple[dict[int, dict[str, object]], set[int]]:
    rows, bad = [], set()
    for number, line in enumerate(lines):
        try:
            rows.append(json_row(line, number))
        except UnreadableError:
            bad.add(number)
    columns = canonical(rows, Clock(0, lambda _: None, "s"))
    bad |= {row.line for row in columns.overflow}
    return dict(zip(columns.lines.tolist(), _dicts(columns.table), strict=True)), bad


def _dicts(table: pa.Table) -> list[dict[str, object]]:
    rows = table.select([name for name in COLUMNS if name in table.schema.names]).to_pylist()
    for row in rows:
        row["attributes"] = orjson.loads(row["attributes"])
    return rows


@settings(max_examples=40, deadline=None)
@given(st.lists(_record, min_size=3, max_size=8), st.integers(1, 8))
def test_columns_equal_rows(records, learned):
    lines = [orjson.dumps(record) for record in records]
    plan = learn(lines[:learned])
    if plan is None:
        return
    fast = decode_block(plan, lines, b"\n".join(lines) + b"\n", Clock(0, lambda _: None, "s"), "")
    if fast is None:
        return
    slow, bad = _slow(lines)
    assert set(fast.lines.tolist()) | set(fast.odd) == set(range(len(lines)))
    assert not set(fast.lines.tolist()) & bad
    for number, row in zip(fast.lines.tolist(), _dicts(fast.table) if fast.table.num_rows else [], strict=True):
        assert row == slow[number], lines[number]


def _lines(count: int, **more: object) -> list[bytes]:
    return [
        orjson.dumps({"ts": f"2026-03-04T14:10:{at % 60:02d}Z", "level": "info", "msg": f"done {at}", **more})
        for at in range(count)
    ]


def test_a_key_the_plan_does_not_know_goes_the_general_path():
    plan = learn(_lines(5))
    lines = [*_lines(100), orjson.dumps({"ts": "2026-03-04T14:10:00Z", "msg": "late", "new": 1})]
    fast = decode_block(plan, lines, b"\n".join(lines), Clock(0, print), "")
    assert fast.odd == [100]
    assert fast.table.num_rows == 100


def test_two_records_on_one_line_are_not_taken_for_two_lines():
    plan = learn(_lines(5))
    lines = _lines(100)
    lines[7:9] = [b"", lines[7] + lines[8]]
    fast = decode_block(plan, lines, b"\n".join(lines) + b"\n", Clock(0, print), "")
    assert fast.odd == [8]
    assert fast.table.num_rows == 98


def test_digits_stay_as_written():
    lines = [b'{"ts":"2026-03-04T14:10:00Z","msg":"a","n":1.10,"big":123456789012345678901234567890}'] * 3
    fast = decode_block(learn(lines), lines, b"\n".join(lines) + b"\n", Clock(0, print), "")
    assert _dicts(fast.table)[0]["attributes"] == {"n": "1.10", "big": "123456789012345678901234567890"}


def test_a_broken_line_costs_no_other():
    plan, lines = learn(_lines(5)), _lines(1_300)
    broken = (0, 511, 512, 700, 1_299)
    for at in broken:
        lines[at] = lines[at][:12]
    lines[600] = b" "
    fast = decode_block(plan, lines, b"\n".join(lines) + b"\n", Clock(0, print), "")
    assert fast.odd == list(broken)
    assert fast.lines.tolist() == [at for at in range(1_300) if at not in (*broken, 600)]
    assert fast.table.column("body")[-1].as_py() == "done 1298"
