"""Neighbourhoods, ways, cycles and impact over the sample catalog; test_graph_truth.py has the proof for charts."""

import pytest

from catalog.catalog import Catalog
from catalog.graph import Question
from catalog.graph.blast import most_needed

PAYMENT = "component:default/payment-api"
POSTGRES = "resource:default/postgres-main"


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


def test_an_unheard_of_entity_has_no_neighbourhood_and_no_chart(sample: Catalog) -> None:
    assert sample.neighbourhood("component:default/nope").nodes == {}
    for ask in (lambda: sample.chart(Question(("component:default/nope",))), lambda: sample.blast(("x:y/z",))):
        with pytest.raises(KeyError):
            ask()


def test_the_one_dependency_cycle_is_found_from_both_ends(sample: Catalog) -> None:
    one, other = "component:default/pricing-service", "component:default/promotion-service"
    for root in (one, other):
        assert sample.chart(Question((root,), depth=1, relations=("dependsOn",))).cycles == [[one, other]]
    assert sample.chart(Question((PAYMENT,), depth=1)).cycles == []


def test_ways_lead_along_what_is_needed_and_say_so_where_they_lead_back(sample: Catalog) -> None:
    there, back = sample.chart(Question((PAYMENT,), POSTGRES)), sample.chart(Question((POSTGRES,), PAYMENT))
    assert not there.is_reversed
    assert back.is_reversed
    assert {box.ref for box in there.boxes} == {box.ref for box in back.boxes} >= {PAYMENT, POSTGRES}


def test_impact_is_who_depends_on_it_and_who_consumes_its_apis(sample: Catalog) -> None:
    found = dict(sample.blast((POSTGRES,)).entities)
    assert found["resource:default/payments-db"] == 1
    assert found[PAYMENT] == 2
    assert found["api:default/payment-api"] == 3
    assert "system:default/payment-system" not in found
    assert "component:default/payment-event-relay" not in dict(sample.blast((PAYMENT,), depth=1).entities)


def test_a_system_fails_with_all_that_is_in_it(sample: Catalog) -> None:
    inside = {
        one for one, _ in sample.neighbourhood("system:default/payment-system", None, "in", ["partOf"]).nodes.items()
    }
    found = sample.blast(("system:default/payment-system",))
    parts = sample.blast(tuple(sorted(inside)))
    assert found.entities == parts.entities
    assert found.total > 0
    assert found.parts == len(inside) - 1
    assert not inside & {ref for ref, _ in found.entities}
    assert sample.count_blast("system:default/payment-system") == (found.total, found.team_count)
    assert sample.blast(("domain:default/payments",)).parts > found.parts


def test_impact_is_shared_out_among_the_owners(sample: Catalog) -> None:
    blast = sample.blast((POSTGRES,))
    assert sum(len(share.entities) for share in blast.shares) == blast.total == sum(blast.steps.values())
    assert "group:default/team-payments" in {share.owner for share in blast.shares}


def test_what_most_depend_on_comes_first(sample: Catalog) -> None:
    assert most_needed(sample.view.edges, 1) == [(POSTGRES, 8)]
