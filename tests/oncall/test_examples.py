"""The examples are what the tools that they are for take."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from web.oncall.enriching import ANNOTATIONS
from web.settings import Settings, check_settings

EXAMPLES = Path(__file__).parents[2] / "web" / "examples" / "alerts"


def test_alertmanager_takes_its_example() -> None:
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("no amtool: `make tools` installs it with prometheus-alertmanager")
    done = subprocess.run([amtool, "check-config", EXAMPLES / "alertmanager.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_callboard_takes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_TOKEN", "a-good-token")
    monkeypatch.setenv("BRIDGE_TOKEN", "another-token")
    (tmp_path / "url").write_text("https://chat.example.com/hooks/1")
    text = (EXAMPLES / "callboard.yaml").read_text().replace("/run/secrets/chat-webhook-url", str(tmp_path / "url"))
    (tmp_path / "callboard.yaml").write_text(text)
    found = check_settings(tmp_path / "callboard.yaml")
    assert isinstance(found, Settings), found
    assert set(found.alerts.receivers) == {"pager", "chat"}


def test_all_lead_to_a_receiver_that_the_example_names() -> None:
    receivers = yaml.safe_load((EXAMPLES / "callboard.yaml").read_text())["alerts"]["receivers"]
    (alertmanager,) = yaml.safe_load((EXAMPLES / "alertmanager.yml").read_text())["receivers"]
    (grafana,) = yaml.safe_load((EXAMPLES / "grafana.yaml").read_text())["contactPoints"]
    urls = [alertmanager["webhook_configs"][0]["url"], grafana["receivers"][0]["settings"]["url"]]
    assert {url.partition("forward=")[2] for url in urls} <= set(receivers)


def test_every_annotation_is_explained_and_every_link_leads_to_a_file() -> None:
    text = (EXAMPLES / "README.md").read_text()
    assert re.findall(r"^\| `(callboard_\w+)` \| (.+) \|$", text, re.M) == list(ANNOTATIONS.items())
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert all((EXAMPLES / link).is_file() for link in links)
