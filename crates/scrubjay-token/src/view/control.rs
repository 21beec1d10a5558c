//! Control characters that log daemons and terminals write as text.

/// A control character as rsyslog (`#012`), terminals (`^M`) and Windows (`_x000D_`) write it.
pub(super) fn control(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let (code, len) = match text.get(at..)? {
        [b'#', b'0', high @ b'0'..=b'3', low @ b'0'..=b'7', ..] => (u32::from((high - b'0') << 3 | (low - b'0')), 4),
        [b'^', letter @ (b'I' | b'J' | b'M' | b'['), ..] => (u32::from(letter ^ 0x40), 2),
        [b'_', b'x', b'0', b'0', b'0', c @ (b'9' | b'A' | b'D' | b'a' | b'd'), b'_', ..] => ((*c as char).to_digit(16)?, 7),
        _ => return None,
    };
    Some((code, len))
}

/// A control character is written so that it may be anything else, too: as letters that a token has.
pub(crate) fn has_control(text: &[u8]) -> bool {
    memchr::memchr3_iter(b'#', b'^', b'_', text).any(|at| control(text, at).is_some())
}
