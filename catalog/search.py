"""Full text search: Whoosh behind one small door. Fed in the background; never inside a request or a transaction."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from catalog.documents import Json

_WORD = re.compile(r"[^\W_]+")
_IN_PROCESS = 500  # more documents than this are indexed by a process of their own, so that requests keep their core
_SEGMENTS = 12
MAX_HITS = 1_000
_ANSWERS_KEPT = 128


@dataclass(frozen=True, slots=True)
class Text:
    """What can be found of one entity: its name and title, and everything else as one text."""

    ref: str
    title: str
    text: str


def describe(ref: str, entity: dict[str, Json]) -> Text:
    """What the index holds of an entity: names, description, tags, people, links and every annotation value."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    stated = spec.get("profile")
    profile: dict[str, Json] = stated if isinstance(stated, dict) else {}
    parts: list[Any] = [metadata.get("description"), *metadata.get("tags", ()), *profile.values()]
    parts += (metadata.get("annotations") or {}).values()
    parts += (metadata.get("labels") or {}).values()
    parts += [value for link in metadata.get("links") or () for value in (link.get("title"), link.get("url"))]
    parts += [spec.get(name) for name in ("owner", "system", "type", "lifecycle")]
    return Text(
        ref, f"{metadata['name']} {metadata.get('title', '')}", " ".join(p for p in parts if isinstance(p, str))
    )


class Index:
    """The Whoosh index in a folder, and the revision of the catalog that it has reached."""

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="callboard-search-"))
        self._lock = Lock()
        self._index: Any = None
        self._searcher: Any = None
        self._found: dict[tuple[bool | str, ...], list[str]] = {}
        self._refs: dict[int, str] = {}
        self.revision = self._open()

    def _open(self) -> int:
        from whoosh import index as whoosh

        self.folder.mkdir(parents=True, exist_ok=True)
        marker = self.folder / "revision"
        try:
            self._index = whoosh.open_dir(str(self.folder))
            revision = int(marker.read_text())
        except (whoosh.IndexError, OSError, ValueError):
            revision = 0
            self._index = None
        self._searcher = self._index.searcher(weighting=_weighting()) if self._index else None
        return revision

    def update(self, texts: Iterable[Text], removed: Iterable[str], revision: int) -> None:
        """Bring the index to `revision`: put these texts in (in place of older ones) and take these refs out."""
        found = list(texts)
        (self.folder / "revision").write_text("0")
        if self._index is None or len(found) > _IN_PROCESS:
            self._run(found, removed, fresh=self.revision == 0)
        else:
            _write(self._index, found, removed)
        (self.folder / "revision").write_text(str(revision))
        with self._lock:
            if self._searcher is None or len(found) > _IN_PROCESS:
                self._open()
            else:
                self._searcher = self._searcher.refresh()
            self._found, self._refs = {}, {}
            self.revision = revision

    def _run(self, texts: Sequence[Text], removed: Iterable[str], *, fresh: bool) -> None:
        lines = [json.dumps({"fresh": fresh, "removed": list(removed)})]
        lines += [json.dumps([text.ref, text.title, text.text]) for text in texts]
        command = [sys.executable, "-m", "catalog.search", str(self.folder)]
        done = subprocess.run(command, input="\n".join(lines), text=True, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"indexing failed: {done.stderr[-2000:]}")

    def find(self, text: str, *, in_names: bool = True) -> list[str]:
        """Refs of the entities that have every word of `text`, or a word that begins with it, best first, at most `MAX_HITS`.

        Without `in_names`, for a caller who looks for names elsewhere: a single word is looked for in the texts only, and the
        beginning of one is enough only where no text has the word. A third of the work.
        """
        with self._lock:
            found = tuple(_WORD.findall(text.lower()))
            if self._searcher is None or not found:
                return []
            asked: tuple[bool | str, ...] = (in_names, *found)
            if asked not in self._found:
                if len(self._found) >= _ANSWERS_KEPT:
                    self._found.clear()
                hits = self._searcher.search(_query(found, self._searcher, in_names=in_names), limit=MAX_HITS)
                self._found[asked] = [self._ref(number) for _, number in hits.top_n]
            return self._found[asked]

    def _ref(self, number: int) -> str:
        """A document's ref; reading it from the index is slow enough to keep."""
        ref = self._refs.get(number)
        if ref is None:
            ref = self._refs[number] = self._searcher.stored_fields(number)["ref"]
        return ref

    def close(self) -> None:
        """Let go of the files; a temporary index is removed."""
        with self._lock:
            if self._searcher is not None:
                self._searcher.close()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def _schema() -> Any:
    from whoosh import analysis, fields

    plain = analysis.RegexTokenizer(_WORD) | analysis.LowercaseFilter()
    return fields.Schema(
        ref=fields.ID(stored=True, unique=True),
        title=fields.TEXT(analyzer=plain, phrase=False, field_boost=4.0),
        text=fields.TEXT(analyzer=plain, phrase=False),
    )


def _weighting() -> Any:
    from whoosh.scoring import TF_IDF

    return TF_IDF()  # skips blocks of postings, which BM25F does not: five times faster at its slowest


def _query(found: Sequence[str], searcher: Any, *, in_names: bool = True) -> Any:
    """Every word, or one that begins with it; in the long text only where the word itself is not used, for that is slow."""
    from whoosh.query import And, Or, Prefix, Term

    def either(word: str) -> Any:
        is_used = searcher.doc_frequency("text", word)
        inside = Term("text", word) if is_used else Prefix("text", word, boost=0.2)
        if not in_names and len(found) == 1:
            return inside
        named = [Prefix("title", word, boost=2.0)] if in_names or not is_used else []
        return Or([Term("title", word, boost=8.0), *named, inside])

    return either(found[0]) if len(found) == 1 else And([either(word) for word in found])


def _merge_few(writer: Any, segments: list[Any]) -> list[Any]:
    """Keep small updates fast: merge only when there are many segments, and then only the small ones."""
    from whoosh.reading import SegmentReader

    if len(segments) <= _SEGMENTS:
        return segments
    segments = sorted(segments, key=lambda segment: segment.doc_count_all())
    small, large = segments[: len(segments) // 2 + 1], segments[len(segments) // 2 + 1 :]
    for segment in small:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return large


def _write(index: Any, texts: Iterable[Text], removed: Iterable[str]) -> None:
    writer = index.writer(limitmb=256, timeout=30)
    for ref in removed:
        writer.delete_by_term("ref", ref)
    for text in texts:
        writer.update_document(ref=text.ref, title=text.title, text=text.text)
    writer.commit(mergetype=_merge_few)


def _build(folder: str, lines: Iterator[str]) -> None:
    """The work of the indexing process: JSON lines in, first what to remove, then a line a text."""
    from whoosh import index as whoosh

    head = json.loads(next(lines))
    fresh = head["fresh"] or not whoosh.exists_in(folder)
    index = whoosh.create_in(folder, _schema()) if fresh else whoosh.open_dir(folder)
    texts = (Text(*json.loads(line)) for line in lines)
    if not fresh:
        return _write(index, texts, head["removed"])
    writer = index.writer(limitmb=256, timeout=30)
    for text in texts:
        writer.add_document(ref=text.ref, title=text.title, text=text.text)
    writer.commit()


if __name__ == "__main__":
    _build(sys.argv[1], iter(sys.stdin))
