#!/usr/bin/env python3
"""Reads records with the parsers of their own formats, for tests/carriers.rs.

Standard input: one JSON object for each record, {"format": …, "text": …}, or {"decode": …} for a text that decoders are let loose on.
Standard output: a line for each: {"fields": [[path, value], …]}, {"error": …}, or {"texts": {what was done: what came out}}.
"""
import csv, email.header, email.parser, email.policy, html, http.cookies, io, itertools, json, quopri, re, sys, urllib.parse, xml.etree.ElementTree


def flat(path, value):
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [field for name, inner in value for field in flat(f"{path}.{name}", inner)]
    if isinstance(value, list):
        return [field for i, inner in enumerate(value) for field in flat(f"{path}.{i}", inner)]
    return [[path, value if isinstance(value, str) else repr(value)]]


def of_json(text):
    # Members as pairs: their order and repetitions count too.
    return flat("", json.loads(text, object_pairs_hook=lambda pairs: list(pairs), parse_constant=lambda c: sys.exit(c)))


def of_csv(text, delimiter=","):
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    return [[f"{r}.{c}", cell] for r, row in enumerate(rows) for c, cell in enumerate(row)]


def of_query(text):
    return [[f"query.{name}", value] for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True)]


def of_url(text):
    url = urllib.parse.urlsplit(text)
    fields = [["scheme", url.scheme], ["user", url.username], ["password", url.password], ["host", url.hostname], ["port", repr(url.port)]]
    fields += [[f"path.{i}", urllib.parse.unquote(part)] for i, part in enumerate(url.path.split("/"))]
    return fields + (of_query(url.query) if url.query else []) + [["fragment", url.fragment]]


def of_cookie(text):
    cookies = http.cookies.SimpleCookie()
    cookies.load(text)
    fields = [[name, morsel.value] for name, morsel in cookies.items()]
    return fields + [[f"{name};{a}", repr(v)] for name, morsel in cookies.items() for a, v in morsel.items() if v]


def of_header(text):
    message = email.parser.HeaderParser(policy=email.policy.HTTP).parsestr(text + "\r\n\r\n")
    if message.defects:
        raise ValueError(message.defects)
    return [[name, str(value)] for name, value in message.items()]


def of_request(text):
    method, target, protocol = text.split(" ")
    return [["method", method], ["protocol", protocol]] + of_url("http://h" + target)


QUOTED = r'"((?:[^"\\]|\\.)*)"'
COMBINED = re.compile(rf'(\S+) (\S+) (\S+) \[([^\]]+)\] {QUOTED} (\d{{3}}) (\d+|-)(?: {QUOTED} {QUOTED})?')


def of_combined(text):
    """Apache's and nginx's combined and common log format."""
    match = COMBINED.fullmatch(text)
    host, ident, user, when, request, status, size, referer, agent = match.groups()
    fields = dict(host=host, ident=ident, user=user, when=when, status=status, size=size, agent=agent)
    fields = [[name, value] for name, value in fields.items()] + [[f"request.{n}", v] for n, v in of_request(request)]
    return fields + ([[f"referer.{n}", v] for n, v in of_url(referer)] if referer and referer != "-" else [])


LOGFMT = re.compile(r'([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s="]*)))?(?:\s+|$)')


def of_logfmt(text):
    fields, at = [], 0
    while at < len(text):
        match = LOGFMT.match(text, at)
        name, quoted, bare = match.groups()
        fields.append([name, json.loads(f'"{quoted}"') if quoted is not None else bare])
        at = match.end()
    return fields


def of_cef(text):
    """ArcSight Common Event Format: seven parts in bars, then an extension whose values end where the next name begins."""
    *header, extension = re.split(r"(?<!\\)\|", text, maxsplit=7)
    names = [(m.start(1), m.end(), m.group(1)) for m in re.finditer(r"(?:^|(?<=\s))(\w+)=", extension)]
    ends = [start for start, _, _ in names[1:]] + [len(extension) + 1]
    values = [(name, extension[at : end - 1]) for (_, at, name), end in zip(names, ends)]
    if len(header) != 7 or any(re.search(r"(?<!\\)=", value) for _, value in values):
        raise ValueError("not CEF")
    return [[f"header.{i}", part] for i, part in enumerate(header)] + [[n, re.sub(r"\\(.)", r"\1", v)] for n, v in values]


SD_VALUE = re.compile(r' ([^\s="\]]+)="((?:[^"\\\]]|\\.)*)"')


def of_structured_data(text):
    """RFC 5424 §6.3: one element, then the message."""
    match = re.fullmatch(rf"\[([^\s=\]\"]+)((?:{SD_VALUE.pattern})*)\] (.*)", text)
    params = [[name, re.sub(r"\\(.)", r"\1", value)] for name, value in SD_VALUE.findall(match.group(2))]
    return [["id", match.group(1)]] + params + [["message", match.groups()[-1]]]


def of_xml(text):
    def walk(element, path):
        path = f"{path}/{element.tag}"
        fields = [[f"{path}@{name}", value] for name, value in element.attrib.items()]
        fields += [[path, element.text or ""], [f"{path}+", element.tail or ""]]
        return fields + [field for i, child in enumerate(element) for field in walk(child, f"{path}.{i}")]

    return walk(xml.etree.ElementTree.fromstring(text), "")


def header_words(text):
    return "".join(p if isinstance(p, str) else p.decode(c or "ascii") for p, c in email.header.decode_header(text))


DECODERS = {
    "URL": urllib.parse.unquote,
    "form": urllib.parse.unquote_plus,
    "HTML": html.unescape,
    "JSON": lambda t: json.loads(f'"{t}"'),
    "quoted-printable": lambda t: quopri.decodestring(t.encode()).decode(),
    "MIME header": header_words,
    "backslashes": lambda t: t.encode().decode("unicode_escape"),
    "CEF": lambda t: re.sub(r"\\(.)", r"\1", t),
    "cookie": http.cookies._unquote,
}


def decoded(text):
    once = {name: decode(text) for name, decode in DECODERS.items()}
    twice = {f"{a}, {b}": DECODERS[b](once[a]) for a, b in itertools.product(DECODERS, DECODERS)}
    # In these nobody has to quote or escape it either.
    written = {
        "as CSV": (lambda out: (csv.writer(out).writerow([text, "x"]), out.getvalue())[1])(io.StringIO()) == f"{text},x\r\n" and text,
        "as JSON": json.dumps(text)[1:-1],
        "as HTML": html.escape(text),
        "as cookie": http.cookies.SimpleCookie({"a": text}).output(header="").strip().removeprefix("a=").strip('"'),
    }
    return {**once, **twice, **written}


FORMATS = {
    "json": of_json, "csv": of_csv, "csv;": lambda t: of_csv(t, ";"), "tsv": lambda t: of_csv(t, "\t"), "form": of_query, "url": of_url,
    "cookie": of_cookie, "header": of_header, "combined": of_combined, "logfmt": of_logfmt, "cef": of_cef, "sd": of_structured_data, "xml": of_xml,
}

for line in sys.stdin:
    job = json.loads(line)
    try:
        answer = {"texts": decoded(job["decode"])} if "decode" in job else {"fields": FORMATS[job["format"]](job["text"])}
    except Exception as error:  # whatever a parser does not like is an answer
        answer = {"error": repr(error)}
    print(json.dumps(answer))
