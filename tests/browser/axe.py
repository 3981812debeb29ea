"""Asks axe-core, from npm, what a page does that keeps somebody from using it."""

from pathlib import Path
from typing import Any

from tests.clients.packages import install_npm

FOLDER = Path(__file__).parent
RUN = """rules => axe.run(document, {
  resultTypes: ['violations'],
  ...(rules.length ? {runOnly: {type: 'rule', values: rules}} : {rules: {'target-size': {enabled: true}}}),
}).then(found => found.violations.map(rule => `${rule.id} (${rule.nodes.length}): ${rule.nodes[0].html.slice(0, 160)} | `
  + rule.nodes[0].failureSummary.split('\\n').slice(1, 3).join(' ').trim()))"""


def read_axe() -> str:
    """The script, installed now if it is not there."""
    return (install_npm(FOLDER) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def find_violations(page: Any, script: str, *rules: str) -> list[str]:
    """What it finds by these rules, or by all of them with the advised ones."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script)
    violations: list[str] = page.evaluate(RUN, list(rules))
    return violations
