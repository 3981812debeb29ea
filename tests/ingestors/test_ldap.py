"""Users and groups of a real OpenLDAP server (Debian's `slapd` and `ldap-utils`)."""

import json
import os
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json, Usage
from catalog.errors import CatalogError, ReadError
from ingestors import directory
from ingestors.directory import Access
from ingestors.ldap_org import LdapOrgSource, Search
from tests.programs import PATIENCE, free_port, wait_for

SLAPD = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin:/usr/libexec")
BASE, ADMIN, SECRET = "dc=example,dc=com", "cn=admin,dc=example,dc=com", "secret-1234567890"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.32473.1 NAME 'groupType' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.2 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.32473.3 NAME 'forestFunctionality' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.32473.9 NAME 'typed' SUP top AUXILIARY MAY ( groupType $ objectGUID $ distinguishedName ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/pid
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
{more}
database mdb
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw secret-1234567890
directory {folder}/db
sizelimit size.soft=3 size.hard=3 size.prtotal=unlimited
overlay memberof
"""
LDIF = """dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

"""


class Slapd(NamedTuple):
    url: str
    secure_url: str
    ca: Path

    def add(self, ldif: str) -> None:
        """Add entries in LDIF."""
        command = ["ldapadd", "-x", "-H", self.url, "-D", ADMIN, "-w", SECRET]
        subprocess.run(command, input=ldif, text=True, check=True, capture_output=True, timeout=180)


@contextmanager
def run_slapd(folder: Path, more: str = "") -> Iterator[Slapd]:
    if SLAPD is None or shutil.which("ldapadd") is None:
        if os.environ.get("CI"):
            pytest.fail("slapd and ldapadd are not installed")
        pytest.skip("slapd or ldapadd is not installed (Debian's slapd and ldap-utils)")
    (folder / "db").mkdir()
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "cert.pem"),
    ]
    subprocess.run(made, check=True, capture_output=True, timeout=180)
    (folder / "slapd.conf").write_text(CONFIG.format(folder=folder, more=more))
    ports = [free_port(), free_port()]
    server = Slapd(f"ldap://127.0.0.1:{ports[0]}", f"ldaps://127.0.0.1:{ports[1]}", folder / "cert.pem")
    command = [SLAPD, "-d", "0", "-f", str(folder / "slapd.conf"), "-h", f"{server.url} {server.secure_url}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            wait_for(lambda: _listens(ports[0]), "slapd does not answer")
            server.add(LDIF)
            yield server
        finally:
            running.terminate()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with run_slapd(tmp_path_factory.mktemp("slapd")) as server:
        server.add("\n".join([*_people(), *_groups()]))
        yield server


def _people() -> list[str]:
    people = {"ada": "Ada Lovelace", "bob": "Bob Böttcher", "cyd": "Cyd", "dan": "Dan", "eve": "Eve", "fay": "Fay"}
    return [
        f"dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {uid}\nsn: x\nmail: {uid}@example.com\n"
        f"cn:: {b64encode(cn.encode()).decode()}\n"
        for uid, cn in people.items()
    ]


def _groups() -> list[str]:
    members = {
        "team-a": [f"uid=ada,{PEOPLE}", f"uid=bob,{PEOPLE}"],
        "team-b": [f"uid=cyd,{PEOPLE}", f"uid=gone,{PEOPLE}"],
        "unit": [f"cn=team-a,{GROUPS}", f"cn=team-b,{GROUPS}", f"uid=ada,{PEOPLE}"],
        "guild": [f"cn=team-b,{GROUPS}"],
    }
    return [
        f"dn: cn={name},{GROUPS}\nobjectClass: groupOfNames\nobjectClass: typed\ncn: {name}\ngroupType: team\n"
        f"description: The {name}\n" + "".join(f"member: {one}\n" for one in of)
        for name, of in members.items()
    ]


Make = Callable[..., LdapOrgSource]


@pytest.fixture
def make(slapd: Slapd, catalog: Catalog) -> Make:
    def new(access: Access | None = None, users: Any = None, groups: Any = None, **more: Any) -> LdapOrgSource:
        found = access or Access(slapd.url, ADMIN, SECRET)
        users = [Search(PEOPLE, "(uid=*)")] if users is None else users
        groups = [Search(GROUPS, "(objectClass=groupOfNames)")] if groups is None else groups
        return LdapOrgSource("ldap", found, users, groups, catalog.cache("ldap"), Usage(), **more)

    return new


def entities(source: LdapOrgSource) -> dict[str, Json]:
    found = [json.loads(document.content) for document in source.crawl()]
    return {f"{one['kind']}:{one['metadata']['name']}".lower(): one for one in found}


def test_a_user_is_what_backstages_module_makes_of_one(make: Make) -> None:
    bob = entities(make())["user:bob"]
    uuid = bob["metadata"]["annotations"].pop("backstage.io/ldap-uuid")
    assert len(uuid) == 36
    dn = f"uid=bob,{PEOPLE}"
    assert bob == {
        "apiVersion": "backstage.io/v1beta1",
        "kind": "User",
        "metadata": {"name": "bob", "annotations": {"backstage.io/ldap-rdn": "bob", "backstage.io/ldap-dn": dn}},
        "spec": {
            "profile": {"displayName": "Bob Böttcher", "email": "bob@example.com"},
            "memberOf": ["group:default/team-a"],
        },
    }


def test_a_group_is_what_backstages_module_makes_of_one(make: Make) -> None:
    found = entities(make())
    team = found["group:team-a"]
    del team["metadata"]["annotations"]["backstage.io/ldap-uuid"]
    dn = f"cn=team-a,{GROUPS}"
    assert team == {
        "apiVersion": "backstage.io/v1beta1",
        "kind": "Group",
        "metadata": {
            "name": "team-a",
            "description": "The team-a",
            "annotations": {"backstage.io/ldap-rdn": "team-a", "backstage.io/ldap-dn": dn},
        },
        "spec": {
            "type": "team",
            "profile": {"displayName": "team-a"},
            "children": [],
            "parent": "group:default/unit",
        },
    }
    assert found["group:unit"]["spec"]["children"] == ["group:default/team-a", "group:default/team-b"]
    assert found["group:team-b"]["spec"]["parent"] == "group:default/unit"  # of two the one that the server tells first
    assert found["user:ada"]["spec"]["memberOf"] == ["group:default/team-a", "group:default/unit"]


def test_in_the_catalog_they_are_at_their_location_with_their_relations(make: Make, catalog: Catalog) -> None:
    report = Crawler(catalog, [make(id="our")]).crawl("ldap")
    assert report is not None
    assert (report.failure, len(report.added), report.refused) == ("", 10, [])
    ada = catalog.view.entity("user:default/ada")
    assert ada is not None
    at = "ldap://our/uid%3Dada%2Cou%3Dpeople%2Cdc%3Dexample%2Cdc%3Dcom"
    annotations = ada["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == at
    assert annotations["backstage.io/managed-by-origin-location"] == at
    assert {"type": "memberOf", "targetRef": "group:default/unit"} in ada["relations"]


def test_set_map_filter_and_scope_say_what_is_read(make: Make) -> None:
    search = Search(
        BASE, "(&(uid=*)(!(uid=eve)))", "sub", map={"description": "sn"}, set={"metadata.namespace": "ldap"}
    )
    found = entities(make(users=[search], groups=[Search(GROUPS, "(cn=team-*)", set={"spec.profile.team": True})]))
    assert "user:eve" not in found
    assert found["user:ada"]["metadata"]["namespace"] == "ldap"
    assert found["user:ada"]["metadata"]["description"] == "x"
    assert found["group:team-a"]["spec"]["profile"] == {"team": True, "displayName": "team-a"}
    assert "parent" not in found["group:team-a"]["spec"]


def test_pages_bring_what_a_limit_of_the_server_would_cut_off(make: Make) -> None:
    cut = Access(make()._access.url, f"uid=ada,{PEOPLE}", "")
    search = Search(PEOPLE, "(uid=*)", page_size=2)
    source = make(Access(cut.url), users=[search], groups=[])
    assert len(entities(source)) == 6
    assert source.usage.requests == 1 + 3
    whole = make(Access(cut.url), users=[Search(PEOPLE, "(uid=*)", page_size=0)], groups=[])
    with pytest.raises(ReadError, match="size_limit_exceeded"):
        entities(whole)


def test_a_secure_connection_is_verified(slapd: Slapd, make: Make) -> None:
    good = Access(slapd.secure_url, ADMIN, SECRET, ca_file=str(slapd.ca))
    assert len(entities(make(good))) == 10
    with pytest.raises(ReadError, match="CERTIFICATE_VERIFY_FAILED"):
        entities(make(Access(slapd.secure_url, ADMIN, SECRET)))
    assert len(entities(make(Access(slapd.secure_url, ADMIN, SECRET, verify=False)))) == 10


def test_active_directory_writes_its_ids_its_own_way(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "root.ldif").write_text("dn:\nforestFunctionality: 7\n\n")
    with run_slapd(tmp_path, f"rootDSE {tmp_path}/root.ldif") as server:
        server.add(
            f"dn: uid=ada,{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: typed\nuid: ada\ncn: Ada\nsn: x\n"
            "objectGUID:: AAECAwQFBgcICQoLDA0ODw==\n"
        )
        source = LdapOrgSource(
            "ad", Access(server.url), [Search(PEOPLE)], [], catalog.cache("ad"), Usage(), dn_attribute="dn"
        )
        annotations = entities(source)["user:ada"]["metadata"]["annotations"]
    assert annotations["backstage.io/ldap-uuid"] == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert annotations["backstage.io/ldap-dn"] == f"uid=ada,{PEOPLE}"


def test_an_entry_without_its_name_ends_the_crawl(make: Make) -> None:
    with pytest.raises(ReadError, match="has no single value of `employeeNumber`"):
        entities(make(users=[Search(PEOPLE, map={"name": "employeeNumber"})]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"access": Access("ldap://127.0.0.1:1", ADMIN, SECRET)}, "refused"),
        ({"bind": (ADMIN, "wrong-" + SECRET)}, "invalid_credentials"),
        ({"users": [Search("ou=gone,dc=example,dc=com")]}, "no_such_object"),
        ({"users": [Search(PEOPLE, "(uid=")]}, "is not a filter"),
    ],
)
def test_what_goes_wrong_is_said_without_secrets_and_changes_nothing(
    change: dict[str, Any], message: str, slapd: Slapd, make: Make, catalog: Catalog
) -> None:
    first = Crawler(catalog, [make()]).crawl("ldap")
    assert first is not None
    assert len(first.added) == 10
    bind = change.pop("bind", None)
    source = make(**change) if bind is None else make(Access(slapd.url, *bind))
    failed = Crawler(catalog, [source]).crawl("ldap")
    assert failed is not None
    assert message in failed.failure
    assert len(catalog.view) == 10
    assert SECRET not in f"{failed} {source.usage}"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x84\xff\xff\xff\xff"])
def test_a_server_that_talks_nonsense_or_hangs_up_is_a_failed_crawl(
    answer: bytes, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "_SECONDS", PATIENCE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        from threading import Thread

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = Thread(target=talk)
        thread.start()
        with pytest.raises(ReadError):
            entities(make(Access(f"ldap://127.0.0.1:{server.getsockname()[1]}", ADMIN, SECRET)))
        thread.join()


def test_what_is_no_directory_is_refused_at_once(make: Make) -> None:
    for url in ("http://127.0.0.1", "ldap://", "ldap://u:secret@host"):
        with pytest.raises(CatalogError) as caught:
            make(Access(url))
        assert "secret" not in caught.value.message
    with pytest.raises(CatalogError, match="neither users nor groups"):
        make(users=[], groups=[])
