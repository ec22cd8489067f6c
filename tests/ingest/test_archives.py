"""Archives of several files: each member is read as a file of its own, and no archive can do harm."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

import rca
from rca.errors import RcaError

FILES = {
    "logs/app.log": b"2026-03-04T12:00:00Z ERROR no stock\n2026-03-04T12:00:01Z INFO ok\n",
    "logs/old/app.log.1.gz": gzip.compress(b"2026-03-03T12:00:00Z WARN slow\n"),
    "slow.log": b"# Time: 2026-03-04T12:00:00.000000Z\n# User@Host: a[a] @ h [10.0.0.1]  Id: 7\n# Query_time: 1.5  Lock_time: 0 Rows_sent: 1  Rows_examined: 9\nSET timestamp=1772625600;\nSELECT 1;\n",
    "deploys.csv": b"timestamp,service,version\n2026-03-04T11:59:00Z,cart,1.2.3\n",
    "README.md": b"# What this is\n",
    "__MACOSX/._app.log": b"\0\5\x16\7",
    ".DS_Store": b"\0\0\0\1Bud1",
}  # fmt: skip
ROWS = {"logs": 3, "queries": 1, "changes": 1}


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 4, 13, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(files, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in files.items():
            item = tarfile.TarInfo(name)
            item.size, item.mtime = len(data), 1772629200
            archive.addfile(item, io.BytesIO(data))
    return out.getvalue()


KINDS = {
    "ticket.zip": zipped,
    "ticket.tar": tarred,
    "ticket.tar.gz": lambda files: tarred(files, "w:gz"),
    "ticket.tgz": lambda files: tarred(files, "w:gz"),
    "ticket.tar.xz": lambda files: tarred(files, "w:xz"),
    "without-suffix": lambda files: tarred(files, "w:bz2"),
}


def ingest(tmp_path, name, data, **more):
    (tmp_path / name).write_bytes(data)
    store = rca.open()
    return store, store.ingest(tmp_path / name, **more)


@pytest.mark.parametrize("name", KINDS)
def test_members_are_files_of_their_own(tmp_path, name):
    store, report = ingest(tmp_path, name, KINDS[name](FILES))
    read = [item.path.removeprefix(f"{tmp_path}/") for item in report.inputs]
    assert read == [f"{name}!{member}" for member in FILES if member[0].isalpha() and member != "README.md"]
    assert {item.status for item in report.inputs} == {"complete"}
    assert {table: count for table, count in store.tables().items() if table in ROWS} == ROWS
    assert [item.records_duplicate for item in store.ingest(tmp_path / name).inputs] == [2, 1, 1, 1]


def test_members_come_in_the_order_of_the_archive_and_keep_their_own_year(tmp_path):
    store, _ = ingest(tmp_path, "a.zip", zipped({"a.log": b"Mar  4 12:00:00 h app: one\n", "b.log": b"Mar  4 12:00:01 h app: two\n"}))  # fmt: skip
    assert store.query("SELECT time_ns FROM logs ORDER BY time_ns")["time_ns"].to_list() == [1772625600 * 10**9, 1772625601 * 10**9]  # fmt: skip


def test_one_file_in_a_zip_is_the_zip(tmp_path):
    _, report = ingest(tmp_path, "app.zip", zipped({"app.log": FILES["logs/app.log"]}))
    assert [(item.path.split("/")[-1], item.records_kept) for item in report.inputs] == [("app.zip", 2)]


@pytest.mark.parametrize("cut", [1300, 2000, 4500])
def test_what_comes_before_a_cut_is_read(tmp_path, cut):
    data = tarred({"a.log": b"2026-03-04T12:00:00Z INFO first\n", "b.log": b"2026-03-04T12:00:00Z INFO x\n" * 100, "c.log": b"2026-03-04T12:00:01Z INFO last\n"})  # fmt: skip
    store, report = ingest(tmp_path, "a.tar", data[:cut])
    assert store.query("SELECT count(*) AS n FROM logs WHERE body LIKE '%first%'")["n"][0] == 1
    assert any("cut after" in item.message for item in report.inputs)


REFUSED = {
    "document.xlsx": (zipped({"[Content_Types].xml": b"<x/>", "xl/sheet1.xml": b"<x/>"}), "an Office document"),
    "app.jar": (zipped({"META-INF/MANIFEST.MF": b"", "a.class": b""}), "a Java archive"),
    "bomb.zip": (zipped(dict.fromkeys("ab", b"\x00" * (80 << 20))), "times its size"),
    "cut.zip": (zipped(FILES)[:600], "cannot be unpacked"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_archive_of_telemetry_is_refused_by_name(tmp_path, name):
    data, why = REFUSED[name]
    try:
        _, report = ingest(tmp_path, name, data, limits=rca.Limits(expansion=100))
        said = report.inputs[0].message
    except RcaError as error:
        said = str(error)
    assert name in said
    assert why in said


def test_a_path_that_climbs_out_of_the_archive_is_only_a_name(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    _, report = ingest(inside, "a.zip", zipped({"../../evil.log": FILES["logs/app.log"], "/etc/b.log": FILES["logs/app.log"]}))  # fmt: skip
    assert [item.path.split("!")[1] for item in report.inputs] == ["../../evil.log", "/etc/b.log"] or not report.inputs
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "inside"]
