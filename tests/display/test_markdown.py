"""Escaped Markdown renders as the text it was, and is escaped no more than that takes."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rca.display import escape_markdown, escape_terminal

RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SIGNS = "\\`*_{}[]()#+-.!|$~:@<>&;=/\"' \n\tab1éx"
WORDS = ("http://a.b", "www.a.b", "a@b.c", "\\begin{x}", "\\(", "\\)", "<b>", "</b>", "&lt;", "&#60;", "1. ", "- ", "> ", "# ", " #", "---", "===", "a_b_c", "__init__", "[x](y)", "![", "```", "~~~", "$$", "    ", "@@0@@", "<!--", "[^1]", "[a]: b")  # fmt: skip
TEXT = st.lists(st.one_of(st.sampled_from(SIGNS), st.sampled_from(WORDS)), max_size=14).map("".join)


def shown(document):
    tree = html5lib.parse(RENDER.render(document), namespaceHTMLElements=False)
    body = tree.find("body")
    return {node.tag for node in body.iter() if isinstance(node.tag, str)}, " ".join("".join(body.itertext()).split())


def plain(text):
    return " ".join(escape_terminal(text).split())


@settings(max_examples=150, deadline=None)
@given(TEXT)
@example("\\(x\\)")
@example("\\\\(")
@example("a\\")
@example("<b\n>")
def test_a_paragraph_shows_what_was_meant(text):
    tags, seen = shown(escape_markdown(text) + "\n")
    assert seen == plain(text)
    assert tags <= {"body", "p"}


@settings(max_examples=80, deadline=None)
@given(TEXT)
def test_so_do_an_item_a_heading_bold_text_and_a_cell(text):
    escaped = escape_markdown(text)
    tags, seen = shown(f"- {escaped}\n")
    assert (seen, tags - {"body", "ul", "li", "p"}) == (plain(text), set())
    tags, seen = shown(f"# {escaped}\n")
    assert (seen, tags - {"body", "h1"}) == (plain(text), set())
    tags, seen = shown(f"| h |\n|---|\n| {escaped} |\n")
    assert (seen, tags - {"body", "table", "thead", "tbody", "tr", "th", "td"}) == (f"h {plain(text)}".strip(), set())
    tags, _ = shown(f"![{escaped}](a.svg)\n")
    assert tags == {"body", "p", "img"}


@given(TEXT)
def test_no_formula_and_no_link_begins(text):
    escaped = escape_markdown(text)
    for found in ("\\\\(", "\\\\[", "\\begin{", "://", "www."):
        at = escaped.find(found)
        if found == "://":
            assert at < 0 or escaped[at - 1] == "\\"
        elif found == "www.":
            assert at < 0 or escaped[at - 1 : at].isalnum()
        else:
            assert at < 0
    dollars = [at for at, sign in enumerate(escaped) if sign == "$"]
    assert all(escaped[at - 1] == "\\" for at in dollars)


@pytest.mark.parametrize(
    "text",
    ["2026-11-23 22:48:42 to 22:55:25 UTC (6.72 min)", "p99 418 → 3,651 ms.", "queries_per_request of checkout: 1 -> 12", "-5 ms", "+3.2 dB", "50 % (1.2 to 3.4)",
     "a < b and b > c", "AT&T", "p = 2.2e-05", "C:\\Users\\app", "#42", "{x}", "1.5 times", "key=value; other=1", "checkout/promotions.py:19", "\\u001b[0m".replace("[0m", "")],
)  # fmt: skip
def test_what_means_nothing_is_left_as_it_is(text):
    assert escape_markdown(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("# x", "\\# x"), ("- x", "\\- x"), ("1. x", "1\\. x"), ("> x", "&gt; x"), ("<b>", "&lt;b>"), ("&lt;", "&amp;lt;"), ("__init__", "\\_\\_init\\_\\_"), ("http://x", "http\\://x"),
     ("www.x", "www\\.x"), ("a@b.c", "a\\@b.c"), ("a|b", "a\\|b"), ("$x$", "\\$x\\$"), ("---", "\\---"), ("    x", "x")],
)  # fmt: skip
def test_what_means_something_is_escaped(text, escaped):
    assert escape_markdown(text) == escaped
