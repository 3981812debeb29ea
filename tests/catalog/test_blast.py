"""The sum of what breaks is that of all that breaks, told only in part."""

import pytest

from catalog.catalog import Catalog


@pytest.mark.parametrize("first", [1, 2, 3, 50])
def test_a_sum_counts_what_the_whole_lists(sample: Catalog, first: int) -> None:
    for ref in sample.view.edges.refs:
        whole, part = sample.blast((ref,)), sample.sum_blast(ref, first=first)
        assert (part.total, part.steps) == (whole.total, whole.steps)
        assert part.share_count == whole.share_count == len(whole.shares)
        assert part.team_count == whole.team_count == sum(bool(share.owner) for share in whole.shares)
        told = [(share.owner, share.total, share.entities[0][1]) for share in whole.shares[:first]]
        assert [(share.owner, share.total, share.entities[0][1]) for share in part.shares] == told
        assert all(len(share.entities) == 1 for share in part.shares)


def test_what_fails_already_is_not_still_to_come(sample: Catalog) -> None:
    root = "resource:default/payments-db"
    whole = dict(sample.blast((root,)).entities)
    failing = ["component:default/payment-api", "component:default/checkout-service", root, "component:default/unknown"]
    part = sample.sum_blast(root, first=99, without=failing)
    assert part.total == len(set(whole) - set(failing)) == len(whole) - 2
    assert sum(part.steps.values()) == sum(share.total for share in part.shares) == part.total
