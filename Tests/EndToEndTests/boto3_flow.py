#!/usr/bin/env python3
"""The way AWS's own examples go through a project's life, with boto3 1.40.60.

usage: boto3_flow.py ENDPOINT MANIFEST [BUCKET KEY]

Creates a project and a dataset, updates it from a file, polls until the status is terminal, lists, exports, and deletes
everything. With BUCKET and KEY, the test dataset is created from the manifest that the service finds there. Only the
endpoint is changed against the examples: statuses that they do not know end this as they would end them.
Prints one line per step and exits 0 if all went well.
"""
import json
import sys
import time
import uuid

import boto3
from botocore.exceptions import ClientError


def create_project(client, name):
    answer = client.create_project(ProjectName=name)
    return answer["ProjectMetadata"]["ProjectArn"]


def create_dataset(client, project, dataset_type, source=None):
    """As the examples do: with a manifest the call is asynchronous, and its status is polled."""
    if source is None:
        answer = client.create_dataset(ProjectName=project, DatasetType=dataset_type)
    else:
        bucket, key = source
        answer = client.create_dataset(
            ProjectName=project, DatasetType=dataset_type,
            DatasetSource={"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Key": key}}})
    print("create dataset:", answer["DatasetMetadata"]["Status"], answer["DatasetMetadata"]["StatusMessage"])
    return wait(client, project, dataset_type, "CREATE_COMPLETE", "CREATE_IN_PROGRESS")


def wait(client, project, dataset_type, wanted, passing):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        description = client.describe_dataset(ProjectName=project, DatasetType=dataset_type)["DatasetDescription"]
        status, message = description["Status"], description["StatusMessage"]
        if status == wanted:
            print(dataset_type, "dataset:", status, message)
            return description
        if status != passing:
            raise RuntimeError(f"unexpected status {status}: {message}")
        time.sleep(0.05)
    raise TimeoutError(f"the {dataset_type} dataset is still {status}")


def update_from_file(client, project, dataset_type, path):
    with open(path) as file:
        changes = file.read()
    answer = client.update_dataset_entries(ProjectName=project, DatasetType=dataset_type, Changes=changes)
    print("update:", answer["Status"])
    return wait(client, project, dataset_type, "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS")


def list_entries(client, project, dataset_type, **filters):
    pages = client.get_paginator("list_dataset_entries").paginate(
        ProjectName=project, DatasetType=dataset_type, PaginationConfig={"PageSize": 25}, **filters)
    return [json.loads(line) for page in pages for line in page["DatasetEntries"]]


def export(client, project):
    """Each dataset's lines, as the examples write them to manifests."""
    description = client.describe_project(ProjectName=project)["ProjectDescription"]
    return {
        dataset["DatasetType"]: list_entries(client, project, dataset["DatasetType"])
        for dataset in description["Datasets"]
    }


def delete_everything(client, project):
    for dataset in client.describe_project(ProjectName=project)["ProjectDescription"]["Datasets"]:
        client.delete_dataset(ProjectName=project, DatasetType=dataset["DatasetType"])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                client.describe_dataset(ProjectName=project, DatasetType=dataset["DatasetType"])
            except client.exceptions.ResourceNotFoundException:
                print("deleted the", dataset["DatasetType"], "dataset")
                break
            time.sleep(0.05)
    client.delete_project(ProjectName=project)
    names = [p["ProjectName"] for page in client.get_paginator("list_projects").paginate() for p in page["Projects"]]
    if project in names:
        raise RuntimeError(f"{project} is still listed")


def main():
    endpoint, manifest, *source = sys.argv[1:]
    client = boto3.client(
        "lookoutvision", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="not-a-secret")
    project = "flow-" + uuid.uuid4().hex[:12]
    with open(manifest) as file:
        wanted = [json.loads(line) for line in file if line.strip()]
    try:
        print("created", create_project(client, project))
        create_dataset(client, project, "train")
        statistics = update_from_file(client, project, "train", manifest)["ImageStats"]
        if statistics["Total"] != len(wanted):
            raise RuntimeError(f"statistics are {statistics}")
        if source:
            description = create_dataset(client, project, "test", source)
            if description["ImageStats"] != statistics:
                raise RuntimeError(f"statistics are {description['ImageStats']}")
        classes = [list_entries(client, project, "train", AnomalyClass=name) for name in ("normal", "anomaly")]
        if [len(entries) for entries in classes] != [statistics["Normal"], statistics["Anomaly"]]:
            raise RuntimeError(f"{[len(entries) for entries in classes]} entries by class")
        for dataset_type, entries in export(client, project).items():
            if entries != wanted:
                raise RuntimeError(f"the export of {dataset_type} differs")
            print("exported", len(entries), "entries of", dataset_type)
        delete_everything(client, project)
    except ClientError as error:
        print("failed:", error.response["Error"]["Message"])
        return 1
    print("the flow is through")
    return 0


if __name__ == "__main__":
    sys.exit(main())
