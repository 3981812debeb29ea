"""The objects of one S3-compatible bucket below a prefix: all of them are catalog files (reference section 11.10)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, unquote

from pydantic import Field, StrictBool

from catalog import scm
from catalog.documents import Cache, Document, Location, Root, Source, Unread, Usage
from catalog.errors import ReadError
from ingestors.outside import Outside
from ingestors.refusals import refuse_type
from ingestors.sections import Scheduled
from ingestors.settings.secret import Secret, reveal
from ingestors.url import MAX_BYTES, UrlReader

REGION: Final = "us-east-1"
WHOLE_SECONDS: Final = 120.0  # for one page or object, with its retries
_WORKERS: Final = 8
_PAGE: Final = 1000  # the most there is
_PART: Final = 1 << 20
_SETTINGS: Final = {"connect_timeout": 5, "read_timeout": 20, "retries": {"mode": "standard", "total_max_attempts": 4}}
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_FORBIDDEN: Final = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "403"})


_T = TypeVar("_T")


class S3(Scheduled):
    """Every file in an S3-compatible bucket."""

    type: Literal["s3"] = Field(description="An S3-compatible bucket.")
    bucket: str = Field(description="Its name.", min_length=1)
    prefix: str = Field(default="", description="Only keys that begin so.")
    region: str = Field(default="", description="Its region.")
    endpoint: str = Field(default="", description="URL of a service that is not Amazon's.")
    path_style: StrictBool = Field(default=True, description="With an endpoint, the bucket in the path, not the host.")
    access_key: Secret | None = Field(default=None, description="Access key ID, as `${NAME}` or `{file: PATH}`.")
    secret_key: Secret | None = Field(default=None, description="Secret access key.")
    session_token: Secret | None = Field(default=None, description="Session token of temporary keys.")
    anonymous: StrictBool = Field(default=False, description="Ask for what anyone may read, with no keys.")

    @property
    def what(self) -> Sequence[str]:
        """The bucket, and what the keys begin with."""
        return (self.bucket, self.prefix)

    def open(self, outside: Outside) -> Source:
        """The bucket."""
        source = S3Source(
            self.title,
            self.bucket,
            outside.cache(self.title),
            Usage(),
            outside.reader,
            prefix=self.prefix,
            region=self.region or REGION,
            endpoint=self.endpoint,
            path_style=self.path_style,
            access_key=reveal(self.access_key),
            secret_key=reveal(self.secret_key),
            session_token=reveal(self.session_token),
            anonymous=self.anonymous,
        )
        outside.opened.append(source.close)
        return source


class S3Source:
    """Each object as a generated Location at its URL, as Backstage's module has it. Its ETag tells whether it is as it was.

    `endpoint` is for another service than AWS; its URLs have the bucket in their path unless `path_style` is False.
    Without `access_key` the credentials are found as AWS's own tools find them; `anonymous` asks without any.
    """

    def __init__(
        self,
        name: str,
        bucket: str,
        cache: Cache,
        usage: Usage,
        reader: UrlReader,
        *,
        prefix: str = "",
        region: str = REGION,
        endpoint: str = "",
        path_style: bool = True,
        access_key: str = "",
        secret_key: str = "",
        session_token: str = "",
        anonymous: bool = False,
    ) -> None:
        self.name, self.bucket, self.prefix = name, bucket, prefix
        self.cache, self.usage, self._reader = cache, usage, reader
        self._region, self._endpoint = region, endpoint.rstrip("/")
        self._in_path = "." in bucket or bool(endpoint and path_style)
        self._keys = (access_key, secret_key, session_token)
        self._anonymous = anonymous
        self._etags: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where the bucket's objects are."""
        scheme, _, host = (self._endpoint or f"https://s3.{self._region}.amazonaws.com").partition("://")
        return f"{scheme}://{host}/{self.bucket}/" if self._in_path else f"{scheme}://{self.bucket}.{host}/"

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """A root for each object, sorted by key."""
        self._etags = self._list()
        self.usage.total = len(self._etags)
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="crawl") as pool:
            for key, _ in zip(self._etags, pool.map(self._remember, self._etags), strict=True):
                self.usage.done += 1
                target = self.url + quote(key, safe="/!$&'()*+,;=:@~")
                yield Root(
                    Location("url", target), "required", annotations=scm.annotations_of(target, self._reader.hosts)
                )

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The object that a Location names by its URL, or any other file that may be read."""
        if kind != "url":
            raise refuse_type()
        url = self._reader.resolve(target, base.target)
        key = self._own_key(url)
        if key is None:
            return self._reader.read(url)
        try:
            content = self._content(key)
        except ReadError as error:
            raise ReadError(f"Unable to read url, {error.message}", missing=error.missing) from error
        return [Document(Location("url", url), content, scm.annotations_of(url, self._reader.hosts))]

    def fetch(self, target: str, base: Location) -> bytes:
        """The object that a placeholder names, or any other file that may be read."""
        url = scm.resolve_placeholder(target, base.target, self._reader.hosts)
        key = self._own_key(url)
        return self._reader.fetch(url) if key is None else self._content(key)

    def _own_key(self, url: str) -> str | None:
        """The key of an object of this bucket; None for any other place, and for a path with dots in it."""
        key = unquote(url.removeprefix(self.url))
        return key if url.startswith(self.url) and _is_plain(key) else None

    def _list(self) -> dict[str, str]:
        found: dict[str, str] = {}
        asked = {"Bucket": self.bucket, "Prefix": self.prefix, "PaginationConfig": {"PageSize": _PAGE}}
        with self._asking(f"bucket {self.bucket}"):
            pages = iter(self._client.get_paginator("list_objects_v2").paginate(**asked))
            while (page := _within_time(lambda: next(pages, None))) is not None:
                found |= {one["Key"]: one["ETag"] for one in page.get("Contents", ()) if _is_plain(one["Key"])}
        return dict(sorted(found.items()))

    def _remember(self, key: str) -> None:
        """Have an object in the cache. One that cannot be read is told of when its Location is."""
        try:
            self._content(key)
        except ReadError as error:
            self.usage.note(error.message)

    def _content(self, key: str) -> bytes:
        name = f"object {key} {self._etags.get(key, '')}"
        kept = self.cache.get(name) if key in self._etags else None
        if kept is not None:
            self.usage.cached += 1
            return kept
        with self._asking(f"{self.bucket}/{key}"):
            content, etag = _within_time(lambda: self._get(key))
        if len(content) > MAX_BYTES:
            raise ReadError(f"{self.bucket}/{key} is larger than {MAX_BYTES:,} bytes")
        if not etag:
            message = f"{self.bucket}/{key} could not be read: what came is not an object, for it has no ETag"
            self.usage.note(message)
            raise ReadError(message)
        if etag == self._etags.get(key):
            self.cache.put(name, content)
        return content

    def _get(self, key: str) -> tuple[bytes, str]:
        """The object, a little too much of one that is too large, and its ETag."""
        answer = self._client.get_object(Bucket=self.bucket, Key=key)
        content = bytearray()
        with closing(answer["Body"]) as body:  # by itself it gives another, which does not see that a part is missing
            while len(content) <= MAX_BYTES and (part := body.read(_PART)):
                content += part
        return bytes(content), answer.get("ETag", "")

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turns what goes wrong while the service is asked into `ReadError`."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            message = f"{what} could not be read: {code} {error.response.get('Error', {}).get('Message', '')}".rstrip()
            self.usage.note(message)
            raise ReadError(message, missing=code in _MISSING, forbidden=code in _FORBIDDEN) from error
        except (BotoCoreError, HTTPClientError, OSError) as error:
            message = f"{what} could not be read: {error}"
            self.usage.note(message)
            raise ReadError(message) from error

    def close(self) -> None:
        """Give up the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> Any:
        # Loaded when a bucket is read at all: the library takes longer to import than the rest of a small catalog's start.
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config

        style = {"addressing_style": "path" if self._in_path else "virtual"}
        settings: dict[str, Any] = {**_SETTINGS, "max_pool_connections": _WORKERS, "s3": style}
        if self._anonymous:
            settings["signature_version"] = UNSIGNED
        access_key, secret_key, session_token = (key or None for key in self._keys)
        client = boto3.session.Session().client(
            "s3",
            region_name=self._region,
            endpoint_url=self._endpoint or None,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=session_token,
            config=Config(**settings),
        )
        client.meta.events.register("before-send.s3", self._count)
        client.meta.events.register("needs-retry.s3", self._note_fault)
        return client

    def _count(self, request: Any, **_: Any) -> None:
        self.usage.requests += 1
        self.usage.retries += "attempt=1" not in str(request.headers.get("amz-sdk-request", "attempt=1"))

    def _note_fault(self, response: Any = None, caught_exception: Exception | None = None, **_: Any) -> None:
        """Count what the library may mend by asking again."""
        status = response[0].status_code if response else 0
        if caught_exception is not None or status >= 500 or status == 429:
            self.usage.note(f"{self._endpoint or 'S3'}: {caught_exception or status}")


def _within_time(ask: Callable[[], _T]) -> _T:
    """What is asked, or `TimeoutError`: the library limits each wait but not the whole of an answer that drips.

    A thread that is waited for no longer must not hold up the end of the process, as those of a pool would.
    """
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, name="s3", daemon=True).start()
    try:
        return future.result(WHOLE_SECONDS)
    except TimeoutError as error:
        if future.done():
            raise
        raise TimeoutError(f"no whole answer within {WHOLE_SECONDS:g} seconds") from error


def _is_plain(key: str) -> bool:
    return not key.endswith("/") and not {"", ".", ".."} & set(key.split("/"))
