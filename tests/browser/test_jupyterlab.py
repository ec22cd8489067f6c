"""Notebooks and postmortem in a real browser with the network off: charts drawn, no error on the console."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(not os.environ.get("RCA_BROWSER"), reason="set RCA_BROWSER=1 to drive a real browser"),
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOTS = os.environ.get("RCA_SCREENSHOTS")
BOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="needs the extra: pip install -e .[notebook]")
    home = tmp_path_factory.mktemp("jupyter")
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    (home / "data").symlink_to(ROOT / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # cells out of sight are not in the page by default, so nothing could be counted
    for name, text in (
        ("notebook-extension/tracker", '{"windowingMode": "none"}'),
        ("apputils-extension/notification", '{"fetchNews": "false", "checkForUpdates": false}'),
    ):
        setting = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        setting.parent.mkdir(parents=True)
        setting.write_text(text)
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=t",
        f"--ServerApp.root_dir={home}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "share"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "PYTHONPATH": str(ROOT),
    }
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api/status?token=t", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        else:
            pytest.fail((home / "server.log").read_text()[-2000:])
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def offline(page):
    """Let the page talk to this machine only; everything else fails and is remembered."""
    tried = []

    def decide(route):
        if route.request.url.startswith(("http://127.0.0.1", "data:", "blob:", "file:")):
            route.continue_()
        else:
            tried.append(route.request.url)
            route.abort()

    page.route("**/*", decide)
    return tried


@pytest.mark.parametrize("name", BOOKS)
def test_notebook_in_jupyterlab(browser, lab, name):
    page = browser.new_page(viewport={"width": 1400, "height": 1600})
    tried, errors = offline(page), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{lab}/lab/tree/notebooks/{name}?token=t&reset", timeout=120_000)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        # the kernel is asked for once it is known which there are; with the preferred one chosen, the notebook can run
        page.wait_for_timeout(4000)
        if page.locator(".jp-Dialog").count():
            page.locator(".jp-Dialog .jp-mod-accept").click()
        page.wait_for_function("() => document.body.innerText.includes('| Idle')", timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        cells = page.locator(".jp-CodeCell").count()
        page.wait_for_function(
            "n => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].filter(e => /\\[\\d+\\]/.test(e.textContent)).length >= n",
            arg=cells,
            timeout=200_000,
        )
        page.wait_for_timeout(1500)
        expected = sum(cell["source"][-1].startswith("fig.") for cell in sources(name) if cell["source"])
        assert (
            page.locator(".jp-RenderedVega svg, .jp-RenderedVega canvas, .vega-embed svg, .vega-embed canvas").count()
            >= expected
        )
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        if "fig.explorer" in (ROOT / "notebooks" / name).read_text():
            brushed(page)
        if SHOTS:
            for at, cell in enumerate(page.locator(".jp-CodeCell").all()):
                cell.scroll_into_view_if_needed()
                cell.screenshot(path=f"{SHOTS}/{Path(name).stem}-{at:02d}.png")
        assert not [url for url in tried if "jupyter" not in url], tried
        serious = [
            text
            for text in errors
            if not any(word in text for word in ("favicon", "net::ERR_FAILED", "ResizeObserver", "404", "WebSocket"))
        ]
        assert not serious, serious
    finally:
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{Path(name).stem}-page.png")
        page.close()


def brushed(page):
    """Drag over the linked view: what is marked in one panel changes the others."""
    cell = page.locator(".jp-CodeCell").filter(has_text="fig.explorer")
    cell.scroll_into_view_if_needed()
    drawn = cell.locator(".vega-embed canvas, .vega-embed svg, .jp-RenderedVega canvas, .jp-RenderedVega svg").first
    box = drawn.bounding_box()
    before = drawn.screenshot()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.35)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.35, steps=8)
    page.mouse.up()
    page.wait_for_timeout(800)
    if SHOTS:
        cell.screenshot(path=f"{SHOTS}/brushed.png")
    half = drawn.screenshot()
    assert half != before


def sources(name):
    book = json.loads((ROOT / "notebooks" / name).read_text())
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            lines = [line for line in text.strip().splitlines() if line and not line.startswith(" ")]
            yield {"source": lines[-1:]}


def test_postmortem_opens_with_the_network_off(browser, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "rca", "investigate", str(ROOT / "data" / "checkout-incident"), "--out", str(tmp_path)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    page = browser.new_page(viewport={"width": 1100, "height": 1400})
    tried, errors = offline(page), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto((tmp_path / "postmortem.html").as_uri())
    assert page.locator("figure svg").count() >= 8
    assert page.locator("script").count() == 0
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/postmortem.png", full_page=True)
    assert not tried
    assert not errors
    page.close()
