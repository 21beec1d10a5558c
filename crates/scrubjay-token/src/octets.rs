//! Lines of bytes in hex without an offset and without their text, in records: nothing but pairs or words of digits, each behind the
//! same sign.

use crate::lists::is_dump_line;

/// Fewest digits of a line that may go on, in pairs or words with a sign between them, in bytes.
const LINE_BYTES_MIN: usize = 38;
/// Digits of a pair and of a word.
const DIGITS: [usize; 2] = [2, 4];

/// Where the numbers begin in which a text ends; `None`: it does not end in enough of them.
pub(crate) fn octets_at(text: &[u8]) -> Option<usize> {
    if !text.last()?.is_ascii_hexdigit() || text.len() < LINE_BYTES_MIN {
        return None;
    }
    DIGITS.into_iter().find_map(|digits| {
        let sign = sign_before(text, text.len().checked_sub(digits)?)?;
        let mut start = text.len();
        while let Some(at) = start.checked_sub(digits)
            && text[at..start].iter().all(u8::is_ascii_hexdigit)
        {
            if sign_before(text, at) != Some(sign) {
                start = at;
                break;
            }
            start = at - 1;
        }
        // What stands before the first one is no sign of the list.
        let start = start + usize::from(text.get(start) == Some(&sign));
        (text.len() - start >= LINE_BYTES_MIN && !text[..start].last().is_some_and(u8::is_ascii_alphanumeric)).then_some(start)
    })
}

/// The sign before `at` that may part two numbers.
fn sign_before(text: &[u8], at: usize) -> Option<u8> {
    text[..at].last().copied().filter(|b| b" :-".contains(b))
}

/// More of the numbers in which the text before this one ends, and nothing else.
pub(crate) fn goes_on_in_octets(text: &[u8], next: &[u8]) -> bool {
    let next = next.trim_ascii();
    let is_digits = |group: &[u8]| DIGITS.contains(&group.len()) && group.iter().all(u8::is_ascii_hexdigit);
    let is_list = |sign: u8| next.split(|&b| b == sign).all(is_digits);
    !is_dump_line(text)
        && next.len() <= text.len()
        && octets_at(text).is_some_and(|start| text[start..].iter().find(|b| !b.is_ascii_hexdigit()).is_some_and(|&sign| is_list(sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_end_in_octets() {
        let list = |sign: &str, n: usize| vec!["6f"; n].join(sign);
        for (text, want) in [
            (list(" ", 16), Some(0)),
            (format!("data: {}", list(" ", 16)), Some(6)),
            (format!("[17]: {}", list(":", 16)), Some(6)),
            (format!("data {}", list("-", 13)), Some(5)),
            (format!("data {}", ["6f70"; 8].join(" ")), Some(5)),
            (list(" ", 12), None),
            (list(", ", 16), None),
            (format!("{} done", list(" ", 16)), None),
            ("6f".repeat(30), None),
            ("12 345 6 7890 12 345 6 7890 12 345 6 7890 12".into(), None),
        ] {
            assert_eq!(octets_at(text.as_bytes()), want, "{text}");
        }
        let text = list(" ", 16);
        for (next, want) in [("6f", true), ("6f 70 ", true), ("", false), ("6f:70", false), ("6f started", false), ("6f 7", false)] {
            assert_eq!(goes_on_in_octets(text.as_bytes(), next.as_bytes()), want, "{next}");
        }
    }
}
