"""What alerts.py and metrics.py have in common: the alert rules, and promtool's verdict on rules."""

import pathlib
import subprocess
import tempfile

import yaml

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
RULES = DEPLOY / "prometheus" / "alerts.yml"


def alert_rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def faults(command, document):
    """What `promtool COMMAND rules` finds in the document: one text, or nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(document, file)
        file.flush()
        outcome = subprocess.run(["promtool", command, "rules", file.name], capture_output=True, text=True)
    return [outcome.stdout + outcome.stderr] if outcome.returncode else []
