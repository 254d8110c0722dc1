#!/usr/bin/env python3
"""Asks `linefeed serve` with keys, as boto3 1.40.60 and as Linefeed's own client: who gets in, and who does not.

usage: boto3_access.py LINEFEED FOLDER

Works in FOLDER, which must be empty. Prints one line per check and exits 0 if all hold.
"""
import contextlib
import datetime
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings

import boto3
import botocore
import botocore.auth
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

# Old versions of TLS are tried on purpose.
warnings.simplefilter("ignore", DeprecationWarning)

LINEFEED, FOLDER = map(os.path.abspath, sys.argv[1:])
DEADLINE_SECONDS = 60
KEYS = {
    "OPERATOR": ("operator-secret-0123456789", {"*": "admin"}),
    "LINE4": ("line4-secret/+0123456789", {"boards": "write", "lab-*": "read"}),
    "OTHERS": ("others-secret-0123456789", {"secret-project": "admin"}),
}
failures = 0


def expect(what, holds, detail=""):
    global failures
    failures += not holds
    detail = " ".join(str(detail).split())
    print(f"{'ok  ' if holds else 'FAIL'} {what}{f': {detail}' if detail else ''}", flush=True)


def path(name):
    return os.path.join(FOLDER, name)


def write_keys(keys=KEYS, name="keys.yaml", mode=0o600):
    lines = ["keys:"]
    for key, (secret, projects) in keys.items():
        lines += [f"  - id: {key}", f"    secret: {secret}", "    projects:"]
        lines += [f'      "{pattern}": {permission}' for pattern, permission in projects.items()]
    with open(path(name), "w") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(path(name), mode)
    return path(name)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=FOLDER, check=True, capture_output=True)


def make_authority():
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", "ca.key", "-out", "ca.pem")


def make_certificate(name, common_name):
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")
    with open(path("extensions"), "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem")
    os.chmod(path(f"{name}.key"), 0o600)


class Service:
    def __init__(self, *arguments, database="datasets.sqlite"):
        with open(path("serve.log"), "ab") as log:
            self.process = subprocess.Popen(
                [LINEFEED, "serve", "--port", "0", "--database", path(database), *arguments],
                stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.log_offset = os.path.getsize(path("serve.log"))

    def reload(self, line):
        """Sends SIGHUP and waits until the log says what became of it."""
        size = os.path.getsize(path("serve.log"))
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            with open(path("serve.log")) as file:
                file.seek(size)
                if line in file.read():
                    return True
            time.sleep(0.02)
        return False

    def client(self, key="OPERATOR", secret=None, token=None, unsigned=False, verify=None, region="eu-central-1"):
        config = dict(retries={"max_attempts": 0}, read_timeout=DEADLINE_SECONDS)
        if unsigned:
            config["signature_version"] = botocore.UNSIGNED
        return boto3.client(
            "lookoutvision", endpoint_url=self.url, region_name=region, aws_access_key_id=key,
            aws_secret_access_key=secret or KEYS[key][0], aws_session_token=token,
            verify=verify, config=Config(**config))


@contextlib.contextmanager
def serving(*arguments, **keywords):
    service = Service(*arguments, **keywords)
    try:
        yield service
    finally:
        service.process.terminate()
        code = service.process.wait(DEADLINE_SECONDS)
        expect(f"the service ends with status 0 ({' '.join(arguments)[-40:]})", code == 0, code)


@contextlib.contextmanager
def clock(minutes):
    """Lets boto3's signer believe that it is so many minutes later."""
    original = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *a, **k: original(*a, **k) + datetime.timedelta(minutes=minutes)
    try:
        yield
    finally:
        botocore.auth.get_current_datetime = original


def expect_denied(what, client, call, says=""):
    """Refused with the exception that the model has, and without a hint of the right signature."""
    try:
        call()
    except client.exceptions.AccessDeniedException as error:
        message = error.response["Error"]["Message"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        tells = re.search("[0-9a-f]{64}", message) is not None
        expect(f"refused: {what}", status == 403 and says in message and not tells, message)
    except Exception as error:  # noqa: BLE001
        expect(f"refused: {what}", False, f"{type(error).__name__}: {error}")
    else:
        expect(f"refused: {what}", False, "it was done")


def expect_done(what, call):
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001
        expect(what, False, f"{type(error).__name__}: {error}")
        return None
    expect(what, True)
    return answer


def line(number):
    return json.dumps({"source-ref": f"s3://bucket/{number}.png"})


def tampering(client, change):
    """Changes every request of the client after it was signed."""
    client.meta.events.register("before-send.lookoutvision.*", lambda request, **_: change(request))
    return client


def update(client, project="boards", changes=None):
    return client.update_dataset_entries(
        ProjectName=project, DatasetType="train", Changes=(changes or line(1)).encode())


def until_terminal(client, project="boards"):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        status = client.describe_dataset(ProjectName=project, DatasetType="train")["DatasetDescription"]["Status"]
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.02)
    return None


def check_signatures(service, verify):
    operator, worker = service.client(verify=verify), service.client("LINE4", verify=verify)
    for project in ["boards", "lab-1", "secret-project", "zzz"]:
        expect_done(f"an admin creates {project}", lambda: operator.create_project(ProjectName=project))
        expect_done("and its dataset", lambda: operator.create_dataset(ProjectName=project, DatasetType="train"))
    expect_done("a right key updates", lambda: update(worker))
    expect("and sees it applied", until_terminal(worker) == "UPDATE_COMPLETE")
    big = "\n".join(line(number) for number in range(20_000))
    expect_done(f"and updates with {len(big)} bytes", lambda: update(worker, changes=big))
    expect("and sees that applied", until_terminal(worker) == "UPDATE_COMPLETE")
    expect_done("and lists with a query", lambda: worker.list_dataset_entries(
        ProjectName="boards", DatasetType="train", SourceRefContains="1 /+é", MaxResults=3))

    wrong = service.client("LINE4", secret="line4-secret/+012345678X", verify=verify)
    expect_denied("wrong secret", wrong, lambda: update(wrong), "does not match")
    stranger = service.client("NOBODY", secret="whatever-0123456789", verify=verify)
    expect_denied("unknown key", stranger, lambda: stranger.list_projects(), "not known")
    unsigned = service.client("LINE4", unsigned=True, verify=verify)
    expect_denied("no signature", unsigned, lambda: unsigned.list_projects(), "not signed")
    temporary = service.client("LINE4", token="a-token", verify=verify)
    expect_denied("temporary credentials", temporary, lambda: temporary.list_projects(), "AWS_SESSION_TOKEN")
    for minutes in [-16, 16]:
        with clock(minutes):
            expect_denied(f"date of {minutes} minutes", worker, lambda: update(worker), "clocks")
    for minutes in [-14, 14]:
        with clock(minutes):
            expect_done(f"date of {minutes} minutes", lambda: worker.list_projects())

    def body(request):
        request.body = request.body.replace(b"ey", b"eZ", 1)

    def path_of(request):
        request.url = request.url.replace("boards", "lab-1")

    def token(request):
        request.headers["X-Amzn-Client-Token"] = "another"

    def method(request):
        request.method = "DELETE"

    for what, change, call in [
        ("body", body, update), ("path", path_of, until_terminal), ("client token", token, update),
    ]:
        client = tampering(service.client("LINE4", verify=verify), change)
        expect_denied(f"tampered {what}", client, lambda: call(client), "does not match")
    deleting = tampering(service.client("OPERATOR", verify=verify), method)
    expect_denied("tampered method", deleting, lambda: until_terminal(deleting), "does not match")
    expect("nothing of that came through", until_terminal(operator) == "UPDATE_COMPLETE")


def check_permissions(service, verify):
    worker, others = service.client("LINE4", verify=verify), service.client("OTHERS", verify=verify)
    secret = dict(ProjectName="secret-project")
    for what, call in {
        "another project's description": lambda: worker.describe_project(**secret),
        "another project's dataset": lambda: worker.describe_dataset(**secret, DatasetType="train"),
        "another project's entries": lambda: worker.list_dataset_entries(**secret, DatasetType="train"),
        "an update of another project": lambda: update(worker, "secret-project"),
        "an update with read only": lambda: update(worker, "lab-1"),
        "an unknown project": lambda: worker.describe_project(ProjectName="nobody-has-it"),
        "creating a project": lambda: worker.create_project(ProjectName="boards-2"),
        "creating its own project": lambda: worker.create_project(ProjectName="boards"),
        "creating a dataset": lambda: worker.create_dataset(ProjectName="boards", DatasetType="test"),
        "deleting a dataset": lambda: worker.delete_dataset(ProjectName="boards", DatasetType="train"),
        "deleting a project": lambda: worker.delete_project(ProjectName="boards"),
    }.items():
        expect_denied(what, worker, call, "may not")
    expect_denied("an update by another project's key", others, lambda: update(others), "may not")
    expect_done("reading with read", lambda: worker.describe_dataset(ProjectName="lab-1", DatasetType="train"))
    for client, size, wanted in [(worker, 1, ["boards", "lab-1"]), (others, 1, ["secret-project"])]:
        pages = client.get_paginator("list_projects").paginate(PaginationConfig={"PageSize": size})
        names = [project["ProjectName"] for page in pages for project in page["Projects"]]
        expect(f"lists only {wanted}", names == wanted, names)


def check_reload(service, verify):
    worker = service.client("LINE4", verify=verify)
    rotated = {**KEYS, "LINE5": ("line5-secret-0123456789", {"boards": "write"})}
    del rotated["LINE4"]
    write_keys(rotated)
    expect("SIGHUP reads the keys", service.reload("Access keys were read again"))
    expect_denied("a key that was taken out", worker, lambda: update(worker), "not known")
    new = service.client("LINE5", secret=rotated["LINE5"][0], verify=verify)
    expect_done("a key that was put in", lambda: update(new))
    write_keys({**KEYS, "LINE4": (KEYS["LINE4"][0], {"boards": "wirte"})})
    expect("a misspelt file is refused", service.reload("not read, write or admin"))
    expect_done("and what held before holds", lambda: new.list_projects())
    write_keys()
    expect("and again", service.reload("Access keys were read again"))
    expect_done("the first key", lambda: worker.list_projects())


def raw(service, request, verify=None):
    """Sends bytes and reads the answer's status line and headers."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_SECONDS)
    if verify:
        connection = ssl.create_default_context(cafile=verify).wrap_socket(connection, server_hostname="localhost")
    with connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            chunk = connection.recv(65536)
            if not chunk:
                break
            answer += chunk
        return answer.decode("latin-1")


def check_tls(service):
    blind = service.client()
    try:
        blind.list_projects()
        expect("an unknown authority is not believed", False)
    except SSLError:
        expect("an unknown authority is not believed", True)
    answer = raw(service, b"GET /2020-11-20/projects HTTP/1.1\r\nHost: localhost\r\n\r\n")
    expect("plain HTTP gets no answer on the TLS port", "HTTP/1.1 2" not in answer, answer[:30])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(path("ca.pem"))
    with contextlib.suppress(ValueError):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_SECONDS) as connection:
            old.wrap_socket(connection, server_hostname="localhost")
        expect("TLS 1.1 is refused", False)
    except (ssl.SSLError, ConnectionError):
        expect("TLS 1.1 is refused", True)

    def serial():
        context = ssl.create_default_context(cafile=path("ca.pem"))
        with socket.create_connection(("127.0.0.1", service.port), timeout=DEADLINE_SECONDS) as connection:
            with context.wrap_socket(connection, server_hostname="localhost") as tls:
                return dict(field[0] for field in tls.getpeercert()["subject"])["commonName"]

    expect("the certificate is the first", serial() == "first", serial())
    for extension in ["pem", "key"]:
        os.replace(path(f"second.{extension}"), path(f"first.{extension}"))
    expect("SIGHUP reads the certificate", service.reload("The certificate was read again"))
    expect("the certificate is the second", serial() == "second", serial())


def linefeed(*arguments, key=None, **environment):
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **environment}
    if key:
        environment.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=KEYS[key][0])
    return subprocess.run(
        [LINEFEED, *arguments], env=environment, capture_output=True, text=True, timeout=120, cwd=FOLDER)


def check_own_client(service):
    export = ["export", "--endpoint", f"https://localhost:{service.port}", "--project", "boards",
              "--dataset-type", "train"]
    trusted = linefeed(*export, "--ca-file", path("ca.pem"), key="LINE4")
    expect("linefeed export over TLS", trusted.returncode == 0 and line(1) in trusted.stdout, trusted.stderr[-200:])
    bundle = linefeed(*export, key="LINE4", AWS_CA_BUNDLE=path("ca.pem"))
    expect("linefeed export with AWS_CA_BUNDLE", bundle.returncode == 0 and bundle.stdout == trusted.stdout)
    for what, command in [("export", export), ("check", ["check", "--endpoint", f"https://localhost:{service.port}",
                                                          "--brokers", "127.0.0.1:1", "--timeout", "8s"])]:
        started = time.monotonic()
        blind = linefeed(*command, key="LINE4")
        took = time.monotonic() - started
        expect(f"linefeed {what} says at once that the authority is unknown",
               blind.returncode != 0 and "certificate is not believed" in blind.stderr + blind.stdout and took < 20,
               f"{took:.1f} s, {(blind.stdout + blind.stderr).strip()[-120:]}, status {blind.returncode}")
    denied = linefeed(*export, "--ca-file", path("ca.pem"), key="OTHERS")
    expect("linefeed export with another project's key", denied.returncode != 0 and "AccessDenied" in denied.stderr,
           denied.stderr.strip()[-120:])
    missing = linefeed(*export, "--ca-file", path("missing.pem"), key="LINE4")
    expect("a missing --ca-file is named", missing.returncode != 0 and "missing.pem" in missing.stderr,
           missing.stderr.strip()[-120:])


def check_worker(service):
    # It goes on trying for a minute, as it would while a service is restarted; it must have got nothing meanwhile.
    blind = subprocess.Popen(
        [LINEFEED, "export", "--endpoint", f"https://localhost:{service.port}", "--project", "boards",
         "--dataset-type", "train"],
        env={**os.environ, "AWS_ACCESS_KEY_ID": "LINE4", "AWS_SECRET_ACCESS_KEY": KEYS["LINE4"][0]},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    broker = subprocess.Popen([LINEFEED, "broker", "--topic", "labelling:1"], stdout=subprocess.PIPE, text=True)
    try:
        address = broker.stdout.readline().strip().split("=", 1)[1]
        with open(path("events.manifest"), "w") as file:
            file.writelines(json.dumps({"source-ref": f"s3://bucket/by-worker-{n}.png"}) + "\n" for n in range(50))
        kafka = ["--brokers", address, "--topic", "labelling"]
        published = linefeed("publish", path("events.manifest"), *kafka, "--project", "boards",
                             "--dataset-type", "train")
        ran = linefeed("run", *kafka, "--endpoint", f"https://localhost:{service.port}", "--ca-file", path("ca.pem"),
                       "--until-end", key="LINE4")
        expect("linefeed run over TLS with a key", published.returncode == 0 and ran.returncode == 0,
               ran.stderr.strip()[-160:])
        entries = service.client("LINE4", verify=path("ca.pem")).list_dataset_entries(
            ProjectName="boards", DatasetType="train", SourceRefContains="by-worker-")["DatasetEntries"]
        expect("and all its lines are there", len(entries) == 50, len(entries))
        blind.kill()
        expect("linefeed export believes no unknown authority", blind.communicate()[0] == b"")
    finally:
        broker.terminate()
        broker.wait(DEADLINE_SECONDS)


def check_sizes(service, verify):
    """A body that announces too much is answered before it is sent."""
    authorization = "AWS4-HMAC-SHA256 Credential=LINE4/{}/r/lookoutvision/aws4_request, SignedHeaders={}, Signature={}"
    now = datetime.datetime.now(datetime.timezone.utc)
    head = "\r\n".join([
        "PATCH /2020-11-20/projects/boards/datasets/train/entries HTTP/1.1", "Host: localhost",
        f"X-Amz-Date: {now:%Y%m%dT%H%M%SZ}", "Content-Length: {}",
        f"Authorization: {authorization.format(f'{now:%Y%m%d}', 'host;x-amz-date', '0' * 64)}", "", ""])
    answer = raw(service, head.format(10**12).encode(), verify)
    expect("a body of 10^12 bytes is refused before it comes", "400" in answer[:15] and "close" in answer.lower(),
           answer[:24])
    answer = raw(service, head.format("9" * 30).encode(), verify)
    expect("so is one of 10^30", "400" in answer[:15], answer[:24])
    many = "".join(f"X-Header-{number}: 1\r\n" for number in range(200))
    answer = raw(service, f"GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n".encode(), verify)
    expect("200 headers are refused", re.match("HTTP/1.1 4", answer) is not None, answer[:24])
    answer = raw(service, f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 100_000}\r\n\r\n".encode(), verify)
    expect("a header of 100 kB is refused", re.match("HTTP/1.1 4", answer) is not None, answer[:24])


def check_rate_limits():
    with serving("--keys", write_keys(), "--rate-limit", "ListProjects=1", "--rate-limit", "1000",
                 database="limited.sqlite") as service:
        operator, worker = service.client(), service.client("LINE4")
        operator.create_project(ProjectName="boards")
        throttled = None
        started = time.monotonic()
        for _ in range(3):
            try:
                operator.list_projects()
            except ClientError as error:
                throttled = error
        took = time.monotonic() - started
        headers = throttled.response["ResponseMetadata"] if throttled else {}
        code = throttled.response["Error"]["Code"] if throttled else None
        expect("the third request in a second is throttled",
               (code, headers.get("HTTPStatusCode")) == ("ThrottlingException", 429) or took > 1, code)
        expect("with Retry-After", throttled is None or headers["HTTPHeaders"].get("retry-after") == "1")
        expect_done("another key is not", lambda: worker.list_projects())
        expect_done("nor another operation", lambda: operator.describe_project(ProjectName="boards"))


def check_start():
    """What is not started at all."""
    def refused(what, says, *arguments):
        ended = linefeed("serve", "--port", "0", "--database", path("none.sqlite"), *arguments)
        expect(f"not started: {what}", ended.returncode != 0 and says in ended.stderr and not ended.stdout,
               ended.stderr.strip()[-160:])

    keys = write_keys(name="start.yaml")
    refused("open to others", "--keys", "--host", "0.0.0.0")
    refused("keys that others may read", "chmod", "--keys", write_keys(name="open.yaml", mode=0o644))
    refused("no such keys", "missing.yaml", "--keys", path("missing.yaml"))
    refused("a misspelt permission", "line 5", "--keys",
            write_keys({"A": ("secret-0123456789", {"boards": "wirte"})}, name="misspelt.yaml"))
    refused("a short secret", "line 3", "--keys", write_keys({"A": ("short", {"boards": "read"})}, name="short.yaml"))
    refused("a certificate without a key", "go together", "--keys", keys, "--tls-certificate", path("first.pem"))
    refused("another certificate's key", "is not the key", "--keys", keys, "--tls-certificate", path("first.pem"),
            "--tls-key", path("ca.key"))
    refused("two policies", "contradict", "--keys", keys, "--insecure-no-auth")
    with serving(database="names.sqlite") as service:
        for host in ["127.0.0.1", "localhost"]:
            local = boto3.client("lookoutvision", endpoint_url=f"http://{host}:{service.port}", region_name="us-east-1",
                                 aws_access_key_id="any", aws_secret_access_key="any")
            expect_done(f"without keys, as {host}", lambda: local.list_projects())
        answer = raw(service, b"GET /2020-11-20/projects HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        expect("without keys, as another name", answer.startswith("HTTP/1.1 421") and "AccessDenied" in answer, answer[:24])
        ended = linefeed("serve", "--port", "0", "--database", path("names.sqlite"))
        expect("not started: a second one on the same database",
               ended.returncode != 0 and "another process serves it" in ended.stderr and not ended.stdout,
               ended.stderr.strip()[-160:])
        ended = linefeed("backup", "--database", path("names.sqlite"), "--to", path("names.backup"))
        expect("but a backup is taken", ended.returncode == 0 and os.path.exists(path("names.backup")), ended.stderr)
    with serving("--host", "0.0.0.0", "--insecure-no-auth", database="open.sqlite") as service:
        answer = raw(service, b"GET /2020-11-20/projects HTTP/1.1\r\nHost: localhost\r\n\r\n")
        expect("open where that is asked for", answer.startswith("HTTP/1.1 200"))
    with serving("--keys", keys, "--signing-region", "eu-central-1", database="region.sqlite") as service:
        here, there = service.client(), service.client(region="us-east-1")
        expect_done("the region that is asked for", lambda: here.list_projects())
        expect_denied("another region", there, lambda: there.list_projects(), "eu-central-1")


def main():
    make_authority()
    for name in ["first", "second"]:
        make_certificate(name, name)
    os.chmod(path("ca.key"), 0o600)
    tls = ["--tls-certificate", path("first.pem"), "--tls-key", path("first.key")]
    for arguments, verify, database in [([], None, "plain.sqlite"), (tls, path("ca.pem"), "tls.sqlite")]:
        with serving("--keys", write_keys(), *arguments, database=database) as service:
            check_signatures(service, verify)
            check_permissions(service, verify)
            check_reload(service, verify)
            check_sizes(service, verify)
            if verify:
                check_own_client(service)
                check_worker(service)
                check_start()
                check_tls(service)
    check_rate_limits()
    with open(path("serve.log")) as file:
        log = file.read()
    leaked = [key for key, (secret, _) in KEYS.items() if secret in log]
    expect("the log holds no secret", not leaked and "Signature refused" in log, leaked)
    print(f"{failures} checks failed" if failures else "all checks hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
