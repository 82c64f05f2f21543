#!/usr/bin/env python3
"""Do independent programs read our complaints, and do they read them alike?

    plaint draft --to abuse@example.net spam.eml > complaint.eml
    tests/system/judge.py complaint.eml...

An ARF report is read by Python's email package, by Sisimai (libsisimai-perl),
MIME-tools (libmime-tools-perl) and the mailparse extension (php-mailparse).
A judge must read type, address, date and evidence; all must agree. What they do
not read, an XARF document, is held against the fields that version 3 wants, and
must tell the same as the ARF report beside it (ID.arf.eml, ID.xarf.eml). So must
a plain complaint (ID.plain.eml), line by line. Where the message itself stands
there (ID.eml), no more of it may have changed than the complaint says. Exit
status 1 where one refuses, disagrees, or is not installed.
"""
import base64
import binascii
import concurrent.futures
import datetime
import email
import hashlib
import ipaddress
import itertools
import json
import os
import pathlib
import re
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
# Octets of a line that a plain complaint quotes as it is.
QUOTED_OCTETS = 900
# What a complaint says of evidence that lacks something.
TAKEN_OUT = (b"was left out", b"were left out")
FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]


def digest(octets):
    """The evidence's digest, whatever line ends and blank end a judge gives it."""
    return hashlib.sha256(octets.replace(b"\r\n", b"\n").rstrip()).hexdigest()


def lines_of(octets):
    return octets.replace(b"\r\n", b"\n").rstrip().split(b"\n")


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
        if part.get_filename() == "original.eml":
            said["exact"] = part.get_payload(decode=True)
        if kind == "message/rfc822" and part.is_multipart() and "evidence" not in said:
            # Cut out of the octets: written out again, a field's last line of blanks would be lost.
            pieces = octets.split(b"\r\n--" + mail.get_boundary().encode())
            said["octets"] = pieces[3].split(b"\r\n\r\n", 1)[1]
            said["evidence"] = digest(said["octets"])
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


def own_rules(octets, wanted=("text/plain", "message/feedback-report", "message/rfc822")):
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
    if kinds[:3] != list(wanted):
        faults.append("parts " + " ".join(kinds))
    return faults


# The fields of XARF 3 that a report of a person about mail can have: type, whether it must be there.
# Nothing else may stand in `ReporterInfo`; of `Report`, what is not listed here is no field of such a report.
XARF_TOP = {"Version": (str, True), "Disclosure": (bool, True), "ReporterInfo": (dict, True), "Report": (dict, True)}
XARF_REPORTER = {
    name: (str, name == "ReporterType")
    for name in ("ReporterType", "ReporterOrg", "ReporterOrgDomain", "ReporterOrgEmail", "ReporterContactEmail", "ReporterContactName", "ReporterContactPhone")
}
XARF_REPORT = {
    "ReportClass": (str, True),
    "ReportType": (str, True),
    "Date": (str, True),
    "SourceIp": (str, True),
    "SourcePort": (int, False),
    "SmtpMailFromAddress": (str, False),
    "SourceUrl": (str, False),
    "ReporterCaseID": (str, False),
    "ReporterNotes": (str, False),
    "Samples": (list, True),
}
XARF_SAMPLE = {"ContentType": (str, True), "Base64Encoded": (bool, True), "Description": (str, False), "Payload": (str, True)}


def fields_of(name, found, wanted):
    """What is wrong with the fields of an object: absent, unknown, of another type."""
    if not isinstance(found, dict):
        return [f"{name} is no object"]
    faults = [f"{name} has no {field}" for field, (_, must) in wanted.items() if must and field not in found]
    faults += [f"{name} has {field}, which is no field" for field in found if field not in wanted]
    faults += [f"{name}.{field} is of another type" for field, value in found.items() if field in wanted and type(value) is not wanted[field][0]]
    return faults


def xarf_reads(document):
    """What an XARF 3 document says, and what is wrong with it."""
    try:
        whole = json.loads(document)
    except ValueError as error:
        return {"faults": [f"no JSON: {error}"]}
    faults = fields_of("the document", whole, XARF_TOP)
    if faults:
        return {"faults": faults}
    report = whole["Report"]
    faults += fields_of("ReporterInfo", whole["ReporterInfo"], XARF_REPORTER)
    faults += fields_of("Report", report, XARF_REPORT)
    if faults:
        return {"faults": faults}
    if whole["Version"] != "3" or whole["ReporterInfo"]["ReporterType"] != "Person":
        faults.append("it is not version 3 of a person")
    kind = (report["ReportClass"], report["ReportType"])
    if kind not in (("Activity", "Spam"), ("Content", "Phishing")):
        faults.append(f"there is no report {kind}")
    if kind == ("Content", "Phishing") and not re.match(r"[a-z]+://", report.get("SourceUrl", "")):
        faults.append("a report of phishing names no page")
    said = {"faults": faults}
    try:
        said["address"] = str(ipaddress.ip_address(report["SourceIp"]))
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", report["Date"]):
            raise ValueError(f"no date of RFC 3339: {report['Date']}")
        said["date"] = int(datetime.datetime.fromisoformat(report["Date"].replace("Z", "+00:00")).timestamp())
        for sample in report["Samples"]:
            faults += fields_of("a sample", sample, XARF_SAMPLE)
            said.setdefault("evidence", digest(base64.b64decode(sample["Payload"], validate=True)))
    except (ValueError, KeyError, binascii.Error) as error:
        faults.append(str(error))
    return said


def judge_xarf(octets):
    mail = email.message_from_bytes(octets)
    kinds = [part.get_content_type() for part in mail.get_payload()] if mail.is_multipart() else []
    faults = [type(fault).__name__ for fault in mail.defects]
    if kinds != ["text/plain", "message/feedback-report", "application/json"]:
        return {}, [*faults, "parts " + " ".join(kinds)]
    said = xarf_reads(mail.get_payload()[2].get_payload(decode=True))
    return said, faults + said["faults"] + own_rules(octets, kinds)


# The facts of part one that the report of an ARF complaint says as well.
PLAIN_TIME = re.compile(rb"^Time: +(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\r$", re.MULTILINE)
PLAIN_ADDRESS = re.compile(rb"^Source address: ([0-9A-Fa-f.:]+)\r$", re.MULTILINE)


def judge_plain(path, octets):
    """What a plain complaint says, as far as it begins its lines as it does in English."""
    faults = own_rules(octets, ())
    for answer in (python_reads(octets), program_reads(PROGRAMS["mime-tools"], path)):
        faults += answer["faults"]
    address, time = PLAIN_ADDRESS.search(octets), PLAIN_TIME.search(octets)
    if not address:
        return {}, [*faults, "it names no source address"]
    date = time and datetime.datetime.fromisoformat(time[1].decode() + "+00:00")
    return {"address": address[1].decode(), "date": date and int(date.timestamp()), "octets": octets}, faults


def quotes_all(plain, evidence):
    """Whether a plain complaint quotes every line of the evidence that is plain text, in its order."""
    quoted = iter(line.rstrip() for line in lines_of(plain))
    for line in lines_of(evidence):
        wanted = b"  " + line.replace(b"\t", b"    ")
        if line.strip() and len(line) <= QUOTED_OCTETS and all(31 < octet < 127 or octet == 9 for octet in line):
            if not any(wanted.rstrip() == line for line in quoted):
                return line
    return None


def changed(octets, said, message):
    """What changed between a message and its evidence that the complaint does not speak of."""
    text = b" ".join(octets.split(b"\r\n--", 2)[1].split())
    if any(words in text for words in TAKEN_OUT):
        return []
    places = sum(int(count) for count in re.findall(rb"\((?:places|number): (\d+)", text))
    evidence = said.get("exact", said["octets"])
    pairs = itertools.zip_longest(lines_of(evidence), lines_of(message))
    other = [pair for pair in pairs if pair[0] != pair[1]]
    # A place may begin on one line and end on the next.
    if len(other) > 2 * places:
        return [f"{len(other)} lines are not those of the message, and {places} places are said to be masked: {other[:2]}"]
    return []


def judge(path):
    """What the judges read in a complaint, and what is wrong with it."""
    octets = pathlib.Path(path).read_bytes()
    mail = email.message_from_bytes(octets)
    if mail.get_content_type() == "text/plain":
        return judge_plain(path, octets)
    if mail.is_multipart() and [part.get_content_type() for part in mail.get_payload()][2:3] == ["application/json"]:
        return judge_xarf(octets)
    said = {"python": python_reads(octets)}
    said.update({name: program_reads(command, path) for name, command in PROGRAMS.items()})
    faults = own_rules(octets)
    for name, answer in said.items():
        faults += [f"{name}: {fault}" for fault in answer.get("faults", [])]
    for what in ("type", "address", "date", "evidence"):
        read = {name: answer[what] for name, answer in said.items() if answer.get(what) is not None}
        if len(set(read.values())) != 1:
            faults.append(f"{what}: they read {read or 'nothing'}")
    message = pathlib.Path(str(path).removesuffix(".arf.eml") + ".eml")
    if str(path).endswith(".arf.eml") and message.exists() and "octets" in said["python"]:
        faults += changed(octets, said["python"], message.read_bytes())
    return said["python"], faults


def main():
    paths = sys.argv[1:]
    if not paths or paths[0].startswith("-"):
        sys.exit(__doc__)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        judged = dict(zip(paths, pool.map(judge, paths)))
    for path, (said, faults) in judged.items():
        name, _, form = path.removesuffix(".eml").rpartition(".")
        other, _ = judged.get(f"{name}.arf.eml", (said, []))
        faults += [f"{what}: the ARF report says another" for what in ("address", "date") if said.get(what) != other.get(what)]
        # A document holds the exact octets, which stand beside the report where it cannot.
        exact = digest(other["exact"]) if "exact" in other else other.get("evidence")
        if form == "xarf" and said.get("evidence") != exact:
            faults.append("evidence: the ARF report says another")
        if form == "plain" and "octets" in other and "octets" in said:
            absent = quotes_all(said["octets"], other["octets"])
            faults += [f"it does not quote {absent}"] if absent else []
    refused = 0
    for path, (_, faults) in judged.items():
        refused += bool(faults)
        for fault in faults:
            print(f"{path}: {fault}")
    print(f"{len(paths) - refused} of {len(paths)} complaints are read by all, and alike")
    sys.exit(bool(refused))


main()
