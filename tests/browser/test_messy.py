"""A catalog as large companies have them: owners that are gone, long lists, many teams. Its pages are for everybody too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import find_violations, read_axe
from tests.browser.opening import open_tab
from tests.browser.serving import serve

PAGES = (
    "/apis",
    "/quality?by=team",
    "/search?q=plugin",
    "/catalog/default/component/hub",
    "/catalog/default/group/team-0",
    "/teams/team-0",
    "/graph?root=component:hub&view=impact",
    "/graph?root=component:hub&by=team",
)


def describe(kind: str, name: str, spec: str, metadata: str = "") -> str:
    return f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{metadata}}}\nspec: {{{spec}}}\n"


def write_messy(folder: Path) -> Path:
    slug = ", annotations: {github.com/project-slug: acme/hub}, title: '@acme-community/plugin of the hub'"
    service = "type: backstage-frontend-plugin, lifecycle: production"
    documents = [
        describe(
            "Component", "hub", f"{service}, owner: a-team-that-went-away-long-ago, dependsOn: ['resource:gone']", slug
        )
    ]
    for number in range(60):
        team = f"team-{number % 20}" if number % 3 else f"gone-{number % 7}"
        needs = f"{service}, owner: {team}, subcomponentOf: hub, dependsOn: ['component:hub']"
        title = f", title: 'The plug-in with the number {number} of all those that are plugin'"
        documents.append(describe("Component", f"plugin-{number}", needs, title))
        above = ", parent: team-0" if number else ""
        documents.append(describe("Group", f"team-{number}", f"type: team, children: []{above}"))
        documents.append(describe("API", f"api-{number}", f"{service}, owner: {team}, definition: x"))
    (folder / "catalog-info.yaml").write_text("---\n".join(documents))
    return folder


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve([write_messy(tmp_path_factory.mktemp("messy"))]) as base:
        yield base


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_no_page_keeps_anybody_out(browser: Any, messy: str, size: str) -> None:
    axe = read_axe()
    with open_tab(browser, size) as tab:
        for path in PAGES:
            tab.open(messy + path)
            assert find_violations(tab.page, axe) == [], path
