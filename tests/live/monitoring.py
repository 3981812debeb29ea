"""A real Prometheus with a real Alertmanager (Debian's packages), started for a test and ended with it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.programs import free_port, wait_for

_PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{cluster: test}}}}
rule_files: [{rules}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
scrape_configs: []
"""
_ALERTMANAGER = """
route: {{receiver: out, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: out{webhook}}}]
inhibit_rules:
  - {{source_matchers: [severity="critical"], target_matchers: [severity="info"], equal: [service]}}
"""


@dataclass(frozen=True)
class Monitoring:
    """Where the two are."""

    prometheus: str
    alertmanager: str
    processes: Mapping[str, subprocess.Popen[bytes]]

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Both are stopped in the middle of things: they are connected to, and say nothing."""
        for process in self.processes.values():
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in self.processes.values():
                process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Both are down."""
        for process in self.processes.values():
            process.terminate()
            process.wait(60)

    def silence(self, alertname: str) -> str:
        """Silence an alert for an hour; the silence's id."""
        now = datetime.now(UTC)
        matcher = {"name": "alertname", "value": alertname, "isRegex": False, "isEqual": True}
        body = {
            "matchers": [matcher],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "ada",
            "comment": "known",
        }
        return str(
            httpx.post(f"{self.alertmanager}/api/v2/silences", json=body, timeout=60)
            .raise_for_status()
            .json()["silenceID"]
        )

    def states(self) -> dict[str, str]:
        """What Alertmanager says of each alert, by its name."""
        found = httpx.get(f"{self.alertmanager}/api/v2/alerts").raise_for_status().json()
        return {one["labels"]["alertname"]: one["status"]["state"] for one in found}


@contextmanager
def monitoring(folder: Path, rules: str, webhook: str = "", token: str = "") -> Iterator[Monitoring]:
    """The two with these alert rules (YAML); alerts go to the webhook's URL, if one is given, with the token."""
    programs = [shutil.which(name) for name in ("prometheus-alertmanager", "prometheus")]
    if not all(programs):
        if "CI" in os.environ:
            pytest.fail("no prometheus or prometheus-alertmanager: `make tools` installs them")
        pytest.skip("no prometheus or prometheus-alertmanager: `make tools` installs them")
    one, other = free_port(), free_port()
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(
        _PROMETHEUS.format(rules=folder / "rules.yml", alertmanager=f"127.0.0.1:{other}")
    )
    login = f", http_config: {{authorization: {{credentials: {token}}}}}" if token else ""
    receiver = f', webhook_configs: [{{url: "{webhook}"{login}}}]' if webhook else ""
    (folder / "alertmanager.yml").write_text(_ALERTMANAGER.format(webhook=receiver))
    with ExitStack() as stack:
        alertmanager = [
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{other}",
            "--cluster.listen-address=",
        ]
        prometheus = [
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{one}",
            "--rules.alert.resend-delay=1s",  # by default a minute passes before Alertmanager hears of an alert
        ]
        processes = {
            Path(str(program)).name: stack.enter_context(_running([str(program), *options], folder))
            for program, options in zip(programs, (alertmanager, prometheus), strict=True)
        }
        found = Monitoring(f"http://127.0.0.1:{one}", f"http://127.0.0.1:{other}", processes)
        for url in (found.alertmanager, found.prometheus):
            wait_for(lambda url=url: httpx.get(f"{url}/-/ready").is_success, f"{url} is not ready")  # type: ignore[misc]
        yield found


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            yield process
        except BaseException as error:
            if process.poll() is not None:
                error.add_note(Path(log.name).read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait(60)
