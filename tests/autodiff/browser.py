"""A headless Chromium, driven over its DevTools protocol, for tests that look at pages.

Holds: `Browser`, `find_chromium` and `jupyterlab`, a server to look at; `CONTRAST`, which measures
a page; `external`, what a page asked of others.  All it needs besides Chromium is tornado, which
Jupyter's kernel brings along, and for the server JupyterLab.
"""

import asyncio
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*",
    "--disable-dev-shm-usage",
]  # fmt: skip

# For every text: its contrast with what lies behind it.
CONTRAST = """
(() => {
  const light = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = s => s.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const shine = s => { const [r, g, b] = parse(s).map(light);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const shapes = [...document.querySelectorAll('svg rect, svg text')];
  return [...document.querySelectorAll('svg text')].map(text => {
    const t = text.getBoundingClientRect();
    const before = shapes.slice(0, shapes.indexOf(text)).filter(s => s.nodeName === 'rect');
    const x = t.left + t.width / 2, y = t.top + t.height / 2;
    let behind = getComputedStyle(document.body).backgroundColor;
    for (const rect of before) {
      const r = rect.getBoundingClientRect(), style = getComputedStyle(rect);
      if (r.left <= x && x <= r.right && r.top <= y && y <= r.bottom && style.fill !== 'none' &&
          style.fillOpacity === '1') behind = style.fill;
    }
    const [a, b] = [shine(getComputedStyle(text).fill), shine(behind)].sort((p, q) => q - p);
    return [text.textContent, (a + 0.05) / (b + 0.05)];
  });
})()
"""


def find_chromium() -> str | None:
    """The program, under whichever name it is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


class Browser:
    """One window.  Use as a context manager.

    Attributes:
        requests: The address of everything the pages asked for.
        problems: What the pages wrote to the console as errors.
    """

    def __init__(self, width: int = 1200, height: int = 800) -> None:
        self._folder = tempfile.mkdtemp(prefix="chromium")
        self._loop = asyncio.new_event_loop()
        self._number = 0
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._process = subprocess.Popen(
            [str(find_chromium()), *FLAGS, f"--user-data-dir={self._folder}",
             f"--window-size={width},{height}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._loop.run_until_complete(self._connect())
        except BaseException:
            self.close()
            raise
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    async def _connect(self) -> None:
        from tornado.httpclient import AsyncHTTPClient
        from tornado.websocket import websocket_connect

        port_file = Path(self._folder) / "DevToolsActivePort"
        deadline = time.monotonic() + 30
        while not (port_file.exists() and port_file.read_text(encoding="utf-8").strip()):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("Chromium did not start")
            await asyncio.sleep(0.05)
        port = port_file.read_text(encoding="utf-8").split()[0]
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json")
        pages = [page for page in json.loads(answer.body) if page["type"] == "page"]
        self._socket = await websocket_connect(
            pages[0]["webSocketDebuggerUrl"], max_message_size=2**28
        )

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser and removes what it wrote."""
        self._process.terminate()
        self._process.wait(10)
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), 60))

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self._socket.write_message(
            json.dumps({"id": number, "method": method, "params": parameters})
        )
        while True:
            text = await self._socket.read_message()
            assert text is not None, "Chromium closed the connection"
            message = json.loads(text)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        method, said = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"][:120])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(said["exceptionDetails"])[:500])
        elif method == "Page.javascriptDialogOpening":  # "Leave this page?"
            self._number += 1
            answer = {"method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            self._socket.write_message(json.dumps({"id": self._number, **answer}))

    def open(self, address: str) -> None:
        """Opens a page and waits until it has loaded."""
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def show(self, html: str) -> None:
        """Opens a page with this content, from a file."""
        page = Path(self._folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        self.open(page.as_uri())

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 20.0) -> None:
        """Waits until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < deadline, f"still not true: {condition}"
            self._loop.run_until_complete(asyncio.sleep(0.05))

    def press(self, key: str) -> None:
        """Presses a key, as `ArrowRight`."""
        codes = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Tab": 9}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key,
                windowsVirtualKeyCode=codes.get(key, 0),
            )  # fmt: skip

    def media(self, **features: str) -> None:
        """Pretends preferences: `media(prefers_reduced_motion="reduce")`."""
        pairs = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=pairs)

    def screenshot(self, path: str | Path) -> None:
        """Writes what is to be seen as PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))


def external(requests):
    return [
        each
        for each in requests
        if not each.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:",
                                "ws://127.0.0.1:", "chrome", "devtools:"))
    ]  # fmt: skip


@contextmanager
def jupyterlab(home: Path) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """A JupyterLab server that keeps all it writes in `home`, and all cells of a page in the page.

    Yields:
        The folder of its notebooks, its address, and its environment.
    """
    folder = home / "notebooks"
    folder.mkdir()
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        **{f"JUPYTER_{what}_DIR": str(home / what) for what in ("CONFIG", "DATA", "RUNTIME")},
        "IPYTHONDIR": str(home / "ipython"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
         f"--port={port}", "--IdentityProvider.token=", "--ServerApp.password=",
         f"--ServerApp.root_dir={folder}", "--expose-app-in-browser",
         f"--LabApp.workspaces_dir={home / 'workspaces'}",
         f"--LabApp.user_settings_dir={home / 'settings'}",
         "--LabApp.extension_manager=readonly",
         "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
         "--LabApp.news_url="],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 40
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "no JupyterLab"
        yield folder, address, environment
    finally:
        process.terminate()
        process.wait(10)
