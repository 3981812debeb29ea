"""Backstage's configuration as ours: what is taken over is valid here, the rest is named with its line, no secret is copied."""

import re
from pathlib import Path
from typing import Any

import pytest

from catalog.catalog import read_yaml
from catalog.documents import Document, Location
from tests.web.spoiling import WRONG, spoil
from web.app_config import Imported, translate_app_config
from web.settings import Settings, check_settings
from web.yaml import format_yaml

APP_CONFIG = """
app: {title: Acme}
backend:
  baseUrl: http://localhost:7007
  auth:
    externalAccess:
      - type: static
        options: {token: "${CI_TOKEN}", subject: ci}
      - type: static
        options: {token: "${SCOPED_TOKEN}", subject: scoped}
        accessRestrictions: [{plugin: catalog}]
      - type: jwks
        options: {url: "https://idp/jwks"}
  reading:
    allow: [{host: "*.example.com", paths: [/catalogs/]}]
  cors: {origin: http://localhost:3000, methods: [GET], credentials: true}
integrations:
  github:
    - host: github.com
      token: ${GITHUB_TOKEN}
    - host: ghe.example.com
      apiBaseUrl: https://ghe.example.com/api/v3
      apps:
        - appId: 12
          clientId: a
          clientSecret: ${CLIENT}
          webhookSecret: ${HOOK_SECRET}
          privateKey: {$file: key.pem}
  gitlab: [{host: git.example.com, token: written-out-sesame}]
  bitbucketCloud: [{username: u, appPassword: "${BB_PASSWORD}", clientId: c, clientSecret: "${BB_SECRET}"}]
  bitbucketServer: [{host: bb.example.com, token: {$env: BB_TOKEN}}]
  azure: [{host: dev.azure.com, credentials: [{personalAccessToken: "${AZURE_TOKEN}"}]}]
  gitea: [{host: gitea.example.com, password: "${GITEA_TOKEN}"}]
  gerrit: [{host: gerrit.example.com, gitilesBaseUrl: "https://code.example.com", username: u, password: "${G_PASSWORD}"}]
  awsS3: [{accessKeyId: "${AWS_KEY}", secretAccessKey: "${AWS_SECRET}"}]
  harness: [{host: app.harness.io}]
catalog:
  readonly: true
  orphanStrategy: keep
  processingInterval: {minutes: 5}
  defaultLocationConflictStrategy: refresh
  rules:
    - allow: [Component, {kind: API, spec.type: grpc}]
    - allow: [User, Group]
      locations: [{type: url, pattern: "https://github.com/acme/**"}]
  locations:
    - {type: url, target: "https://github.com/acme/all/blob/main/all.yaml"}
    - {type: file, target: ../../examples/org.yaml, rules: [{allow: [User, Group]}]}
    - {type: ldap-org, target: ldap}
  providers:
    github:
      acme:
        organization: acme
        catalogPath: /catalog-info.yaml
        filters: {repository: "pay-.*", branch: main, topic: {include: [backstage], exclude: [old]}, allowForks: false}
        schedule: {frequency: {minutes: 30}, timeout: {minutes: 3}}
    githubOrg: {id: production, githubUrl: "https://github.com", orgs: [acme], schedule: {frequency: PT1H}}
    gitlab:
      main:
        host: git.example.com
        group: acme
        orgEnabled: true
        groupPattern: [platform]
        skipForkedRepos: true
        schedule: {frequency: {cron: "0 * * * *"}, timeout: PT3M}
    bitbucketCloud: {workspace: acme, filters: {projectKey: PAY}}
    bitbucketServer: {bb: {host: bb.example.com, filters: {repoSlug: pay, skipArchivedRepos: true}}}
    azureDevOps: {pay: {organization: acme, project: pay, repository: "pay-*"}}
    gitea: {acme: {host: gitea.example.com, organization: acme}}
    gerrit: {all: {host: gerrit.example.com, query: type=CODE&p=shop, catalogPath: /a.yaml}}
    awsS3: {bucketName: catalogs, prefix: a/, region: eu-west-1}
    ldapOrg:
      default:
        target: ldaps://ldap.example.com
        bind: {dn: cn=reader, secret: "${LDAP_SECRET}"}
        users: {dn: "ou=people", options: {filter: "(uid=*)", paged: true}, map: {name: uid}}
        groups: [{dn: "ou=groups"}]
    microsoftGraphOrg: {default: {tenantId: x}}
techdocs: {builder: local}
"""
VARIABLES = set(re.findall(r"\$\{(\w+)\}", APP_CONFIG)) | {"BB_TOKEN", "INTEGRATIONS_GITLAB_TOKEN"}


def translate(text: str) -> Imported:
    drafts, problems = read_yaml(Document(Location("file", "app-config.yaml"), text.encode()))
    assert problems == []
    return translate_app_config(drafts[0])


@pytest.fixture(scope="module")
def imported() -> Imported:
    return translate(APP_CONFIG)


def sources(imported: Imported, type: str) -> list[dict[str, Any]]:
    return [one for one in imported.settings["sources"] if one["type"] == type]


def test_what_comes_out_is_a_valid_configuration(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "correct-horse-battery")
    (tmp_path / "key.pem").write_text("PEM")
    path = tmp_path / "callboard.yaml"
    path.write_text(format_yaml(imported.settings))
    found = check_settings(path)
    assert isinstance(found, Settings), [str(one) for one in found]
    assert len(found.sources) == 13
    assert len({one.name for one in found.sources if one.name}) == len([one for one in found.sources if one.name])


def test_what_is_left_out_is_named_with_its_line(imported: Imported) -> None:
    lines = APP_CONFIG.splitlines()
    found = {one.message.split("`")[1]: one for one in imported.left}
    assert set(found) == {
        "backend.auth.externalAccess[1].accessRestrictions",
        "backend.auth.externalAccess[2].type",
        "integrations.gitlab[0].token",
        "integrations.harness",
        "catalog.readonly",
        "catalog.locations[1].target",
        "catalog.locations[2].type",
        "catalog.providers.gitlab.main.schedule.frequency",
        "catalog.providers.microsoftGraphOrg",
    }
    for name, one in found.items():
        key = re.sub(r"\[\d+\]$", "", name).rpartition(".")[2]
        assert key in lines[one.line - 1], (name, one)
    assert imported.ignored == ["app", "techdocs"]


def test_no_secret_is_copied_and_references_stay(imported: Imported) -> None:
    text = format_yaml(imported.settings) + repr(imported.left)
    assert "sesame" not in text
    hosts = imported.settings["hosts"]
    assert hosts["github.com"]["token"] == "${GITHUB_TOKEN}"
    assert hosts["git.example.com"]["token"] == "${INTEGRATIONS_GITLAB_TOKEN}"
    assert hosts["bb.example.com"]["token"] == "${BB_TOKEN}"
    assert hosts["gitea.example.com"]["token"] == "${GITEA_TOKEN}"
    assert hosts["ghe.example.com"]["app"] == {"id": 12, "private_key": {"file": "key.pem"}}
    assert hosts["ghe.example.com"]["webhook_secret"] == "${HOOK_SECRET}"
    client = {"id": "c", "secret": "${BB_SECRET}"}
    told = {"type": "bitbucketCloud", "username": "u", "password": "${BB_PASSWORD}", "client": client}
    assert hosts["bitbucket.org"] == told


def test_a_token_with_restrictions_is_not_let_do_everything(imported: Imported) -> None:
    assert imported.settings["auth"] == {"tokens": [{"token": "${CI_TOKEN}", "subject": "ci"}]}
    assert imported.settings["reading"] == {
        "allow": [{"host": "*.example.com", "paths": ["/catalogs/"], "private": True}]
    }
    assert imported.settings["cors"] == {"origins": ["http://localhost:3000"], "credentials": True}


def test_the_catalog_section_is_taken_over(imported: Imported) -> None:
    settings = imported.settings
    assert settings["orphans"] == "keep"
    assert settings["locations"] == {"conflict": "refresh", "every": {"minutes": 5}}
    assert settings["rules"] == [
        {"allow": ["Component", {"kind": "API", "type": "grpc"}]},
        {"allow": ["User", "Group"], "places": [{"type": "url", "pattern": "https://github.com/acme/**"}]},
    ]
    assert sources(imported, "file") == [
        {"type": "file", "path": "../../examples/org.yaml", "rules": ["User", "Group"]}
    ]


def test_providers_become_sources_that_read_the_same(imported: Imported) -> None:
    assert sources(imported, "github") == [
        {
            "type": "github",
            "organisation": "acme",
            "patterns": ["catalog-info.yaml"],
            "branch": "main",
            "filters": {
                "name": "pay-.*",
                "topics": ["backstage"],
                "excluded_topics": ["old"],
                "forks": False,
                "archived": False,
            },
            "every": {"minutes": 30},
            "name": "github-acme",
        }
    ]
    (organisation,) = sources(imported, "github_org")
    assert (organisation["organisations"], organisation["every"]) == (["acme"], "PT1H")
    assert [one["name"] for one in sources(imported, "gitlab") + sources(imported, "gitlab_org")] == [
        "gitlab-main",
        "gitlab-main-gitlab_org",
    ]
    assert sources(imported, "bitbucket_server")[0]["filters"] == {"name": ".*(?:pay).*", "archived": False}
    assert sources(imported, "azure")[0]["filters"] == {"name": r"pay\-.*", "archived": True}
    assert sources(imported, "gitea")[0]["branch"] == "main"
    assert sources(imported, "gerrit") == [
        {
            "type": "gerrit",
            "host": "gerrit.example.com",
            "query": "type=CODE&p=shop",
            "patterns": ["a.yaml"],
            "filters": {"archived": True},
            "name": "gerrit-all",
        }
    ]
    assert sources(imported, "s3")[0]["access_key"] == "${AWS_KEY}"
    (ldap,) = sources(imported, "ldap")
    assert ldap["users"] == [{"dn": "ou=people", "filter": "(uid=*)", "map": {"name": "uid"}}]


def test_a_url_that_stands_for_many_files_becomes_a_source_that_finds_them(tmp_path: Path) -> None:
    targets = {
        "https://github.com/acme/mono/blob/main/**/catalog-info.yaml": ("https://github.com/acme/mono", "main"),
        "https://git.example.com/a/b/mono/-/blob/v1/**/catalog-info.yaml": (
            "https://git.example.com/a/b/mono.git",
            "v1",
        ),
        "https://dev.azure.com/acme/p/_git/r?path=/**/catalog-info.yaml": ("https://dev.azure.com/acme/p/_git/r", ""),
        "https://github.com/acme/*/blob/-/catalog-info.yaml": None,
        "https://example.com/**/catalog-info.yaml": None,
    }
    lines = "".join(f"\n    - {{type: url, target: '{target}'}}" for target in targets)
    found = translate(f"integrations: {{gitlab: [{{host: git.example.com}}]}}\ncatalog:\n  locations:{lines}\n")
    wanted = [one for one in targets.values() if one is not None]
    assert [(one["url"], one.get("branch", "")) for one in sources(found, "git")] == wanted
    assert [one["patterns"] for one in sources(found, "git")] == [["**/catalog-info.yaml"]] * 3
    assert [(one.line, "stands for many files" in one.message) for one in found.left] == [(7, True), (8, True)]
    path = tmp_path / "callboard.yaml"
    path.write_text(format_yaml(found.settings))
    assert isinstance(check_settings(path), Settings)


@pytest.mark.parametrize(
    ("target", "path", "pattern"),
    [
        ("/srv/a/*/catalog-info.yaml", "/srv/a", "*/catalog-info.yaml"),
        ("/**/a.yaml", "/", "**/a.yaml"),
        ("*.yaml", ".", "*.yaml"),
    ],
)
def test_a_file_that_stands_for_many_becomes_a_folder(target: str, path: str, pattern: str) -> None:
    found = translate(f"catalog: {{locations: [{{type: file, target: '{target}'}}]}}")
    assert found.settings["sources"] == [{"type": "folder", "path": path, "patterns": [pattern]}]


def test_rules_of_a_location_come_on_top_of_backstages_own() -> None:
    found = translate("catalog: {locations: [{type: url, target: 'https://a/b.yaml', rules: [{allow: [User]}]}]}")
    assert found.settings["rules"] == [{"allow": ["Component", "API", "Location"]}]
    assert translate("catalog: {rules: []}").settings["rules"] == []


def test_rules_that_allow_nothing_and_files_that_say_nothing_are_fine() -> None:
    assert translate("app: {}").settings == {}
    assert translate("catalog: {}\nintegrations: {}\nbackend: {}").left == []


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_wrong_in_any_place_ends_it(wrong: Any) -> None:
    (whole,), _ = read_yaml(Document(Location("file", "app-config.yaml"), APP_CONFIG.encode()))
    for draft in spoil(whole, wrong):
        format_yaml(translate_app_config(draft).settings)


def test_the_secrets_of_webhooks_go_to_every_host_of_their_type() -> None:
    imported = translate("""
integrations:
  gitlab: [{host: git.example.com}, {host: other.example.com}]
  bitbucketServer: [{host: bb.example.com}]
events:
  http: {topics: [github]}
  modules:
    github: {webhookSecret: "${A}"}
    gitlab: {webhookSecret: "${B}"}
    bitbucketServer: {webhookSecret: "${C}"}
    awsSqs: {queueUrl: x}
""")
    found = {name: host.get("webhook_secret") for name, host in imported.settings["hosts"].items()}
    assert found == {
        "git.example.com": "${B}", "other.example.com": "${B}", "bb.example.com": "${C}", "github.com": "${A}",
    }  # fmt: skip
    assert [one.message for one in imported.left] == ["`events.modules.awsSqs` has no counterpart here"]


def test_what_is_in_another_file_is_said_and_not_made_up() -> None:
    imported = translate("""
integrations:
  github: [{host: github.com, apps: [{$include: app.yaml}], token: {$include: secrets.yaml}}]
""")
    assert imported.settings["hosts"] == {"github.com": {"type": "github", "token": "${INTEGRATIONS_GITHUB_TOKEN}"}}
    assert all("is in another file" in one.message for one in imported.left)
    assert len(imported.left) == 2


def test_two_entries_for_one_host_are_one_and_who_asks_may_be_in_the_environment() -> None:
    imported = translate("""
integrations:
  github: [{host: github.com, token: "${A}"}, {host: github.com, rawBaseUrl: https://raw.example.com}]
  gerrit: [{host: gerrit.example.com, username: "${WHO}", password: "${B}"}]
""")
    hosts = imported.settings["hosts"]
    assert hosts["github.com"] == {"type": "github", "token": "${A}", "raw": "https://raw.example.com"}
    assert hosts["gerrit.example.com"]["username"] == "${WHO}"
    assert [one.message.partition(" is a second entry")[0] for one in imported.left] == ["`integrations.github[1]`"]
