#!/usr/bin/env python3
"""Recall and collateral on the shared corpus' generator at seeds that nothing was tuned to.

  tests/other-seeds.py SCRUBJAY SEED…      target/ci/scrubjay 200 201 202

Each seed gives some 4,000 tokens between some 7,800 lines that must stay. Too long for CI (a seed takes ten seconds); needs ../shared/corpus.
Exit 0: every token was removed and nothing else has changed.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"
ZERO = ("lost", "extra", "neg_changed", "collateral_bytes", "json_broken", "leaks", "claim_leaks", "payload_leaks")


def measured(scrubjay, seed, work):
    """What leakcheck says of one seed."""
    made, out = work / "made", work / "out"
    out.mkdir()
    subprocess.run([sys.executable, "gen.py", "--seed", seed, "--out", made], cwd=CORPUS, check=True, capture_output=True)
    for log in made.glob("*.log"):
        with log.open("rb") as text, (out / log.name).open("wb") as clean:
            subprocess.run([scrubjay, "scrub"], stdin=text, stdout=clean, stderr=subprocess.DEVNULL, check=True)
    report = work / "report.json"
    check = [sys.executable, CORPUS / "leakcheck.py", "--orig", made, "--out", out, "--json", report, "--examples", "5", "--no-global"]
    subprocess.run(check, capture_output=True)
    return json.loads(report.read_text())


def main():
    if len(sys.argv) < 3 or not CORPUS.is_dir():
        sys.exit(f"usage: tests/other-seeds.py SCRUBJAY SEED…   (needs {CORPUS})")
    scrubjay = pathlib.Path(sys.argv[1]).resolve()
    wrong = 0
    for seed in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as work:
            report = measured(scrubjay, seed, pathlib.Path(work))
        total = report["total"]
        faults = {name: total[name] for name in ZERO if total[name]}
        wrong += bool(faults) or total["removed"] != total["must"]
        print(f"seed {seed}: {total['removed']} of {total['must']} removed; {faults or 'nothing else changed'}", flush=True)
        for file in report["files"]:
            for example in file.get("neg_examples", []):
                print(f"  {file['file']}: {example}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
