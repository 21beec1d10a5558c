#!/usr/bin/env python3
"""Writes app.log: log lines as they come together on one machine, with tokens in the places where tokens turn up.

Everything is made up: issuers are under example domains, people have *.example addresses, signatures are random bytes
from a fixed seed. So the output is the same each time:

    python3 pipelines/sample/make.py > pipelines/sample/app.log
"""

import base64
import json
import random
import sys

RANDOM = random.Random(20261123)
BASE = 1795431600  # 2026-11-23T11:00:00Z
PEOPLE = ["ada.lind", "bo.ferro", "chen.wu", "dara.oyelaran", "elif.kaya", "finn.moss", "gita.rao", "hugo.brandt"]
TOKENS = set()
SECOND = {}


def b64(data):
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rand(count):
    return bytes(RANDOM.randrange(256) for _ in range(count))


def keep(token):
    assert token not in TOKENS
    TOKENS.add(token)
    return token


def uuid():
    h = rand(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def person():
    return RANDOM.choice(PEOPLE)


def access(alg="RS256", minute=0, **more):
    who = person()
    header = {"alg": alg, "typ": "at+jwt", "kid": f"2026-{RANDOM.randrange(10, 99)}"}
    claims = {
        "iss": "https://idp.example.com/realms/shop", "sub": uuid(), "aud": "orders-api", "client_id": "web-shop",
        "email": f"{who}@customers.example", "scope": "orders:read orders:write", "iat": BASE + 60 * minute,
        "exp": BASE + 60 * minute + 900, "jti": uuid(),
    }
    claims.update(more)
    size = {"RS256": 256, "ES256": 64, "HS256": 32, "EdDSA": 64, "PS256": 256}[alg]
    return keep(f"{b64(header)}.{b64(claims)}.{b64(rand(size))}")


def id_token(minute=0):
    who = person()
    header = {"alg": "ES256", "typ": "JWT", "kid": "id-7"}
    claims = {
        "iss": "https://login.example.org", "sub": f"00u{rand(8).hex()}", "aud": ["shop-spa"], "nonce": rand(12).hex(),
        "name": who.replace(".", " ").title(), "email": f"{who}@staff.example", "amr": ["pwd", "otp"],
        "auth_time": BASE + 60 * minute - 5, "iat": BASE + 60 * minute, "exp": BASE + 60 * minute + 3600,
    }
    return keep(f"{b64(header)}.{b64(claims)}.{b64(rand(64))}")


def refresh():
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"iss": "https://idp.example.com/realms/shop", "typ": "Refresh", "sub": uuid(), "jti": uuid(), "iat": BASE, "exp": BASE + 2592000}
    return keep(f"{b64(header)}.{b64(claims)}.{b64(rand(32))}")


def unsigned():
    claims = {"iss": "https://dev.example.net", "sub": "admin", "email": "root@dev.example", "role": "admin", "exp": BASE + 10**9}
    return keep(f"{b64({'alg': 'none', 'typ': 'JWT'})}.{b64(claims)}.")


def encrypted():
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "enc-3", "cty": "JWT"}
    return keep(".".join([b64(header), b64(rand(256)), b64(rand(12)), b64(rand(320)), b64(rand(16))]))


def second(minute):
    """Later than the last one of this minute, so that time runs forward."""
    SECOND[minute] = SECOND.get(minute, 0) + RANDOM.randrange(1, 5)
    return SECOND[minute] % 60


def clock(minute, second):
    return f"{11 + minute // 60:02d}:{minute % 60:02d}:{second:02d}"


def iso(minute):
    return f"2026-11-23T{clock(minute, second(minute))}.{RANDOM.randrange(1000):03d}Z"


def ip():
    return RANDOM.choice(["192.0.2", "198.51.100", "203.0.113"]) + f".{RANDOM.randrange(1, 255)}"


def nginx(minute, path, status=200, agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", method="GET"):
    when = f"23/Nov/2026:{clock(minute, second(minute))} +0000"
    return f'{ip()} - - [{when}] "{method} {path} HTTP/1.1" {status} {RANDOM.randrange(90, 40000)} "https://shop.example.com/" "{agent}"'


def js(minute, level, msg, **more):
    return json.dumps({"ts": iso(minute), "level": level, "service": "orders", "msg": msg, **more}, separators=(",", ":"))


def logfmt(minute, text):
    return f"time={iso(minute)} {text}"


def syslog(minute, text):
    return f"Nov 23 {clock(minute, second(minute))} node-{RANDOM.randrange(1, 4)} {text}"


def cri(minute, text, stream="stdout"):
    return f"2026-11-23T{clock(minute, second(minute))}.{RANDOM.randrange(10**9):09d}Z {stream} F {text}"


def with_tokens(m):
    """Lines with one token or two, by minute."""
    yield nginx(m, f"/api/orders?page=2&access_token={access(minute=m)}")
    yield js(m, "info", "request", method="GET", path="/orders/8841", headers={"Host": "api.example.com", "Authorization": f"Bearer {access('ES256', m)}"}, status=200)
    yield logfmt(m, f'level=debug component=gateway msg="token refreshed" user={person()}@customers.example token={access("EdDSA", m)} ttl=900s')
    yield syslog(m, f"auth-proxy[{RANDOM.randrange(900, 9000)}]: accepted bearer {access('PS256', m)} for /admin/reports")
    yield cri(m, json.dumps({"level": "warn", "msg": "clock skew", "token": access("HS256", m, iss="https://ci.example.net", aud="deploy")}))
    yield nginx(m, f"/callback?state={rand(8).hex()}&id_token={id_token(m)}", 302)


STACK = """2026-11-23 11:17:42,318 ERROR [http-nio-8080-exec-7] com.example.shop.security.JwtFilter - rejected
io.jsonwebtoken.ExpiredJwtException: JWT expired 318 milliseconds ago at 2026-11-23T11:17:42.000Z: {token}
\tat io.jsonwebtoken.impl.DefaultJwtParser.parse(DefaultJwtParser.java:682)
\tat com.example.shop.security.JwtFilter.doFilterInternal(JwtFilter.java:58)
\tat org.springframework.web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:116)
\tat org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:164)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.security.SignatureException: Signature length not correct: got 255 but was expecting 256
\t... 5 more"""


def special():
    yield from STACK.format(token=access(minute=17)).split("\n")
    yield js(18, "info", "encrypted id token received", id_token=encrypted(), partner="bank.example")
    yield logfmt(19, f"level=error component=legacy msg=\"unsigned token accepted\" jwt={unsigned()} remote={ip()}")
    yield js(20, "debug", "token response", body=json.dumps({"access_token": access(minute=20), "refresh_token": refresh(), "token_type": "Bearer", "expires_in": 900}))
    yield nginx(21, f"/ws?access_token={access(minute=21)}&v=3", 101)
    yield cri(22, f"curl -s -H 'Authorization: Bearer {access('ES256', 22)}' https://api.example.com/v1/me", "stderr")
    yield syslog(23, f"sessiond[77]: cookie sid={rand(12).hex()}; session={id_token(23)}; Path=/; HttpOnly")
    yield logfmt(24, f'level=info msg="tokens match" old={access(minute=24)} new={access("ES256", 24)}')


def ordinary(m):
    """Lines without any token, many of which look a little like one."""
    yield nginx(m, f"/static/app.{rand(4).hex()}.js")
    yield nginx(m, "/healthz", agent="kube-probe/1.31")
    yield nginx(m, f"/api/orders?cursor={base64.b64encode(json.dumps({'after': 8800 + m, 'dir': 'next'}).encode()).decode().rstrip('=')}")
    yield js(m, "info", "order placed", order=uuid(), total="49.90", currency="EUR")
    yield js(m, "debug", "cache", key=f"orders:{rand(20).hex()}", hit=bool(m % 2))
    yield logfmt(m, f"level=info component=scheduler job=com.example.shop.billing.InvoiceExporter.export run={uuid()} took={RANDOM.randrange(5, 900)}ms")
    yield syslog(m, f"kernel: [{RANDOM.randrange(10**5)}.{RANDOM.randrange(10**6):06d}] eth0: link is up, 10000 Mbps, full duplex")
    yield syslog(m, f"sshd[{RANDOM.randrange(900, 9000)}]: Accepted publickey for deploy from {ip()} port {RANDOM.randrange(30000, 60000)} ssh2: ED25519 SHA256:{base64.b64encode(rand(32)).decode().rstrip('=')}")
    yield cri(m, f"pulled image registry.example.com/shop/orders@sha256:{rand(32).hex()}")
    yield cri(m, f"I1123 {clock(m, SECOND[m] + 1)}.{RANDOM.randrange(10**6):06d}       1 leaderelection.go:250] attempting to acquire leader lease kube-system/orders...", "stderr")
    yield f"2026-11-23 {clock(m, second(m))},{RANDOM.randrange(1000):03d} INFO  [main] org.springframework.boot.web.embedded.tomcat.TomcatWebServer - Tomcat started on port 8080"


def main():
    lines = []
    for block in range(4):
        lines += ordinary(block * 7)
        lines += with_tokens(block * 7 + 3)
    lines += special()
    for block in range(3):
        lines += ordinary(30 + block * 4)
    assert len(TOKENS) >= 25, len(TOKENS)
    sys.stdout.write("".join(line + "\n" for line in lines))
    print(f"{len(lines)} lines, {len(TOKENS)} tokens", file=sys.stderr)


main()
