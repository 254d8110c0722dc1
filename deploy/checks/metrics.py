"""What the alerts and the dashboard ask for is asked rightly, and of metrics that the program has.

The names are those of the program's own catalogue of metrics; the expressions are parsed by promtool.
"""

import json
import re
import sys

import promtool

CATALOGUE = promtool.DEPLOY.parent / "Sources" / "Telemetry" / "Metrics"
# Prometheus' own.
FOREIGN = {"up", "ALERTS"}


def known_metrics():
    text = "".join(path.read_text() for path in sorted(CATALOGUE.glob("MetricCatalog*.swift")))
    return set(re.findall(r'Entry\(\s*"([a-z_]+)"', text))


def expressions():
    dashboard = json.loads((promtool.DEPLOY / "grafana" / "linefeed.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["expr"].replace("$__rate_interval", "5m")
    for rule in promtool.alert_rules():
        yield f"alert {rule['alert']}", rule["expr"]


def names(expression):
    bare = re.sub(r'"[^"]*"', '""', expression)
    # What stands in braces or after `by` are labels.
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|group_left|group_right|without|ignoring)\s*\([^)]*\)", "", bare)
    return {name for name in re.findall(r"\b(?:linefeed|process)_\w+|\bup\b|\bALERTS\b", bare)}


def main():
    known = known_metrics()
    if not known:
        sys.exit(f"no metrics are catalogued in {CATALOGUE}")
    faults = []
    asked = list(expressions())
    for place, expression in asked:
        for name in sorted(names(expression) - FOREIGN):
            if re.sub(r"_(bucket|sum|count)$", "", name) not in known and name not in known:
                faults.append(f"{place}: the program has no metric {name}")
    rules = [{"record": f"check:{number}", "expr": expression} for number, (_, expression) in enumerate(asked)]
    faults += promtool.faults("check", {"groups": [{"name": "check", "rules": rules}]})
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(asked)} expressions ask for metrics that there are")


main()
