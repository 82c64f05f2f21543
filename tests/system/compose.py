#!/usr/bin/env python3
"""Composes complaints about every message of the lab, as ARF and as XARF.

    tests/system/compose.py PLAINT FOLDER

The recipient's own hosts, and his forwarder where he has one, are named as he
would name them. FOLDER then holds ID.arf.eml and ID.xarf.eml for each message.
Exit status 1 where one is not composed.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

LAB = pathlib.Path(__file__).resolve().parent.parent / "data" / "lab"
DESK = "abuse@desk.example"
SETTINGS = """\
[identity]
mailbox = "robin.reports@postbox.example"
[lookup]
offline = true
also_public = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]
[ledger]
path = "{ledger}"
"""


def trusted(label):
    hosts, networks = [*label["recipient_trust"]["hosts"]], [*label["recipient_trust"]["networks"]]
    forwarder = label.get("recipient_forwarder")
    if forwarder:
        hosts.append(forwarder["host"])
        networks += forwarder.get("networks", [])
    return [word for name in networks + hosts for word in ("--trust", name)]


def compose(plaint, settings, folder, label, form):
    spam = LAB / label["file"]
    command = [plaint, "--config", settings, "draft", "--to", DESK, "--format", form, *trusted(label), spam]
    run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
    if run.returncode != 0:
        return f"{spam.name} as {form}: ended with {run.returncode}: {run.stderr.decode('utf-8', 'replace')}"
    (folder / f"{label['id']}.{form}.eml").write_bytes(run.stdout)
    return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    plaint, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    settings = folder / "config.toml"
    settings.write_text(SETTINGS.format(ledger=folder / "ledger.db"), encoding="utf-8")
    labels = [json.loads(line) for line in (LAB / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    work = [(label, form) for label in labels for form in ("arf", "xarf")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        ends = pool.map(lambda one: compose(plaint, settings, folder, *one), work)
        failed = [end for end in ends if end]
    print(*failed, sep="\n", end="\n" if failed else "")
    print(f"{len(work) - len(failed)} complaints about {len(labels)} messages composed")
    sys.exit(bool(failed))


main()
