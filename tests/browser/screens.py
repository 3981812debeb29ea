"""Pictures of every page in four forms, for the README and for eyes: `make screens`. Palette PNGs, so that they stay small."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.browser.examples import ALL
from tests.browser.opening import launch, open_page
from tests.browser.serving import SAMPLE, serve, write_broken
from tests.programs import PATIENCE
from tests.web.shelf import open_gate

FOLDER = Path(__file__).parents[2] / ".github" / "screens"
FORMS = [(size, scheme) for size in ("wide", "phone") for scheme in ("light", "dark")]


def main(names: list[str]) -> None:
    """Make the pictures of the named examples, or of all, and take away those that no example has."""
    with copied() as folder, launch() as browser:
        broken = write_broken(folder / "repositories")
        with serve([folder / "sample-catalog", broken], gate=open_gate()) as base:
            parts = {"broken": quote(f"{broken}/catalog-info.yaml", safe=""), "folder": find_folder(base)}
            for name, path in ALL:
                if not names or name in names:
                    shoot(browser, name, base + path.format(**parts))
    known = {f"{name}-{size}-{scheme}.png" for name, _ in ALL for size, scheme in FORMS}
    for picture in FOLDER.glob("*.png"):
        if picture.name not in known:
            picture.unlink()


@contextmanager
def copied() -> Iterator[Path]:
    """A folder with the sample catalog whose path is the same everywhere: pages show it."""
    folder = Path(tempfile.gettempdir()) / "acme"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE, folder / "sample-catalog")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def find_folder(base: str) -> str:
    """The source of the sample catalog, as it stands in an address."""
    sources = httpx.get(f"{base}/api/sources", timeout=PATIENCE).json()["items"]
    return quote(next(one["name"] for one in sources if "sample-catalog" in one["name"]), safe="")


def shoot(browser: Any, name: str, url: str) -> None:
    """One page in its four forms, as much of it as a screen shows."""
    for size, scheme in FORMS:
        page = open_page(browser, size, scheme)
        page.goto(url)
        picture = FOLDER / f"{name}-{size}-{scheme}.png"
        page.screenshot(path=picture)
        page.context.close()
        if shutil.which("pngquant"):
            command = ["pngquant", "--force", "--skip-if-larger", "--quality", "60-90", "--ext", ".png", str(picture)]
            subprocess.run(command, check=False)  # 98 and 99 say that it would have become larger, or ugly


if __name__ == "__main__":
    main(sys.argv[1:])
