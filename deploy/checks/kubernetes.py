"""Every overlay renders, what it renders is what Kubernetes takes, and its parts fit together.

Rendering takes `kustomize` or `kubectl`; where neither is installed the files are looked at one by one, and that is said.
Custom resources (KEDA's, the Prometheus operator's) have no schema here: only that they are YAML is known.
"""

import pathlib
import shutil
import subprocess
import sys

import kubernetes_validate
import yaml

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "kubernetes"
# The oldest that knows everything that is used, and the newest that the validator knows.
VERSIONS = ["1.29", kubernetes_validate.latest_version()]
CUSTOM = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}
# Seconds that the program gives itself to stop.
DRAIN = 30


def rendered():
    tool = shutil.which("kustomize") and ["kustomize", "build"] or shutil.which("kubectl") and ["kubectl", "kustomize"]
    if not tool:
        print("neither kustomize nor kubectl is installed: the files are checked one by one, the overlays' patches are not")
        for path in sorted(FOLDER.rglob("*.yaml")):
            if path.name != "kustomization.yaml":
                yield str(path.relative_to(FOLDER)), path.read_text(), False
        return
    for overlay in [FOLDER / "base", *sorted((FOLDER / "overlays").iterdir())]:
        outcome = subprocess.run([*tool, str(overlay)], capture_output=True, text=True)
        if outcome.returncode:
            sys.exit(f"{overlay.name}: {outcome.stderr}")
        yield overlay.name, outcome.stdout, True


def faults_of(place, documents, is_whole):
    for document in documents:
        kind, name = document["kind"], document["metadata"]["name"]
        if kind in CUSTOM:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{place}: {kind} {name}, {version}: {error.message}"
        if kind == "StatefulSet":
            yield from (f"{place}: {kind} {name}: {fault}" for fault in faults_of_pods(document))
    if is_whole:
        yield from (f"{place}: {fault}" for fault in faults_between(documents))


def faults_of_pods(stateful_set):
    template = stateful_set["spec"]["template"]
    pod = template["spec"]
    if pod["terminationGracePeriodSeconds"] <= DRAIN:
        yield f"is killed before it has stopped by itself, {DRAIN} s"
    if not pod["securityContext"].get("runAsNonRoot") or pod.get("automountServiceAccountToken") is not False:
        yield "may be root, or carries a token of the cluster"
    if pod.get("enableServiceLinks") is not False:
        yield "gets variables LINEFEED_… that are none of ours"
    for container in pod["containers"]:
        context = container["securityContext"]
        if context["allowPrivilegeEscalation"] or not context["readOnlyRootFilesystem"] \
                or context["capabilities"]["drop"] != ["ALL"]:
            yield f"{container['name']} has more rights than it needs"
        if not {"requests", "limits"} <= container["resources"].keys():
            yield f"{container['name']} has no bounds"
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if container[probe]["httpGet"]["port"] not in ports:
                yield f"{container['name']}: its {probe} asks at no port"
        volumes = {volume["name"] for volume in pod.get("volumes", [])} | {
            claim["metadata"]["name"] for claim in stateful_set["spec"].get("volumeClaimTemplates", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{container['name']}: {mount['name']} is no volume"


def missing_ports(document, templates):
    """Of the ports that a document asks at by name those that no container of its pods has."""
    spec = document.get("spec", {})
    if document["kind"] == "PodMonitor":
        selector, ports = spec["selector"]["matchLabels"], [end["port"] for end in spec["podMetricsEndpoints"]]
    elif document["kind"] == "NetworkPolicy":
        selector = spec["podSelector"]["matchLabels"]
        ports = [port["port"] for rule in spec["ingress"] for port in rule["ports"]]
    elif document["kind"] == "Service":
        selector, ports = spec["selector"], [port["targetPort"] for port in spec["ports"]]
    else:
        return
    for template in templates:
        if selector.items() <= template["metadata"]["labels"].items():
            known = {port["name"] for container in template["spec"]["containers"] for port in container["ports"]}
            yield from (port for port in ports if port not in known)


def faults_between(documents):
    templates = [d["spec"]["template"] for d in documents if d["kind"] == "StatefulSet"]
    labels = [t["metadata"]["labels"] for t in templates]
    names = {(d["kind"], d["metadata"]["name"]) for d in documents}

    def selects(selector):
        return any(selector.items() <= of_pod.items() for of_pod in labels)

    for d in documents:
        place = f"{d['kind']} {d['metadata']['name']}"
        yield from (f"{place}: no container has the port {port}" for port in missing_ports(d, templates))
        if d["kind"] == "Service" and not selects(d["spec"]["selector"]):
            yield f"{place} selects no pod"
        if d["kind"] == "NetworkPolicy" and not selects(d["spec"]["podSelector"]["matchLabels"]):
            yield f"{place} selects no pod"
        if d["kind"] == "PodDisruptionBudget" and not selects(d["spec"]["selector"]["matchLabels"]):
            yield f"{place} selects no pod"
        if d["kind"] == "ScaledObject":
            target = d["spec"]["scaleTargetRef"]
            if (target["kind"], target["name"]) not in names:
                yield f"{place} scales nothing"
            if any(s["kind"] == "StatefulSet" and s["metadata"]["name"] == target["name"] and "replicas" in s["spec"]
                   for s in documents):
                yield f"{place} and a fixed number of replicas contradict each other"
            reference = d["spec"]["triggers"][0].get("authenticationRef")
            if reference and ("TriggerAuthentication", reference["name"]) not in names:
                yield f"{place}: {reference['name']} is nowhere"
    for template in templates:
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                reference = source.get("configMapRef")
                if reference and ("ConfigMap", reference["name"]) not in names:
                    yield f"{container['name']}: there is no ConfigMap {reference['name']}"


def main():
    faults = []
    count = 0
    for place, text, is_whole in rendered():
        documents = [document for document in yaml.safe_load_all(text) if document]
        count += len(documents)
        faults += faults_of(place, documents, is_whole)
    if faults:
        sys.exit("\n".join(faults))
    print(f"{count} objects are what Kubernetes {' and '.join(VERSIONS)} take, and fit together")


main()
