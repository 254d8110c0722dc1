"""Every alert is seen to fire and to resolve, by promtool's unit tests, and has its part in the runbook.

A row is an alert, the minutes of bad values, and the series: each with its bad and its good values in promtool's notation,
`start+stepxcount`. The bad ones come first; the alert must fire at their end, and be silent before them and at the end of
the good ones.
"""

import re
import sys

import promtool

GOOD = 90  # minutes


def waiting(reason):
    return {f'linefeed_lanes_waiting{{job="linefeed-worker",instance="a",reason="{reason}"}}': ("2x{n}", "0x{n}")}


def worker(name, bad, good, labels=""):
    return {f'{name}{{job="linefeed-worker",instance="a"{labels}}}': (bad, good)}


CASES = {
    "LinefeedNoWorkers": (10, worker("up", "0x{n}", "1x{n}")),
    "LinefeedWorkerDown": (20, {**worker("up", "0x{n}", "1x{n}"),
                                'up{job="linefeed-worker",instance="b"}': ("1x{n}", "1x{n}")}),
    "LinefeedNotReady": (20, worker("linefeed_ready", "0x{n}", "1x{n}")),
    "LinefeedPartitionStalled": (5, worker("linefeed_partition_stalled", "1x{n}", "0x{n}", ',partition="3"')),
    "LinefeedAccessDenied": (10, waiting("access-denied")),
    "LinefeedEndpointAway": (20, {**waiting("unreachable"), **waiting("outage")}),
    "LinefeedDatasetMissing": (30, waiting("dataset-missing")),
    "LinefeedQuotaExceeded": (10, waiting("quota-exceeded")),
    "LinefeedThrottled": (45, waiting("throttled")),
    "LinefeedHalted": (10, waiting("halted")),
    "LinefeedDeadLettersUnwritten": (10, waiting("dead-letters-unwritten")),
    "LinefeedDeadLetters": (5, worker("linefeed_dead_letters_total", "0+1x{n}", "5x{n}", ',reason="update-failed"')),
    "LinefeedDeadLetterFlood": (30, {
        **worker("linefeed_dead_letters_total", "0+10x{n}", "300x{n}", ',reason="update-failed"'),
        **worker("linefeed_events_settled_total", "0+100x{n}", "3000+100x{n}")}),
    "LinefeedOldEvents": (10, worker("linefeed_partition_oldest_unsettled_seconds", "4000x{n}", "2x{n}",
                                     ',partition="3"')),
    "LinefeedTokenNearItsEnd": (5, worker("linefeed_partition_oldest_unsettled_seconds", "22000x{n}", "2x{n}",
                                          ',partition="3"')),
    "LinefeedLagGrows": (80, worker("linefeed_partition_lag_records", "200000+1000x{n}", "0x{n}", ',partition="3"')),
    "LinefeedLedgerFull": (20, {**worker("linefeed_partition_ledger_bytes", "3800x{n}", "200x{n}", ',partition="3"'),
                                **worker("linefeed_ledger_limit_bytes", "3900x{n}", "3900x{n}")}),
    "LinefeedLedgerIgnored": (5, worker("linefeed_ledgers_ignored_total", "0+1x{n}", "5x{n}")),
    "LinefeedCommitsRefused": (40, {
        **worker("linefeed_commits_total", "0+2x{n}", "80x{n}", ',outcome="refused"'),
        **worker("linefeed_commits_total", "0+1x{n}", "40+60x{n}", ',outcome="stored"')}),
    "LinefeedRebalances": (40, worker("linefeed_rebalances_total", "0+2x{n}", "80x{n}", ',kind="revoked"')),
    "LinefeedMemoryFull": (45, {**worker("linefeed_memory_held_bytes", "99x{n}", "10x{n}"),
                                **worker("linefeed_memory_budget_bytes", "100x{n}", "100x{n}")}),
    "LinefeedSlow": (50, {
        **worker("linefeed_publish_to_settled_seconds_bucket", "0x{n}", "0+60x{n}", ',le="10"'),
        **worker("linefeed_publish_to_settled_seconds_bucket", "0+60x{n}", "3000+60x{n}", ',le="1000"'),
        **worker("linefeed_publish_to_settled_seconds_bucket", "0+60x{n}", "3000+60x{n}", ',le="+Inf"')}),
    "LinefeedMetricsIncomplete": (5, worker("linefeed_metrics_series_refused_total", "0+1x{n}", "5x{n}")),
    "LinefeedServiceDown": (10, {'up{job="linefeed-serve",instance="s"}': ("0x{n}", "1x{n}")}),
    "LinefeedServiceErrors": (30, {
        'linefeed_requests_total{instance="s",status="500"}': ("0+10x{n}", "300x{n}"),
        'linefeed_requests_total{instance="s",status="202"}': ("0+100x{n}", "3000+100x{n}")}),
    "LinefeedUpdatesPending": (45, {
        'linefeed_updates_pending{instance="s"}': ("3x{n}", "0x{n}"),
        'linefeed_updates_total{instance="s",outcome="applied"}': ("7x{n}", "7+1x{n}")}),
    "LinefeedWriteAheadLogGrows": (30, {'linefeed_database_bytes{instance="s",file="wal"}': ("2000000000x{n}", "9x{n}")}),
}


def firing(alert, minute, count):
    return {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)', "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": count}]}


def unit_test(alert, minutes, series):
    return {
        "interval": "1m",
        "name": alert,
        "input_series": [
            {"series": name, "values": f"{bad.format(n=minutes - 1)} {good.format(n=GOOD)}"}
            for name, (bad, good) in series.items()],
        "promql_expr_test": [firing(alert, 0, 0), firing(alert, minutes - 1, 1), firing(alert, minutes + GOOD, 0)],
    }


def main():
    rules = promtool.alert_rules()
    names = {rule["alert"] for rule in rules}
    faults = [f"{name}: is never seen to fire" for name in sorted(names - CASES.keys())]
    faults += [f"{name}: there is no such alert" for name in sorted(CASES.keys() - names)]
    headings = re.findall(r"^#+ (Linefeed\w+)$", (promtool.DEPLOY / "README.md").read_text(), re.MULTILINE)
    for rule in rules:
        if rule["alert"] not in headings:
            faults.append(f"{rule['alert']}: deploy/README.md has no part about it")
        if rule["annotations"].get("runbook") != f"deploy/README.md#{rule['alert'].lower()}":
            faults.append(f"{rule['alert']}: its runbook is not its own")
    faults += [f"deploy/README.md: {heading} is no alert" for heading in headings if heading not in names]
    faults += promtool.faults("test", {
        "rule_files": [str(promtool.RULES)], "evaluation_interval": "1m",
        "tests": [unit_test(alert, *case) for alert, case in CASES.items()]})
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(names)} alerts fire, resolve and have their part in the runbook")


main()
