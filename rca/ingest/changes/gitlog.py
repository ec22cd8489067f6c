"""The output of ``git log`` with or without patches and statistics, and patches made by ``git format-patch``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.clock import Clock
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source

__all__ = ["GIT_LOG", "read_log"]

_COMMIT = re.compile(r"commit ([0-9a-f]{7,64})(?: \((.*)\))?\s*")
_GRAPH = re.compile(r"([*|][*|\\/_. -]*)(commit [0-9a-f]{7,64}\b.*)")
_RAW = re.compile(r"(author|committer) (.*) (\d+) [+-]\d{4}")
_RAW_NAMES = {"author": ("Author", "AuthorDate"), "committer": ("Commit", "CommitDate")}
_MAIL = re.compile(r"From ([0-9a-f]{40,64}) Mon Sep 17 00:00:00 2001")
_HEADER = re.compile(r"(Author|AuthorDate|Commit|CommitDate|Date|Merge|From|Subject|Reflog|Reflog message):\s*(.*)")
_STAT = re.compile(r" (\S.*?)\s+\|\s+(?:\d+ ?[+-]*|Bin .*)")
_NUMSTAT = re.compile(r"(?:\d+|-)\t(?:\d+|-)\t(.+)")
_NAME_STATUS = re.compile(r"[ACDMRTUXB]\d{0,3}\t([^\t]+)(?:\t(.+))?")
_SUMMARY = re.compile(r" \d+ files? changed.*")
_DIFF = re.compile(r"diff (?:--git|--cc|--combined) .*")
_NEW = re.compile(r'(?:\+\+\+|---) (?:"?[ab]/)?(.+?)"?\t?')
_MOVED = re.compile(r"\{?(.*?) => (.*?)\}")
_PERSON = re.compile(r"(.*?)\s*<([^>]*)>")
_MOST_DIFF = 4 << 20
_UNKNOWN = -1


def _sniff(sample: Sample) -> Guess:
    width, lines = _UNKNOWN, list[str]()
    for line in sample.lines[:40]:
        text, width = _without_graph(line, width)
        lines.append(text)
    commits = any(_COMMIT.fullmatch(line) for line in lines)
    if commits and any(line.startswith(("Author:", "AuthorDate:", "Date:", "author ")) for line in lines):
        return Guess(0.95, "commits as git log prints them")
    mailed = bool(lines) and bool(_MAIL.fullmatch(lines[0]))
    return Guess(0.95, "patches as git format-patch writes them") if mailed else NO


@dataclass(slots=True)
class _Commit:
    """One commit while its lines pass by."""

    sha: str
    offset: int
    refs: str = ""
    mail: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    message: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    diff: list[str] = field(default_factory=list)
    part: str = "headers"
    size: int = 0

    def line(self, text: str) -> None:
        """Take one line."""
        if self.part == "diff":
            self._diff_line(text)
        elif _DIFF.fullmatch(text):
            self.part = "diff"
            self._diff_line(text)
        elif self.part == "headers":
            found = _HEADER.fullmatch(text)
            raw = None if found else _RAW.fullmatch(text)
            if found:
                self.headers[found[1]] = found[2].strip()
            elif raw:
                name, when = _RAW_NAMES[raw[1]]
                self.headers |= {name: raw[2].strip(), when: raw[3]}
            elif not text.strip():
                self.part = "message"
        elif self.mail and self.part == "message":
            if text == "---":
                self.part = "files"
            else:
                self.message.append(text)
        elif text.startswith("    ") and not self.mail:
            self.message.append(text[4:])
        elif not text.strip():
            if self.message and self.part == "message":
                self.message.append("")
        else:
            self._file_line(text)

    def _diff_line(self, text: str) -> None:
        self.size += len(text) + 1
        if self.size <= _MOST_DIFF:
            self.diff.append(text)
        if text.startswith(("+++ ", "--- ")):
            found = _NEW.fullmatch(text)
            if found and found[1] != "/dev/null":
                self._file(found[1])
        elif text.startswith("diff --git ") and " b/" in text:
            self._file(text.rsplit(" b/", 1)[1].strip('"'))

    def _file_line(self, text: str) -> None:
        for pattern in (_STAT, _NUMSTAT, _NAME_STATUS):
            found = pattern.fullmatch(text)
            if found:
                for name in found.groups():
                    self._file(name)
                return
        if (
            not _SUMMARY.fullmatch(text)
            and not text.startswith((" create mode", " delete mode", " rename ", " mode change", "Notes"))
            and not text[0].isspace()
        ):
            self._file(text)

    def _file(self, name: str | None) -> None:
        if name and "=>" in name:
            name = _MOVED.sub(r"\2", name) if "{" in name else name.split(" => ")[1]
            name = name.replace("//", "/")
        if name and name not in self.files:
            self.files.append(name)

    def row(self, clock: Clock) -> dict[str, Any]:
        """Return the commit as a change."""
        message = "\n".join(self.message).strip()
        subject = re.sub(r"^\[PATCH[^\]]*\]\s*", "", self.headers.get("Subject", ""))
        author = self.headers.get("Author") or self.headers.get("From", "")
        person = _PERSON.fullmatch(author)
        attributes = {"author.email": person[2]} if person else {}
        names = (("Merge", "merge"), ("Commit", "committer"), ("AuthorDate", "author.date"))
        attributes |= {key: self.headers[name] for name, key in names if self.headers.get(name)}
        title = subject or message.split("\n", 1)[0]
        body = message if subject else message[len(title) :].strip()
        if body:
            attributes["message"] = f"{title}\n\n{body}" if subject else message
        if self.refs:
            attributes["refs"] = self.refs
        if self.size > _MOST_DIFF:
            attributes["diff.truncated"] = f"{self.size} bytes"
        when = self.headers.get("CommitDate") or self.headers.get("Date") or self.headers.get("AuthorDate")
        return {
            "kind": "commit", "time_ns": clock.read(when), "revision": self.sha, "author": person[1] if person else author, "title": title,
            "files": self.files, "diff": "\n".join(self.diff).strip("\n") + "\n" if self.diff else "", "attributes": attributes,
        }  # fmt: skip


def _without_graph(text: str, width: int) -> tuple[str, int]:
    """Return a line without what ``--graph`` draws before it, and how wide that is from here on; -1 is not known yet, 0 nothing at all."""
    found = _GRAPH.fullmatch(text) if width else None
    if found:
        return found[2], len(found[1])
    if width == _UNKNOWN:  # the first line that says something tells whether there is a graph
        return text, 0 if text.strip() else width
    return text[width:], width


def read_log(source: Source, sink: Sink) -> None:
    """Read commits; lines before the first are set apart."""
    clock = Clock(sink.context)
    commit: _Commit | None = None
    rows: list[dict[str, Any]] = []
    width = _UNKNOWN
    for line in source.lines():
        text, width = _without_graph(line.data.decode("utf-8", "replace"), width)
        found = _COMMIT.fullmatch(text) or _MAIL.fullmatch(text)
        if found and not (commit and commit.mail and not text.startswith("From ")):
            if commit:
                rows.append(commit.row(clock))
            commit = _Commit(found[1], line.offset, (found[2] or "") if found.re is _COMMIT else "", found.re is _MAIL)
        elif commit:
            commit.line(text)
        elif text.strip():
            sink.quarantine("a line before the first commit", text[:400], line.offset)
        if len(rows) >= 500:
            sink.records("changes", rows)
            rows = []
    if commit:
        rows.append(commit.row(clock))
    sink.records("changes", rows)


GIT_LOG = Format("git-log", "git log (-p, --stat, --numstat) and format-patch", ("changes",), _sniff, read_log)
