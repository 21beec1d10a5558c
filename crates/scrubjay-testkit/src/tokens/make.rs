//! Tokens of every form, in the clear.

use super::Token;
use crate::random::Random;

/// How a token is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JWS compact (RFC 7515 §7.1).
    Jws,
    /// Unsecured, empty signature (RFC 7515 App. A.5).
    JwsNone,
    /// Detached payload (RFC 7515 App. F).
    JwsDetached,
    /// A JWT in a JWT (RFC 7519 §5.2).
    JwsNested,
    /// JWE compact (RFC 7516 §7.1).
    Jwe,
    /// JWE compact with `dir` or `ECDH-ES`: an empty second part.
    JweDirect,
    /// SD-JWT with disclosures (RFC 9901 §4).
    SdJwt,
    /// SD-JWT with a key binding JWT.
    SdJwtBound,
    /// JWS JSON, flattened (RFC 7515 §7.2.2).
    JsonJwsFlat,
    /// JWS JSON, general (RFC 7515 §7.2.1).
    JsonJwsGeneral,
    /// JWE JSON, flattened (RFC 7516 §7.2.2).
    JsonJweFlat,
    /// JWE JSON, general (RFC 7516 §7.2.1).
    JsonJweGeneral,
    /// Private RSA key (RFC 7518 §6.3.2).
    JwkRsa,
    /// Private EC key (RFC 7518 §6.2.2).
    JwkEc,
    /// Private OKP key (RFC 8037 §2).
    JwkOkp,
    /// Symmetric key (RFC 7518 §6.4).
    JwkOct,
    /// Private key in PEM (RFC 7468 §10).
    Pem,
}

impl Form {
    /// All forms, the common ones more than once, so that a random pick gives them more often.
    pub const ALL: [Self; 22] = [
        Self::Jws,
        Self::Jws,
        Self::Jws,
        Self::Jws,
        Self::Jws,
        Self::JwsNone,
        Self::JwsDetached,
        Self::JwsNested,
        Self::Jwe,
        Self::Jwe,
        Self::JweDirect,
        Self::SdJwt,
        Self::SdJwtBound,
        Self::JsonJwsFlat,
        Self::JsonJwsGeneral,
        Self::JsonJweFlat,
        Self::JsonJweGeneral,
        Self::JwkRsa,
        Self::JwkEc,
        Self::JwkOkp,
        Self::JwkOct,
        Self::Pem,
    ];

    /// A random token of this form.
    #[must_use]
    pub fn make(self, r: &mut Random) -> Token {
        match self {
            Self::Jws => jws(r, None, None),
            Self::JwsNone => Token { form: self, ..jws(r, Some("none"), None) },
            Self::JwsDetached => detached(r),
            Self::JwsNested => {
                let inner = jws(r, Some("ES256"), None);
                let outer = jws(r, Some("RS256"), Some(inner.text));
                Token { form: self, claims: inner.claims, ..outer }
            }
            Self::Jwe => jwe(r, false),
            Self::JweDirect => jwe(r, true),
            Self::SdJwt => sd_jwt(r, false),
            Self::SdJwtBound => sd_jwt(r, true),
            Self::JsonJwsFlat | Self::JsonJwsGeneral => json_jws(r, self),
            Self::JsonJweFlat | Self::JsonJweGeneral => json_jwe(r, self),
            Self::JwkRsa | Self::JwkEc | Self::JwkOkp | Self::JwkOct => jwk(r, self),
            Self::Pem => pem(r),
        }
    }
}

/// Base64url without padding (RFC 7515 §2).
#[must_use]
pub fn base64_url(bytes: &[u8]) -> String {
    base64(bytes).replace('+', "-").replace('/', "_").replace('=', "")
}

/// Base64 with padding (RFC 4648 §4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { ALPHABET[(n >> (18 - 6 * i)) as usize & 63] as char } else { '=' });
        }
    }
    out
}

fn random64(r: &mut Random, bytes: usize) -> String {
    base64_url(&r.bytes(bytes))
}

/// JSON objects as different libraries print them: compact, spaced, pretty, with CRLF, with leading white space.
fn object(r: &mut Random, members: &[(String, String)]) -> String {
    let list = |between: &str, colon: &str| members.iter().map(|(n, v)| format!("\"{n}\"{colon}{v}")).collect::<Vec<_>>().join(between);
    match r.below(10) {
        0..=4 => format!("{{{}}}", list(",", ":")),
        5 => format!("{{{}}}", list(", ", ": ")),
        6 => format!("{{ {} }}", list(",", ":")),
        7 => format!("{{\n  {}\n}}", list(",\n  ", ": ")),
        8 => format!("{{\r\n  {}\r\n}}", list(",\r\n  ", ": ")),
        _ => format!("{}{{{}}}", r.pick(&[" ", "\n", "\t", "  "]), list(",", ":")),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn header(r: &mut Random, alg: &str, more: &[(&str, String)]) -> String {
    let mut members = vec![("alg".to_owned(), quoted(alg))];
    members.extend(more.iter().map(|(n, v)| ((*n).to_owned(), v.clone())));
    if r.chance(60) {
        members.push(("kid".into(), quoted(&format!("key-{}", r.word(6)))));
    }
    if r.chance(50) {
        let last = members.len() - 1;
        members.swap(0, last);
    }
    let text = object(r, &members);
    base64_url(text.as_bytes())
}

/// A claim set, and its values that must not be shown.
fn claim_set(r: &mut Random) -> (String, Vec<String>) {
    let user = format!("{}.{}", r.word(7), r.word(8));
    let (email, subject) = (format!("{user}@corp.example"), format!("user-{}", r.word(14)));
    let mut members = vec![
        ("iss".to_owned(), quoted("https://idp.example/realms/a")),
        ("sub".to_owned(), quoted(&subject)),
        ("aud".to_owned(), quoted("api")),
        ("exp".to_owned(), format!("{}", 1_795_000_000 + r.below(1_000_000))),
        ("email".to_owned(), quoted(&email)),
    ];
    let mut claims = vec![subject, email];
    for _ in 0..r.below(5) {
        let value = format!("{}-{}", r.word(5), r.word(12));
        members.push((format!("x_{}", r.word(4)), quoted(&value)));
        claims.push(value);
    }
    if r.chance(30) {
        let at = r.below(members.len());
        members.rotate_left(at);
    }
    if r.chance(10) {
        members = vec![("sub".to_owned(), quoted(&claims[0])), ("exp".to_owned(), "1795000000".into())];
        claims.truncate(1);
    }
    (object(r, &members), claims)
}

const SIGNED: [(&str, usize); 12] = [
    ("HS256", 32),
    ("HS384", 48),
    ("HS512", 64),
    ("RS256", 256),
    ("RS512", 512),
    ("PS256", 256),
    ("PS384", 384),
    ("ES256", 64),
    ("ES384", 96),
    ("ES512", 132),
    ("ES256K", 64),
    ("EdDSA", 64),
];

fn jws(r: &mut Random, alg: Option<&str>, payload: Option<String>) -> Token {
    let (alg, size) = match alg {
        Some("none") => ("none", 0),
        Some(name) => *SIGNED.iter().find(|(n, _)| *n == name).unwrap_or(&SIGNED[0]),
        None => *r.pick(&SIGNED),
    };
    let typ = r.pick(&["JWT", "at+jwt", "dpop+jwt", "secevent+jwt"]);
    let head = header(r, alg, &[("typ", quoted(typ))]);
    let (text, claims) = match payload {
        Some(text) => (text, Vec::new()),
        None => claim_set(r),
    };
    let parts = vec![head, base64_url(text.as_bytes()), random64(r, size)];
    Token { form: Form::Jws, text: parts.join("."), secrets: secrets(&parts[1..]), parts, claims }
}

fn secrets(parts: &[String]) -> Vec<String> {
    parts.iter().filter(|p| !p.is_empty()).cloned().collect()
}

fn detached(r: &mut Random) -> Token {
    let whole = jws(r, None, None);
    let parts = vec![whole.parts[0].clone(), String::new(), whole.parts[2].clone()];
    Token { form: Form::JwsDetached, text: parts.join("."), secrets: secrets(&parts[2..]), parts, claims: Vec::new() }
}

fn jwe(r: &mut Random, direct: bool) -> Token {
    let (alg, key) = if direct {
        (*r.pick(&["dir", "ECDH-ES"]), 0)
    } else {
        *r.pick(&[("RSA-OAEP", 256), ("RSA-OAEP-256", 256), ("A128KW", 24), ("A256KW", 40), ("ECDH-ES+A256KW", 40), ("A256GCMKW", 32)])
    };
    let (enc, iv, tag) = *r.pick(&[("A128GCM", 12, 16), ("A256GCM", 12, 16), ("A128CBC-HS256", 16, 16), ("A256CBC-HS512", 16, 32)]);
    let mut more = vec![("enc", quoted(enc))];
    if alg.starts_with("ECDH") {
        let (x, y) = (random64(r, 32), random64(r, 32));
        more.push(("epk", format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#)));
    }
    let size = r.between(40, 400);
    let parts = vec![header(r, alg, &more), random64(r, key), random64(r, iv), random64(r, size), random64(r, tag)];
    let form = if direct { Form::JweDirect } else { Form::Jwe };
    let secrets = secrets(&[parts[1].clone(), parts[3].clone()]);
    Token { form, text: parts.join("."), secrets, parts, claims: Vec::new() }
}

fn sd_jwt(r: &mut Random, bound: bool) -> Token {
    let mut token = jws(r, Some("ES256"), None);
    let typ = *r.pick(&["dc+sd-jwt", "vc+sd-jwt", "example+sd-jwt"]);
    let head = header(r, "ES256", &[("typ", quoted(typ))]);
    token.parts[0] = head;
    token.text = token.parts.join(".");
    token.text.push('~');
    for name in ["given_name", "email", "address"].iter().take(r.between(1, 3)) {
        let value = format!("{} {}", r.word(8), r.word(9));
        let text = match *name {
            "address" => format!(r#"["{}", "address", {{"street_address": "{value}", "country": "DE"}}]"#, random64(r, 16)),
            _ => format!(r#"["{}", "{name}", "{value}"]"#, random64(r, 16)),
        };
        let disclosure = base64_url(text.as_bytes());
        token.text.push_str(&disclosure);
        token.text.push('~');
        token.secrets.push(disclosure);
        token.claims.push(value);
    }
    if bound {
        let nonce = r.word(20);
        let key_binding = jws(r, Some("ES256"), Some(format!(r#"{{"nonce":"{nonce}","iat":1795000000}}"#)));
        token.text.push_str(&key_binding.text);
        token.secrets.extend(key_binding.secrets);
    }
    token.parts = Vec::new();
    Token { form: if bound { Form::SdJwtBound } else { Form::SdJwt }, ..token }
}

/// A JSON object with members in order, compact, spaced or pretty-printed.
fn printed(r: &mut Random, members: &[(&str, String)]) -> String {
    let list = |between: &str, colon: &str| members.iter().map(|(n, v)| format!("\"{n}\"{colon}{v}")).collect::<Vec<_>>().join(between);
    match r.below(3) {
        0 => format!("{{{}}}", list(",", ":")),
        1 => format!("{{{}}}", list(", ", ": ")),
        _ => format!("{{\n  {}\n}}", list(",\n  ", ": ")),
    }
}

fn json_jws(r: &mut Random, form: Form) -> Token {
    let token = jws(r, None, None);
    let [head, payload, signature] = [0, 1, 2].map(|i| token.parts[i].clone());
    let mut secrets = token.secrets.clone();
    let text = if form == Form::JsonJwsFlat {
        printed(r, &[("payload", quoted(&payload)), ("protected", quoted(&head)), ("signature", quoted(&signature))])
    } else {
        let second = jws(r, Some("ES256"), None);
        secrets.push(second.parts[2].clone());
        let signatures = format!(
            r#"[{{"protected":"{head}","header":{{"kid":"k1"}},"signature":"{signature}"}},{{"protected":"{}","signature":"{}"}}]"#,
            second.parts[0], second.parts[2]
        );
        printed(r, &[("payload", quoted(&payload)), ("signatures", signatures)])
    };
    Token { form, text, parts: Vec::new(), secrets, claims: token.claims }
}

fn json_jwe(r: &mut Random, form: Form) -> Token {
    let token = jwe(r, false);
    let [head, key, iv, ciphertext, tag] = [0, 1, 2, 3, 4].map(|i| quoted(&token.parts[i]));
    let text = if form == Form::JsonJweFlat {
        printed(r, &[("protected", head), ("encrypted_key", key), ("iv", iv), ("ciphertext", ciphertext), ("tag", tag)])
    } else {
        let recipients = format!(r#"[{{"header":{{"alg":"A128KW","kid":"7"}},"encrypted_key":{key}}}]"#);
        printed(r, &[("protected", head), ("recipients", recipients), ("iv", iv), ("ciphertext", ciphertext), ("tag", tag)])
    };
    Token { form, text, parts: Vec::new(), secrets: token.secrets, claims: Vec::new() }
}

fn jwk(r: &mut Random, form: Form) -> Token {
    let public: &[(&str, usize)] = match form {
        Form::JwkRsa => &[("n", 256)],
        Form::JwkEc => &[("x", 32), ("y", 32)],
        Form::JwkOkp => &[("x", 32)],
        _ => &[],
    };
    let private: &[(&str, usize)] = match form {
        Form::JwkRsa => &[("d", 256), ("p", 128), ("q", 128), ("dp", 128), ("dq", 128), ("qi", 128)],
        Form::JwkOct => &[("k", *r.pick(&[16, 32, 64]))],
        _ => &[("d", 32)],
    };
    let kind: &[(&str, &str)] = match form {
        Form::JwkRsa => &[("kty", "RSA"), ("e", "AQAB")],
        Form::JwkEc => &[("kty", "EC"), ("crv", "P-256")],
        Form::JwkOkp => &[("kty", "OKP"), ("crv", "Ed25519")],
        _ => &[("kty", "oct")],
    };
    let mut members: Vec<(&str, String)> = kind.iter().map(|(n, v)| (*n, quoted(v))).collect();
    members.extend(public.iter().map(|(n, size)| (*n, quoted(&random64(r, *size)))));
    let mut secrets = Vec::new();
    for (name, size) in private {
        let value = random64(r, *size);
        members.push((name, quoted(&value)));
        secrets.push(value);
    }
    members.push(("kid", quoted(&r.word(12))));
    if r.chance(50) {
        let at = r.below(members.len());
        members.rotate_left(at);
    }
    Token { form, text: printed(r, &members), parts: Vec::new(), secrets, claims: Vec::new() }
}

fn pem(r: &mut Random) -> Token {
    let label = r.pick(&["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]);
    let size = r.between(120, 900);
    let body = base64(&r.bytes(size));
    let lines: Vec<String> = body.as_bytes().chunks(64).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n"));
    Token { form: Form::Pem, text, parts: Vec::new(), secrets: lines, claims: Vec::new() }
}
