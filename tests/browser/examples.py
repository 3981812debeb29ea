"""An address or more of every page, by its route: what the walk opens and the screens show. A new page needs a line here."""

from starlette.routing import Route

from web.pages import bookmarks, routes

# By the route's path: (name, address) of each example; the first one stands for the page where one is enough.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "/": (("home", "/"),),
    "/catalog": (
        ("catalog", "/catalog"),
        ("catalog-filtered", "/catalog?kind=component&owner=group:default/acme"),
        ("catalog-pick", "/catalog?kind=group&kind=user&pick=1"),
        ("catalog-empty", "/catalog?kind=api&tag=no-such-tag"),
    ),
    "/catalog/{namespace}/{kind}/{name}": (
        ("entity", "/catalog/default/component/payment-api"),
        ("entity-api", "/catalog/default/api/orders-api"),
        ("entity-grpc", "/catalog/default/api/payment-api"),
        ("entity-asyncapi", "/catalog/default/api/order-events"),
        ("entity-graphql", "/catalog/default/api/storefront-graphql"),
        ("entity-system", "/catalog/default/system/payment-system"),
        ("entity-team", "/catalog/default/group/team-payments"),
        ("entity-missing", "/catalog/default/component/paymnt-api"),
    ),
    "/graph": (
        ("graph", "/graph?root=component:default/payment-api"),
        ("graph-impact", "/graph?root=resource:default/payments-db&view=impact"),
        ("graph-needed", "/graph?root=resource:default/payments-db&direction=in&depth=4"),
        ("graph-blank", "/graph"),
    ),
    "/oncall": (
        ("oncall", "/oncall"),
        ("oncall-several", "/oncall?q=payments"),
        ("oncall-nothing", "/oncall?q=paymnt-api"),
    ),
    "/oncall/readiness": (
        ("readiness", "/oncall/readiness"),
        ("readiness-filtered", "/oncall/readiness?missing=alert"),
    ),
    "/oncall/incident": (
        ("incident", "/oncall/incident?refs=component:default/payment-event-relay,component:default/storefront-bff"),
        ("incident-undecided", "/oncall/incident?q=P1234ABC%0Apayments%0Azorgl&refs=component:default/paymnt-api"),
        ("incident-blank", "/oncall/incident"),
    ),
    "/oncall/{namespace}/{kind}/{name}": (
        ("card", "/oncall/default/component/payment-api?q=P1234ABC"),
        ("card-team", "/oncall/default/group/team-payments"),
        ("card-missing", "/oncall/default/component/paymnt-api"),
    ),
    "/people": (("people", "/people"),),
    "/teams": (("teams", "/teams"),),
    "/teams/{name}": (("team", "/teams/team-payments"),),
    "/teams/{namespace}/{name}": (("team-missing", "/teams/default/team-paymnts"),),
    "/people/{name}": (("person", "/people/amara.okonkwo"),),
    "/people/{namespace}/{name}": (("person-missing", "/people/default/nobody"),),
    "/apis": (("apis", "/apis"),),
    "/quality": (("quality", "/quality"), ("quality-team", "/quality?team=group:default/team-payments")),
    "/docs": (("docs", "/docs"),),
    "/patterns": (("patterns", "/patterns"),),
    "/check": (("check", "/check"),),
    "/problems": (("problems", "/problems"), ("problems-by-team", "/problems?by=team")),
    "/problems/file": (("file", "/problems/file?path={broken}"),),
    "/sources": (("sources", "/sources"),),
    "/sources/{name:path}": (("source", "/sources/host:acme"), ("source-folder", "/sources/{folder}")),
    "/search": (
        ("search", "/search?q=payment"),
        ("search-address", "/search?q=git@github.com:acme/orders.git"),
        ("search-nothing", "/search?q=no-such-thing"),
        ("search-blank", "/search"),
    ),
}
# Answers that are no pages: a part of one, fetched by itself.
PARTS = {"/oncall/{namespace}/{kind}/{name}/live"}
ERRORS = (("error", "/nonsense"), ("error-near", "/team"))
WITHOUT_TWIN = {
    "oncall",
    "incident-blank",
    "card-missing",
    "patterns",
    "check",
    "error",
    "error-near",
    "entity-missing",
    "team-missing",
    "person-missing",
    "search-blank",
}


def page_routes() -> list[str]:
    """The path of every page that can be opened: what answers GET, but files and pictures, and what only leads on."""
    found = [
        route.path
        for route in routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and route.endpoint.__module__ != bookmarks.__name__
    ]
    return [path for path in found if "." not in path and path not in PARTS]


ALL = [example for path in EXAMPLES for example in EXAMPLES[path]] + list(ERRORS)
ONE_EACH = [examples[0] for examples in EXAMPLES.values()] + [ERRORS[0]]
