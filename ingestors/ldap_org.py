"""Users and groups of an LDAP directory as User and Group entities, as Backstage's module has them (reference section 11.11)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from catalog import scm
from catalog.documents import Cache, Document, Json, Location, Usage
from catalog.errors import CatalogError, ReadError
from catalog.scm.giturl import encode
from ingestors.directory import Access, Directory, Entry
from ingestors.entities import EntitySource, describe

_RDN: Final = "backstage.io/ldap-rdn"
_DN: Final = "backstage.io/ldap-dn"
_UUID: Final = "backstage.io/ldap-uuid"

USER_MAP: Final = {"rdn": "uid", "name": "uid", "displayName": "cn", "email": "mail", "memberOf": "memberOf"}
GROUP_MAP: Final = {
    "rdn": "cn",
    "name": "cn",
    "description": "description",
    "displayName": "cn",
    "type": "groupType",
    "memberOf": "memberOf",
    "members": "member",
}
_PLACES: Final = {
    "name": ("metadata", "name"),
    "description": ("metadata", "description"),
    "rdn": ("metadata", "annotations", _RDN),
    "type": ("spec", "type"),
    "displayName": ("spec", "profile", "displayName"),
    "email": ("spec", "profile", "email"),
    "picture": ("spec", "profile", "picture"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """Where users or groups are, and which attributes hold what, over the defaults of `USER_MAP` and `GROUP_MAP`.

    `set` are values for every entity, by path (`metadata.namespace`); `scope` is `base`, `one` or `sub`.
    """

    dn: str
    filter: str = ""
    scope: Literal["base", "one", "sub"] = "one"
    attributes: Sequence[str] = ("*", "+")
    map: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, Json] = field(default_factory=dict)
    size_limit: int = 0
    time_limit: int = 0
    dereference: int = 0
    page_size: int = 500


@dataclass(frozen=True, slots=True)
class Vendor:
    """What a server calls an entry's own DN and its lasting id; `has_guids` where that is Microsoft's binary form."""

    dn: str = "entryDN"
    uuid: str = "entryUUID"
    has_guids: bool = False


_MARKS: Final = {
    "forestfunctionality": Vendor("distinguishedName", "objectGUID", has_guids=True),  # Active Directory
    "ipadomainlevel": Vendor("dn", "ipaUniqueID"),
    "aeroot": Vendor("dn", "entryUUID"),
}
"""The attributes of the root entry that tell whose server it is."""


@dataclass(slots=True)
class _Found:
    """An entity that is being made, and the names by which its entry says it belongs to others, or they to it."""

    entity: dict[str, Json]
    dn: str = ""
    member_of: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        metadata = self.entity["metadata"]
        return f"{self.entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()

    @property
    def names(self) -> list[str]:
        """All that others may call it."""
        annotations = self.entity["metadata"]["annotations"]
        return [self.ref, *(annotations[name] for name in (_DN, _RDN, _UUID) if annotations.get(name))]


class LdapOrgSource(EntitySource):
    """The users and groups that searches find. `id` is in their locations, as the provider's id is in Backstage's.

    `dn_attribute` and `uuid_attribute` are for servers that are not told from their root entry; with `lower_dns` DNs are
    compared and shown in lower case.
    """

    def __init__(
        self,
        name: str,
        access: Access,
        users: Sequence[Search],
        groups: Sequence[Search],
        cache: Cache,
        usage: Usage,
        *,
        id: str = "default",
        dn_attribute: str = "",
        uuid_attribute: str = "",
        lower_dns: bool = False,
    ) -> None:
        super().__init__(name, cache, usage)
        Directory(access, usage)  # its URL is looked at now, not at the first crawl
        if not users and not groups:
            raise CatalogError("invalid", f"the source `{name}` searches for neither users nor groups")
        self._access, self._users, self._groups = access, tuple(users), tuple(groups)
        self._id, self._named, self._lower = id, (dn_attribute, uuid_attribute), lower_dns

    def crawl(self) -> Iterator[Document]:
        """The users, then the groups, each by name. All of them, or `ReadError`."""
        with Directory(self._access, self.usage) as directory:
            vendor = self._tell_vendor(directory)
            users = [self._build_user(*one, vendor) for one in _search(directory, self._users)]
            groups = [self._build_group(*one, vendor) for one in _search(directory, self._groups)]
        _relate(users, groups)
        self.usage.done = self.usage.total = len(users) + len(groups)
        for found in sorted(users, key=_name_of) + sorted(groups, key=_name_of):
            at = found.entity["metadata"]["annotations"].get(_DN) or _name_of(found)
            document = describe(found.entity, "", scm.Hosts())
            yield replace(document, location=Location("ldap", f"//{self._id}/{encode(at)}"))

    def _tell_vendor(self, directory: Directory) -> Vendor:
        roots = list(directory.search("", "base", "(objectClass=*)", page_size=0))
        root = roots[0] if len(roots) == 1 else Entry("", {})
        vendor = next((vendor for mark, vendor in _MARKS.items() if mark in root.values), Vendor())
        if directory.host == "ldap.google.com":
            vendor = Vendor("dn", "uid")
        elif root.texts("vendorName") == ["LLDAP"]:
            vendor = Vendor("dn", "entryuuid")
        dn, uuid = self._named
        return replace(vendor, dn=dn or vendor.dn, uuid=uuid or vendor.uuid)

    def _build_user(self, search: Search, entry: Entry, vendor: Vendor) -> _Found:
        entity = _skeleton("User", {"profile": {}, "memberOf": []})
        return self._fill(entity, search, USER_MAP | dict(search.map), entry, vendor)

    def _build_group(self, search: Search, entry: Entry, vendor: Vendor) -> _Found:
        entity = _skeleton("Group", {"type": "unknown", "profile": {}, "children": []})
        return self._fill(entity, search, GROUP_MAP | dict(search.map), entry, vendor)

    def _fill(
        self, entity: dict[str, Json], search: Search, map: Mapping[str, str], entry: Entry, vendor: Vendor
    ) -> _Found:
        for path, value in search.set.items():
            _put(entity, path.split("."), deepcopy(value))
        for name, place in _PLACES.items():
            values = entry.texts(map[name]) if map.get(name) else []
            if len(values) == 1 and values[0]:
                _put(entity, place, values[0])
        if not entity["metadata"].get("name"):
            raise ReadError(f"{entry.dn} has no single value of `{map['name']}`, which is to be its name")
        annotations = entity["metadata"]["annotations"]
        uuids = _guids(entry, vendor.uuid) if vendor.has_guids else entry.texts(vendor.uuid)
        dns = self._cased(entry.texts(vendor.dn))
        annotations |= {name: one[0] for name, one in ((_UUID, uuids), (_DN, dns)) if len(one) == 1 and one[0]}
        if len(dns) != 1:
            return _Found(entity)
        member_of, members = (
            self._cased(entry.texts(map[name])) if map.get(name) else [] for name in ("memberOf", "members")
        )
        return _Found(entity, dns[0], member_of, members)

    def _cased(self, dns: list[str]) -> list[str]:
        return [dn.lower() for dn in dns] if self._lower else dns


def _search(directory: Directory, searches: Iterable[Search]) -> Iterator[tuple[Search, Entry]]:
    for one in searches:
        limits = {"size_limit": one.size_limit, "time_limit": one.time_limit, "dereference": one.dereference}
        for entry in directory.search(one.dn, one.scope, one.filter, one.attributes, page_size=one.page_size, **limits):
            yield one, entry


def _skeleton(kind: str, spec: dict[str, Json]) -> dict[str, Json]:
    return {
        "apiVersion": "backstage.io/v1beta1",
        "kind": kind,
        "metadata": {"name": "", "annotations": {}},
        "spec": spec,
    }


def _put(entity: dict[str, Json], path: Sequence[str], value: Json) -> None:
    at: Any = entity
    for part in path[:-1]:
        if not isinstance(at.get(part), dict):
            at[part] = {}
        at = at[part]
    at[path[-1]] = value


def _guids(entry: Entry, name: str) -> list[str]:
    """Active Directory's ids as it writes them: the first three parts with their bytes turned round."""
    found = []
    for raw in entry.values.get(name.lower(), ()):
        turned = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
        found.append(re.sub(r"(.{8})(.{4})(.{4})(.{4})(.*)", r"\1-\2-\3-\4-\5", turned.hex()))
    return found


def _name_of(found: _Found) -> str:
    name: str = found.entity["metadata"]["name"]
    return name


def _relate(users: Sequence[_Found], groups: Sequence[_Found]) -> None:
    """Fill memberOf, parent and children in, from whichever side the directory tells them."""
    users_by_name = {name: one for one in users for name in one.names}
    groups_by_name = {name: one for one in groups for name in one.names}
    memberships: dict[str, set[str]] = {}
    parents: dict[str, set[str]] = {}
    pairs = [(parent, one.ref) for one in groups for name in one.member_of if (parent := groups_by_name.get(name))]
    for user in users:
        refs = {groups_by_name[name].ref for name in user.member_of if name in groups_by_name}
        memberships.setdefault(user.ref, set()).update(refs)
    for group in groups:
        for name in group.members:
            if name in users_by_name:
                memberships.setdefault(users_by_name[name].ref, set()).add(group.ref)
            elif name in groups_by_name:
                pairs.append((group, groups_by_name[name].ref))
    children: dict[str, set[str]] = {}
    for parent, child in pairs:
        parents.setdefault(child, set()).add(parent.ref)
        children.setdefault(parent.ref, set()).add(child)
    for user in users:
        if found := memberships.get(user.ref):
            user.entity["spec"]["memberOf"] = sorted(found)
    _stand_up(groups, parents, children)


def _stand_up(groups: Sequence[_Found], parents: Mapping[str, set[str]], children: Mapping[str, set[str]]) -> None:
    """Give groups their one parent and their children. Of several parents the one read first is taken, as Backstage does."""
    for group in groups:
        spec = group.entity["spec"]
        if len(parents.get(group.ref, ())) == 1:
            (spec["parent"],) = parents[group.ref]
        if group.ref in children:
            spec["children"] = sorted(children[group.ref])
    by_ref = {group.ref: group.entity["spec"] for group in groups}
    for group in groups:
        parent = by_ref.get(group.entity["spec"].get("parent", ""))
        if parent is not None and group.ref not in parent["children"]:
            parent["children"].append(group.ref)
    for group in groups:
        for child in group.entity["spec"]["children"]:
            if child in by_ref and not by_ref[child].get("parent"):
                by_ref[child]["parent"] = group.ref
