"""Debian's Chromium, headless, before a real service. Whatever the browser complains about fails the test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.reader import WAIT_MS, Reader
from tests.browser.seeding import BROKEN, OTHER_RUN, RUN, seed_run
from tests.servers import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        # As root Chromium cannot use its own sandbox; it meets nothing here but this service.
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with a training run of 5,000 grades, and a shorter one. Tests share it and only add to it."""
    with Server(tmp_path_factory.mktemp("service"), RFT_SANDBOX_SLOTS="1") as server:
        seed_run(server, RUN, skill=0.9, broken=BROKEN)
        seed_run(server, OTHER_RUN, skill=1.0, steps=10)
        yield server


@pytest.fixture
def reader(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Reader]:
    """Somebody who looks at the page of `server`."""
    reader = Reader(browser, server.url, Path(os.environ.get("SCREENSHOTS", tmp_path)))
    yield reader
    reader.leave()
