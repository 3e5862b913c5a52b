"""The container file, the compose file, the Kubernetes manifests: right by their schemas, and no way in for others."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from simulator import __version__
from simulator.cli import build_parser
from simulator.cli.run_command import locust_arguments

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")

LOCUSTS = {"--master", "--master-bind-host", "--expect-workers", "--web-host", "--autostart", "--autoquit"}
"""Options that `run` hands on to Locust."""


def objects() -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def pods() -> Iterator[dict[str, Any]]:
    for each in objects():
        if "template" in each["spec"]:
            yield each["spec"]["template"]["spec"]


def parse(words: list[str]) -> None:
    """The command line of a container; what is left over is for Locust, and wanted to be an option of it."""
    options, rest = build_parser(only=words[0]).parse_known_args(words)
    if words[0] == "run":
        options.scenario = None if options.scenario is None else "smoke"
        locust_arguments(options, rest)
        assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= LOCUSTS
    else:
        assert not rest


@pytest.mark.parametrize("manifest", objects(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_manifests_are_right_by_the_schema(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_pods_have_no_more_rights_than_they_need() -> None:
    assert len(list(pods())) == 3
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == 10001
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"]
            assert not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert container["image"] == f"best-fleet:{__version__}"
            writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
            assert "/tmp" in writable
            parse(container["args"])


def test_secrets_come_from_outside() -> None:
    """No manifest holds one; every one that is asked for is made by a command at the file's head."""
    assert not [each for each in objects() if each["kind"] == "Secret"]
    for path in MANIFESTS:
        text = path.read_text(encoding="utf-8")
        asked = set(re.findall(r"secret(?:Name|KeyRef): (?:\{name: )?([\w-]+)", text))
        assert asked == set(re.findall(r"kubectl create secret generic ([\w-]+)", text))
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if name in ("BEST_FLEET_TOKEN", "BEST_FLEET_WEB_LOGIN"):
                assert value.startswith(f"${{{name}:?"), "without it nothing starts"


def test_compose_is_right_by_the_schema() -> None:
    schema = json.loads((ROOT / "tests" / "compose-spec.schema.json").read_text(encoding="utf-8"))
    document = dict(COMPOSE)
    document.pop("name")  # younger than this copy of the specification's schema, which is of 2021
    jsonschema.Draft201909Validator(schema).validate(document)


def test_compose_is_a_master_two_workers_and_the_platform_for_this_machine_alone() -> None:
    services = COMPOSE["services"]
    assert services.keys() == {"platform", "master", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert "--expect-workers 2" in services["master"]["command"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8089:8089"]
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
        parse(shlex.split(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["command"])))


def test_the_container_is_slim_and_not_root() -> None:
    assert (
        re.findall(r"^FROM (\S+)", CONTAINERFILE, flags=re.MULTILINE) == ["docker.io/library/python:${PYTHON}-slim"] * 2
    )
    assert "USER 10001:10001" in CONTAINERFILE
    assert "HEALTHCHECK" in CONTAINERFILE
    assert "--require-hashes" in CONTAINERFILE


def test_what_the_image_is_made_of_is_there_and_gets_into_the_build() -> None:
    """Each source of a COPY exists and is let through by the ignore file, which lets nothing else through."""
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, flags=re.MULTILINE)
        for word in [each for each in line.split() if not each.startswith("--")][:-1]
    }
    assert all((ROOT / name).exists() for name in copied)
    ignore = (ROOT / ".containerignore").read_text(encoding="utf-8")
    lines = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8") == ignore


def healthy(port: str) -> int:
    command = [sys.executable, str(DEPLOY / "healthy.py")]
    return subprocess.run(command, env={"BEST_FLEET_HEALTH_PORT": port}, capture_output=True, check=False).returncode


def test_the_health_check() -> None:
    assert healthy("") == 0
    assert healthy("99999999") == 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert healthy(str(server.getsockname()[1])) == 0
