//! Escapes of one character: percent (RFC 3986 §2.1), those of strings, and HTML's.

use super::control::control;

pub(super) fn hex(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    let digits = text.get(at..at + digits)?;
    digits.iter().try_fold(0, |n, &b| Some(n << 4 | (b as char).to_digit(16)?))
}

/// One character of the text: its code and how many bytes wrote it. `None`: it stands for itself.
pub(crate) fn escape_at(text: &[u8], at: usize) -> Option<(u32, usize)> {
    match text[at] {
        b'%' if matches!(text.get(at + 1), Some(b'u' | b'U')) => Some((hex(text, at + 2, 4)?, 6)),
        b'%' => Some((hex(text, at + 1, 2)?, 3)),
        b'\\' => backslash(text, at),
        b'&' => entity(text, at),
        b'#' | b'^' | b'_' => control(text, at),
        // Our own markers write other bytes so; a forged one may hide a token in it.
        b'!' => Some((hex(text, at + 1, 2).filter(|_| !text[at + 1..at + 3].iter().any(u8::is_ascii_lowercase))?, 3)),
        _ => None,
    }
}

/// Escapes of JSON (RFC 8259 §7), C, JavaScript and Python strings.
pub(super) fn backslash(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let next = *text.get(at + 1)?;
    match next {
        b'u' if text.get(at + 2) == Some(&b'{') => {
            let len = text[at + 3..].iter().take(7).position(|&b| b == b'}')?;
            Some((hex(text, at + 3, len)?, len + 4))
        }
        b'u' => Some((hex(text, at + 2, 4)?, 6)),
        b'U' => Some((hex(text, at + 2, 8)?, 10)),
        b'x' => Some((hex(text, at + 2, 2)?, 4)),
        b'0'..=b'3' => {
            let octal = text.get(at + 1..at + 4)?;
            let code = octal.iter().try_fold(0, |n, &b| Some(n << 3 | (b as char).to_digit(8)?))?;
            Some((code, 4))
        }
        // Regular expressions and Markdown escape what a token has between its letters.
        b'/' | b'"' | b'\'' | b'\\' | b'.' | b'-' | b'_' | b'+' | b'=' | b'~' => Some((u32::from(next), 2)),
        b'n' => Some((10, 2)),
        b'r' => Some((13, 2)),
        b't' => Some((9, 2)),
        b'b' => Some((8, 2)),
        b'f' => Some((12, 2)),
        _ => None,
    }
}

/// HTML character references: numeric, and the named ones of what a token, its quotes and its separators are made of, of
/// what shows as nothing, and of what stands where something is left out. Numeric ones are read without their semicolon too,
/// as HTML parsers do.
pub(super) fn entity(text: &[u8], at: usize) -> Option<(u32, usize)> {
    const NAMES: [(&str, u32); 36] = [
        ("amp", 0x26),
        ("lt", 0x3C),
        ("gt", 0x3E),
        ("quot", 0x22),
        ("QUOT", 0x22),
        ("apos", 0x27),
        ("period", 0x2E),
        ("lowbar", 0x5F),
        ("UnderBar", 0x5F),
        ("equals", 0x3D),
        ("plus", 0x2B),
        ("sol", 0x2F),
        ("bsol", 0x5C),
        ("percnt", 0x25),
        ("colon", 0x3A),
        ("comma", 0x2C),
        ("num", 0x23),
        ("lcub", 0x7B),
        ("lbrace", 0x7B),
        ("rcub", 0x7D),
        ("rbrace", 0x7D),
        ("lsqb", 0x5B),
        ("rsqb", 0x5D),
        ("NewLine", 0x0A),
        ("Tab", 0x09),
        ("hyphen", 0x2D),
        ("dash", 0x2D),
        ("shy", 0xAD),
        ("zwnj", 0x200C),
        ("zwj", 0x200D),
        ("ZeroWidthSpace", 0x200B),
        ("hellip", 0x2026),
        ("mldr", 0x2026),
        ("ctdot", 0x22EF),
        ("middot", 0xB7),
        ("bull", 0x2022),
    ];
    let rest = text.get(at + 1..)?;
    if let Some(digits) = rest.strip_prefix(b"#") {
        let (skip, radix) = if matches!(digits.first(), Some(b'x' | b'X')) { (1, 16) } else { (0, 10) };
        let digits = &digits[skip..];
        let len = digits.iter().take(8).take_while(|&&b| (b as char).is_digit(radix)).count();
        if len == 0 || len == 8 {
            return None;
        }
        let code = digits[..len].iter().try_fold(0u32, |n, &b| Some(n.checked_mul(radix)? + (b as char).to_digit(radix)?))?;
        let semicolon = usize::from(digits.get(len) == Some(&b';'));
        return Some((code, 2 + skip + len + semicolon));
    }
    let len = rest.iter().take(16).position(|&b| b == b';')?;
    let code = NAMES.iter().find(|(n, _)| n.as_bytes() == &rest[..len])?.1;
    Some((code, len + 2))
}
