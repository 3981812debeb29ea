"""Asks Lighthouse, from npm, about eight pages in Debian's Chromium and prints one Markdown table.

What costs a point is named below it, and the exit code is 1 if anything does. It serves the sample catalog itself, or asks
a server that runs (`--base`), which must hold the same.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from run import running
from server import Server, choose_port

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parents[1] / "sample-catalog"
CHROMIUM = "/usr/bin/chromium"
PAGES = (
    "/",
    "/catalog",
    "/catalog/default/component/payment-api",
    "/search?q=payment",
    "/graph?root=component:default/payment-api",
    "/teams/team-payments",
    "/apis",
    "/quality",
)
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "practices",
    "seo": "SEO",
}


def main() -> int:
    """Ask, then print."""
    options = read_options()
    if not (FOLDER / "node_modules" / "lighthouse").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    lost: list[str] = []
    print(f"| page | {' | '.join(CATEGORIES.values())} | first paint, ms | KiB | requests | layout shift |")
    print("|---|" + "---:|" * 8)
    with ExitStack() as stack:
        base = options.base or stack.enter_context(running(serve(stack))).base
        for path in options.pages or PAGES:
            report = ask(base + path, options.form)
            print(format_row(path, report), flush=True)
            lost += [f"- {path}: {one}" for one in list_lost(report)]
    print("\n" + "\n".join(lost or ["Nothing costs a point."]))
    return 1 if lost else 0


def serve(stack: ExitStack) -> Server:
    """A Callboard over the sample catalog, when it answers."""
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), choose_port()
    program = str(Path(sys.executable).with_name("callboard"))
    command = [program, "serve", str(SAMPLE), "--port", str(port), "--database", "sqlite://"]
    server = Server(command, port, folder / "server.log")
    server.wait(lambda: server.connection.get("/healthz").status == 200)
    return server


def ask(url: str, form: str) -> dict[str, Any]:
    """Lighthouse's report on one page, in a Chromium that it starts with nothing kept."""
    command = ["node", "node_modules/lighthouse/cli/index.js", url, "--output=json", "--quiet"]
    command += ["--chrome-flags=--headless=new --no-sandbox", "--no-enable-error-reporting"]
    command += ["--preset=desktop"] if form == "desktop" else []
    environment = os.environ | {"CHROME_PATH": CHROMIUM}
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"error: Lighthouse failed on {url}\n{done.stderr[-2_000:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def format_row(path: str, report: dict[str, Any]) -> str:
    """The page's line of the table."""
    scores = [str(round((report["categories"][name]["score"] or 0) * 100)) for name in CATEGORIES]
    audits = report["audits"]
    paint = f"{audits['first-contentful-paint']['numericValue']:.0f}"
    size = f"{audits['total-byte-weight']['numericValue'] / 1024:.1f}"
    requests = len(audits["network-requests"]["details"]["items"])
    shift = f"{audits['cumulative-layout-shift']['numericValue']:.3f}"
    return f"| `{path}` | {' | '.join([*scores, paint, size, str(requests), shift])} |"


def list_lost(report: dict[str, Any]) -> list[str]:
    """The audits that keep a category below 100, with what they say."""
    lost = []
    for name, category in report["categories"].items():
        if category["score"] == 1:
            continue
        for reference in category["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                lost.append(f"{name} {audit['score']:.2f} {audit['id']} {audit.get('displayValue', '')}".rstrip())
    return lost


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", help="ask this running server")
    parser.add_argument("--form", choices=("phone", "desktop"), default="phone", help="what Lighthouse is to imitate")
    parser.add_argument("pages", nargs="*", help="paths to ask for (default: eight pages)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
