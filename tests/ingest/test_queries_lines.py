"""Header lines of slow logs that are read all at once say what the regular expressions say, line by line."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest

from rca.ingest.queries import blocks, mysql_header, postgres_csv, postgres_head
from rca.ingest.queries.buffer import Buffer
from rca.ingest.source import Source

NUMBERS = (
    "0.174461", "12", "0", "7.5", "3.123456789", "1.0000000001", "12345678.5", "99999999999999999999", "9.", ".5", "x", "-1", "",
)  # fmt: skip
COUNTS = ("0", "367", "41245", "12345678", "123456789", "1234567890123456", "12345678901234567890", "nan", "")
USERS = (
    "app[app]",
    "root[root]",
    "[web]",
    " a b [x]",
    "root[SQL_SLAVE][SQL_SLAVE]",
    "a[b]]",
    "a[b[c]",
    "ü[ü]",
    "plain",
)
HOSTS = (" @  [10.0.0.54]", " @ localhost []", " @ db-1 [10.0.0.1]", " @ a b [x]", "@ x []", " @ [x", " @   [::1]", "")
IDS = ("  Id:  1290", " Id: 7", "\tId: 9", "  Id: x", " thread: 5", "", "  Id: 12345678901234567890")


def query_line(rng):
    parts = ["# Query_time: " + " " * rng.randrange(3) + rng.choice(NUMBERS)]
    for name, values in (
        ("Lock_time", NUMBERS),
        ("Rows_sent", COUNTS),
        ("Rows_examined", COUNTS),
        ("Rows_affected", COUNTS),
    ):
        if rng.random() < 0.8:
            parts.append(
                rng.choice(("  ", " ", "\t", "   ", ""))
                + f"{name}: "
                + " " * rng.randrange(2)
                + rng.choice(values[:6] if rng.random() < 0.8 else values)
            )
    parts.append(rng.choice(("", "", " ", "  Bytes_sent: 5", " junk", "\t")))
    return "".join(parts)


def test_numbers_are_those_of_the_expression():
    rng = random.Random(5)  # noqa: S311
    lines = [query_line(rng) for _ in range(4000)] + [
        "# Query_time: 1.5",
        "# Query_time: 0.1  Lock_time: 0.2 Rows_sent: 1  Rows_examined: 2",
    ]
    block = Buffer("\n".join(lines).encode())
    every = np.arange(len(lines))
    found = mysql_header.numbers(block, every)
    blank = np.zeros(len(lines), dtype=np.int64)
    wanted = mysql_header.Numbers(
        blank > 0, blank.copy(), blank.copy(), blank > 0, tuple((blank.copy(), blank > 0) for _ in range(3))
    )
    mysql_header._slowly(block, every, every, wanted)
    assert found.good.tolist() == wanted.good.tolist()
    assert 100 < found.good.sum() < 3900
    good = found.good
    assert found.duration[good].tolist() == wanted.duration[good].tolist()
    pairs = [(found.lock, found.locked), *found.counts], [(wanted.lock, wanted.locked), *wanted.counts]
    for (values, there), (right, known) in zip(*pairs, strict=True):
        assert there[good].tolist() == known[good].tolist()
        assert values[good & there].tolist() == right[good & there].tolist()


def test_clients_are_those_of_the_expression():
    rng = random.Random(6)  # noqa: S311
    lines = ["# User@Host: " + rng.choice(USERS) + rng.choice(HOSTS) + rng.choice(IDS) for _ in range(3000)]
    block = Buffer(("\n".join(lines) + "\n").encode())
    every = np.arange(len(lines))
    every[::7] = -1
    found = mysql_header.clients(block, every)
    known = every[every >= 0]
    wanted = mysql_header._users_slowly(block, block.starts[known], block.ends[known])
    for values, right in zip(found.values(), wanted, strict=True):
        given = np.array(values.to_pylist(), dtype=object)
        assert given[every < 0].tolist() == [""] * int((every < 0).sum())
        assert given[every >= 0].tolist() == right.to_list()


def test_bytes_that_are_no_text_are_replaced():
    assert Buffer(b"a\xff\n").raw() == "a�\n".encode()
    assert Buffer("é\n".encode()).raw() == "é\n".encode()


@pytest.mark.parametrize("length", range(20))
def test_slices_of_any_length_are_cut_out(length):
    block = Buffer(b"0123456789abcdefghijklmnop")
    at = np.arange(6)
    wanted = [block.raw(start, min(start + length, block.size)).decode() for start in range(6)]
    assert block.text(at, at + length).to_list() == wanted


@pytest.mark.parametrize("count", range(1, 17))
def test_digits_of_a_fixed_width(count):
    block = Buffer(b"1234567890123456 12345678901234x6 x")
    wanted = [int(block.raw(0, count)), int(block.raw(17, 17 + count)) if count < 15 else -1, -1]
    assert block.digits(np.array([0, 17, 34]), count).tolist() == wanted


def row(text):
    return f'2026-05-01 00:00:00.315 UTC,"u","d",77,"10.0.0.1:5",6632e4a0.471,1,"SELECT",,,0,LOG,00000,"{text}"\n'


@pytest.mark.parametrize(
    ("rest", "cut"),
    [
        (row("a"), len(row("x"))),  # whole rows: the last may go on
        (row("a\nb"), len(row("x"))),
        (row("a\nb")[:-3] + "\n", len(row("x"))),  # the block ends within quotes
        (row('say ""x'), len(row("x"))),
        ("", -1),
    ],
)
def test_a_block_of_csv_is_cut_before_its_last_row(rest, cut):
    data = bytearray((row("x") + rest).encode())
    assert postgres_csv._last_record(data, len(data)) == cut


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_blocks_of_any_size_hold_every_record_once(size, monkeypatch):
    lines = [f"{'x' * (number % 50)}{number}".encode() for number in range(500)]
    text = b"\n".join(lines)
    monkeypatch.setattr(blocks, "_BLOCK", size)
    source = Source("x", lambda: io.BytesIO(text), len(text))
    found, at = [], 0
    for block, offset in blocks.whole_records(source, blocks.last_line):
        assert offset == at
        assert not block.bytes[block.size :].any()
        found += block.text(block.starts, block.ends).to_list()
        at += block.size
    assert found == [line.decode() for line in lines]


LENGTHS = ("174.461", "0.5", "12", "3.1234567", "12345678.5", "99999999999999.1", "x", "1.", "0.000001")
AFTER = (
    " ms", " ms  statement: SELECT 1", " ms  statement:SELECT 1", " ms  execute <unnamed>: SELECT 1", " ms  execute a b:", " ms  execute x\n: y",
    " ms  parse <unnamed>: SELECT 1", " ms  bind s1: SELECT 1", " ms  plan:\n\tQuery Text: SELECT 1", " ms statement: x", " ms  fastpath function call: f",
    " ms  execute " + "n" * 300 + ": SELECT 1", " s", " ms  statement:", " ms  execute S_1: ", " ms  execute nothing more",
)  # fmt: skip


def test_heads_are_those_of_the_expression():
    rng = random.Random(7)  # noqa: S311
    texts = [f"duration: {rng.choice(LENGTHS)}{rng.choice(AFTER)}" for _ in range(2000)]
    block = Buffer("\n".join(texts).encode())
    sizes = np.array([len(text) for text in texts])
    ends = np.cumsum(sizes + 1) - 1
    starts = ends - sizes
    found = postgres_head.heads(block, starts, ends)
    none, every = np.zeros(len(texts), dtype=np.int64), np.arange(len(texts))
    wanted = postgres_head.Heads(none > 0, none.copy(), none.copy(), none > 0, none > 0)
    postgres_head._slowly(block, starts, ends, every, wanted)
    good = wanted.good
    assert found.good.tolist() == good.tolist()
    assert 200 < good.sum() < 1900
    for name in ("length", "duration", "bare", "planned"):
        assert getattr(found, name)[good].tolist() == getattr(wanted, name)[good].tolist(), name
