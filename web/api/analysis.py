"""Backstage's `POST /analyze-location`: a first entity for a repository, made from its URL alone (reference section 7.12)."""

from starlette.requests import Request
from starlette.responses import Response

from catalog import scm
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.scm.giturl import UrlError, parse_git_url, parse_url
from web.api.bodies import TEXT, Shape, check_body
from web.api.parameters import read_body, read_query
from web.errors import json_response

_LOCATION = Shape("object", {"type": TEXT, "target": TEXT}, required=("type", "target"), closed=True)
ANALYZE = Shape(
    "object", {"location": _LOCATION, "catalogFilename": TEXT, "catalogFileName": TEXT}, required=("location",)
)
_SLUGS = {"github": "github.com", "gitlab": "gitlab.com", "azure": "dev.azure.com"}


async def analyze(request: Request) -> Response:
    """What to put into a repository's first catalog file. The repository is not read, so no existing file is found."""
    read_query(request, ())
    body = await read_body(request)
    check_body(body, ANALYZE)
    hosts: scm.Hosts = request.app.state.hosts
    entity = _sketch(body["location"]["target"], hosts)
    return json_response({"existingEntityFiles": [], "generateEntities": [{"entity": entity, "fields": []}]})


def _sketch(target: str, hosts: scm.Hosts) -> Json:
    try:
        parse_url(target)
        repository = parse_git_url(target)
    except UrlError as error:
        raise CatalogError("invalid", "The given location.target is not a URL") from error
    metadata: dict[str, Json] = {"name": repository.name}
    host = hosts.find(target)
    if host is not None and host.type in _SLUGS:
        slug = f"{repository.owner}/{repository.name}"
        metadata["annotations"] = {f"{_SLUGS[host.type]}/project-slug": slug}
    spec = {"type": "other", "lifecycle": "unknown"}
    return {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata, "spec": spec}
