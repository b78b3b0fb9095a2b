"""The deployment files are valid for the tools that read them, and say what the suite needs.

Checked against the published schemas, offline; nothing is applied to an engine or a cluster.
"""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from mcpgateway.cli import init_secrets

ROOT = Path(__file__).parents[3]
K8S = ROOT / "deploy" / "k8s"
COMPOSE = ROOT / "deploy" / "compose"
KUBERNETES = "1.33"
SERVICES = ("control-plane", "data-plane", "admin", "runner")


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in ("base", "dependencies", "runner"):
        kustomization = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text())
        for name in kustomization["resources"]:
            for document in yaml.safe_load_all((K8S / folder / name).read_text()):
                yield f"{folder}/{name}", document


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, document in manifests():
        if document["kind"] in ("Deployment", "StatefulSet"):
            yield name, document["spec"]["template"]["spec"]


@pytest.mark.parametrize(("name", "document"), list(manifests()))
def test_a_manifest_is_valid_for_kubernetes(name: str, document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize(("name", "spec"), list(pods()))
def test_no_pod_gets_the_variables_of_other_services(name: str, spec: dict[str, Any]) -> None:
    assert spec["enableServiceLinks"] is False


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_unprivileged_on_a_read_only_file_system(service: str) -> None:
    folder = "runner" if service == "runner" else "base"
    deployment = yaml.safe_load((K8S / folder / f"{service}.yaml").read_text().split("---")[0])
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_all_traffic_enters_at_the_data_plane_which_owns_the_path_table() -> None:
    ingress = yaml.safe_load((K8S / "base" / "ingress.yaml").read_text())
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    assert [(p["path"], p["backend"]["service"]["name"]) for p in paths] == [
        ("/", "mcpgateway-data-plane")
    ]
    proxied = re.findall(
        r"location (\S+) \{\s+proxy_pass (\S+);", (COMPOSE / "gateway.conf").read_text()
    )
    assert proxied == [("/", "http://data_plane")]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("folder", ["base", "dependencies", "runner"])
def test_kustomize_renders(folder: str) -> None:
    shown = subprocess.run(
        ["kubectl", "kustomize", str(K8S / folder)], capture_output=True, text=True, check=True
    )
    assert "kind:" in shown.stdout


def test_the_compose_file_is_valid_compose() -> None:
    compose = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    schema = json.loads((Path(__file__).parent / "schema" / "compose-spec.json").read_text())
    jsonschema.Draft201909Validator(schema).validate(compose)


SECRETS = {  # of the roles that have any
    "init": {"init", "control-plane", "data-plane", "admin", "runner", "nats", "postgres"},
    **{role: {role} for role in (*SERVICES, "nats", "postgres")},
}


@pytest.mark.parametrize("service", ["init", *SERVICES, "nats", "postgres", "redis", "gateway"])
def test_a_service_of_compose_mounts_no_secrets_but_its_own(service: str) -> None:
    spec = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"][service]
    mounts = [volume.split(":") for volume in spec.get("volumes", ()) if ":" in volume]
    secrets = [mount for mount in mounts if mount[0].startswith("secrets") or "secret" in mount[1]]
    roles = SECRETS.get(service, set())
    writable = [] if service == "init" else ["ro"]
    assert sorted(secrets) == sorted(
        [f"secrets-{role}", f"/secrets/{role}", *writable] for role in roles
    )


def test_compose_has_no_password_written_in_it() -> None:
    for service in yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "SECRET" in name:
                assert value == f"${{{name}:-}}" or name.endswith("_FILE"), name


POD_SECRETS = {
    "control-plane": {"mcpgateway-control-plane", "mcpgateway-nats-control-plane"},
    "data-plane": {"mcpgateway-data-plane", "mcpgateway-nats-data-plane"},
    "admin": {"mcpgateway-admin"},
    "runner": {"mcpgateway-runner"},
    "nats": {"mcpgateway-nats-server"},
    "postgres": {"mcpgateway-postgres"},
}


@pytest.mark.parametrize(("name", "spec"), list(pods()))
def test_a_pod_is_given_no_secret_but_its_own(name: str, spec: dict[str, Any]) -> None:
    asked = re.findall(r"'(?:secretRef|secretKeyRef)': {[^}]*'name': '([^']+)'", str(spec))
    asked += re.findall(r"'secretName': '([^']+)'", str(spec))
    assert set(asked) == POD_SECRETS[Path(name).stem]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_what_init_secrets_writes_becomes_the_secrets_that_the_pods_ask_for(tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    assert init_secrets.main(["--out", str(tmp_path / "k8s/all/secrets")], {}) == 0
    shown = subprocess.run(
        ["kubectl", "kustomize", tmp_path / "k8s/all"], capture_output=True, text=True, check=True
    )
    made = [d for d in yaml.safe_load_all(shown.stdout) if d["kind"] == "Secret"]
    keys = {document["metadata"]["name"]: set(document["data"]) for document in made}
    assert set(keys) == set().union(*POD_SECRETS.values())
    assert keys["mcpgateway-nats-data-plane"] == {"user.creds"}
    assert keys["mcpgateway-nats-server"] == {"nats.conf"}
    assert keys["mcpgateway-postgres"] == {"POSTGRES_PASSWORD"}
    (postgres,) = (d for d in made if d["metadata"]["name"] == "mcpgateway-postgres")
    password = base64.b64decode(postgres["data"]["POSTGRES_PASSWORD"])
    assert password == (tmp_path / "k8s/all/secrets/postgres/password").read_bytes()
    assert password.strip() == password


def test_compose_runs_three_data_planes_behind_an_edge_on_both_ports() -> None:
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
    assert services["data-plane"]["deploy"]["replicas"] == 3
    assert services["gateway"]["ports"] == ["4444:4444", "8080:4444"]
    assert {"postgres", "nats", "redis", "control-plane", "admin"} <= set(services)


def test_what_a_runner_runs_reaches_no_database_and_no_nats() -> None:
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
    assert services["runner"]["networks"] == ["runners"]
    beside = {name for name, each in services.items() if "runners" in each.get("networks", ())}
    assert beside == {"runner", "control-plane", "data-plane"}
    assert services["runner"]["profiles"] == ["runner"]
    policies = yaml.safe_load_all((K8S / "runner" / "network-policy.yaml").read_text())
    assert all("Egress" in policy["spec"]["policyTypes"] for policy in policies)


@pytest.mark.parametrize(
    "containerfile",
    [ROOT / "services" / s.replace("-", "_") / "Containerfile" for s in SERVICES]
    + [ROOT / "deploy" / "allinone" / "Containerfile"],
    ids=lambda path: path.parent.name,
)
def test_an_image_is_slim_unprivileged_and_installs_only_locked_packages(
    containerfile: Path,
) -> None:
    text = containerfile.read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.M)) == {
        "docker.io/library/python:3.13-slim-bookworm"
    }
    assert re.search(r"^USER \d+:0$", text, re.M)
    for line in re.findall(r"pip install (.+)", text):
        assert "--require-hashes" in line or "/dist/*.whl" in line, line
    for path in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for source in path.split():
            assert (ROOT / source).exists(), source
    for lock in re.findall(r"deploy/locks/([\w-]+)\.lock", text):
        assert (ROOT / "deploy" / "locks" / f"{lock}.lock").exists()
