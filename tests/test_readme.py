"""What the README says is so: its commands run, its links lead somewhere, its words are ours."""

import re
from pathlib import Path

import pytest

from tests.web.commands import run
from web.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)


def test_each_command_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = [line for block in BLOCKS for line in block.splitlines() if line.startswith("callboard")]
    assert commands
    for command in commands:
        arguments = [part.replace("sqlite:///", f"sqlite:///{tmp_path}/") for part in command.split()[1:]]
        done = run(*arguments)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_two_commands_are_in_the_makefile() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M)
    made = [line.split()[1] for block in BLOCKS for line in block.splitlines() if line.startswith("make ")]
    assert made == ["run", "test"]
    assert set(made) <= set(targets)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_each_link_leads_to_a_file(target: str) -> None:
    assert target.startswith("http") or (ROOT / target).is_file()


def test_each_command_of_the_program_is_in_the_readme() -> None:
    names = [
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    ]
    assert all(f"callboard {name}" in README for name in names)


def test_the_readme_names_no_machine() -> None:
    assert not re.search(r"/work/|/root/|\.\./shared", README)
