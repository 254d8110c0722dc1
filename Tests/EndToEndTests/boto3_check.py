#!/usr/bin/env python3
"""Drives the dataset API with boto3 1.40.60, the last release with a Lookout for Vision client.

usage: boto3_check.py ENDPOINT MANIFEST

Works in a project of its own and deletes it. Prints one line per check and exits 0 if all hold.
"""
import datetime
import json
import sys
import time
import uuid

import boto3
from botocore.config import Config

CHANGES_LIMIT = 10_485_760
DEADLINE_SECONDS = 60


def make_client(endpoint):
    return boto3.client(
        "lookoutvision",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-secret",
        config=Config(retries={"max_attempts": 1}, read_timeout=60),
    )


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.failures = 0

    def expect(self, what, holds, detail=""):
        self.failures += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {what}{': ' + str(detail) if detail != '' else ''}", flush=True)

    def expect_equal(self, what, got, wanted):
        self.expect(what, got == wanted, got if got == wanted else f"got {got!r}, wanted {wanted!r}")

    def expect_raises(self, what, exception, call):
        """The call must raise exactly the class that boto3 made of the modelled exception."""
        try:
            call()
        except Exception as error:  # noqa: BLE001
            is_it = type(error) is exception
            self.expect(what, is_it, type(error).__name__ if is_it else f"{type(error).__name__}: {error}")
            return error
        self.expect(what, False, "nothing was raised")
        return None


def wait_until_terminal(client, dataset):
    """Polls as AWS's example does; any status it does not expect would be raised there."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        description = client.describe_dataset(**dataset)["DatasetDescription"]
        description["StatusMessage"]  # read without asking whether it is there
        if not description["Status"].endswith("IN_PROGRESS"):
            return description
        time.sleep(0.02)
    raise TimeoutError("the update did not end")


def canonical(lines):
    return sorted(json.dumps(json.loads(line), sort_keys=True) for line in lines)


def page_entries(client, dataset, page_size, **filters):
    pages = client.get_paginator("list_dataset_entries").paginate(
        **dataset, **filters, PaginationConfig={"PageSize": page_size}
    )
    return [line for page in pages for line in page["DatasetEntries"]]


def line_of(name, class_name, **more):
    return json.dumps({
        "source-ref": f"s3://lfv-getting-started/{name}",
        "label": 1,
        "label-metadata": {"class-name": class_name, "type": "groundtruth/image-classification", **more},
    })


def check_lifecycle(client, checks, project, dataset):
    metadata = client.create_project(ProjectName=project)["ProjectMetadata"]
    checks.expect_equal("create project", metadata["ProjectName"], project)
    checks.expect("creation time is a date", isinstance(metadata["CreationTimestamp"], datetime.datetime))
    conflict = checks.expect_raises(
        "create project twice", client.exceptions.ConflictException, lambda: client.create_project(ProjectName=project))
    if conflict:
        checks.expect_equal("conflict names the resource", conflict.response.get("ResourceType"), "PROJECT")
    answer = client.create_dataset(**dataset)
    checks.expect_equal("create dataset", answer["DatasetMetadata"]["Status"], "CREATE_COMPLETE")
    checks.expect_equal("create dataset status", answer["ResponseMetadata"]["HTTPStatusCode"], 202)
    checks.expect("StatusMessage is there", "StatusMessage" in answer["DatasetMetadata"])
    checks.expect_raises(
        "create dataset twice", client.exceptions.ConflictException, lambda: client.create_dataset(**dataset))
    described = client.describe_project(ProjectName=project)["ProjectDescription"]
    checks.expect_equal("describe project", [d["DatasetType"] for d in described["Datasets"]], [dataset["DatasetType"]])


def check_update(client, checks, dataset, manifest):
    token = str(uuid.uuid4())
    answer = client.update_dataset_entries(**dataset, Changes=manifest, ClientToken=token)
    checks.expect_equal("update accepted", answer["Status"], "UPDATE_IN_PROGRESS")
    checks.expect_equal("update status", answer["ResponseMetadata"]["HTTPStatusCode"], 202)
    description = wait_until_terminal(client, dataset)
    checks.expect_equal("update applied", description["Status"], "UPDATE_COMPLETE")
    checks.expect_equal(
        "statistics", description["ImageStats"], {"Total": 63, "Labeled": 63, "Normal": 31, "Anomaly": 32})
    wanted = canonical(manifest.decode().splitlines())
    for size in (1, 7, 100):
        lines = page_entries(client, dataset, size)
        checks.expect(f"pages of {size} return the manifest", canonical(lines) == wanted, f"{len(lines)} entries")
    answer = client.update_dataset_entries(**dataset, Changes=manifest, ClientToken=token)
    checks.expect_equal("same call again", answer["Status"], "UPDATE_COMPLETE")
    checks.expect_raises(
        "token with other parameters", client.exceptions.ValidationException,
        lambda: client.update_dataset_entries(**dataset, Changes=b"{}", ClientToken=token))


def check_filters(client, checks, dataset):
    count = lambda **filters: len(page_entries(client, dataset, 20, **filters))  # noqa: E731
    checks.expect_equal("filter anomaly", count(AnomalyClass="anomaly"), 32)
    checks.expect_equal("filter normal", count(AnomalyClass="normal"), 31)
    checks.expect_equal("filter labeled", count(Labeled=True), 63)
    checks.expect_equal("filter unlabeled", count(Labeled=False), 0)
    checks.expect_equal("filter source-ref", count(SourceRefContains="/anomaly-1.jpg"), 1)
    checks.expect_equal("filter before", count(BeforeCreationDate=datetime.datetime(2022, 1, 1)), 0)
    checks.expect_equal(
        "filter after, with microseconds", count(AfterCreationDate=datetime.datetime(2022, 1, 1, 0, 0, 0, 1)), 63)


def check_replacement(client, checks, dataset):
    client.update_dataset_entries(**dataset, Changes=line_of("fresh.jpg", "Anomaly").encode())
    wait_until_terminal(client, dataset)
    client.update_dataset_entries(**dataset, Changes=line_of("fresh.jpg", "normal").encode())
    description = wait_until_terminal(client, dataset)
    checks.expect_equal(
        "an entry replaces the one with its source-ref", description["ImageStats"],
        {"Total": 64, "Labeled": 64, "Normal": 32, "Anomaly": 32})
    bad = (line_of("other.jpg", "normal") + "\n{\"no\": \"source-ref\"}\n").encode()
    client.update_dataset_entries(**dataset, Changes=bad)
    description = wait_until_terminal(client, dataset)
    checks.expect_equal("a bad line fails the update", description["Status"], "UPDATE_FAILED_ROLLBACK_COMPLETE")
    checks.expect("the message names the line", "line 2" in description["StatusMessage"], description["StatusMessage"])
    checks.expect_equal("and nothing of it is there", description["ImageStats"]["Total"], 64)


def check_refusals(client, checks, project, dataset):
    exceptions = client.exceptions
    unknown = "unknown-" + uuid.uuid4().hex
    error = checks.expect_raises(
        "unknown project", exceptions.ResourceNotFoundException, lambda: client.describe_project(ProjectName=unknown))
    if error:
        checks.expect_equal(
            "not found names the resource", (error.response.get("ResourceId"), error.response.get("ResourceType")),
            (unknown, "PROJECT"))
    other = {**dataset, "DatasetType": "test"}
    checks.expect_raises(
        "unknown dataset", exceptions.ResourceNotFoundException, lambda: client.describe_dataset(**other))
    refusals = {
        "DatasetType zzz": lambda: client.describe_dataset(ProjectName=project, DatasetType="zzz"),
        "create dataset zzz": lambda: client.create_dataset(ProjectName=project, DatasetType="zzz"),
        "MaxResults 101": lambda: client.list_dataset_entries(**dataset, MaxResults=101),
        "list projects, MaxResults 101": lambda: client.list_projects(MaxResults=101),
        "NextToken garbage": lambda: client.list_dataset_entries(**dataset, NextToken="garbage+/="),
        "AnomalyClass zzz": lambda: client.list_dataset_entries(**dataset, AnomalyClass="zzz"),
        "project name with a space": lambda: client.create_project(ProjectName="a b"),
        "project name with a slash": lambda: client.describe_project(ProjectName="a/b"),
        "project name of 256": lambda: client.create_project(ProjectName="a" * 256),
        "token with an underscore": lambda: client.create_project(ProjectName=unknown, ClientToken="a_b"),
        "empty payload": lambda: client.update_dataset_entries(**dataset, Changes=b""),
        "payload of 10 MiB + 1": lambda: client.update_dataset_entries(**dataset, Changes=b"x" * (CHANGES_LIMIT + 1)),
        "body over the limit": lambda: client.update_dataset_entries(**dataset, Changes=b"x" * (2 * CHANGES_LIMIT)),
    }
    for what, call in refusals.items():
        checks.expect_raises(what, exceptions.ValidationException, call)


def check_projects(client, checks, project):
    others = [f"{project}-{number}" for number in range(3)]
    for name in others:
        client.create_project(ProjectName=name)
    pages = client.get_paginator("list_projects").paginate(PaginationConfig={"PageSize": 2})
    names = [p["ProjectName"] for page in pages for p in page["Projects"]]
    checks.expect("list projects in pages of 2", {project, *others} <= set(names) and len(names) == len(set(names)))
    for name in others:
        client.delete_project(ProjectName=name)


def check_deletion(client, checks, project, dataset):
    checks.expect_raises(
        "delete a project with a dataset", client.exceptions.ConflictException,
        lambda: client.delete_project(ProjectName=project))
    answer = client.delete_dataset(**dataset)
    checks.expect_equal("delete dataset", answer["ResponseMetadata"]["HTTPStatusCode"], 202)
    checks.expect_raises(
        "deleted dataset is unknown", client.exceptions.ResourceNotFoundException,
        lambda: client.describe_dataset(**dataset))
    checks.expect("delete project", client.delete_project(ProjectName=project)["ProjectArn"].endswith(project))


def main():
    endpoint, manifest_path = sys.argv[1:]
    with open(manifest_path, "rb") as file:
        manifest = file.read()
    client, checks = make_client(endpoint), Checks()
    project = "boto3-check-" + uuid.uuid4().hex[:12]
    dataset = {"ProjectName": project, "DatasetType": "train"}
    check_lifecycle(client, checks, project, dataset)
    check_update(client, checks, dataset, manifest)
    check_filters(client, checks, dataset)
    check_replacement(client, checks, dataset)
    check_refusals(client, checks, project, dataset)
    check_projects(client, checks, project)
    check_deletion(client, checks, project, dataset)
    print(f"{checks.failures} checks failed" if checks.failures else "all checks hold")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
