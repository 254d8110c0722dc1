#!/usr/bin/env python3
"""Prints what boto3 1.40.60 reads of one dataset: a line with status and statistics, then its entries, paged.

usage: boto3_dataset.py ENDPOINT PROJECT DATASET_TYPE
"""
import sys

import boto3


def main():
    endpoint, project, dataset_type = sys.argv[1:]
    client = boto3.client(
        "lookoutvision",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-secret",
    )
    dataset = {"ProjectName": project, "DatasetType": dataset_type}
    description = client.describe_dataset(**dataset)["DatasetDescription"]
    statistics = description["ImageStats"]
    print(
        description["Status"],
        *(f"{name.lower()}={statistics[name]}" for name in ("Total", "Labeled", "Normal", "Anomaly")),
    )
    pages = client.get_paginator("list_dataset_entries").paginate(**dataset, PaginationConfig={"PageSize": 20})
    for page in pages:
        for entry in page["DatasetEntries"]:
            print(entry)


if __name__ == "__main__":
    main()
