"""The postmortem as PDF: set without a network, and nothing out of a log is markup."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rca import figures as fig
from rca.errors import RcaError
from rca.postmortem.blocks import Code, Figure, Items, Paragraph, Section, Sources, Table
from rca.postmortem.pdf import typeset
from rca.postmortem.render import to_html, to_markdown

sys.path.insert(0, str(Path(__file__).parent.parent / "figures"))
import sample

pytest.importorskip("typst", reason="the extra pdf is not installed")

NASTY = '#panic("out") *bold* $x$ <label> @cite `raw` // comment \\u{202e} = heading'


def parts(figure):
    return [
        Section(NASTY, (Paragraph(NASTY), Items([NASTY, ""]), figure, Sources(["red", "statements"]))),
        Section("Tables", (Table([{"a_long_name": NASTY, "n": 1, "none": None}], NASTY), Table([])), level=3),
        Section("Appendix", (Code("red", f"SELECT '{NASTY}'"), Code("statements", "SELECT 1"))),
    ]


def drawn(folder):
    fig.save(fig.statements(sample.slow()), folder / "statements", formats=("pdf",))
    return Figure("statements", "<svg></svg>", NASTY)


def test_texts_are_texts(tmp_path):
    path = tmp_path / "postmortem.pdf"
    typeset(NASTY, parts(drawn(tmp_path)), str, figures=tmp_path, path=path)
    assert path.read_bytes().startswith(b"%PDF")


def test_the_same_document_gives_the_same_length(tmp_path):
    figure = drawn(tmp_path)
    sizes = set()
    for name in ("a.pdf", "b.pdf"):
        typeset("Postmortem", parts(figure), str, figures=tmp_path, path=tmp_path / name)
        sizes.add((tmp_path / name).stat().st_size)
    assert len(sizes) == 1


def test_a_folder_that_is_absent_is_an_error(tmp_path):
    with pytest.raises(RcaError, match="cannot be written"):
        typeset("t", [], str, figures=tmp_path, path=tmp_path / "no" / "postmortem.pdf")


def test_every_link_to_a_statement_leads_somewhere(tmp_path):
    sections = parts(drawn(tmp_path))
    html, markdown = to_html("t", sections, str), to_markdown("t", sections, str)
    for name in ("red", "statements"):
        assert f'href="#sql-{name}"' in html
        assert f'id="sql-{name}"' in html
        assert f"](#sql-{name})" in markdown
        assert f"#### SQL {name}" in markdown
