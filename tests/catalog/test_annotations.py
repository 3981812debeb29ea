"""The table of well-known annotations, and what is read out of their values."""

from string import Formatter

import pytest

from catalog.annotations import (
    ANNOTATIONS,
    BASES,
    CATEGORIES,
    find_annotation,
    find_bases,
    find_links,
    mask,
    parse_labels,
    split_values,
)


def _links(key: str, value: str, **annotations: str) -> list[tuple[str, str]]:
    return find_links(find_annotation(key), value, find_bases({key: value, **annotations}))


@pytest.mark.parametrize("key", ANNOTATIONS)
def test_every_row_has_a_category_and_links_that_can_be_filled(key: str) -> None:
    row = ANNOTATIONS[key]
    assert row.category in CATEGORIES
    for label, template in row.links:
        fields = {field for text in (label, template) for _, field, _, _ in Formatter().parse(text) if field}
        assert fields <= {"base", "url", "value", "query", "item", "first", "last"}
        assert template.startswith(("{base}/", "{url}"))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("github.com/project-slug", "acme/shop", "https://github.com/acme/shop"),
        ("github.com/team-slug", "acme/payments", "https://github.com/orgs/acme/teams/payments"),
        ("gitlab.com/project-slug", "a/b/c", "https://gitlab.com/a/b/c"),
        ("pagerduty.com/service-id", "PABC123", "https://app.pagerduty.com/service-directory/PABC123"),
        ("sonarqube.org/project-key", "cloud/acme_shop", "https://sonarcloud.io/dashboard?id=acme_shop"),
        ("sentry.io/project-slug", "acme/shop", "https://sentry.io/organizations/acme/issues/?query=project%3Ashop"),
        ("grafana/overview-dashboard", "https://g.example/d/1", "https://g.example/d/1"),
        ("images.example.com/repository-slug", "a/b", "https://images.example.com/repository/a/b"),
    ],
)
def test_a_value_leads_to_its_tool(key: str, value: str, expected: str) -> None:
    assert _links(key, value)[0][1] == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("github.com/project-slug", "../../evil"),
        ("github.com/project-slug", ""),
        ("sentry.io/project-slug", "only-one-part"),
        ("argocd/app-name", "shop"),  # nobody has said where Argo CD is
        ("pagerduty.com/integration-key", "0123456789abcdef0123456789abcdef"),
        ("nobody.example/knows", "https://x.example"),
    ],
)
def test_what_leads_nowhere_has_no_link(key: str, value: str) -> None:
    assert _links(key, value) == []


def test_what_a_value_holds_cannot_leave_its_place_in_an_address() -> None:
    assert _links("pagerduty.com/service-id", "P/../?x#y")[0][1] == (
        "https://app.pagerduty.com/service-directory/P%2F..%2F%3Fx%23y"
    )
    assert _links("github.com/project-slug", "a/{base}?x")[0][1] == "https://github.com/a/%7Bbase%7D%3Fx"


def test_a_list_has_a_link_for_each_of_its_values() -> None:
    annotation = find_annotation("argocd/app-name")
    found = find_links(annotation, "shop, shop-eu", {**BASES, "Argo CD": "https://argo.example/"})
    assert found == [
        ("shop", "https://argo.example/applications/shop"),
        ("shop-eu", "https://argo.example/applications/shop-eu"),
    ]


def test_the_instance_is_where_the_entitys_own_source_is() -> None:
    source = {"backstage.io/source-location": "url:https://ghe.example:8443/acme/shop/tree/main/"}
    assert _links("github.com/project-slug", "acme/shop", **source)[0][1] == "https://ghe.example:8443/acme/shop"
    assert _links("github.com/project-slug", "acme/other", **source)[0][1] == "https://github.com/acme/other"
    instance = {"gitlab.com/instance": "git.example.org"}
    assert _links("gitlab.com/project-slug", "a/b", **instance)[0][1] == "https://git.example.org/a/b"
    hostile = {"gitlab.com/instance": "evil.example/x?"}
    assert _links("gitlab.com/project-slug", "a/b", **hostile)[0][1] == "https://gitlab.com/a/b"


def test_values_are_split_as_their_plug_ins_do() -> None:
    assert split_values(find_annotation("prometheus.io/alert"), "A, B ,,C") == ["A", "B", "C"]
    assert split_values(find_annotation("sentry.io/project-slug"), " a/b,c ") == ["a/b,c"]
    assert parse_labels('env=prod, team = "a" ,expr=x=y,nothing') == (("env", "prod"), ("team", "a"), ("expr", "x=y"))
    assert parse_labels("app=a,app=b") == (("app", "a"), ("app", "b"))


def test_a_secret_is_never_shown_whole() -> None:
    key = "0123456789abcdef0123456789abcdef"
    assert mask(key) == "0123…"
    assert mask("short") == "…"
    assert find_annotation("pagerduty.com/integration-key").is_secret
    assert find_annotation("acme.example/deploy-token").is_secret
    assert not find_annotation("acme.example/secret-name").is_secret


def test_an_unknown_annotation_is_put_with_the_others_under_its_prefix() -> None:
    found = find_annotation("acme.example/region")
    assert (found.category, found.tool, found.label, found.lookup) == ("other", "acme.example", "region", "")
