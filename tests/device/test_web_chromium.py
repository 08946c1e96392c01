"""The page in a real browser: people are drawn, an incident is answered, a zone is drawn with the pointer and saved."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from real_broker import wait_for
from web_page import page_of

from edgepose.config import load_config

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="needs chromium, which is not installed")]


@pytest.fixture
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright, which is not installed")
    with api.sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield one
        one.close()


def test_people_incidents_and_zones_on_the_page(tmp_path: Path, browser):
    with page_of(tmp_path) as (server, carrier):
        page = browser.new_page(viewport={"width": 1100, "height": 760})
        wrong = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"http://localhost:{server.port}/")
        page.wait_for_selector("text=FALL confirmed")
        page.wait_for_selector("text=2 h 1 min")
        page.click("summary")
        page.wait_for_timeout(2500)  # some traces
        page.fill("input.name", "grandma's bed")
        box = page.locator("canvas").bounding_box()
        for x, y in ((0.1, 0.6), (0.3, 0.6), (0.3, 0.9), (0.1, 0.9)):
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.click("button.close")
        page.wait_for_selector("text=not saved yet")
        page.click("button.save")
        page.wait_for_selector("text=saved in")
        zone = load_config(tmp_path / "edgepose.toml").zones[-1]
        assert (zone.name, zone.policy, zone.camera) == ("grandma's bed", "bed", "hall")
        assert tuple(round(value, 1) for value in zone.polygon[0]) == (0.1, 0.6)
        assert carrier.n_read == 1
        if os.environ.get("EDGEPOSE_SHOT"):
            page.screenshot(path=os.environ["EDGEPOSE_SHOT"])
        page.click("text=Helped")
        assert wait_for(lambda: not carrier.desk.store.open_incidents())
        page.wait_for_selector("text=over: the page")
        page.set_viewport_size({"width": 390, "height": 800})
        wide = (
            "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.className || e.tagName)"
        )
        assert page.evaluate(wide) == []
        if os.environ.get("EDGEPOSE_SHOT"):
            page.screenshot(path=os.environ["EDGEPOSE_SHOT"].replace(".png", "-phone.png"))
        wrong = [one for one in wrong if "404" not in one]  # no pictures, as it should be
        assert wrong == []
