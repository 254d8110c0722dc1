"""The image's recipe, the compose file and the IAM policies: what can be known of them without running them."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"


def dockerfile_faults():
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in lines:
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM" and not re.search(r"[:@][\w.-]+", rest.split()[0]):
            yield f"{line}: an image without a version"
        if instruction == "ADD":
            yield f"{line}: COPY does"
        if "apt-get install" in rest and not ("--no-install-recommends" in rest and "rm -rf /var/lib/apt/lists" in rest):
            yield f"{line}: recommends are installed, or lists are left behind"
        if instruction in ("ENTRYPOINT", "CMD"):
            try:
                json.loads(rest)
            except ValueError:
                yield f"{line}: a shell would stand between the program and its signals"
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        yield "the image runs as root, or as a name that Kubernetes cannot judge"
    yield from library_faults(lines)


def library_faults(lines):
    """The libraries that the program is linked to are installed in the last stage."""
    program = next((p for p in (ROOT / ".build/release/linefeed", ROOT / ".build/debug/linefeed") if p.exists()), None)
    if not program or not shutil.which("readelf"):
        print("the program is not built, or readelf is missing: the image's libraries are not checked")
        return
    last = [line for line in lines if "apt-get install" in line][-1]
    installed = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", last.split("--no-install-recommends")[1].split("&&")[0]))
    # Every Debian image has them.
    installed |= {"libc6", "libgcc-s1"}
    dynamic = subprocess.run(["readelf", "-d", str(program)], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"NEEDED.*\[(.+?)\]", dynamic):
        # Linked into the program in the image.
        if re.match(r"lib(_?swift|_?Foundation|dispatch|BlocksRuntime)", library):
            continue
        owner = subprocess.run(["dpkg", "-S", f"*/{library}"], capture_output=True, text=True).stdout
        packages = {line.split(":")[0] for line in owner.splitlines()}
        if not packages & installed:
            yield f"{library}, of {' or '.join(sorted(packages)) or 'nowhere'}, is not in the image"


def compose_faults():
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            if other not in services:
                yield f"{name} waits for {other}, which is no service"
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("."):
                if not (DEPLOY / "compose" / source).exists():
                    yield f"{name}: {source} does not exist"
            elif source not in compose["volumes"]:
                yield f"{name}: {source} is no volume"
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name}: port {port} is open to others"
        if "build" not in service and not re.search(r":[\w.-]+$", service.get("image", "")) \
                and service.get("image") != "linefeed":
            yield f"{name}: an image without a version"
    targets = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    for job in targets:
        for target in job["static_configs"][0]["targets"]:
            if target.split(":")[0] not in services:
                yield f"Prometheus asks {target}, which is no service"


def policy_faults():
    for path in sorted((DEPLOY / "aws").glob("*.json")):
        for statement in json.loads(path.read_text())["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            resources = statement.get("Resource", [])
            resources = resources if isinstance(resources, list) else [resources]
            if any("*" in action for action in actions) or "*" in resources:
                yield f"{path.name}: a statement grants everything"


def main():
    faults = [f"{kind}: {fault}" for kind, found in
              (("Dockerfile", dockerfile_faults()), ("compose", compose_faults()), ("IAM", policy_faults()))
              for fault in found]
    if faults:
        sys.exit("\n".join(faults))
    print("the image's recipe, the compose file and the policies hold together")


main()
