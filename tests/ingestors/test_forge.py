"""What is the same for every code host: which paths a pattern means, which repositories are chosen, what is remembered."""

import pytest

from catalog.catalog import Catalog
from ingestors.forge import Filters, Repository, is_glob, match


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("catalog-info.yaml", ["catalog-info.yaml"], ["a/catalog-info.yaml", "catalog-infoXyaml"]),
        ("/catalog-info.yaml", ["catalog-info.yaml"], ["a/catalog-info.yaml"]),
        ("a/*.yaml", ["a/x.yaml"], ["a/b/x.yaml", "x.yaml", "a/x.yml"]),
        ("**/x.yaml", ["x.yaml", "a/x.yaml", "a/b/c/x.yaml"], ["a/x.yaml/y", "xx.yaml"]),
        ("a/**/x.yaml", ["a/x.yaml", "a/b/c/x.yaml"], ["x.yaml", "b/x.yaml"]),
        ("a/**", ["a/x", "a/b/x"], ["b/a/x"]),
        ("*/**/x", ["a/x", "a/b/x"], ["x"]),
        ("catalog-info.y?ml", ["catalog-info.yaml", "catalog-info.ybml"], ["catalog-info.yml"]),
        ("[ab].yaml", ["a.yaml"], ["c.yaml", "A.yaml"]),
    ],
)
def test_a_star_stays_in_a_folder_and_two_cross_them(pattern: str, fits: list[str], others: list[str]) -> None:
    assert [path for path in [*fits, *others] if match(path, [pattern])] == fits


def test_a_path_is_wanted_if_one_pattern_fits() -> None:
    assert match("b.yaml", ["a.yaml", "b.yaml"])
    assert not match("b.yaml", [])
    assert [is_glob(one) for one in ("a/b.yaml", "*/b.yaml", "b?", "[b]")] == [False, True, True, True]


def repository(name: str = "acme/shop", **more: object) -> Repository:
    return Repository(**{"name": name, "url": "https://host/acme/shop", "branch": "main", "version": "1", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "accepted", "refused"),
    [
        (Filters(), repository(fork=True), repository(archived=True)),
        (Filters(), repository(), repository(branch="")),
        (Filters(archived=True), repository(archived=True), repository(branch="")),
        (Filters(forks=False), repository(), repository(fork=True)),
        (Filters(name="shop.*"), repository("a/shop-1"), repository("shop/a")),
        (Filters(name="shop"), repository(), repository("acme/my-shop")),
        (Filters(topics=("a", "b")), repository(topics=("b", "c")), repository(topics=("c",))),
        (Filters(topics=("a",), excluded_topics=("b",)), repository(topics=("a",)), repository(topics=("a", "b"))),
        (Filters(visibility=("private",)), repository(visibility="private"), repository(visibility="public")),
    ],
)
def test_filters_choose_repositories(filters: Filters, accepted: Repository, refused: Repository) -> None:
    assert filters.accept(accepted)
    assert not filters.accept(refused)


def test_what_is_cached_outlives_the_process_and_what_a_crawl_did_not_use_is_forgotten(
    catalog: Catalog,
) -> None:
    cache = catalog.cache("one")
    large = b"x" * 100_000
    for key, content in {"a": b"1", "b": large, "c": b"3"}.items():
        cache.put(key, content)
    cache.flush()
    again = catalog.cache("one")
    assert (again.get("a"), again.get("b"), again.get("d")) == (b"1", large, None)
    assert catalog.cache("two").get("a") is None
    again.put("a", b"2")
    assert again.get("a") == b"2"
    again.forget_unused()
    last = catalog.cache("one")
    assert (last.get("a"), last.get("b"), last.get("c")) == (b"2", large, None)


def test_what_is_put_is_written_soon_though_nobody_flushes(catalog: Catalog) -> None:
    cache = catalog.cache("one")
    for number in range(120):
        cache.put(str(number), b"x")
    written = [number for number in range(120) if catalog.cache("one").get(str(number)) is not None]
    assert len(written) >= 100


def test_an_empty_content_is_a_content(catalog: Catalog) -> None:
    cache = catalog.cache("one")

    cache.put("empty", b"")
    cache.flush()
    assert catalog.cache("one").get("empty") == b""
