"""Callboard answers what the real Backstage answered, catalog by catalog."""

import pytest

from catalog.pipeline import Policy
from tests.conformance.compare import HIDDEN_BY_BROKEN_FILES, KNOWN_DIFFERENCES
from tests.conformance.exchange import RECORDED
from tests.conformance.layout import digest, lay_out
from tests.conformance.replay import DEFAULT, Serve, read_recording, read_uids, recorded_catalogs, replay

SHOWN = 25
# The settings that give Backstage's behaviour where ours is another by default.
SETTINGS = dict.fromkeys(HIDDEN_BY_BROKEN_FILES, Policy(broken_files="whole"))


@pytest.mark.parametrize("catalog", recorded_catalogs())
def test_callboard_answers_as_backstage_was_recorded(catalog: str, serve: Serve) -> None:
    found = replay(catalog, serve, SETTINGS.get(catalog, DEFAULT))
    total = len(read_recording(catalog))
    shown = ["\n    ".join([name, *differences[:6]]) for name, differences in list(found.items())[:SHOWN]]
    assert not found, f"{len(found)} of {total} answers differ over `{catalog}`\n" + "\n".join(shown)


@pytest.mark.parametrize("catalog", HIDDEN_BY_BROKEN_FILES)
def test_by_default_only_what_a_broken_file_hides_differs(catalog: str, serve: Serve) -> None:
    assert sorted(replay(catalog, serve)) == sorted(HIDDEN_BY_BROKEN_FILES[catalog])


@pytest.mark.parametrize("catalog", recorded_catalogs())
def test_the_catalog_is_the_one_that_was_recorded(catalog: str) -> None:
    recorded = (RECORDED / catalog / "digest.txt").read_text(encoding="utf-8").strip()
    with lay_out(catalog) as folder:
        assert digest(folder) == recorded, f"`{catalog}` has changed: record it anew (tests/conformance/README.md)"


def test_the_recording_is_as_large_as_promised() -> None:
    assert sum(len(read_recording(catalog)) for catalog in recorded_catalogs()) >= 600


def test_known_differences_are_few_and_still_in_the_recording() -> None:
    names = {f"{catalog}/{exchange.name}" for catalog in recorded_catalogs() for exchange in read_recording(catalog)}
    assert len(KNOWN_DIFFERENCES) <= 10
    assert set(KNOWN_DIFFERENCES) <= names


def test_entities_get_the_uids_that_order_the_recorded_answers(serve: Serve) -> None:
    uids = read_uids("edge")
    with lay_out("edge") as folder, serve(folder / "all.yaml", uids, DEFAULT) as client:
        entities = client.get("/api/catalog/entities?fields=kind,metadata").json()
    given = {f"{e['kind']}:{e['metadata']['namespace']}/{e['metadata']['name']}".lower(): e for e in entities}
    assert {ref: entity["metadata"]["uid"] for ref, entity in given.items()} == uids
