#!/usr/bin/env python3
"""Measures `plaint trace --json` on a large mailbox, beside other readers of mail, in one run.

    tests/bench/trace.py PLAINT [--size MiB] [--dir FOLDER] [--mailbox FILE]

Makes mailboxes of tests/data/lab's messages with bodies of about 5 and 40 kB (text, quotes, base64), or takes yours as often
as fills the size, then prints CPU seconds (user + system) and ratios: against `grep -c '^From '` (goal: at most 3 and 1.5),
against Python's mailbox and email header parser (at least 15 times its speed), against SpamAssassin's reading of the header
where it is installed (at least 40 times, on a part of the mailbox), one thread against two (at least 1.7; beside it what two
processes at once reach, which is what the machine can give), and the peak of memory (below 40 MiB). What is compared runs in
turn: the best run of each counts.
"""
import argparse, base64, os, pathlib, random, resource, subprocess, sys, tempfile, time

LAB = pathlib.Path(__file__).resolve().parent.parent / "data" / "lab" / "msgs"
METADATA = pathlib.Path(__file__).with_name("metadata.pl")
PYTHON = "import email.parser, mailbox, sys\np = email.parser.BytesHeaderParser()\nfor m in mailbox.mbox(sys.argv[1], factory=p.parse):\n    m.get_all('Received')\n"


def body(rng, octets):
    words = "the of and offer price account today please order ship free click here mail report From > x".split()
    out, size = [], 0
    while size < octets:
        if rng.random() < 0.5:
            part = base64.encodebytes(rng.randbytes(rng.randrange(1000, 6000))).decode()
        else:
            part = "".join(" ".join(rng.choices(words, k=11)) + "\n" for _ in range(40)) + "\n> quoted\n"
        out.append(part)
        size += len(part)
    return "".join(out).replace("\nFrom ", "\n>From ")[:octets] + "\n"


def build(path, size, octets):
    rng = random.Random(octets)
    heads = [p.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n")[0] + b"\n\n" for p in sorted(LAB.glob("*.eml"))]
    bodies = [body(rng, int(octets * rng.uniform(0.5, 1.5))).encode() for _ in range(64)]
    written = 0
    with open(path, "wb") as out:
        while written < size:
            written += out.write(b"From a@example.org Sat Nov 21 10:00:00 2026\n" + rng.choice(heads) + rng.choice(bodies) + b"\n")


def repeat(path, size, mailbox):
    """Writes a mailbox again and again."""
    octets = pathlib.Path(mailbox).read_bytes().rstrip(b"\n") + b"\n\n"
    with open(path, "wb") as out:
        for _ in range(max(1, size // len(octets))):
            out.write(octets)


def cpu(command, cores=None, out=subprocess.DEVNULL):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    subprocess.run(command, stdout=out, check=True, preexec_fn=pin)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall


def both(command, cores):
    """Returns how long two processes take that run at once, each on a core of its own."""
    began = time.monotonic()
    pin = lambda core: lambda: os.sched_setaffinity(0, {core})
    children = [subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=pin(core)) for core in cores]
    if any([child.wait() for child in children]):
        sys.exit("a run failed")
    return time.monotonic() - began


def in_turn(*runs, times=4):
    """Returns the smallest result of each run."""
    return [min(results) for results in zip(*([run() for run in runs] for _ in range(times)))]


def peak(command):
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return usage.ru_maxrss / 1024


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("plaint")
    ap.add_argument("--size", type=int, default=1024, help="MiB of each mailbox")
    ap.add_argument("--dir", default=None)
    ap.add_argument("--mailbox", help="measure on this mailbox")
    a = ap.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(dir=a.dir) as folder:
        kinds = {f"{octets} octets": lambda path, size, octets=octets: build(path, size, octets) for octets in (40_000, 5_000)}
        if a.mailbox:
            kinds = {a.mailbox: lambda path, size: repeat(path, size, a.mailbox)}
        for kind, make in kinds.items():
            path = os.path.join(folder, "large.mbox")
            make(path, a.size << 20)
            trace = [a.plaint, "--config", os.devnull, "trace", "--json", path]
            one, two = {cores[0]}, cores[:2]
            # Into a pipe: grep stops at the first match where its output is the null device.
            grep, ours, python = in_turn(
                lambda: cpu(["grep", "-c", "^From ", path], out=subprocess.PIPE)[0],
                lambda: cpu(trace, one)[0],
                lambda: cpu([sys.executable, "-c", PYTHON, path])[0],
            )
            line = f"{kind}: grep {grep:.2f} s, plaint {ours:.2f} s, ratio {ours / grep:.2f}"
            line += f"; python {python:.1f} s, {python / ours:.0f} times"
            if not subprocess.run(["perl", "-MMail::SpamAssassin", "-e", "1"], capture_output=True).returncode:
                make(small := path + ".part", (a.size << 20) // 64)
                reader = ["perl", str(METADATA), small]
                part = os.path.getsize(path) / os.path.getsize(small)
                spamassassin = (cpu(reader)[0] - cpu(reader[:2] + [os.devnull])[0]) * part
                line += f"; SpamAssassin {spamassassin:.0f} s, {spamassassin / ours:.0f} times"
            if len(two) > 1:
                alone, threads, processes = in_turn(
                    lambda: cpu(trace, one)[1],
                    lambda: cpu(trace, set(two))[1],
                    lambda: both(trace, two),
                )
                line += f"; two threads {alone / threads:.2f} times one (two processes {2 * alone / processes:.2f})"
            print(line + f"; peak {peak(trace):.0f} MiB", flush=True)
            os.remove(path)


if __name__ == "__main__":
    main()
