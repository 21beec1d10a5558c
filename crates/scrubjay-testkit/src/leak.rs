//! The slow, obvious search for what is left of a token: the text itself, and everything that can be decoded from it.
//! It does what the evaluation's `leakcheck.py` does, and shares no code with the engine.

use std::collections::HashSet;

/// Shortest run of a secret segment that counts as a leak: 12 decoded bytes.
pub const RUN_MIN: usize = 16;
/// Layers of encoding that are taken off.
pub const DEPTH: usize = 5;

/// What was found, by position in the lists that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaks {
    /// Runs of 16 characters of secret segments, each once.
    pub runs: Vec<String>,
    /// Claim values.
    pub claims: Vec<String>,
}

impl Leaks {
    /// Nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.claims.is_empty()
    }
}

/// Searches `text` and its decodings for any 16 characters of `secrets` (base64 of either alphabet; a shorter one as a
/// whole) and for `claims`.
#[must_use]
pub fn leaks(text: &[u8], secrets: &[String], claims: &[String]) -> Leaks {
    let mut needles: HashSet<Vec<u8>> = HashSet::new();
    for secret in secrets {
        let chars = folded(secret.as_bytes());
        if chars.len() >= 8 {
            needles.extend(chars.windows(RUN_MIN.min(chars.len())).map(<[u8]>::to_vec));
        }
    }
    let mut found = Leaks::default();
    let mut sizes: Vec<usize> = needles.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for view in views(text) {
        let chars = folded(&view);
        for &size in &sizes {
            found.runs.extend(chars.windows(size).filter(|w| needles.contains(*w)).map(|w| String::from_utf8_lossy(w).into_owned()));
        }
        found.claims.extend(claims.iter().filter(|c| contains(&view, c.as_bytes())).cloned());
    }
    for list in [&mut found.runs, &mut found.claims] {
        list.sort_unstable();
        list.dedup();
    }
    found
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|w| w == word)
}

/// One alphabet, no padding.
fn folded(text: &[u8]) -> Vec<u8> {
    text.iter()
        .filter(|b| **b != b'=')
        .map(|b| match b {
            b'+' => b'-',
            b'/' => b'_',
            b => *b,
        })
        .collect()
}

/// The text and everything that can be decoded from it, 5 layers deep.
#[must_use]
pub fn views(text: &[u8]) -> Vec<Vec<u8>> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    collect(text.to_vec(), DEPTH, &mut seen, &mut out);
    out
}

fn collect(text: Vec<u8>, depth: usize, seen: &mut HashSet<Vec<u8>>, out: &mut Vec<Vec<u8>>) {
    if text.len() < 6 || !seen.insert(text.clone()) {
        return;
    }
    out.push(text.clone());
    if depth == 0 {
        return;
    }
    let mut next: Vec<Vec<u8>> = [percent, escapes, html, join_lines, invisible, quoted_printable, without_nul]
        .iter()
        .map(|f| f(&text))
        .filter(|v| *v != text)
        .collect();
    next.extend(hex_runs(&text));
    next.extend(number_lists(&text));
    next.extend(dump(&text));
    next.extend(cri(&text));
    for bytes in base64_runs(&text) {
        if is_text(&bytes) {
            next.push(bytes);
        } else if bytes.iter().filter(|&&b| b == 0).count() * 3 > bytes.len() {
            next.push(without_nul(&bytes));
        } else if seen.insert(bytes.clone()) {
            // Searched, not decoded further.
            out.push(bytes);
        }
    }
    for view in next {
        collect(view, depth - 1, seen, out);
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    head.iter().filter(|&&b| (32..127).contains(&b) || b"\t\n\r".contains(&b)).count() * 100 >= head.len() * 85
}

fn number(text: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(text).ok().filter(|t| t.chars().all(|c| c.is_digit(radix)))?;
    u32::from_str_radix(digits, radix).ok()
}

/// Replaces what `f` recognises at a place (its bytes, and how many it took); copies everything else.
fn rewritten(text: &[u8], f: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match f(&text[at..]) {
            Some((bytes, len)) => {
                out.extend(bytes);
                at += len;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

fn percent(text: &[u8]) -> Vec<u8> {
    rewritten(text, |t| match t {
        [b'%', a, b, ..] => Some((vec![number(&[*a, *b], 16)? as u8], 3)),
        _ => None,
    })
}

fn utf8(code: u32) -> Vec<u8> {
    char::from_u32(code).unwrap_or('\u{fffd}').to_string().into_bytes()
}

fn escapes(text: &[u8]) -> Vec<u8> {
    rewritten(text, |t| {
        let [b'\\', kind, rest @ ..] = t else { return None };
        Some(match kind {
            b'u' => (utf8(number(rest.get(..4)?, 16)?), 6),
            b'x' => (vec![number(rest.get(..2)?, 16)? as u8], 4),
            b'0'..=b'7' => (vec![number(t.get(1..4)?, 8)? as u8], 4),
            b'n' => (vec![b'\n'], 2),
            b'r' => (vec![b'\r'], 2),
            b't' => (vec![b'\t'], 2),
            b'b' => (vec![8], 2),
            b'f' => (vec![12], 2),
            b'/' | b'"' | b'\'' | b'\\' => (vec![*kind], 2),
            _ => return None,
        })
    })
}

fn html(text: &[u8]) -> Vec<u8> {
    const NAMES: [(&[u8], u8); 8] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
        (b"&period;", b'.'),
        (b"&lowbar;", b'_'),
        (b"&equals;", b'='),
    ];
    rewritten(text, |t| {
        if t.first() != Some(&b'&') {
            return None;
        }
        if let Some((name, byte)) = NAMES.iter().find(|(n, _)| t.starts_with(n)) {
            return Some((vec![*byte], name.len()));
        }
        let digits = t.strip_prefix(b"&#")?;
        let (digits, radix, lead) = match digits {
            [b'x' | b'X', hex @ ..] => (hex, 16, 3),
            _ => (digits, 10, 2),
        };
        let len = digits.iter().take(8).take_while(|b| b.is_ascii_hexdigit()).count();
        let end = usize::from(digits.get(len) == Some(&b';'));
        Some((utf8(number(&digits[..len], radix).filter(|_| len > 0)?), lead + len + end))
    })
}

fn blanks(text: &[u8], set: &[u8]) -> usize {
    text.iter().take_while(|b| set.contains(b)).count()
}

/// Soft breaks, backslashes, string concatenation, escaped and plain line ends with indentation.
fn join_lines(text: &[u8]) -> Vec<u8> {
    rewritten(text, |t| {
        let line_end = |t: &[u8]| if t.starts_with(b"\r\n") { 2 } else { usize::from(t.starts_with(b"\n")) };
        let len = match t {
            [b'=', rest @ ..] if line_end(rest) > 0 => 1 + line_end(rest),
            [b'\\', b'r' | b'n', rest @ ..] => 2 + 2 * usize::from(rest.starts_with(b"\\n")),
            [b'\\', rest @ ..] if line_end(rest) > 0 => 1 + line_end(rest) + blanks(&rest[line_end(rest)..], b" \t"),
            [b'\'' | b'"', rest @ ..] => {
                let mut len = blanks(rest, b" \t");
                len += usize::from(rest.get(len) == Some(&b'+'));
                let gap = blanks(&rest[len..], b" \t\r\n");
                let lines = rest[len..len + gap].contains(&b'\n');
                if !lines || !matches!(rest.get(len + gap), Some(b'\'' | b'"')) {
                    return None;
                }
                len + gap + 2
            }
            _ if line_end(t) > 0 => line_end(t) + blanks(&t[line_end(t)..], b" \t"),
            _ => return None,
        };
        Some((Vec::new(), len))
    })
}

/// Zero-width characters, soft hyphens, terminal colours, `<wbr>`; full-width dots become dots.
fn invisible(text: &[u8]) -> Vec<u8> {
    rewritten(text, |t| {
        Some(match t {
            [0xEF, 0xBC, 0x8E, ..] => (b".".to_vec(), 3),
            [0xE2, 0x80, 0x8B..=0x8F, ..] | [0xE2, 0x81, 0xA0, ..] | [0xEF, 0xBB, 0xBF, ..] => (Vec::new(), 3),
            [0xC2, 0xAD, ..] => (Vec::new(), 2),
            [0x1B, b'[', rest @ ..] => {
                let len = blanks(rest, b"0123456789;");
                if rest.get(len) != Some(&b'm') {
                    return None;
                }
                (Vec::new(), len + 3)
            }
            [b'<', b'w', b'b', b'r', rest @ ..] => {
                let len = blanks(rest, b" /");
                if rest.get(len) != Some(&b'>') {
                    return None;
                }
                (Vec::new(), len + 5)
            }
            _ => return None,
        })
    })
}

fn without_nul(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|&b| b != 0).collect()
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    rewritten(text, |t| match t {
        [b'=', b'\n', ..] => Some((Vec::new(), 2)),
        [b'=', b'\r', b'\n', ..] => Some((Vec::new(), 3)),
        [b'=', a @ (b'0'..=b'9' | b'A'..=b'F'), b @ (b'0'..=b'9' | b'A'..=b'F'), ..] => Some((vec![number(&[*a, *b], 16)? as u8], 3)),
        _ => None,
    })
}

/// Maximal runs of bytes for which `f` holds, of at least `min` bytes.
fn runs(text: &[u8], min: usize, f: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.split(move |&b| !f(b)).filter(move |r| r.len() >= min)
}

fn unhex(text: &[u8]) -> Vec<u8> {
    text.chunks_exact(2).filter_map(|p| number(p, 16)).map(|n| n as u8).collect()
}

fn hex_runs(text: &[u8]) -> Vec<Vec<u8>> {
    runs(text, 32, |b| b.is_ascii_hexdigit()).flat_map(|r| [unhex(r), unhex(&r[1..])]).collect()
}

/// `65:79`, `65-79`, `65 79`, `0x65, 0x79`, `101, 121`, `101 121`: words of hex or decimal digits with the same few separators.
fn number_lists(text: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for run in runs(text, 40, |b| b.is_ascii_hexdigit() || b" ,:-xX\t".contains(&b)) {
        let words: Vec<&[u8]> = run.split(|b| b" ,:-\t".contains(b)).filter(|w| !w.is_empty()).collect();
        // The words at the ends may be neighbours.
        let hex = words.split(|w| w.strip_prefix(b"0x").unwrap_or(w).len() != 2);
        for list in hex.filter(|l| l.len() >= 16) {
            out.push(list.iter().filter_map(|w| number(&w[w.len() - 2..], 16)).map(|n| n as u8).collect());
        }
        let decimal = words.split(|w| number(w, 10).is_none_or(|n| n > 255));
        for list in decimal.filter(|l| l.len() >= 16) {
            out.push(list.iter().filter_map(|w| number(w, 10)).map(|n| n as u8).collect());
        }
    }
    out
}

/// The bytes of dump lines: an offset, then groups of hex digits up to two blanks (`xxd`) or a bar (`hexdump -C`); Netty puts
/// the offset between bars.
fn dump(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        let line = line.strip_prefix(b"|").unwrap_or(line);
        let offset = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if !(6..=8).contains(&offset) {
            continue;
        }
        let body = &line[offset..];
        let body = body.strip_prefix(b":").or(body.strip_prefix(b"|")).unwrap_or(body);
        let body = body.split(|&b| b == b'|').next().unwrap_or_default();
        let mut left = 32;
        for word in body.split(|&b| b == b' ').filter(|w| !w.is_empty()) {
            if word.len() > left || word.len() % 2 == 1 || word.len() > 4 || !word.iter().all(u8::is_ascii_hexdigit) {
                break;
            }
            left -= word.len();
            out.extend(unhex(word));
        }
    }
    (out.len() >= 12).then_some(out)
}

/// The text of CRI lines, put together.
fn cri(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        let at = line.windows(9).position(|w| w == b" stdout P" || w == b" stdout F")?;
        out.extend_from_slice(line.get(at + 10..)?);
    }
    Some(out).filter(|o| !o.is_empty())
}

fn base64_runs(text: &[u8]) -> Vec<Vec<u8>> {
    let is_char = |b: u8| b.is_ascii_alphanumeric() || b"-_+/".contains(&b);
    runs(text, RUN_MIN, is_char).flat_map(|run| (0..4).map(|skip| decode(&run[skip..]))).collect()
}

fn decode(chars: &[u8]) -> Vec<u8> {
    let value = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'-' | b'+' => 62,
        _ => 63,
    };
    let mut out = Vec::new();
    for group in chars.chunks(4) {
        let bits = group.iter().fold(0u32, |n, &b| n << 6 | u32::from(value(b))) << (6 * (4 - group.len()));
        out.extend((0..group.len() * 6 / 8).map(|i| (bits >> (16 - 8 * i)) as u8));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Case;

    #[test]
    fn each_decoder_finds_what_it_is_for() {
        let secret = "cGF5bG9hZCBvZiBhIHRva2VuIHRoYXQgaXMgc2VjcmV0".to_owned();
        let all = |f: &dyn Fn(u8) -> String| secret.bytes().map(f).collect::<String>();
        let list = |between: &str, f: &dyn Fn(u8) -> String| secret.bytes().map(f).collect::<Vec<_>>().join(between);
        let texts = [
            secret.clone(),
            all(&|b| format!("%{b:02x}")),
            all(&|b| format!("%25{b:02x}")),
            all(&|b| format!("\\u{b:04x}")),
            all(&|b| format!("\\\\x{b:02x}")),
            all(&|b| format!("\\{b:03o}")),
            all(&|b| format!("&#{b};")),
            all(&|b| format!("&#x{b:x};")),
            all(&|b| format!("{b:02x}")),
            list(":", &|b| format!("{b:02x}")),
            list(", ", &|b| format!("0x{b:02x}")),
            list(",", &|b| b.to_string()),
            list("\0", &|b| (b as char).to_string()),
            list("\u{200b}", &|b| (b as char).to_string()),
            list("\x1b[0;1m", &|b| (b as char).to_string()),
            list("\n  ", &|b| (b as char).to_string()),
            list("\" +\n \"", &|b| (b as char).to_string()),
            crate::tokens::base64(format!("x{secret}").as_bytes()),
            crate::tokens::base64(crate::tokens::base64(secret.as_bytes()).as_bytes()),
        ];
        for text in texts {
            assert!(!leaks(text.as_bytes(), std::slice::from_ref(&secret), &[]).is_empty(), "{text}");
            assert!(leaks(text.as_bytes(), &["AAAAAAAAAAAAAAAAAAAAAAAA".into()], &["claim".into()]).is_empty(), "{text}");
        }
    }

    /// An oracle that finds nothing in the unscrubbed text proves nothing.
    #[test]
    fn everything_that_the_generator_makes_is_found() {
        // Framing may divide a dump so that no piece of it decodes.
        let blind = |&seed: &u64| {
            let case = Case::any(seed, 3);
            leaks(&case.document(), &case.secrets, &case.claims).is_empty()
        };
        let blind: Vec<u64> = (0..400).filter(blind).collect();
        let names: Vec<String> = blind.iter().map(|&seed| Case::any(seed, 3).name).collect();
        assert!(blind.len() <= 4, "{blind:?}\n{}", names.join("\n"));
    }
}
