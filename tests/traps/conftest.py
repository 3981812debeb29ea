"""Fixtures of the traps: boards over folders of their own, and a site to read from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.traps.board import Board, Site, serve_site

Open = Callable[..., Board]


@pytest.fixture
def open_board(tmp_path: Path) -> Iterator[Open]:
    """Makes boards, each in a folder of its own; they are closed at the end."""
    opened: list[Board] = []

    def make(**options: Any) -> Board:
        folder = tmp_path / f"board-{len(opened)}"
        folder.mkdir()
        opened.append(Board(folder, **options))
        return opened[-1]

    yield make
    for board in opened:
        board.catalog.close()
        board.reader.close()


@pytest.fixture
def board(open_board: Open) -> Board:
    """An empty catalog with Callboard's own settings."""
    return open_board()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site without pages."""
    with serve_site() as served:
        yield served
