"""Somebody before the page: opens views, waits for what they show, and keeps what the browser complains about."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Locator, Request

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
WAIT_MS = 30_000


class Reader:
    """A tab of its own, with nothing kept from others."""

    def __init__(self, browser: Browser, url: str, pictures: Path, **options: Any) -> None:
        self.url = url
        self._pictures = pictures
        self._context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self._context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._context.set_default_timeout(WAIT_MS)
        self.tab = self._context.new_page()
        self.complaints: list[str] = []
        self._expected: list[str] = []
        self.hosts: set[str] = set()
        self.tab.on("console", self._heard)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.tab.on("request", self._asked)

    def open(self, address: str, title: str | None = None) -> Locator:
        """The view at `address`, loaded anew, once its heading `title` is there: its `main`."""
        self.tab.goto("about:blank")
        self.tab.goto(f"{self.url}/{address}")
        return self.sees(title) if title else self.tab.locator("main")

    def sees(self, title: str) -> Locator:
        """Waits until a heading of the view says `title`; its `main`."""
        main = self.tab.locator("main")
        main.get_by_role("heading", name=title, exact=True).first.wait_for()
        return main

    def faults(self) -> list[str]:
        """What axe finds wrong with the view for somebody who cannot see, or has no mouse."""
        self.tab.evaluate(AXE)
        found = self.tab.evaluate("axe.run()")
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def look_again(self) -> None:
        """Comes back to the tab, at which it asks for news at once."""
        self.tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def theme(self, scheme: Literal["light", "dark"]) -> None:
        self.tab.emulate_media(color_scheme=scheme)

    def picture(self, name: str) -> Path:
        """A screenshot of what stands in the window; `make screenshots` puts it in docs/."""
        file = self._pictures / f"page_{name}.png"
        self.tab.screenshot(path=file, animations="disabled", caret="hide")
        return file

    def expects(self, words: str) -> None:
        """Complaints with these words are as they should be, those that are still to come too."""
        self._expected.append(words)

    def leave(self) -> None:
        """Closes the tab; raises if the browser complained, or if anything but the service was asked."""
        self._context.close()
        unexpected = [said for said in self.complaints if not any(words in said for words in self._expected)]
        assert not unexpected, unexpected
        assert self.hosts <= {self.url.removeprefix("http://")}, self.hosts

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _asked(self, request: Request) -> None:
        if request.url != "about:blank":
            self.hosts.add(request.url.split("/")[2])
