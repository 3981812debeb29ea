"""Serves `catalogs/site/` on a fixed port, for the locations that the recorded requests register.

The port is fixed because it enters annotations and the names of generated Location entities.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import gettempdir
from threading import Thread
from typing import Any

PORT = 17780
FOLDER = Path(__file__).parent / "catalogs" / "site"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test's output is not a web server's log."""


@contextmanager
def serve_website(folder: Path = FOLDER) -> Iterator[str]:
    """Serve `folder` while the context is open and give its base URL."""
    # Tests run in several processes and the port is one: they take turns.
    with (Path(gettempdir()) / f"callboard-website-{PORT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = ThreadingHTTPServer(("127.0.0.1", PORT), partial(_QuietHandler, directory=str(folder)))
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{PORT}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
