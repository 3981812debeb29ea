"""What URLs of code hosts mean, against what Backstage's own integrations answer (`scm_answers.jsonl`)."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.scm import Host, Hosts, UnformedError, annotations_of, edit_url, raw_url, resolve_placeholder, resolve_url
from catalog.scm.giturl import UrlError, parse_git_url

HOSTS = Hosts(
    [
        Host("ghe.example.com", "github"),
        Host("gitlab.example.com", "gitlab", base_url="https://gitlab.example.com/code"),
        Host("bitbucket.example.com", "bitbucketServer"),
        Host("gitea.example.com", "gitea"),
        Host("gerrit.example.com", "gerrit", gitiles_url="https://gerrit.example.com/gitiles"),
    ]
)
ANSWERS = [
    json.loads(line) for line in (Path(__file__).parent / "scm_answers.jsonl").read_text(encoding="utf-8").splitlines()
]


def answer(row: dict[str, Any]) -> Any:
    url = row["url"]
    try:
        match row["ask"]:
            case "resolve":
                return resolve_url(row["target"], url, HOSTS)
            case "git":
                found = parse_git_url(url)
                names = ("resource", "owner", "name", "full_name", "ref")
                return {name: getattr(found, name) for name in names} | {
                    "filepath": found.path,
                    "type": found.path_type,
                }
        host = HOSTS.find(url)
        assert host is not None
        return (edit_url if row["ask"] == "edit" else raw_url)(url, host)
    except UrlError as error:
        return {"error": f"{error.name}: {error}"}


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row['ask']} {row.get('target', '')} {row['url']}")
def test_urls_mean_what_backstage_takes_them_for(row: dict[str, Any]) -> None:
    assert answer(row) == row["answer"]


FILE = "https://github.com/acme/api/blob/main/catalog-info.yaml"


def test_an_entity_of_a_code_host_is_annotated_with_view_edit_and_source() -> None:
    assert annotations_of(FILE, HOSTS) == {
        "backstage.io/view-url": FILE,
        "backstage.io/edit-url": "https://github.com/acme/api/edit/main/catalog-info.yaml",
        "backstage.io/source-location": "url:https://github.com/acme/api/tree/main/",
    }


def test_a_file_at_a_commit_has_no_edit_url() -> None:
    url = f"https://github.com/acme/api/blob/{'0a' * 20}/catalog-info.yaml"
    assert set(annotations_of(url, HOSTS)) == {"backstage.io/view-url", "backstage.io/source-location"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:17780/a.yaml", "https://example.com/a", "not a url"])
def test_other_places_have_a_view_url_only(url: str) -> None:
    assert annotations_of(url, HOSTS) == {"backstage.io/view-url": url}


def test_a_url_that_is_no_files_leaves_out_what_cannot_be_told() -> None:
    assert set(annotations_of("https://gerrit.example.com/gitiles", HOSTS)) == {"backstage.io/view-url"}


def test_hosts_are_known_by_type_alone() -> None:
    hosts = Hosts.of_types({"git.example.com": "github", "review.example.com": "gerrit"})
    found = hosts.find("https://git.example.com/o/r/blob/main/a.yaml")
    assert found is not None
    assert raw_url("https://git.example.com/o/r/blob/main/a.yaml", found) == (
        "https://git.example.com/api/v3/repos/o/r/contents/a.yaml?ref=main"
    )
    assert edit_url("https://review.example.com/plugins/gitiles/p/+/HEAD/a", Host("review.example.com", "gerrit"))
    assert hosts.find("https://github.com/o/r") is not None
    assert hosts.find("https://git.example.com:8443/o/r") is None


PLACEHOLDERS = [
    ("./a.txt", "https://github.com/acme/api/tree/main/a.txt"),
    ("https://github.com/acme/api/blob/other/a.txt", "https://github.com/acme/api/tree/other/a.txt"),
    ("https://raw.githubusercontent.com/acme/web/main/a.txt", "https://raw.githubusercontent.com/acme/web/main/a.txt"),
    ("https://example.com/a.txt", "https://example.com/a.txt"),
]


@pytest.mark.parametrize(("target", "url"), PLACEHOLDERS)
def test_a_placeholder_may_name_its_own_repository_and_places_that_are_none(target: str, url: str) -> None:
    assert resolve_placeholder(target, FILE, HOSTS) == url


@pytest.mark.parametrize(
    "target", ["https://github.com/acme/web/blob/main/a.txt", "https://gitlab.com/acme/api/-/blob/main/a.txt"]
)
def test_a_placeholder_may_not_name_another_repository(target: str) -> None:
    with pytest.raises(UnformedError) as raised:
        resolve_placeholder(target, FILE, HOSTS)
    assert raised.value.message == (
        f"could not form a URL out of {FILE} and {target}, Error: Placeholder may only reference files from the same "
        "repository as the entity"
    )


def test_a_placeholder_relative_to_no_url_cannot_be_formed() -> None:
    with pytest.raises(UnformedError) as raised:
        resolve_placeholder("./a.txt", "/srv/a.yaml", HOSTS)
    assert raised.value.message == "could not form a URL out of /srv/a.yaml and ./a.txt, TypeError: Invalid URL"


CLIMBING = [
    "https://github.com/o%2f..%2f..%2fuser/blob/main/f",
    "https://github.com/o/r/blob/main/a%5c..%5c..%5c..%5cx",
    "https://github.com/o/r/blob/main/.%09./.%09./.%09./x",
    "https://github.com/o/r/blob/main/%25zz/%252e%252e/%252e%252e/%252e%252e/x",
    "https://github.com/o/user%3f/blob/main/f",
    "https://bitbucket.org/o/r/src/..%2fpullrequests",
    "https://bitbucket.example.com/projects/..%2f..%2fadmin/repos/r/browse/f",
    "https://gitea.example.com/o/r/src/branch/main/../../../../../users/x",
    "https://gitea.example.com/o/r/src/branch/main/a%2f..%2f..%2f..",
    "https://gitea.example.com/o/r/word/branch/main/a/%2e%2e/%2e%2e/%2e%2e/x",
    "https://gitea.example.com/o/..%2f..%2fadmin%3f/src/branch/main/f",
    "https://gitea.example.com/?/../src/branch/main/f",
]


@pytest.mark.parametrize("url", CLIMBING)
def test_no_url_of_a_file_leads_about_the_hosts_api(url: str) -> None:
    host = HOSTS.find(url)
    assert host is not None
    with pytest.raises(UrlError):
        raw_url(url, host)


def test_a_giteas_file_is_where_its_url_leads_when_it_is_fetched() -> None:
    url = "https://gitea.example.com/o/r/src/branch/main/a/../f.yaml?display=source#L3"
    host = HOSTS.find(url)
    assert host is not None
    assert raw_url(url, host) == "https://gitea.example.com/api/v1/repos/o/r/contents/f.yaml?ref=main"
