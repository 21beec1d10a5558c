//! The records that tokens stand in, and how container runtimes divide records.

use super::Case;
use super::encode::{Encoding, json, percent};
use crate::random::Random;

/// What the record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// `… token=X`
    Line,
    /// A member of a JSON object.
    Json,
    /// A member of a JSON object in a string of another.
    JsonInJson,
    /// `token="X" dur=3ms`
    Logfmt,
    /// A URL's query.
    Query,
    /// `Authorization: Bearer X`
    Header,
    /// A cookie between others.
    Cookie,
    /// An SQL string.
    Sql,
    /// A CSV field.
    Csv,
    /// An XML element.
    Xml,
    /// A CEF extension.
    Cef,
}

/// How a record comes in lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As it is.
    Lines,
    /// Kubernetes CRI lines, the record in partial lines.
    Cri,
    /// Docker's JSON file, the record in pieces.
    Docker,
}

/// Text before and behind the token.
fn around(carrier: Carrier) -> (&'static str, &'static str) {
    match carrier {
        Carrier::Line => ("2026-11-23T12:00:00Z INFO login ok token: ", " status=200"),
        Carrier::Json => (r#"{"time":"2026-11-23T12:00:00Z","level":"info","token":""#, r#"","status":200}"#),
        Carrier::JsonInJson => (r#"{"stream":"stdout","log":"{\"level\":\"info\",\"token\":\""#, r#"\",\"n\":1}","n":2}"#),
        Carrier::Logfmt => ("level=info msg=login token=\"", "\" dur=3ms"),
        Carrier::Query => ("10.0.0.1 - - \"GET /cb?state=x7&id_token=", "&y=1 HTTP/1.1\" 200 17"),
        Carrier::Header => ("> Authorization: Bearer ", ""),
        Carrier::Cookie => ("Cookie: theme=dark; session=", "; lang=en"),
        Carrier::Sql => ("INSERT INTO t (id, body) VALUES (7, '", "', now());"),
        Carrier::Csv => ("7,jo,\"", "\",ok"),
        Carrier::Xml => ("<login><token id=\"7\">", "</token><ok/></login>"),
        Carrier::Cef => ("CEF:0|Acme|gw|1|100|login|5|src=10.0.0.1 cs1Label=token cs1=", " act=ok"),
    }
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Line,
        Self::Json,
        Self::JsonInJson,
        Self::Logfmt,
        Self::Query,
        Self::Header,
        Self::Cookie,
        Self::Sql,
        Self::Csv,
        Self::Xml,
        Self::Cef,
    ];

    /// Whether such text occurs in it.
    pub(super) fn takes(self, text: &[u8], last: Option<Encoding>) -> bool {
        let lines = last.is_some_and(Encoding::gives_lines);
        let binary = text.contains(&0);
        match self {
            Self::Line => true,
            Self::Json | Self::JsonInJson | Self::Query => !lines && !binary,
            _ => !text.contains(&b'\n') && !lines,
        }
    }

    /// What stands before the token, the token as it is written here, what stands behind it. `lead` and `tail` touch the
    /// token.
    pub(super) fn carry(self, r: &mut Random, text: &[u8], last: Option<Encoding>, lead: &str, tail: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let (before, behind) = around(self);
        let backslashed = last.is_some_and(Encoding::is_backslashed);
        let payload = match self {
            Self::Json if !backslashed => json(text),
            Self::JsonInJson if !backslashed => json(&json(text)),
            Self::JsonInJson => json(text),
            Self::Query if !last.is_some_and(Encoding::is_percent) => percent(text),
            Self::Xml => text
                .iter()
                .flat_map(|&b| match b {
                    b'&' if !html(last) => b"&amp;".to_vec(),
                    b'<' => b"&lt;".to_vec(),
                    b'"' => b"&quot;".to_vec(),
                    _ => vec![b],
                })
                .collect(),
            Self::Sql => doubled(text, b'\''),
            Self::Csv => doubled(text, b'"'),
            _ => text.to_vec(),
        };
        // A wrapped value or a dump ends its line, mostly.
        let behind = match last {
            Some(Encoding::Concatenated) => "\";",
            Some(
                Encoding::Xxd | Encoding::Hexdump | Encoding::Tcpdump | Encoding::Netty | Encoding::QuotedMail | Encoding::QuotedPrintable,
            ) => "",
            Some(encoding) if encoding.gives_lines() && r.chance(75) => "",
            _ => behind,
        };
        let opening = if last == Some(Encoding::Concatenated) { "\"" } else { "" };
        ([before, opening, lead].concat().into_bytes(), payload, [tail, behind].concat().into_bytes())
    }
}

fn html(last: Option<Encoding>) -> bool {
    matches!(last, Some(Encoding::HtmlAll | Encoding::HtmlDecimalDots | Encoding::HtmlHexDots))
}

fn doubled(text: &[u8], quote: u8) -> Vec<u8> {
    text.iter().flat_map(|&b| if b == quote { vec![b, b] } else { vec![b] }).collect()
}

impl Framing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lines, Self::Cri, Self::Docker];

    /// Divides the record of `case`. False: it does not occur so (several lines, no text).
    pub(super) fn split(self, r: &mut Random, case: &mut Case) -> bool {
        let record = [&case.prefix[..], &case.payload, &case.suffix].concat();
        let record = &record[..record.len() - 1];
        if record.contains(&b'\n')
            || record.contains(&b'\r')
            || std::str::from_utf8(record).is_err()
            || record.contains(&0)
            || record.len() < 160
        {
            return false;
        }
        let mut cuts: Vec<usize> = (0..r.between(1, 3)).map(|_| r.between(80, record.len() - 1)).collect();
        cuts.retain(|&at| record[at].is_ascii() && record[at - 1].is_ascii());
        cuts.push(record.len());
        cuts.sort_unstable();
        cuts.dedup();
        let mut out = Vec::new();
        let mut from = 0;
        for to in cuts {
            let piece = &record[from..to];
            let last = to == record.len();
            match self {
                Self::Lines => out.extend_from_slice(piece),
                Self::Cri => {
                    out.extend_from_slice(b"2026-11-23T12:00:00.123456789Z stdout ");
                    out.extend_from_slice(if last { b"F " } else { b"P " });
                    out.extend_from_slice(piece);
                }
                Self::Docker => {
                    out.extend_from_slice(b"{\"log\":\"");
                    out.extend(json(piece));
                    out.extend_from_slice(if last { b"\\n" } else { b"" });
                    out.extend_from_slice(b"\",\"stream\":\"stdout\",\"time\":\"2026-11-23T12:00:00.123456789Z\"}");
                }
            }
            out.push(b'\n');
            from = to;
        }
        case.prefix.clear();
        case.suffix.clear();
        case.payload = out;
        case.exact = false;
        true
    }
}
