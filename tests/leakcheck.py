#!/usr/bin/env python3
"""Scrubs the evaluation corpus, prints leakcheck's table and judges it by tests/leakcheck.floor.

  tests/leakcheck.py BINARY [CORPUS]      default: the corpus beside this checkout, ../shared/corpus

Then it scrubs a part of it with each policy of pipelines/policies. Exit status 0: no negative changed, no line lost, nothing
worse than the floor.
"""
import importlib.util, json, os, pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
ALWAYS_ZERO = ("neg_changed", "lost", "extra", "moved", "elsewhere")
NEVER_ZERO = ("lines_in", "must", "neg_lines")
# What is scrubbed with each policy: real tokens, and JSON records, in which a policy may put fields.
SAMPLE = ("real_vectors/*.log", "synthetic/cloud.log")
POLICY_ZERO = ("neg_changed", "lost", "extra", "moved", "payload_leaks", "json_broken")


def floor_of(text):
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {name: int(number) for name, number in (line for line in lines if line)}


def judge(total, floor):
    """What is wrong with a result, and what has become better than the floor says."""
    worse = [f"{name} is 0: nothing was checked" for name in NEVER_ZERO if not total[name]]
    worse += [f"{name} is {total[name]}, it has to be 0" for name in ALWAYS_ZERO if total[name]]
    worse += [f"{name} is {total[name]}, it was {most} before" for name, most in floor.items() if total[name] > most]
    better = [f"{name} {total[name]}" for name, most in floor.items() if total[name] < most]
    return worse, better


def judge_policy(name, total, floor):
    """What is wrong with a result under a policy. What it shows on purpose leakcheck may know as a secret claim: the floor says how often."""
    worse = [f"{name}: {key} is 0: nothing was checked" for key in NEVER_ZERO if not total[key]]
    worse += [f"{name}: {key} is {total[key]}, it has to be 0" for key in POLICY_ZERO if total[key]]
    most = floor.get(f"{name}:claim_leaks", 0)
    return worse + [f"{name}: claim_leaks is {total['claim_leaks']}, it was {most} before"] * (total["claim_leaks"] > most)


def selftest():
    good = dict(lines_in=9, must=3, neg_lines=5, neg_changed=0, lost=0, extra=0, moved=0, elsewhere=0, leaks=7)
    floor = floor_of("# comment\nleaks 7 # of all\n")
    assert judge(good, floor) == ([], []) and judge(good | {"leaks": 6}, floor) == ([], ["leaks 6"])
    for name, value in [("leaks", 8), ("must", 0)] + [(name, 1) for name in ALWAYS_ZERO]:
        assert len(judge(good | {name: value}, floor)[0]) == 1, name
    good = dict(lines_in=9, must=3, neg_lines=5, claim_leaks=2) | {name: 0 for name in POLICY_ZERO}
    assert judge_policy("a", good, floor_of("a:claim_leaks 2")) == [] and len(judge_policy("b", good, floor)) == 1
    assert all(len(judge_policy("a", good | {name: 1}, floor_of("a:claim_leaks 2"))) == 1 for name in POLICY_ZERO)


def whole_file_search(work):
    """leakcheck searches for secrets outside their own records with pyahocorasick, where that can be had."""
    if importlib.util.find_spec("ahocorasick"):
        return [], os.environ
    place = str(work / "python")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", place, "pyahocorasick"]
    if subprocess.run(pip, stdout=sys.stderr).returncode == 0:
        return [], os.environ | {"PYTHONPATH": place}
    print("leakcheck: no pyahocorasick and no pip to get it: secrets are searched in their own records only", flush=True)
    return ["--no-global"], os.environ


def scrubbed(binary, key, logs, data, out, options=()):
    """Scrubs logs below data to the same places below out."""
    for log in logs:
        clean = out / log.relative_to(data)
        clean.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "rb") as raw, open(clean, "wb") as to:
            done = subprocess.run([binary, "scrub", "--fingerprint-key", key, *options], stdin=raw, stdout=to)
        if done.returncode != 0:
            sys.exit(f"leakcheck: {log}: scrub ended with {done.returncode}")


def checked(corpus, data, out, report, options, environment):
    """leakcheck's report."""
    check = [sys.executable, corpus / "leakcheck.py", "--orig", data, "--out", out, "--json", report]
    subprocess.run(check + options, env=environment)
    return json.loads(report.read_text())


def policies(binary, key, corpus, work, floor):
    """What is wrong with the sample under each policy."""
    data, sample = corpus / "data", work / "sample"
    logs = sorted(log for pattern in SAMPLE for log in data.glob(pattern))
    for log in logs:
        for file in (log, log.with_name(log.stem + ".truth.jsonl")):
            link = sample / file.relative_to(data)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    worse = []
    shipped = sorted((HERE.parent / "pipelines" / "policies").glob("*.yaml"))
    for policy in shipped:
        out = work / "policy" / policy.stem
        scrubbed(binary, key, logs, data, out, ["--policy", policy])
        report = checked(corpus, sample, out, work / f"{policy.stem}.json", ["--no-global", "--by", "kind"], os.environ)
        worse += judge_policy(policy.stem, report["total"], floor)
    return worse + ["there is no policy to check"] * (not shipped)


def main():
    selftest()
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    binary = pathlib.Path(sys.argv[1]).resolve()
    corpus = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else HERE.parent.parent / "shared" / "corpus").resolve()
    data = corpus / "data"
    floor = floor_of((HERE / "leakcheck.floor").read_text())
    with tempfile.TemporaryDirectory(prefix="scrubjay-leakcheck-") as work:
        work = pathlib.Path(work)
        key = work / "fingerprint.key"  # The same key each time: the same input gives the same output.
        key.write_bytes(b"leakcheck " * 4)
        key.chmod(0o600)
        logs = sorted(data.rglob("*.log"))
        scrubbed(binary, key, logs, data, work / "out")
        options, environment = whole_file_search(work)
        report = checked(corpus, data, work / "out", work / "report.json", ["--by", "kind,encoding,damage", *options], environment)
        worse, better = judge(report["total"], {name: most for name, most in floor.items() if ":" not in name})
        worse += policies(binary, key, corpus, work, floor)
    if len(report["files"]) != len(logs):
        worse.append(f"{len(report['files'])} of {len(logs)} files were checked")
    for line in better:
        print(f"leakcheck: better than tests/leakcheck.floor; write there: {line}")
    for line in worse:
        print(f"leakcheck: {line}", file=sys.stderr)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
