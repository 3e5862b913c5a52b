"""A real browser, driven over the WebDriver protocol by plain requests."""

import base64
import json
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.ports import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class Browser:
    """One window of Chromium, from `with` to its end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._driver: subprocess.Popen[str] | None = None
        self._session = ""

    def __enter__(self) -> "Browser":
        assert DRIVER is not None
        # Not port 0: the driver takes what it gets for ::1 at 127.0.0.1 too, where another test may be.
        port = free_port()
        self._driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.PIPE, text=True)
        assert self._driver.stdout is not None
        told: list[str] = []
        for line in self._driver.stdout:
            told.append(line)
            if "started successfully" in line:
                break
        else:
            raise AssertionError(f"{DRIVER} ended with {self._driver.wait()}: {''.join(told)}")
        threading.Thread(target=self._driver.stdout.read, daemon=True).start()
        self._session = f"http://127.0.0.1:{port}/session"
        options = {"binary": CHROMIUM, "args": [*ARGUMENTS, f"--user-data-dir={self._directory / 'profile'}"]}
        always = {
            "goog:chromeOptions": options,
            "timeouts": {"script": 20_000},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        wanted = {"capabilities": {"alwaysMatch": always}}
        try:
            self._session += "/" + self._call("", wanted)["sessionId"]
        except BaseException:
            self._driver.kill()
            self._driver.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._driver is not None
        try:
            self._call("", None, method="DELETE")
        finally:
            self._driver.terminate()
            self._driver.wait()

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._call("/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of an async function in the page; returns what it returns."""
        wrapped = (
            "const done = arguments[arguments.length - 1];"
            f"(async (...args) => {{ {script} }})(...arguments).then(done, (error) => done(String(error)));"
        )
        return self._call("/execute/async", {"script": wrapped, "args": list(arguments)})

    def until(self, script: str) -> None:
        """Wait until the body of a function in the page returns something true.

        Raises:
            AssertionError: If it does not within the time that a script may take.
        """
        wait = f"while (!(() => {{ {script} }})()) await new Promise((go) => setTimeout(go, 20)); return true;"
        assert self.run(wait) is True

    def look(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Be a window of `width` CSS pixels whose reader likes it light or `dark`."""
        self._devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        likes = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._devtools("Emulation.setEmulatedMedia", features=likes)

    def press(self, key: str) -> None:
        """Press a key, as `KeyboardEvent.key` names it."""
        for kind in ("keyDown", "keyUp"):
            text = "\r" if key == "Enter" and kind == "keyDown" else ""
            self._devtools(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=_KEYS.get(key, 0),
                text=text,
            )

    def printed(self) -> int:
        """Print the page as its style sheet wants; returns on how many sheets of paper it comes."""
        options = {"preferCSSPageSize": True, "printBackground": True}
        found = self._devtools("Page.printToPDF", **options)
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(found["data"])))

    def _devtools(self, command: str, **parameters: object) -> Any:
        return self._call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def console(self) -> list[str]:
        """What pages wrote to the console since it was asked for last: errors, and what a policy forbade."""
        return [str(entry["message"]) for entry in self._call("/se/log", {"type": "browser"})]

    def inject(self, script: str) -> None:
        """Run a script as the page's own, whatever its policy forbids."""
        self._call("/execute/sync", {"script": script, "args": []})

    @property
    def address(self) -> str:
        """Of the page that is shown."""
        return str(self._call("/url", None, method="GET"))

    def _call(self, path: str, body: object, method: str = "POST") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._session + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            # The driver tells what went wrong, for example that a script took too long, as 500.
            raise AssertionError(f"{json.loads(error.read())['value']['message']}\nin {path} of {body}") from error


class ForeignSite:
    """An empty page of another site."""

    def __enter__(self) -> "ForeignSite":
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>foreign</title><iframe name=hidden></iframe>")

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        # The fleet's page is at 127.0.0.1: to a browser this is another site, not only another origin.
        self.url = f"http://localhost:{self._server.server_port}/"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
