#!/usr/bin/env python3
"""Do independent programs read our complaints, and do they read them alike?

    plaint draft --to abuse@example.net spam.eml > complaint.eml
    tests/system/judge.py complaint.eml...

Each file is read by Python's email package, by Sisimai (libsisimai-perl),
MIME-tools (libmime-tools-perl) and the mailparse extension (php-mailparse).
A judge must read type, address, date and evidence; all must agree. Exit status 1
where one refuses, disagrees, or is not installed.
"""
import email
import hashlib
import json
import pathlib
import subprocess
import sys
from email import policy
from email.utils import parsedate_to_datetime

JUDGES = pathlib.Path(__file__).resolve().parent / "judges"
PROGRAMS = {
    "sisimai": ["perl", str(JUDGES / "sisimai.pl")],
    "mime-tools": ["perl", str(JUDGES / "mimetools.pl")],
    "mailparse": ["php", str(JUDGES / "mailparse.php")],
}
FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]


def digest(octets):
    """The evidence's digest, whatever line ends and blank end a judge gives it."""
    return hashlib.sha256(octets.replace(b"\r\n", b"\n").rstrip()).hexdigest()


def seconds(date):
    return None if not date else int(parsedate_to_datetime(date).timestamp())


def python_reads(octets):
    mail = email.message_from_bytes(octets, policy=policy.compat32)
    said = {"faults": [type(fault).__name__ for fault in mail.defects]}
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/feedback-report" and part.is_multipart():
            report = part.get_payload()[0]
            said.update(type=report["Feedback-Type"], address=report["Source-IP"], date=seconds(report["Arrival-Date"]))
        if kind == "message/rfc822" and part.is_multipart() and "evidence" not in said:
            # Cut out of the octets: written out again, a field's last line of blanks would be lost.
            pieces = octets.split(b"\r\n--" + mail.get_boundary().encode())
            said["evidence"] = digest(pieces[3].split(b"\r\n\r\n", 1)[1])
    return said


def program_reads(command, path):
    try:
        run = subprocess.run([*command, path], capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        return {"faults": [f"`{command[0]}` is not installed"]}
    try:
        said = json.loads(run.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"faults": ["no answer: " + run.stderr.decode("utf-8", "replace")[-200:]]}
    if isinstance(said.get("date"), str):
        said["date"] = seconds(said["date"])
    return said


def own_rules(octets):
    """What no judge notices: RFC 5322 §2.1.1, §3.6, RFC 5965 §2 and §3.1."""
    faults = []
    lines = octets.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines):
        faults.append("a bare CR, LF or NUL")
    if any(len(line) > 998 for line in lines):
        faults.append("a line of more than 998 octets")
    head = octets.split(b"\r\n\r\n", 1)[0]
    if any(octet > 126 for octet in head):
        faults.append("8-bit in the header section")
    names = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    names = [name for name in names if name != "Content-Transfer-Encoding"]
    if names != FIELDS:
        faults.append("header fields " + " ".join(names))
    mail = email.message_from_bytes(octets)
    kinds = [part.get_content_type() for part in mail.get_payload()] if mail.is_multipart() else []
    if kinds[:3] != ["text/plain", "message/feedback-report", "message/rfc822"]:
        faults.append("parts " + " ".join(kinds))
    return faults


def judge(path):
    octets = pathlib.Path(path).read_bytes()
    said = {"python": python_reads(octets)}
    said.update({name: program_reads(command, path) for name, command in PROGRAMS.items()})
    faults = own_rules(octets)
    for name, answer in said.items():
        faults += [f"{name}: {fault}" for fault in answer.get("faults", [])]
    for what in ("type", "address", "date", "evidence"):
        read = {name: answer[what] for name, answer in said.items() if answer.get(what) is not None}
        if len(set(read.values())) != 1:
            faults.append(f"{what}: they read {read or 'nothing'}")
    return faults


def main():
    paths = sys.argv[1:]
    if not paths or paths[0].startswith("-"):
        sys.exit(__doc__)
    refused = 0
    for path in paths:
        faults = judge(path)
        refused += bool(faults)
        for fault in faults:
            print(f"{path}: {fault}")
    print(f"{len(paths) - refused} of {len(paths)} complaints are read by all, and alike")
    sys.exit(bool(refused))


main()
