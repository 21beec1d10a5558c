#!/usr/bin/env python3
"""Scrubs text in which there should be nothing to find, and lists what was found: paths, lines and kinds, never what stood there.

  tests/quiet.py BINARY PATH…        files and folders: source trees, manuals, logs
  tests/quiet.py BINARY --bulk MB    text made of the corpus' real negatives (../shared/corpus/make_bulk.py), in each profile

Binary files are passed over, gzipped ones unpacked. With --bulk any change is a failure (exit status 1). Elsewhere someone has
to judge: source trees hold test keys and documents hold examples of tokens. docs/release.md says when to run this.
"""
import collections, gzip, os, pathlib, re, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
BULK = HERE.parent.parent / "shared/corpus/make_bulk.py"
PROFILES = ("mixed", "web", "json", "syslog")
FILE_BYTES_MAX = 64 << 20
# Files are scrubbed together, because starting a process costs more than most of them.
GROUP_BYTES = 8 << 20
MARKER = re.compile(rb"\b([a-z]+)\(((?:class|rule|why|cut|fp):[^~)\s]*)")


def scrub(binary, data):
    return subprocess.run([binary, "scrub", "--threads", "1"], input=data, stdout=subprocess.PIPE, check=True).stdout


def texts(paths):
    """The text files at or below `paths`, each once: (name, bytes)."""
    seen = set()
    for top in paths:
        found = [top] if os.path.isfile(top) else sorted(os.path.join(d, f) for d, _, files in os.walk(top) for f in files)
        for path in found:
            try:
                state = os.lstat(path)
                if not os.path.isfile(path) or os.path.islink(path) or state.st_size > FILE_BYTES_MAX or (state.st_dev, state.st_ino) in seen:
                    continue
                data = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
            except (OSError, EOFError, gzip.zlib.error):
                continue
            seen.add((state.st_dev, state.st_ino))
            if data and b"\0" not in data[:8192]:
                yield path, data


def groups(files):
    group, size = [], 0
    for path, data in files:
        group.append((path, data))
        size += len(data)
        if size > GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def suspects(binary, group):
    """The files that change when they are scrubbed alone, found by halves: most groups have none."""
    # A blank line between two files, so that none goes on in the next.
    whole = b"\n\n".join(data for _, data in group)
    clean = scrub(binary, whole)
    if clean == whole:
        return
    if len(group) == 1:
        yield (*group[0], clean)
        return
    half = len(group) // 2
    yield from suspects(binary, group[:half])
    yield from suspects(binary, group[half:])


def changed(before, after):
    """Lines that changed: (number, kinds of the markers that came in). Lines are never added or removed."""
    before, after = before.split(b"\n"), after.split(b"\n")
    assert len(before) == len(after), "lines were lost or added"
    for number, (old, new) in enumerate(zip(before, after), 1):
        if old != new:
            kinds = collections.Counter(MARKER.findall(new)) - collections.Counter(MARKER.findall(old))
            yield number, sorted(f"{kind.decode()}({what.decode()})" for kind, what in kinds)


def below(binary, paths):
    files = size = 0
    found = collections.defaultdict(list)
    for group in groups(texts(paths)):
        files, size = files + len(group), size + sum(len(data) for _, data in group)
        for path, data, clean in suspects(binary, group):
            for number, kinds in changed(data, clean):
                for kind in kinds:
                    found[kind].append(f"{path}:{number}")
    for kind, places in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{len(places):6}  {kind}")
        for place in places:
            print(f"            {place}")
    print(f"{files} files, {size} bytes, {sum(map(len, found.values()))} markers", flush=True)


def bulk(binary, megabytes):
    different = 0
    for seed, profile in enumerate(PROFILES, 1):
        with tempfile.TemporaryDirectory() as work:
            text, clean = os.path.join(work, "in.log"), os.path.join(work, "out.log")
            subprocess.run([sys.executable, BULK, "--mb", str(megabytes), "--density", "0", "--profile", profile, "--seed", str(seed),
                            "--blocks", str(min(256, megabytes)), "--out", text], check=True, stdout=subprocess.DEVNULL)
            with open(clean, "wb") as out:
                subprocess.run([binary, "scrub", text], stdout=out, check=True)
            same = subprocess.run(["cmp", text, clean]).returncode == 0
            different += not same
            print(f"{profile}: {os.path.getsize(text)} bytes, {'identical' if same else 'DIFFERENT'}", flush=True)
    return 1 if different else 0


def selftest():
    old = b"a\njwt(class:id~alg:x) b\nc\n"
    new = b"a\njwt(class:id~alg:x) secret(rule:url-password)\njwt(class:id)\n"
    assert list(changed(old, new)) == [(2, ["secret(rule:url-password)"]), (3, ["jwt(class:id)"])]


def main(argv):
    selftest()
    if len(argv) < 3:
        sys.exit(__doc__)
    if argv[2] == "--bulk":
        return bulk(argv[1], int(argv[3]))
    below(argv[1], argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
