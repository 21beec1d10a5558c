//! Log text for benches and the cost gate, the same from the same seed on every machine.
//!
//! The tokens are a token service's and the lines are like those of real logs, but the text has no claim to be like any
//! particular one: it is for comparing one build with another, and one kind of text with another.

use std::fmt::Write;

use crate::random::Random;
use crate::tokens::base64_url;

/// What kind of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Web server, service, proxy and syslog lines in turn.
    Web,
    /// JSON and container lines full of digests, UUIDs and trace ids: long runs of the characters that tokens are made of.
    Json,
    /// Lines of services, schedulers and file systems: two long paths or names of classes in each KiB, as in real logs.
    Names,
    /// As [`Profile::Names`], and no token stands there as it is: in base64, in percent escapes, in JSON in JSON, without its header,
    /// cut.
    Encoded,
}

/// A text with a known number of tokens.
pub struct Text {
    /// Whole lines.
    pub bytes: Vec<u8>,
    /// Tokens in it.
    pub tokens: u64,
}

/// Different tokens in a text of repeated ones: the clients of a service that sends each token many times.
const REPEATED_TOKENS: usize = 16;

impl Text {
    /// At least `bytes` of lines, `percent` in a hundred of which carry a token: a new one each time, or with `repeated`
    /// one of a few.
    #[must_use]
    pub fn generate(profile: Profile, percent: usize, repeated: bool, bytes: usize) -> Self {
        let mut r = Random::new(0x5eed_0000 + percent as u64);
        let pool: Vec<String> = (0..REPEATED_TOKENS).map(|_| token(&mut r)).collect();
        let (mut text, mut tokens) = (String::with_capacity(bytes + 4096), 0);
        while text.len() < bytes {
            let token = r.chance(percent).then(|| if repeated { r.pick(&pool).clone() } else { token(&mut r) });
            tokens += u64::from(token.is_some());
            match profile {
                Profile::Web => web_line(&mut text, &mut r, token.as_deref()),
                Profile::Json => json_line(&mut text, &mut r, token.as_deref()),
                Profile::Names => names_line(&mut text, &mut r, token.as_deref()),
                Profile::Encoded => {
                    let token = token.map(|token| encoded(&mut r, &token));
                    names_line(&mut text, &mut r, token.as_deref());
                }
            }
            text.push('\n');
        }
        Self { bytes: text.into_bytes(), tokens }
    }
}

/// Writing to a string does not fail.
macro_rules! put {
    ($text:expr, $($format:tt)*) => {{ let _ = write!($text, $($format)*); }};
}

fn web_line(text: &mut String, r: &mut Random, token: Option<&str>) {
    const PATHS: [&str; 6] =
        ["/api/v1/orders", "/health", "/static/app.4f1c9e.js", "/login", "/api/v1/users/search", "/assets/img/logo-dark.svg"];
    const WORDS: [&str; 8] = ["accepted", "connection", "from", "upstream", "retrying", "after", "timeout", "cache"];
    let (a, b, ms, second) = (r.below(256), r.below(256), r.below(900), r.below(60));
    let path = *r.pick(&PATHS);
    match r.below(4) {
        0 => {
            let query = token.map_or(String::new(), |t| format!("?access_token={t}&page=2"));
            let size = ms * 31;
            put!(text, "10.0.{a}.{b} - - [23/Nov/2026:12:04:{second:02} +0000] \"GET {path}{query} HTTP/1.1\" 200 {size} \"-\" ");
            text.push_str("\"Mozilla/5.0 (X11; Linux x86_64)\"");
        }
        1 => {
            let header = token.map_or(String::new(), |t| format!(",\"authorization\":\"Bearer {t}\""));
            put!(text, "{{\"ts\":\"2026-11-23T12:04:{second:02}.{ms:03}Z\",\"level\":\"info\",\"msg\":\"request\",\"path\":\"{path}\",");
            put!(text, "\"ms\":{ms},\"peer\":\"10.0.{a}.{b}\"{header}}}");
        }
        2 => {
            let field = token.map_or(String::new(), |t| format!(" token={t}"));
            put!(text, "level=warn ts=2026-11-23T12:04:{second:02}Z caller=proxy/{a}.go:{b} msg=\"slow upstream\" ms={ms}{field}");
        }
        _ => {
            put!(text, "Nov 23 12:04:{second:02} host{a} app[{}]:", ms + 400);
            (0..8).for_each(|_| put!(text, " {}", r.pick(&WORDS)));
            if let Some(t) = token {
                put!(text, " Authorization: Bearer {t}");
            }
        }
    }
}

fn hex(r: &mut Random, digits: usize) -> String {
    (0..digits).map(|_| char::from(*r.pick(b"0123456789abcdef"))).collect()
}

fn uuid(r: &mut Random) -> String {
    [8, 4, 4, 4, 12].map(|digits| hex(r, digits)).join("-")
}

fn json_line(text: &mut String, r: &mut Random, token: Option<&str>) {
    let (n, second, ms) = (r.below(10_000), r.below(60), r.below(1000));
    let field = token.map_or(String::new(), |t| format!(",\"token\":\"{t}\""));
    let time = format!("2026-11-23T12:04:{second:02}.{ms:03}Z");
    match r.below(4) {
        0 => {
            let (trace, span, request) = (hex(r, 32), hex(r, 16), uuid(r));
            put!(
                text,
                "{{\"ts\":\"{time}\",\"level\":\"info\",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\",\"request_id\":\"{request}\","
            );
            put!(text, "\"msg\":\"handled\",\"ms\":{n}{field}}}");
        }
        1 => {
            let digest = hex(r, 64);
            put!(
                text,
                "{{\"ts\":\"{time}\",\"image\":\"registry.example.com/shop/cart@sha256:{digest}\",\"pod\":\"cart-{}-{n}\"{field}}}",
                hex(r, 10)
            );
        }
        2 => {
            let (order, user) = (uuid(r), uuid(r));
            put!(
                text,
                "{time} stdout F {{\"order\":\"{order}\",\"user\":\"{user}\",\"etag\":\"W/\\\"{}\\\"\",\"n\":{n}{field}}}",
                hex(r, 40)
            );
        }
        _ => {
            put!(
                text,
                "{{\"ts\":\"{time}\",\"logger\":\"com.example.shop.billing.invoice.InvoiceExportService\",\"traceparent\":\"00-{}-{}-01\",",
                hex(r, 32),
                hex(r, 16)
            );
            put!(text, "\"msg\":\"exported /var/lib/shop/invoices/2026/11/23/{}.json\"{field}}}", uuid(r));
        }
    }
}

fn names_line(text: &mut String, r: &mut Random, token: Option<&str>) {
    const CLASSES: [&str; 4] = [
        "org.apache.hadoop.mapreduce.v2.app.rm.RMContainerAllocator",
        "dfs.FSNamesystem",
        "o.s.web.servlet.DispatcherServlet",
        "com.example.shop.billing.invoice.InvoiceExportService",
    ];
    const NAMES: [&str; 6] = ["orders", "cart", "search", "payments", "ingress", "loki"];
    let (n, ms, second) = (r.below(1_000_000_000), r.below(1000), r.below(60));
    let (name, other) = (*r.pick(&NAMES), *r.pick(&NAMES));
    let field = token.map_or(String::new(), |t| format!(" token={t}"));
    match r.below(6) {
        0 => {
            put!(text, "2026-11-23 12:04:{second:02},{ms:03} INFO [main] {}: task_{n}_m_{ms:06} of {name} is done{field}", r.pick(&CLASSES))
        }
        1 => {
            put!(
                text,
                "I1123 12:04:{second:02}.{ms:06} 1 kubelet.go:{ms}] \"SyncLoop\" pod=\"{name}/{other}-{}-{}\"{field}",
                hex(r, 10),
                hex(r, 5)
            );
        }
        2 => {
            let path = format!("/var/log/pods/{name}_{other}-{}-{}_{}/{other}/0.log", hex(r, 10), hex(r, 5), uuid(r));
            put!(text, "level=info ts=2026-11-23T12:04:{second:02}.{ms:03}Z msg=\"tail routine: started\" path={path}{field}");
        }
        3 => put!(
            text,
            "081123 1204{second:02} {ms} INFO dfs.DataNode: Received block blk_-{n} of size {} from /10.251.{}.{}{field}",
            n / 7,
            ms % 256,
            second
        ),
        4 => {
            let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko)";
            put!(
                text,
                "83.149.9.{second} - - [23/Nov/2026:12:04:{second:02} +0000] \"GET /presentations/{name}-2026/images/{other}-dashboard-{ms}.png HTTP/1.1\" 200 {} ",
                n % 100_000
            );
            put!(text, "\"https://www.example.org/presentations/{name}-2026/\" \"{agent}\"{field}");
        }
        _ => put!(
            text,
            "Nov 23 12:04:{second:02} {name}{ms} sshd[{}]: Connection closed by 10.{}.{}.7 port {} [preauth]{field}",
            ms + 400,
            ms % 256,
            second,
            n % 60_000
        ),
    }
}

/// A token as encoders, loggers and accidents leave it.
fn encoded(r: &mut Random, token: &str) -> String {
    match r.below(5) {
        0 => base64_url(format!("user:{token}").as_bytes()),
        1 => token.replace('.', "%2E").replace('_', "%5F"),
        2 => format!("{{\\\"ctx\\\":\\\"{{\\\\\\\"jwt\\\\\\\":\\\\\\\"{token}\\\\\\\"}}\\\"}}"),
        3 => token.split_once('.').map_or(token, |(_, rest)| rest).to_owned(),
        _ => token.get(..token.len() * 2 / 3).unwrap_or(token).to_owned(),
    }
}

/// An access token of about 700 bytes, as an identity provider signs it with RS256.
fn token(r: &mut Random) -> String {
    let header = format!("{{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"{}\"}}", hex(r, 8));
    let (subject, id, expires, user) = (hex(r, 16), hex(r, 32), 1_795_438_800 + r.below(3600), r.below(100_000));
    let claims = format!(
        "{{\"iss\":\"https://idp.example.org/realms/main\",\"sub\":\"{subject}\",\"aud\":[\"orders\",\"billing\"],\"client_id\":\"web\",\"iat\":1795435200,\"exp\":{expires},\"jti\":\"{id}\",\"scope\":\"openid profile email orders:read\",\"email\":\"user{user}@example.org\"}}"
    );
    format!("{}.{}.{}", base64_url(header.as_bytes()), base64_url(claims.as_bytes()), base64_url(&r.bytes(256)))
}

/// Texts that are written to be slow: `a` to `g` as in `simd.md` §5, then those that this engine was found to be slow on,
/// or might be. Each is a pattern that is repeated (or, for `e`, one line); none holds a token.
pub const ADVERSARIAL: [(&str, &str); 16] = [
    ("a", "many openings"),
    ("b", "runs of 64 KiB to 1 MiB"),
    ("c", "dotted names"),
    ("d", "nothing but dots"),
    ("e", "one line of words"),
    ("f", "a chain of openings with dots"),
    ("g", "openings glued, no dot"),
    ("h", "headers of tokens, one behind the other"),
    ("i", "base64 of JSON that is no token"),
    ("j", "hex dumps"),
    ("k", "wrapped base64, linked line by line"),
    ("l", "an object that is never closed"),
    ("m", "names of key members"),
    ("n", "percent signs of percent signs"),
    ("o", "escapes in strings in strings"),
    ("p", "UTF-16"),
];

/// `bytes` of one of [`ADVERSARIAL`], by its letter; empty for any other.
#[must_use]
pub fn adversarial(letter: &str, bytes: usize) -> Vec<u8> {
    let mut r = Random::new(0xbad);
    let header = base64_url(br#"{"alg":"RS256"}"#);
    let json = base64_url(br#"{"after":88000,"dir":"next","filter":{"state":["open","closed"],"text":"a sentence of some length"}}"#);
    let unit: Vec<u8> = match letter {
        "a" => b"eyJ x eyI, ewo= \"eyJ\" eyA; ".to_vec(),
        "b" => {
            let runs = (16..21).flat_map(|bits| [vec![b'A' + bits as u8 - 16; 1 << bits], b" \n".to_vec()].concat());
            runs.collect()
        }
        "c" => {
            b"com.example.shop.billing.invoice.export.InvoiceExportService.run org.springframework.web.servlet.DispatcherServlet\n".to_vec()
        }
        "d" => b".".to_vec(),
        "e" => b"GET /a?b=1 \"quoted, text\" 10.0.0.1 - - x=y; ".to_vec(),
        "f" => b"eyJhbGciOiJ9.".to_vec(),
        "g" => b"eyJhbGciOiJ9".to_vec(),
        "h" => format!("{header}.{header}. ").into_bytes(),
        "i" => format!("GET /items?cursor={json}&n=1\n").into_bytes(),
        "j" => (0..64u32)
            .flat_map(|i| format!("{:08x}: {} \n", i * 16, (0..8).map(|_| hex(&mut r, 4)).collect::<Vec<_>>().join(" ")).into_bytes())
            .collect(),
        "k" => (0..64).flat_map(|_| [base64_url(&r.bytes(57)).into_bytes(), b"\n".to_vec()].concat()).collect(),
        "l" => b"  \"member\": {\"value\": \"some text of no matter\"},\n".to_vec(),
        "m" => b"\"kty\":\"oct\",\"k\" kty \\\"kty\\\" ".to_vec(),
        "n" => b"eyJ%25252525252E%2525252E%252E%2E.%41%2541".to_vec(),
        "o" => br#"{"a":"{\"b\":\"{\\\"c\\\":\\\"\\u0065\\\\u0065eyJ\\\"}\"}"} "#.to_vec(),
        "p" => "eyJhbGciOiJ9.a line of text in sixteen bits\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => return Vec::new(),
    };
    let mut text: Vec<u8> = unit.iter().copied().cycle().take(bytes).collect();
    if letter == "l" {
        text.get_mut(..2).unwrap_or_default().fill(b'{');
    }
    text
}
