"""The picture of an incident, in cases whose cause is known: what an incident commander would say, and would not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app
from web.oncall.incident import MAX_REFS, Incident, picture_incident

Load = Callable[[Mapping[str, Sequence[str]], Mapping[str, str]], Catalog]
ADDRESS = "https://callboard.example/oncall/incident"
GROUP = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: {0}}}
spec: {{type: team, children: [], profile: {{email: {0}@x.example}}}}
"""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """A catalog with a component for each name, what it depends on, and whose it is: `team-a`'s if nothing else is said."""
    catalog = Catalog.open("sqlite://", search=False)

    def put(needs: Mapping[str, Sequence[str]], owners: Mapping[str, str]) -> Catalog:
        names = dict.fromkeys([*needs, *(one for ones in needs.values() for one in ones)])
        texts = [
            component(name, dependsOn=f"[{', '.join(f'component:{one}' for one in needs.get(name, ()))}]").replace(
                "owner: team-a", f"owner: {owners.get(name, 'team-a')}"
            )
            for name in names
        ]
        groups = [GROUP.format(team) for team in sorted({"team-a", *owners.values()} - {"nobody"})]
        (tmp_path / "catalog-info.yaml").write_text("---\n".join([*texts, *groups]))
        catalog.ingest(FolderSource(tmp_path))
        return catalog

    yield put
    catalog.close()


def picture(catalog: Catalog, *names: str) -> Incident:
    return picture_incident(catalog, [f"component:default/{name}" for name in names], ADDRESS)


def lines(incident: Incident) -> list[str]:
    return incident.message.splitlines()


def test_the_owner_of_the_cause_is_called_first_even_when_the_cause_is_quiet(load: Load) -> None:
    needs = {"web": ["api"], "app": ["api"], "api": ["store"], "store": ["db"], "job": ["db"], "report": ["db"]}
    made = picture(load(needs, {"db": "team-data", "web": "team-web", "app": "team-web"}), "web", "app", "job")
    assert made.cause == "component:default/db"
    assert [call.owner.item.label for call in made.calls] == ["team-data", "team-web", "team-a"]
    assert lines(made)[1].startswith(
        "Likely cause: db (all of them need it: job directly, app 3 steps away, web 3 steps away"
    )
    assert lines(made)[2] == "Call team-data (team-data@x.example) for db"
    assert lines(made)[-2] == "Still to come: 3 entities of 1 team: team-a 3"


def test_what_only_a_hub_joins_has_no_likely_cause_and_all_that_fails_is_to_be_counted(load: Load) -> None:
    users = {f"user{number}": ["hub"] for number in range(30)}
    made = picture(load({"a": ["hub"], "b": ["hub"], "of-a": ["a"], "of-b": ["b"], **users}, {}), "a", "b")
    assert (made.cause, made.rival) == ("", "")
    assert made.doubt == "So much else needs it too, and is well, that they may fail each for itself."
    assert lines(made)[1].startswith(
        "In common, no likely cause: hub (all of them need it: a directly, b directly; needed"
    )
    assert made.impact is not None
    assert made.impact.total == 2


def test_two_incidents_at_once_have_no_one_cause(load: Load) -> None:
    needs = {**{f"a{at}": ["x"] for at in range(3)}, **{f"b{at}": ["y"] for at in range(4)}, "c": [], "d": []}
    made = picture(load(needs, {}), *(name for name in needs if name not in "xy"))
    assert made.cause == ""
    assert made.suspects[0].item.label == "y"
    assert made.doubt == "No one thing is needed by half of them: there may be more than one cause."


def test_two_causes_that_are_as_likely_are_both_told(load: Load) -> None:
    made = picture(load({"a": ["x", "y"], "b": ["x", "y"]}, {}), "a", "b")
    assert {made.cause, made.rival} == {"component:default/x", "component:default/y"}
    assert lines(made)[2].startswith("Or as likely: y (all of them need it: a directly, b directly")


def test_things_that_share_only_their_team_are_one_call_and_have_nothing_in_common(load: Load) -> None:
    made = picture(load({"a": ["x"], "b": ["y"]}, {}), "a", "b")
    assert lines(made) == [
        "Failing: a, b",
        "In common: nothing that the catalog knows",
        "Call team-a (team-a@x.example) for a, b",
        ADDRESS,
    ]


def test_one_failing_thing_is_not_told_as_its_own_cause(load: Load) -> None:
    made = picture(load({"a": ["x"], "b": ["a"]}, {}), "a")
    assert (made.cause, made.is_single) == ("component:default/a", True)
    assert not any("cause" in line for line in lines(made))
    assert lines(made)[-2] == "Still to come: 1 entity of 1 team: team-a 1"


def test_things_that_need_each_other_are_both_suspects(load: Load) -> None:
    made = picture(load({"a": ["b"], "b": ["a"], "c": ["a"]}, {}), "a", "b", "c")
    assert {made.cause, made.rival} == {"component:default/a", "component:default/b"}


def test_what_is_unknown_or_nobodys_is_said_in_the_message(load: Load) -> None:
    made = picture(load({"a": ["x"], "b": ["x"]}, {"x": "nobody"}), "a", "b", "ghost")
    assert "Not in the catalog: component:default/ghost" in lines(made)
    assert any(line.startswith("Call nobody") or line == "Nobody owns x" for line in lines(made))


def test_more_than_a_picture_holds_is_said(load: Load) -> None:
    names = [f"n{at}" for at in range(MAX_REFS + 10)]
    catalog = load({name: ["x"] for name in names}, {})
    made = picture(catalog, *names)
    assert (len(made.failing), made.left_out, made.cause) == (MAX_REFS, 10, "component:default/x")
    assert lines(made)[0].endswith("and 50 more")
    refs = ",".join(f"component:default/{name}" for name in names)
    with TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}) as client:
        assert "60 fail; the picture is of the first 50" in client.get("/oncall/incident", params={"refs": refs}).text
        assert client.get("/api/oncall/incident", params={"refs": refs}).json()["leftOut"] == 10


def test_of_two_incidents_at_once_the_smaller_is_told_apart(load: Load) -> None:
    needs = {**{f"a{at}": ["x"] for at in range(4)}, **{f"b{at}": ["y"] for at in range(3)}}
    made = picture(load(needs, {"y": "team-y"}), *needs)
    assert (made.cause, [item.label for item in made.others]) == ("component:default/x", ["b0", "b1", "b2"])
    assert made.apart is not None
    assert (made.apart.item.label, made.apart.covers) == ("y", 3)
    assert [call.owner.item.label for call in made.calls] == ["team-a", "team-y"]
    assert any(line.startswith("Apart from that, b0, b1, b2: y (all of them need it") for line in lines(made))


def test_noise_among_five_is_named_and_given_no_cause(load: Load) -> None:
    needs = {**{f"a{at}": ["x"] for at in range(5)}, "noise": ["z"]}
    made = picture(load(needs, {}), *needs)
    assert (made.cause, [item.label for item in made.others], made.apart) == ("component:default/x", ["noise"], None)


def test_the_page_says_what_does_not_need_the_likeliest(load: Load) -> None:
    needs = {**{f"a{at}": ["x"] for at in range(4)}, **{f"b{at}": ["y"] for at in range(3)}, "noise": []}
    catalog = load(needs, {})
    with TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}) as client:
        for names, words in (
            (list(needs), "There may be two incidents"),
            (["a0", "a1", "noise"], "may fail for itself"),
        ):
            refs = ",".join(f"component:default/{name}" for name in names)
            assert words in client.get("/oncall/incident", params={"refs": refs}).text
        found = client.get(
            "/api/oncall/incident", params={"refs": ",".join(f"component:default/{one}" for one in needs)}
        ).json()
    assert (found["apart"]["title"], len(found["others"])) == ("y", 4)
