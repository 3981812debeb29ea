"""The configuration file: every key described, every mistake with its line, no secret shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogError
from web.settings import Auto, Settings, check_settings, parse_duration, read_settings, settings_schema

TOKEN = "correct-horse-battery"


def check(tmp_path: Path, text: str) -> Settings | list[str]:
    """The settings in a file of this text, or its mistakes as `LINE:COLUMN: what`, a hint after a bar."""
    path = tmp_path / "callboard.yaml"
    path.write_text(text)
    found = check_settings(path)
    if isinstance(found, Settings):
        return found
    assert all(str(one).startswith(f"{path}:{one.line}:{one.column}: ") for one in found)
    return [f"{one.line}:{one.column}: {one.message}" + (f" | {one.hint}" if one.hint else "") for one in found]


def test_an_empty_file_and_one_of_comments_are_the_defaults(tmp_path: Path) -> None:
    assert check(tmp_path, "") == check(tmp_path, "# nothing yet\n") == Settings()


def test_every_key_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_TOKEN", TOKEN)
    monkeypatch.setenv("CALLBOARD_TEST_PASSWORD", "p")
    (tmp_path / "token.txt").write_text("another-secret\n")
    found = check(
        tmp_path,
        """
sources: [repos, /abs, https://example.com/x]
every: 5m
removals: {share: 0.5, at_most: 50}
patterns: ["**/x.yaml"]
host: 0.0.0.0
port: 8080
database: postgresql://u:${CALLBOARD_TEST_PASSWORD}@h/db
auth:
  tokens:
    - {token: "${CALLBOARD_TEST_TOKEN}", subject: ci}
    - {token: {file: token.txt}, subject: ops}
  reads: token
  guest: user:default/guest
cors: {origins: ["http://localhost:3000", "https://*.example.com"], credentials: false}
reading: {allow: [{host: "*.example.com:8000-9000", paths: [/a]}]}
hosts:
  git.example.com: gitea
  github.com: {token: "${CALLBOARD_TEST_TOKEN}", webhook_secret: {file: token.txt}}
  bitbucket.org: {client: {id: callboard, secret: {file: token.txt}}}
live: {pagerduty: {main: {token: "${CALLBOARD_TEST_TOKEN}"}}, prometheus: {eu: {url: "http://prometheus:9090"}}}
alerts: {receivers: {pager: {url: "https://pager.example.com/in", token: "${CALLBOARD_TEST_TOKEN}"}}, timeout: 5s}
public_url: https://callboard.example.com
locations: {types: [url, file], conflict: refresh, every: 2m}
rules: [{allow: [Component, {kind: API, type: grpc}]}]
orphans: keep
broken_files: whole
relation_targets: true
""",
    )
    assert isinstance(found, Settings)
    assert [one.target for one in found.sources if isinstance(one, Auto)] == [
        str(tmp_path / "repos"),
        "/abs",
        "https://example.com/x",
    ]
    assert found.database == "postgresql://u:p@h/db"
    assert [one.token.get_secret_value() for one in found.auth.tokens] == [TOKEN, "another-secret"]
    assert (found.orphans, found.broken_files, found.locations.conflict) == ("keep", "whole", "refresh")
    assert {name: host.type for name, host in found.hosts.items()} == {
        "git.example.com": "gitea",
        "github.com": "github",
        "bitbucket.org": "bitbucketCloud",
    }
    assert found.hosts["github.com"].token is not None
    assert (found.every, found.locations.every, found.removals.share) == (300.0, 120.0, 0.5)
    assert found.model_dump(exclude_defaults=True).keys() == Settings.model_fields.keys()


def test_no_way_to_print_settings_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_TOKEN", TOKEN)
    text = 'database: "postgresql://u:${CALLBOARD_TEST_TOKEN}@h/d"\n'
    found = check(tmp_path, text + 'auth: {tokens: [{token: "${CALLBOARD_TEST_TOKEN}", subject: ci}]}\n')
    assert isinstance(found, Settings)
    assert TOKEN not in repr(found) + str(found) + repr(found.auth.tokens) + found.auth.model_dump_json()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("sorces: [.]", "1:1: unknown key `sorces` | Did you mean `sources`?"),
        ("auth:\n  raeds: open", "2:3: unknown key `auth.raeds` | Did you mean `reads`?"),
        ("cors: {zzz: 1}", "1:8: unknown key `cors.zzz` | Known keys are `credentials`, `origins`."),
        ("port: many", "1:7: `port` must be a port number | A whole number from 1 to 65535."),
        ("port: 70000", "1:7: `port` must be a port number | A whole number from 1 to 65535."),
        ("port: true", "1:7: `port` must be a port number | A whole number from 1 to 65535."),
        ("sources: .", "1:10: `sources` must be a list"),
        ("sources:\n  - a\n  - 3", "3:5: `sources[1]` must be a text, or keys and values with a `type`"),
        ("sources: [{type: github, organisaton: a}]", "1:11: `sources[0].organisation` is missing"),
        ("sources: [{type: git, url: a, filters: {}}]", "1:31: unknown key `sources[0].filters`"),
        (
            "sources:\n- type: gitlab\n  filters: {nam: a}",
            "3:13: unknown key `sources[0].filters.nam` | Did you mean `name`?",
        ),
        ("sources: [{target: a, filters: {name: '('}}]", "1:39: `sources[0].filters.name` is not a regular expression"),
        ("every: soon", "1:8: `every` must be a duration | Such as `90s`, `10m`, `3h`, `PT10M` or `{minutes: 10}`."),
        ("removals: {share: 20}", "1:19: `removals.share` must be a share | From 0 to 1: `0.2` is a fifth."),
        ("hosts: {git.example.com: {}}", "1:9: `hosts.git.example.com.type` is missing"),
        ("auth:\n", "1:1: `auth` must be keys and values"),
        ("cors: {credentials: yes}", "1:21: `cors.credentials` must be `true` or `false`"),
        ("orphans: drop", "1:10: `orphans` must be one of `delete`, `keep`"),
        ("locations: {types: [ftp]}", "1:21: `locations.types[0]` must be one of `url`, `file`"),
        ("reading: {allow: [{paths: [/a]}]}", "1:19: `reading.allow[0].host` is missing"),
        ("rules: [{allow: [API, 3]}]", "1:23: `rules[0].allow[1]` must be keys and values"),
        (
            "rules: [{allow: [{kynd: API, kind: API}]}]",
            "1:19: unknown key `rules[0].allow[0].kynd` | Did you mean `kind`?",
        ),
        ("rules: [{allow: ['']}]", "1:18: `rules[0].allow[0].kind` must be a text that is not empty"),
        ("x: 1\n---\ny: 2", "2:1: a second document | Keep one document in this file."),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_do(tmp_path: Path, text: str, mistake: str) -> None:
    found = check(tmp_path, text)
    assert isinstance(found, list)
    assert found[0].startswith(mistake) if "|" not in mistake else found[0] == mistake


def test_an_unknown_type_of_source_is_told_all_types(tmp_path: Path) -> None:
    found = check(tmp_path, "sources: [{type: githubb}]")
    assert isinstance(found, list)
    assert found[0].startswith("1:18: `sources[0].type` must be one of `auto`, `azure`, ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("3 hours", 10_800),
        ("1 day", 86_400),
        ("PT1H30M", 5_400),
        ("P1D", 86_400),
        ({"minutes": 30}, 1_800),
        ({"hours": 1, "seconds": 1}, 3_601),
    ],
)
def test_a_duration_is_written_in_any_of_three_ways(text: Any, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-5m", "ten", "P", "PT", {}, {"minutes": "1"}, {"years": 1}, 5, None, "5x"])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)


SOURCES = """
sources:
  - {type: folder, path: a, patterns: ["*.yaml"]}
  - {type: file, path: a.yaml, rules: [Component, {kind: API, type: grpc}]}
  - {type: url, url: "https://example.com/a.yaml", presence: optional, every: 1h}
  - {type: git, url: "https://example.com/a.git", branch: main, codeowners: true}
  - {type: github, organisation: acme, codeowners: true, filters: {name: "a.*", topics: [x], visibility: [public]}}
  - {type: github_org, organisations: [acme], exclude_suspended: true}
  - {type: gitlab, group: a/b, exclude: [a/b/c], group_patterns: [x]}
  - {type: gitlab_org, group: a, user_pattern: "@acme"}
  - {type: gitea, organisation: acme, host: git.example.com}
  - {type: bitbucket_cloud, workspace: acme, project: PAY}
  - {type: bitbucket_server, host: bb.example.com, filters: {archived: true}}
  - {type: azure, organisation: acme, project: pay}
  - {type: s3, bucket: b, access_key: "${CALLBOARD_TEST_TOKEN}", secret_key: {file: key}}
  - {type: ldap, url: "ldaps://d", bind: {dn: "cn=a", secret: "${CALLBOARD_TEST_TOKEN}"}, users: [{dn: "ou=u"}]}
  - {target: "https://github.com/acme", every: 10m}
"""


def test_sources_of_all_types_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_TOKEN", TOKEN)
    (tmp_path / "key").write_text("another-secret\n")
    found = check(tmp_path, SOURCES)
    assert isinstance(found, Settings), found
    types = set(settings_schema()["properties"]["sources"]["items"]["anyOf"][1]["discriminator"]["mapping"])
    assert {one.type for one in found.sources} <= types
    assert TOKEN not in repr(found)
    assert "another-secret" not in str(found.model_dump())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "1:1: expected keys and values"),
        ("a: [", "did not find expected node content"),
        ("port: 1\nport: 2", "2:1: Map keys must be unique"),
        ('cors: {origins: ["https://x.y/"]}', "`cors.origins[0]` must be an origin"),
        ('cors: {origins: ["*"]}', "`cors.origins[0]` must be an origin"),
        ('reading: {allow: [{host: "https://a"}]}', "`reading.allow[0].host` must be a host"),
        ("reading: {allow: [{host: a, paths: [b]}]}", "`reading.allow[0].paths[0]` must begin with `/`"),
        ("hosts: {git.example.com: gitee}", "`hosts.git.example.com.type` must be one of `github`"),
        ("hosts: {git.example.com: gitee}", "| Did you mean `gitea`?"),
        ("hosts: {'https://git.example.com': gitea}", "`hosts.https://git.example.com` must be the name of a host"),
        ("hosts: {git.example.com/code: gitea}", "`hosts.git.example.com/code` must be the name of a host"),
        ("hosts: {a.b: {type: gitea, api: git.example.com}}", "`hosts.a.b.api` must be a URL"),
        ("sources: [{type: ldap, url: 'https://a'}]", "`sources[0].url` must be the URL of a directory"),
        ("auth: {guest: group:default/a}", "`auth.guest` must be the ref of a user"),
        ("auth: {guest: 'a b'}", "`auth.guest` must be the ref of a user"),
        ("database: postgresql://u:secret@h/d", "`database` has its password written out"),
        ("database: postgresql://h/d?user=u&password=secret", "`database` has its password written out"),
        ("database: postgresql://u:${CALLBOARD_UNSET}@h/d", "environment variable `CALLBOARD_UNSET`, which is not set"),
        ("sources: [~nobody-of-this-name/x]", "home folder of a user that there is not"),
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, text: str, words: str) -> None:
    found = check(tmp_path, text)
    assert isinstance(found, list)
    assert words in found[0]
    assert "secret@" not in "".join(found)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (TOKEN, "must not be written out in the file | Write `${CALLBOARD_TOKEN}` and set that variable"),
        ("prefix-${CALLBOARD_TEST_TOKEN}", "must not be written out in the file"),
        ("[a]", "must not be written out in the file"),
        ("${CALLBOARD_UNSET}", "names the environment variable `CALLBOARD_UNSET`, which is not set"),
        ("${CALLBOARD_TEST_SHORT}", "must have at least 8 characters"),
        ("${CALLBOARD_TEST_SPACED}", "must not contain white space"),
        ("{file: nowhere}", "which could not be read: No such file or directory"),
        ("{file: .}", "which could not be read: Is a directory"),
        ("{fil: a}", "must not be written out in the file"),
    ],
)
def test_a_token_comes_from_elsewhere_and_is_a_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, words: str
) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_TOKEN", TOKEN)
    monkeypatch.setenv("CALLBOARD_TEST_SHORT", "seven77")
    monkeypatch.setenv("CALLBOARD_TEST_SPACED", "one two three")
    found = check(tmp_path, f"auth:\n  tokens:\n    - token: {token}\n      subject: ci\n")
    assert isinstance(found, list)
    assert found[0].startswith("3:")
    assert "`auth.tokens[0].token` " in found[0]
    assert words in found[0]
    assert not any(secret in found[0] for secret in (TOKEN, "seven77", "one two"))


def test_all_mistakes_are_found_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = check(tmp_path, "sorces: []\nport: x\nauth: {reads: a, tokens: [{}]}\n")
    assert isinstance(found, list)
    assert [one.split(":")[0] for one in found] == ["1", "2", "3", "3", "3"]


def test_reading_raises_the_first_and_counts_the_others(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text("sorces: []\nport: x\n")
    with pytest.raises(CatalogError, match="unknown key `sorces`; 1 more, which `callboard config check") as raised:
        read_settings(path)
    assert raised.value.hint == "Did you mean `sources`?"
    with pytest.raises(CatalogError, match="could not be read"):
        read_settings(tmp_path / "nope.yaml")


def _keys(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    objects = [schema, *schema["$defs"].values()]
    return [pair for one in objects for pair in one.get("properties", {}).items()]


def test_the_schema_describes_every_key_and_is_json() -> None:
    schema = settings_schema()
    sections = {f"#/$defs/{name}": one for name, one in schema["$defs"].items()}
    assert [
        name for name, one in _keys(schema) if not (one | sections.get(one.get("$ref", ""), {})).get("description")
    ] == []
    assert {"sources", "subject", "allow", "origins", "broken_files"} <= {name for name, _ in _keys(schema)}
    json.dumps(schema)


def test_who_asks_a_host_may_be_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_USER", "ann")
    found = check(tmp_path, 'hosts: {a.b: {type: gerrit, username: "${CALLBOARD_TEST_USER}"}}')
    assert isinstance(found, Settings)
    assert found.hosts["a.b"].username == "ann"
    assert "which is not set" in check(tmp_path, 'hosts: {a.b: {type: gerrit, username: "${CALLBOARD_UNSET}"}}')[0]  # type: ignore[index]
