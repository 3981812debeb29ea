"""What sources gave that nobody reads any more: one that was renamed, or taken out of the configuration.

It stays until somebody says otherwise, for another process on the same database may read what this one does not.
"""

from catalog.crawler import Crawler
from catalog.documents import PUSHED
from catalog.errors import CatalogError
from catalog.locations import SOURCE_PREFIX


def is_left(crawler: Crawler, name: str) -> bool:
    """Whether nothing in this process reads a source by that name, and none was pushed or registered as such."""
    return name not in crawler.sources and not name.startswith((f"{PUSHED}:", SOURCE_PREFIX))


def forget(crawler: Crawler, name: str) -> list[str]:
    """Take away all that a source gave that is not read here; the refs it gave up, which others may be waiting for.

    Raises `CatalogError` for one that is, and where there is none.
    """
    if not is_left(crawler, name):
        hint = "Take it out of the configuration, its location or its pushed set away."
        raise CatalogError("conflict", f"`{name}` is a source of this server", hint)
    if all(state.name != name for state in crawler.catalog.sources()):
        raise CatalogError("not_found", f"There is no source `{name}`")
    with crawler.job(name).lock:
        gone = crawler.catalog.empty(name)
    crawler.offer(gone, name)
    return gone
