"""Nothing that a log line holds lives in any output: HTML, notebook, table, Markdown, CSV, terminal, figure."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import html5lib
import polars as pl
import pytest
import vl_convert
from markdown_it import MarkdownIt

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))
import sample
from payloads import PAYLOADS

from rca import display
from rca import figures as fig
from rca.cli import main
from rca.figures.clean import cleaned
from rca.figures.save import csv_of, svg
from rca.gate import Budgets, GateReport
from rca.guards.junit import Case, junit
from rca.guards.lint import Issue, LintReport
from rca.model import Effect, Evidence, Experiment, Finding, Verdict, Verdicts
from rca.postmortem.blocks import Code, Figure, Items, Paragraph, Section, Table
from rca.postmortem.render import to_html, to_markdown

LIVE_TAGS = {"script", "img", "iframe", "object", "embed", "base", "form", "link", "a", "input", "button", "video", "audio", "body-x", "marquee", "math", "animate", "set",
             "foreignobject", "textarea", "noscript", "template", "portal", "source", "b-x"}  # fmt: skip
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PARSER_OWN = {"html", "head", "body"}


def live(document, *, own_links=False):
    """Return what an HTML parser takes for markup that must not be there."""
    found = []
    for node in html5lib.parse(document, namespaceHTMLElements=False).iter():
        if not isinstance(node.tag, str):
            continue
        tag = node.tag.rsplit("}", 1)[-1].lower()
        allowed = own_links and tag == "a" and str(node.attrib.get("href", "")).startswith("#s")
        if tag in LIVE_TAGS and not allowed:
            found.append(tag)
        for name, value in node.attrib.items():
            plain = str(name).rsplit("}", 1)[-1].lower()
            scheme = re.match(r"\s*(javascript|data|vbscript):", str(value), re.IGNORECASE)
            if (
                plain.startswith("on")
                or plain in ("srcdoc", "formaction")
                or (scheme and plain not in ("alt", "aria-label", "title"))
            ):
                found.append(f"{tag} {plain}={value}")
    return found


def finding(text):
    change = Effect(name=text, before=1.0, after=2.0, low=0.5, high=1.5, unit=text, n_before=5, n_after=6, method=text)
    return Finding(
        name=text,
        claim=text,
        table=pl.DataFrame({text or "x": [text], "list": [[text, text]]}),
        effect=change,
        sql=(text,),
        caveats=(text,),
        examples=(text,),
        details={text: text},
    )


def experiment(text):
    return Experiment(name=text, kind=text, claim=text, effects=(finding(text).effect,), treated=sample.DURING, control=sample.BASELINE, recovered=1.0, recovered_low=None,
                      recovered_high=None, concurrent=False, hypotheses=(text,), table=pl.DataFrame({"a": [text]}), sql=(text,), caveats=(text,))  # fmt: skip


def verdicts(text):
    weighed = Evidence(name=text, decibans=1.0, kind="observation", claim=text, family=text, source=text)
    return Verdicts(
        (
            Verdict(
                id=text,
                title=text,
                status="open",
                prior_decibans=0.0,
                decibans=1.0,
                probability=0.5,
                evidence=(weighed,),
                next_experiments=(text,),
            ),
        ),
        caveats=(text,),
    )


def gate(text):
    row = {"service_name": text, "route": text, "measure": "p95_ms", "baseline": 1.0, "candidate": 2.0, "change": 2.0, "low": 1.5, "high": 3.0, "allowed": 1.2,
           "verdict": "regress", "reason": text, "n_baseline": 9, "n_candidate": 9, "example_trace_id": text}  # fmt: skip
    return GateReport(table=pl.DataFrame([row]), budgets=Budgets())


def lint(text):
    issue = Issue(path=text, line=1, column=1, rule="query-in-loop", message=text, place=text)
    return LintReport(
        title="rca lint",
        rules={"query-in-loop": "x"},
        issues=(issue,),
        checked=(text,),
        untold=(text,),
        facts=({text or "x": text},),
    )


def results(text):
    made = verdicts(text)
    return [finding(text), experiment(text), made, made[0], gate(text), lint(text)]


def sections(text):
    blocks = (
        Paragraph(text),
        Items([text]),
        Table([{text: text, "list": [text]}], text),
        Code(text, text),
        Figure("one", "<svg></svg>", text),
    )
    return [Section(text, blocks)]


def test_there_are_enough():
    assert len(set(PAYLOADS)) >= 60


@pytest.mark.parametrize("text", PAYLOADS)
def test_html_report_notebook_and_table(text):
    assert live(to_html(text, sections(text), str), own_links=True) == []
    for result in results(text):
        assert live(f"<!doctype html><body>{result._repr_html_()}</body>") == []
        assert not CONTROL.search(result._repr_html_())
    assert live(f"<!doctype html><body>{display.table_html([{text: text, 'n': {text: text}}])}</body>") == []


@pytest.mark.parametrize("text", PAYLOADS)
def test_markdown(text):
    documents = [
        to_markdown(text, sections(text), str),
        *(result._repr_markdown_() for result in results(text)),
        display.table_markdown([{text: text}]),
    ]
    for document in documents:
        folded = document.replace("<details><summary>All comparisons</summary>", "").replace("</details>", "")
        shown = RENDER.render(folded).replace('<img src="figures/one.svg"', "<p")  # the report's own figure
        assert live(f"<!doctype html><body>{shown}</body>") == []
        assert not CONTROL.search(document)
        outside = re.sub(r"(?s)```.*?```", "", folded)
        assert not re.search(r"\\\\[(\[]|\\begin\{|(?<!\\)\$", outside), "no formula begins"
        assert not re.search(r"(?<!\\):" + "//", outside), "no link begins by itself"


@pytest.mark.parametrize("text", PAYLOADS)
def test_terminal_and_machines(text):
    for result in results(text):
        assert not CONTROL.search(str(result))
    assert not CONTROL.search(display.table_text([{text: text}]))
    for document in (
        junit(text, [Case(group=text, name=text, state="fail", message=text)]),
        gate(text).to_junit(),
        lint(text).to_junit(),
    ):
        assert not CONTROL.search(document)
        assert not html_tags(document) - {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    for document in (gate(text).to_sarif(), lint(text).to_sarif()):
        assert json.loads(document)["runs"]


def html_tags(document):
    from xml.etree import ElementTree as ET

    return {node.tag for node in ET.fromstring(document.encode()).iter()}  # noqa: S314  (our own document)


def test_the_command_line_says_no_control_character(tmp_path, capsys):
    for text in ("\x1b]0;owned\x07", "\x9b31m", "\u202egnp"):
        with contextlib.suppress(SystemExit):
            main(["lint", f"{tmp_path}/{text}"])
        with contextlib.suppress(SystemExit):
            main(["ingest", f"{tmp_path}/{text}", "--db", f"{tmp_path}/x.duckdb"])
        heard = capsys.readouterr()
        assert heard.err
        assert not CONTROL.search(heard.out + heard.err)


@pytest.mark.parametrize("text", PAYLOADS)
def test_csv(text):
    document = csv_of({"data": {"values": [{text: text, "n": -1.5}]}})
    assert "-1.5" in document
    for delimiter in (",", ";", "\t"):
        rows = list(csv.reader(io.StringIO(document), delimiter=delimiter))
        cells = [cell for row in rows for cell in (row if delimiter == "," else row[:1])]
        assert not [
            cell
            for cell in cells
            if cell.startswith(("=", "+", "@", "\t", "\r", "\n", "＝")) or (cell.startswith("-") and cell != "-1.5")
        ]


def charts(texts):
    """The figures that show text from data, with these texts in it."""
    first = texts[0]
    ranked = [
        {
            "kind": "deploy",
            "service_name": text,
            "revision": text,
            "feature_flag_key": text,
            "time_ns": sample.START,
            "probability": 0.1,
            "reasons": [text],
            "title": text,
        }
        for text in texts
    ]
    slow = [{"db_query_digest": text, "calls": 9, "total_ms": 9.0, "p99_ms": 9.0, "suspicion": text} for text in texts]
    full = [
        {
            "signal": "pool",
            "service_name": text,
            "metric_name": text,
            "before": 0.1,
            "during": 0.9,
            "score": 3.0,
            "p_value": 0.1,
            "unit": text,
        }
        for text in texts
    ]
    marks = pl.DataFrame(
        [
            {"time_ns": sample.START - sample.MINUTE, "kind": text, "service_name": text, "title": text}
            for text in texts[:6]
        ]
    )
    yield fig.change_ranking(
        sample.finding("deploy_correlation", pl.DataFrame(ranked), claim=first, details={"no_change_probability": 0.1})
    )
    yield fig.statements(sample.finding("slow_queries", pl.DataFrame(slow), claim=first, caveats=tuple(texts)))
    yield fig.saturation(sample.finding("saturation", pl.DataFrame(full), claim=first))
    yield fig.timeline(sample.red(), incident=sample.INCIDENT, changes=marks, claim=first)
    yield fig.scoreboard(verdicts(first))
    yield fig.evidence(verdicts(first)[0])


BATCHES = [PAYLOADS[at : at + 32] for at in range(0, len(PAYLOADS), 32)]


def evaluated(node, key=""):
    """Yield every string of a Vega document that Vega evaluates as an expression."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("signal", "expr", "update", "test", "init", "calculate", "filter") and isinstance(value, str):
                yield value
            elif name not in ("values", "datasets"):
                yield from evaluated(value, name)
    elif isinstance(node, list):
        for item in node:
            yield from evaluated(item, key)


@pytest.mark.parametrize("texts", BATCHES, ids=range(len(BATCHES)))
def test_figures(texts):
    for chart in charts(texts):
        drawn = svg(chart)
        assert live(f"<!doctype html><body>{drawn}</body>") == []
        assert not CONTROL.search(drawn)
        vega = vl_convert.vegalite_to_vega(cleaned(chart.to_dict()))
        formulas = [*evaluated(chart.to_dict()), *evaluated(vega)]
        for text in texts:
            core = text.strip()
            assert not [
                formula
                for formula in formulas
                if len(core) > 3 and (core in formula or json.dumps(core)[1:-1] in formula)
            ]
        assert '"href"' not in json.dumps(vega)
        assert '"url"' not in json.dumps({key: value for key, value in vega.items() if key != "$schema"})


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("RCA_BROWSER"), reason="set RCA_BROWSER=1 to drive a real browser")
@pytest.mark.filterwarnings("default")
def test_nothing_runs_in_chromium(tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
    pages = {"report": "".join(_without_policy(to_html(text, sections(text), str)) for text in PAYLOADS)}
    pages["notebook"] = "<!doctype html>" + "".join(
        result._repr_html_() for text in PAYLOADS for result in results(text)
    )
    pages["markdown"] = "<!doctype html>" + "".join(
        RENDER.render(to_markdown(text, sections(text), str)) for text in PAYLOADS
    )
    pages["figures"] = "<!doctype html>" + "".join(svg(chart) for texts in BATCHES[:3] for chart in charts(texts))
    pages["alive"] = "<!doctype html><body onload=alert(1)>"  # shows that the test can fail
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, document in pages.items():
            place = tmp_path / f"{name}.html"
            place.write_text(document, encoding="utf-8")
            page, ran, asked = browser.new_page(), [], []
            page.on("dialog", lambda dialog, ran=ran: (ran.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(place.as_uri())
            page.evaluate(
                "() => { for (const node of document.querySelectorAll('*')) for (const kind of ['mouseover', 'focus', 'click', 'toggle']) node.dispatchEvent(new Event(kind, {bubbles: true})); }"
            )
            page.wait_for_timeout(300)
            outside = [
                url for url in asked if not url.startswith("file:") or ("figures/" not in url and url != place.as_uri())
            ]
            assert bool(ran) == (name == "alive"), f"{name}: {ran}"
            assert not outside, f"{name}: {outside}"
            page.close()
        browser.close()


def _without_policy(document):
    """Take away the report's Content-Security-Policy, which would hide what is live."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", document)
