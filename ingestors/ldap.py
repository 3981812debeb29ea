"""What the settings of an LDAP directory say. What speaks LDAP is imported where a directory is opened, and not before."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool

from catalog.documents import Source, Usage
from ingestors.outside import Outside
from ingestors.sections import Scheduled
from ingestors.settings.secret import Filled, Secret, reveal
from ingestors.settings.section import Section
from ingestors.settings.texts import FilePath


class Bind(Section):
    """Who asks a directory."""

    dn: Filled = Field(description="Distinguished name to bind as; may be `${NAME}`.")
    secret: Secret = Field(description="Its password, as `${NAME}` or `{file: PATH}`.")


def _check_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("ldap", "ldaps") or not url.hostname or "@" in url.netloc:
        raise ValueError(
            "must be the URL of a directory", "Such as `ldaps://ldap.example.com`; who asks is said by `bind`."
        )
    return value


class Entries(Section):
    """Which entries of a directory are read, and which attributes are what."""

    dn: str = Field(description="Where to look: the base's distinguished name.")
    filter: str = Field(default="", description="LDAP filter, such as `(uid=*)`.")
    scope: Literal["base", "one", "sub"] = Field(default="one", description="How deep to look.")
    map: dict[str, str] = Field(default={}, description="Attribute by what it is, such as `{name: uid}`.")
    set: dict[str, Any] = Field(default={}, description="Values that every entity gets, by path.")


class Ldap(Scheduled):
    """Groups and users of a directory, as Groups and Users."""

    type: Literal["ldap"] = Field(description="A directory.")
    url: Annotated[str, AfterValidator(_check_url)] = Field(description="`ldap://` or `ldaps://` URL of the server.")
    id: str = Field(default="", description="What stands in locations, `ldap://ID/DN`; `default` if not given.")
    verify: StrictBool = Field(default=True, description="Whether the server's certificate is checked.")
    ca_file: FilePath = Field(default="", description="Certificates to check it by, if not the system's.")
    cert_file: FilePath = Field(default="", description="Certificate to show the server.")
    key_file: FilePath = Field(default="", description="That certificate's key, if not in the same file.")
    dn_attribute: str = Field(default="", description="Attribute with an entry's own DN, where it is not found out.")
    uuid_attribute: str = Field(default="", description="Attribute with an entry's lasting id, likewise.")
    lower_dns: StrictBool = Field(default=False, description="DNs compared and shown in lower case.")
    bind: Bind | None = Field(default=None, description="Who asks; nobody in particular if not given.")
    users: tuple[Entries, ...] = Field(default=(), description="Which entries are users.")
    groups: tuple[Entries, ...] = Field(default=(), description="Which entries are groups.")

    @property
    def what(self) -> Sequence[str]:
        """The server."""
        return (self.url,)

    def open(self, outside: Outside) -> Source:
        """The directory."""
        from ingestors.directory import Access
        from ingestors.ldap_org import LdapOrgSource, Search

        users, groups = (
            [Search(one.dn, one.filter, one.scope, map=one.map, set=one.set) for one in entries]
            for entries in (self.users, self.groups)
        )
        bind_dn, secret = (self.bind.dn, reveal(self.bind.secret)) if self.bind else ("", "")
        return LdapOrgSource(
            self.title,
            Access(self.url, bind_dn, secret, self.verify, self.ca_file, self.cert_file, self.key_file),
            users,
            groups,
            outside.cache(self.title),
            Usage(),
            id=self.id or "default",
            dn_attribute=self.dn_attribute,
            uuid_attribute=self.uuid_attribute,
            lower_dns=self.lower_dns,
        )
