#!/usr/bin/env python3
"""Composes a complaint about every message, as ARF, as plain text and as XARF.

    tests/system/compose.py PLAINT FOLDER [MAILBOX]

The messages are those of the lab, with the recipient's own hosts and forwarder
named as he would name them, and the examples; or all that stand in MAILBOX, an
mbox whose lines are quoted as mboxrd. FOLDER then holds ID.eml, the message, and
ID.arf.eml, ID.plain.eml and ID.xarf.eml for each that has a source. Exit status
1 where one is not composed.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LAB = HERE.parent / "data" / "lab"
EXAMPLES = HERE.parent.parent / "examples"
DESK = "abuse@desk.example"
FORMS = ("arf", "plain", "xarf")
NO_SOURCE = 1
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


def of_the_project():
    """Yields the messages of the lab and the examples: name, octets, what is trusted."""
    for line in (LAB / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        yield label["id"], (LAB / label["file"]).read_bytes(), trusted(label)
    for spam in sorted(EXAMPLES.glob("*/1-spam.eml")):
        yield f"example-{spam.parent.name}", spam.read_bytes(), []


def of_mailbox(path):
    """Yields the messages of an mbox. RFC 4155 appendix A, with one `>` taken off lines that are quoted."""
    pieces = re.split(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\n]*\n", pathlib.Path(path).read_bytes())
    for number, piece in enumerate(pieces[1:]):
        octets = re.sub(rb"^>(>*From )", rb"\1", piece.removesuffix(b"\n"), flags=re.MULTILINE)
        yield f"{pathlib.Path(path).stem}-{number:05}", octets, []


def compose(plaint, settings, folder, name, trust):
    """Composes all forms; returns what went wrong, or that there is no source."""
    spam = folder / f"{name}.eml"
    for form in FORMS:
        command = [plaint, "--config", settings, "draft", "--to", DESK, "--format", form, *trust, spam]
        run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
        if run.returncode == NO_SOURCE:
            return NO_SOURCE
        if run.returncode != 0:
            return f"{spam.name} as {form}: ended with {run.returncode}: {run.stderr.decode('utf-8', 'replace')}"
        (folder / f"{name}.{form}.eml").write_bytes(run.stdout)
    return None


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    plaint, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    settings = folder / "config.toml"
    settings.write_text(SETTINGS.format(ledger=folder / "ledger.db"), encoding="utf-8")
    work = []
    for name, octets, trust in of_mailbox(sys.argv[3]) if len(sys.argv) == 4 else of_the_project():
        (folder / f"{name}.eml").write_bytes(octets)
        work.append((name, trust))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        ends = list(pool.map(lambda one: compose(plaint, settings, folder, *one), work))
    failed = [end for end in ends if isinstance(end, str)]
    print(*failed, sep="\n", end="\n" if failed else "")
    composed = ends.count(None)
    print(f"{composed} of {len(work)} messages complained of, in {len(FORMS)} forms each; {ends.count(NO_SOURCE)} have no source")
    sys.exit(bool(failed))


main()
