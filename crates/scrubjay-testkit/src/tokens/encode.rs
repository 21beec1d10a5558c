//! Encodings that stand between a token and the log line.

use super::make::{base64, base64_url};
use crate::random::Random;

/// One layer of encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `%2E` or `%2e` for dots.
    PercentDots,
    /// `%252E` for dots.
    PercentTwiceDots,
    /// Everything but RFC 3986's unreserved characters.
    PercentReserved,
    /// `%HH` for every byte.
    PercentAll,
    /// `\u002e` for dots, `\u002d` for hyphens.
    UnicodeDots,
    /// `\u0065` for the first character.
    UnicodeFirst,
    /// `\uHHHH` for every character.
    UnicodeAll,
    /// `\x2e` for dots.
    HexEscapeDots,
    /// `\xHH` for every byte.
    HexEscapeAll,
    /// `\OOO` for every byte.
    OctalAll,
    /// `&#46;` for dots.
    HtmlDecimalDots,
    /// `&#x2e;` for dots.
    HtmlHexDots,
    /// `&#NN;` for every byte.
    HtmlAll,
    /// Base64, padded (RFC 4648 §4).
    Base64,
    /// Base64 without padding.
    Base64Bare,
    /// Base64url without padding.
    Base64Url,
    /// Base64 of one, two or three bytes and the token: the other alignments.
    Base64Glued,
    /// Base64 of `Bearer TOKEN` or `user:TOKEN`.
    Base64Bearer,
    /// Hex digits.
    Hex,
    /// Upper-case hex digits.
    HexUpper,
    /// `65:79:…`
    HexColons,
    /// `65 79 …`
    HexSpaces,
    /// `0x65, 0x79, …`
    HexPrefixed,
    /// `101, 121, …` or `101,121,…` or `101 121 …`
    Decimals,
    /// As `xxd` prints it.
    Xxd,
    /// As `hexdump -C` prints it.
    Hexdump,
    /// Quoted-printable with soft line breaks (RFC 2045 §6.7), `=` and dots escaped.
    QuotedPrintable,
    /// UTF-16, low byte first.
    Utf16Little,
    /// UTF-16, high byte first.
    Utf16Big,
    /// Zero-width characters in between.
    ZeroWidth,
    /// Soft hyphens in between.
    SoftHyphens,
    /// Terminal colours in between.
    Colours,
    /// Full-width dots.
    FullWidthDots,
    /// Lines of 60, 64 or 76 characters.
    Wrap,
    /// The same, indented.
    WrapIndented,
    /// Lines that end in a backslash.
    Backslashes,
    /// `"…" +` on several lines.
    Concatenated,
    /// As text in a JSON string.
    Json,
    /// `65-79-…`, as .NET's `BitConverter` prints it.
    HexHyphens,
    /// As `tcpdump -X` prints it.
    Tcpdump,
    /// As Netty's logging handler prints it.
    Netty,
    /// Lines of any width from 60 to 120 characters.
    WrapAny,
    /// The same, the line ends written as `\\n`.
    WrapEscaped,
    /// Lines of quoted mail.
    QuotedMail,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 44] = [
        Self::PercentDots,
        Self::PercentTwiceDots,
        Self::PercentReserved,
        Self::PercentAll,
        Self::UnicodeDots,
        Self::UnicodeFirst,
        Self::UnicodeAll,
        Self::HexEscapeDots,
        Self::HexEscapeAll,
        Self::OctalAll,
        Self::HtmlDecimalDots,
        Self::HtmlHexDots,
        Self::HtmlAll,
        Self::Base64,
        Self::Base64Bare,
        Self::Base64Url,
        Self::Base64Glued,
        Self::Base64Bearer,
        Self::Hex,
        Self::HexUpper,
        Self::HexColons,
        Self::HexSpaces,
        Self::HexPrefixed,
        Self::Decimals,
        Self::Xxd,
        Self::Hexdump,
        Self::QuotedPrintable,
        Self::Utf16Little,
        Self::Utf16Big,
        Self::ZeroWidth,
        Self::SoftHyphens,
        Self::Colours,
        Self::FullWidthDots,
        Self::Wrap,
        Self::WrapIndented,
        Self::Backslashes,
        Self::Concatenated,
        Self::Json,
        Self::HexHyphens,
        Self::Tcpdump,
        Self::Netty,
        Self::WrapAny,
        Self::WrapEscaped,
        Self::QuotedMail,
    ];

    /// The result may have several lines.
    #[must_use]
    pub fn gives_lines(self) -> bool {
        matches!(
            self,
            Self::Xxd
                | Self::Hexdump
                | Self::Tcpdump
                | Self::Netty
                | Self::WrapAny
                | Self::QuotedMail
                | Self::QuotedPrintable
                | Self::Wrap
                | Self::WrapIndented
                | Self::Backslashes
                | Self::Concatenated
        )
    }

    /// The result is text in the escapes of a string literal.
    #[must_use]
    pub(super) fn is_backslashed(self) -> bool {
        matches!(
            self,
            Self::UnicodeDots
                | Self::UnicodeFirst
                | Self::UnicodeAll
                | Self::HexEscapeDots
                | Self::HexEscapeAll
                | Self::OctalAll
                | Self::Json
                | Self::WrapEscaped
        )
    }

    /// The result is percent-encoded.
    #[must_use]
    pub(super) fn is_percent(self) -> bool {
        matches!(self, Self::PercentDots | Self::PercentTwiceDots | Self::PercentReserved | Self::PercentAll)
    }

    /// Whether it makes sense on `text`, which has the encoding `last`; `outermost`: no other follows.
    pub(super) fn fits(self, text: &[u8], last: Option<Self>, outermost: bool) -> bool {
        let wide = matches!(last, Some(Self::Utf16Little | Self::Utf16Big));
        let binary = matches!(self, Self::Base64 | Self::Base64Bare | Self::Base64Url | Self::Hex | Self::HexUpper);
        let ascii = text.is_ascii() && !wide;
        if !ascii && !binary {
            return false;
        }
        let dots = text.contains(&b'.');
        match self {
            Self::PercentDots
            | Self::PercentTwiceDots
            | Self::UnicodeDots
            | Self::HexEscapeDots
            | Self::HtmlDecimalDots
            | Self::HtmlHexDots => dots,
            Self::FullWidthDots => dots && outermost,
            Self::UnicodeFirst => !text.contains(&b'\n'),
            // What shows as nothing, and line breaks, are put in by whoever prints: last.
            Self::ZeroWidth | Self::SoftHyphens | Self::Colours => outermost && !text.contains(&b'\n'),
            Self::Wrap
            | Self::WrapAny
            | Self::WrapEscaped
            | Self::QuotedMail
            | Self::WrapIndented
            | Self::Backslashes
            | Self::Concatenated => {
                outermost && text.len() >= 200 && text.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.~+/=%".contains(b))
            }
            Self::QuotedPrintable | Self::Xxd | Self::Hexdump | Self::Tcpdump | Self::Netty => outermost,
            Self::Json => text.iter().any(|b| b"\"\n\\".contains(b)),
            _ => true,
        }
    }

    pub(super) fn apply(self, r: &mut Random, text: &[u8]) -> Vec<u8> {
        match self {
            Self::PercentDots => {
                let with = *r.pick(&["%2E", "%2e"]);
                replaced(text, |b| (b == b'.').then(|| with.to_owned()))
            }
            Self::PercentTwiceDots => replaced(text, |b| (b == b'.').then(|| "%252E".to_owned())),
            Self::PercentReserved => percent(text),
            Self::PercentAll => replaced(text, |b| Some(format!("%{b:02X}"))),
            Self::UnicodeDots => replaced(text, |b| b".-".contains(&b).then(|| format!("\\u{b:04x}"))),
            Self::UnicodeFirst => [format!("\\u{:04x}", text[0]).as_bytes(), &text[1..]].concat(),
            Self::UnicodeAll => replaced(text, |b| Some(format!("\\u{b:04x}"))),
            Self::HexEscapeDots => replaced(text, |b| (b == b'.').then(|| "\\x2e".to_owned())),
            Self::HexEscapeAll => replaced(text, |b| Some(format!("\\x{b:02x}"))),
            Self::OctalAll => replaced(text, |b| Some(format!("\\{b:03o}"))),
            Self::HtmlDecimalDots => replaced(text, |b| (b == b'.').then(|| "&#46;".to_owned())),
            Self::HtmlHexDots => replaced(text, |b| (b == b'.').then(|| "&#x2e;".to_owned())),
            Self::HtmlAll => replaced(text, |b| Some(format!("&#{b};"))),
            Self::Base64 => base64(text).into_bytes(),
            Self::Base64Bare => base64(text).replace('=', "").into_bytes(),
            Self::Base64Url => base64_url(text).into_bytes(),
            Self::Base64Glued => {
                let count = r.between(1, 3);
                base64(&[r.word(count).as_bytes(), text].concat()).into_bytes()
            }
            Self::Base64Bearer => base64(&[r.pick(&["Bearer ", "user:", "token "]).as_bytes(), text].concat()).into_bytes(),
            Self::Hex => text.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes(),
            Self::HexUpper => text.iter().map(|b| format!("{b:02X}")).collect::<String>().into_bytes(),
            Self::HexColons => listed(text, ":", |b| format!("{b:02x}")),
            Self::HexSpaces => listed(text, " ", |b| format!("{b:02x}")),
            Self::HexPrefixed => listed(text, ", ", |b| format!("0x{b:02x}")),
            Self::Decimals => {
                let between = *r.pick(&[", ", ",", " "]);
                listed(text, between, |b| b.to_string())
            }
            Self::Xxd => dumped(text, |chunk, at| {
                let pairs = chunk.chunks(2).map(|p| p.iter().map(|b| format!("{b:02x}")).collect::<String>()).collect::<Vec<_>>().join(" ");
                format!("{at:08x}: {pairs:<39}  {}", shown(chunk))
            }),
            Self::Hexdump => dumped(text, |chunk, at| {
                let half = |c: &[u8]| c.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
                let (left, right) = chunk.split_at(chunk.len().min(8));
                format!("{at:08x}  {:<23}  {:<23}  |{}|", half(left), half(right), shown(chunk))
            }),
            Self::QuotedPrintable => quoted_printable(text),
            Self::Utf16Little => text.iter().flat_map(|&b| [b, 0]).collect(),
            Self::Utf16Big => text.iter().flat_map(|&b| [0, b]).collect(),
            Self::ZeroWidth => sprinkled(r, text, &["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}"]),
            Self::SoftHyphens => sprinkled(r, text, &["\u{ad}"]),
            Self::Colours => sprinkled(r, text, &["\x1b[31m", "\x1b[0m", "\x1b[1;32m"]),
            Self::FullWidthDots => replaced(text, |b| (b == b'.').then(|| "\u{ff0e}".to_owned())),
            Self::Wrap | Self::WrapIndented => {
                let width = *r.pick(&[60, 64, 76]);
                let between = if self == Self::Wrap { *r.pick(&["\n", "\r\n"]) } else { *r.pick(&["\n  ", "\n    ", "\n\t"]) };
                pieces(text, width).join(between.as_bytes())
            }
            Self::Backslashes => {
                let width = continued_width(r, text);
                pieces(text, width).join(&b"\\\n"[..])
            }
            Self::Concatenated => {
                let width = continued_width(r, text);
                pieces(text, width).join(&b"\" +\n    \""[..])
            }
            Self::Json => json(text),
            Self::HexHyphens => listed(text, "-", |b| format!("{b:02X}")),
            Self::Tcpdump => dumped(text, |chunk, at| {
                let pairs = chunk.chunks(2).map(|p| p.iter().map(|b| format!("{b:02x}")).collect::<String>()).collect::<Vec<_>>().join(" ");
                format!("\t0x{at:04x}:  {pairs:<39}  {}", shown(chunk))
            }),
            Self::Netty => dumped(text, |chunk, at| {
                let bytes = chunk.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
                format!("|{at:08x}| {bytes:<47} |{:<16}|", shown(chunk))
            }),
            Self::WrapAny => {
                let width = r.between(60, 120);
                pieces(text, width).join(&b"\n"[..])
            }
            Self::WrapEscaped => {
                let width = r.between(60, 120);
                pieces(text, width).join(&b"\\n"[..])
            }
            Self::QuotedMail => {
                let width = *r.pick(&[64, 70, 76]);
                [&b"\n> "[..], &pieces(text, width).join(&b"\n> "[..])].concat()
            }
        }
    }
}

fn pieces(text: &[u8], width: usize) -> Vec<&[u8]> {
    text.chunks(width).collect()
}

fn replaced(text: &[u8], f: impl Fn(u8) -> Option<String>) -> Vec<u8> {
    text.iter().flat_map(|&b| f(b).map_or_else(|| vec![b], String::into_bytes)).collect()
}

fn listed(text: &[u8], between: &str, f: impl Fn(u8) -> String) -> Vec<u8> {
    text.iter().map(|&b| f(b)).collect::<Vec<_>>().join(between).into_bytes()
}

fn shown(chunk: &[u8]) -> String {
    chunk.iter().map(|&b| if (0x20..0x7F).contains(&b) { b as char } else { '.' }).collect()
}

/// Width of lines that say that they go on. Where no line has an opening, all of them are as long as the shortest run that
/// the scanner reports: to look at shorter ones it would have to look at every commit id and every named UUID of a log.
fn continued_width(r: &mut Random, text: &[u8]) -> usize {
    const RUN_MIN: usize = 47;
    let opens = [b"eyJ", b"eyI", b"eyA", b"ewo", b"ew0", b"ewk"].iter().any(|opening| text.starts_with(*opening));
    r.between(if opens { 40 } else { RUN_MIN }, 90)
}

/// The first line of a dump begins on a line of its own.
fn dumped(text: &[u8], line: impl Fn(&[u8], usize) -> String) -> Vec<u8> {
    let lines: String = text.chunks(16).enumerate().map(|(i, c)| format!("\n{}", line(c, i * 16))).collect();
    lines.into_bytes()
}

/// Name of a key's type. Nothing is put into it: where the members of a JWK are shorter than any run that the scanner reports
/// (a symmetric key of 128 bits, a curve of 256), this name is all there is to find it by.
const KEY_TYPE: &[u8] = b"kty";

/// Marks with random gaps of 3 to 30 characters.
fn sprinkled(r: &mut Random, text: &[u8], marks: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = r.between(3, 30);
    for (at, &b) in text.iter().enumerate() {
        let in_name = (1..KEY_TYPE.len()).any(|i| at >= i && text[at - i..].starts_with(KEY_TYPE));
        if left == 0 && !in_name {
            out.extend_from_slice(r.pick(marks).as_bytes());
            left = r.between(3, 30);
        }
        left = left.saturating_sub(1);
        out.push(b);
    }
    out
}

/// Begins on a line of its own: what stands before it would count to its first line's length.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = b"\n".to_vec();
    let mut column = 0;
    for (at, &b) in text.iter().enumerate() {
        let unit = if b"=.".contains(&b) || b == b'\n' { format!("={b:02X}").into_bytes() } else { vec![b] };
        let needs = if text[at..].starts_with(KEY_TYPE) { KEY_TYPE.len() } else { unit.len() };
        if column + needs > 75 {
            out.extend_from_slice(b"=\n");
            column = 0;
        }
        column += unit.len();
        out.extend(unit);
    }
    out
}

/// Text in a JSON string.
pub(super) fn json(text: &[u8]) -> Vec<u8> {
    replaced(text, |b| match b {
        b'"' | b'\\' => Some(format!("\\{}", b as char)),
        b'\n' => Some("\\n".into()),
        b'\r' => Some("\\r".into()),
        b'\t' => Some("\\t".into()),
        0..=0x1F => Some(format!("\\u{b:04x}")),
        _ => None,
    })
}

/// RFC 3986: everything but the unreserved characters.
pub(super) fn percent(text: &[u8]) -> Vec<u8> {
    replaced(text, |b| (!b.is_ascii_alphanumeric() && !b"-._~".contains(&b)).then(|| format!("%{b:02X}")))
}
