"""Neighbourhoods, paths, cycles and impact over the sample catalog."""

from catalog.catalog import Catalog

PAYMENT = "component:default/payment-api"


def test_a_neighbourhood_has_distances_and_only_edges_among_its_nodes(sample: Catalog) -> None:
    found = sample.neighbourhood(PAYMENT, 2, "out", ["dependsOn"])
    assert found.nodes["component:default/auth-service"] == 1
    assert found.nodes["resource:default/postgres-main"] == 2
    assert all(source in found.nodes and target in found.nodes for source, _, target in found.edges)
    assert found.total == len(found.nodes)


def test_a_limit_keeps_the_nearest_and_says_how_many_there_are(sample: Catalog) -> None:
    found = sample.neighbourhood(PAYMENT, None, "both", limit=5)
    assert len(found.nodes) == 5
    assert found.total > 5
    assert PAYMENT in found.nodes


def test_an_inverse_relation_type_means_the_same_edges(sample: Catalog) -> None:
    assert sample.neighbourhood(PAYMENT, 1, "out", ["dependencyOf"]) == sample.neighbourhood(
        PAYMENT, 1, "out", ["dependsOn"]
    )


def test_an_unknown_entity_has_an_empty_neighbourhood(sample: Catalog) -> None:
    assert sample.neighbourhood("component:default/nope").nodes == {}
    assert sample.path("component:default/nope", PAYMENT) == []
    assert sample.impact("component:default/nope") == {}
    assert sample.cycles("component:default/nope") == []


def test_the_one_dependency_cycle_is_found_from_both_ends(sample: Catalog) -> None:
    one, other = "component:default/pricing-service", "component:default/promotion-service"
    assert sample.cycles(one) == [[one, other]]
    assert sample.cycles(other) == [[other, one]]
    assert sample.cycles(PAYMENT) == []


def test_a_path_leads_along_what_is_needed_and_not_back(sample: Catalog) -> None:
    found = sample.path(PAYMENT, "resource:default/prod-cluster")
    assert found[0] == PAYMENT
    assert found[-1] == "resource:default/prod-cluster"
    assert sample.path("resource:default/prod-cluster", PAYMENT) == []


def test_impact_is_who_depends_on_it_and_who_consumes_its_apis(sample: Catalog) -> None:
    found = sample.impact("resource:default/postgres-main")
    assert found["resource:default/payments-db"] == 1
    assert found[PAYMENT] == 2
    assert "system:default/payment-system" not in found
    consumers = {ref for ref, distance in sample.impact(PAYMENT).items() if distance == 2}
    assert "component:default/payment-event-relay" not in sample.impact(PAYMENT, 1)
    assert consumers
