//! The middle of a token that somebody cut out, and the mark that he left in its place: `...`, `[...]`, `<snip/>`, `***`, `•••`.

use crate::base64::is_base64;
use crate::compact::is_mixed;
use crate::runs::any_pair;

/// Shortest beginning of a header before a mark.
pub(crate) const ELLIPSIS_CHARS_MIN: usize = 8;
/// Shortest run that is taken along behind a mark.
const REST_CHARS_MIN: usize = 16;
/// Fewest dots that are a mark by themselves: two are around an empty part.
const DOTS_MIN: usize = 3;
/// Longest mark, in bytes.
const MARK_BYTES_MAX: usize = 48;
/// Most bytes between the end of what is left and where it is sure whether more of it follows.
pub(crate) const REACH: usize = MARK_BYTES_MAX + REST_CHARS_MIN;
/// Fewest letters that stand for what was cut out, in base64 itself: `eyJhbGciOiJxxxxVkYw`.
const LETTERS_MIN: usize = 4;
/// How the words begin that say what was done.
const WORDS: [&[u8]; 12] =
    [b"snip", b"cut", b"trunc", b"redact", b"omit", b"elid", b"elli", b"skip", b"mask", b"hidden", b"remov", b"shorten"];

/// What follows a part of a token.
pub(crate) enum Behind {
    /// Nothing of its own.
    Nothing,
    /// More of it, up to here.
    Rest(usize),
    /// The text ends too soon to tell, and more follows.
    Open,
}

/// What follows at `at`: marks, and behind each of them more of the token that ends here.
pub(crate) fn behind_marks(text: &[u8], at: usize, more: bool) -> Behind {
    let at = text[..at].iter().rposition(|&b| b != b'.').map_or(at, |i| i + 1);
    let mut end = at;
    while may_be_mark(text, end)
        && let Some(next) = behind_mark(text, end)
    {
        end = next;
    }
    if more && text.len() - end < REACH && memchr::memchr(b'\n', &text[end..]).is_none() {
        return Behind::Open;
    }
    if end > at { Behind::Rest(end) } else { Behind::Nothing }
}

/// False where the first bytes tell that no mark begins ([`mark_len`]), behind a blank or not: one dot alone is none.
pub(crate) fn may_be_mark(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    match rest.strip_prefix(b" ").unwrap_or(rest) {
        [b'.', next, ..] => !is_base64(*next),
        [first, ..] => matches!(first, b'.' | b'*' | b'~' | b'#' | b'$' | b'!' | b'?' | b'^' | b'[' | b'(' | b'<' | b'{' | b'>' | 0x80..),
        [] => false,
    }
}

/// Where a run behind a mark at `at` ends, if it is long enough to be a secret.
fn behind_mark(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let blank = usize::from(rest.starts_with(b" "));
    let len = mark_len(text, at + blank)?;
    let mark = &rest[blank..blank + len];
    let apart = blank > 0 && rest[blank + len..].starts_with(b" ");
    let start = at + blank + len + usize::from(apart);
    // Between blanks, brackets have to say that something is missing.
    if apart != (blank > 0) || apart && !says_so(mark) {
        return None;
    }
    let run = text[start..].iter().take_while(|&&b| is_base64(b) || b == b'.').count();
    let run = &text[start..start + run];
    let run = &run[..run.iter().rposition(|&b| b != b'.').map_or(0, |i| i + 1)];
    (run.len() >= REST_CHARS_MIN && is_mixed(run) && !(apart && is_words(run)) && !is_name(run)).then_some(start + run.len())
}

/// Words and numbers with signs between them, as programs call themselves (`Go-http-client/1.1`): so many of one case each are no base64.
fn is_name(run: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let small = part.iter().skip(1).all(u8::is_ascii_lowercase) && part.first().is_none_or(u8::is_ascii_alphabetic);
        small || part.iter().all(u8::is_ascii_digit)
    };
    let mut parts = run.split(|b| b"-_/.".contains(b));
    run.iter().filter(|b| b"-_/.".contains(b)).nth(1).is_some() && parts.all(is_part)
}

/// Length of the mark at `at`: dots, signs, and what stands in brackets, in any order.
fn mark_len(text: &[u8], at: usize) -> Option<usize> {
    let mark = &text[at..text.len().min(at + MARK_BYTES_MAX)];
    let (mut len, mut any) = (0, false);
    while let Some(&b) = mark.get(len) {
        let same = mark[len..].iter().take_while(|&&c| c == b).count();
        let step = match b {
            b'.' if same >= DOTS_MIN => same,
            // The dots of both parts may stand around what is between them.
            b'.' if len == 0 => same,
            0x80.. => leader_len(&mark[len..]),
            b'*' | b'~' | b'#' | b'$' | b'!' | b'?' | b'^' if same >= 2 => same + signed_word(&mark[len..], same),
            b'[' | b'(' | b'<' | b'{' => match bracketed(mark, len) {
                0 => scissors(text, at + len),
                inner => inner,
            },
            b'>' => scissors(text, at + len),
            _ => 0,
        };
        if step == 0 {
            break;
        }
        any |= same >= DOTS_MIN || b != b'.';
        len += step;
    }
    any.then_some(len)
}

/// Length of what a text has in the place of dots (`…`, `⋯`), and of dots and blocks that are written more than once (`••`, `██`).
fn leader_len(mark: &[u8]) -> usize {
    // A mark may end within a character.
    let Some(first) = mark.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) else { return 0 };
    let alone = matches!(first, '\u{2024}'..='\u{2027}' | '\u{22EE}'..='\u{22F1}');
    let repeated = matches!(first, '\u{B7}' | '\u{2010}'..='\u{2023}' | '\u{2043}' | '\u{2219}' | '\u{22C5}' | '\u{2580}'..='\u{25FF}');
    let (mut sign, len) = ([0; 4], first.len_utf8());
    let sign = first.encode_utf8(&mut sign).as_bytes();
    let count = mark.chunks(len).take_while(|&chunk| chunk == sign).count();
    if alone || repeated && count >= 2 { count * len } else { 0 }
}

/// Length of a word that says what was done between signs, of which there are so many on both sides, and of those behind it:
/// `***REDACTED***`.
fn signed_word(mark: &[u8], signs: usize) -> usize {
    let (signs, rest) = mark.split_at(signs);
    let word = &rest[..rest.iter().take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b' ')).count()];
    let is_mark = is_word(word) && rest[word.len()..].starts_with(signs);
    if is_mark { word.len() + signs.len() } else { 0 }
}

/// Length of the brackets at `at` with what they hold: no quotes, no line end, and no element of HTML.
fn bracketed(mark: &[u8], at: usize) -> usize {
    let open = mark[at];
    let close = match open {
        b'[' => b']',
        b'(' => b')',
        b'<' => b'>',
        _ => b'}',
    };
    let depth = mark[at..].iter().take_while(|&&b| b == open).count();
    let inner = &mark[at + depth..];
    let Some(len) = inner.iter().position(|&b| b == close || b < b' ' || b"\"'=/\\".contains(&b)) else { return 0 };
    // An empty element, whose name says it.
    let len = if inner[len..].starts_with(b"/>") && is_word(&inner[..len]) { len + 1 } else { len };
    let closed = inner[len..].iter().take(depth).take_while(|&&b| b == close).count();
    let is_tag = open == b'<' && (len < 3 || inner[0] == b'!');
    if len == 0 || closed < depth || is_tag { 0 } else { 2 * depth + len }
}

/// Length of the rest of `--8<--` or `-->8--`, whose first half is base64.
fn scissors(text: &[u8], at: usize) -> usize {
    match text[at] {
        b'<' if text[..at].ends_with(b"-8") && text[at + 1..].starts_with(b"-") => 1,
        b'>' if text[..at].ends_with(b"-") && text[at + 1..].starts_with(b"8-") => 1,
        _ => 0,
    }
}

/// The mark says that something is missing: with dots or signs alone, or in a word.
fn says_so(mark: &[u8]) -> bool {
    let word = &mark[mark.iter().position(u8::is_ascii_alphabetic).unwrap_or(mark.len())..];
    let dots = memchr::memmem::find(mark, b"...").is_some() || memchr::memmem::find(mark, "…".as_bytes()).is_some();
    dots || word.is_empty() && !mark.iter().any(u8::is_ascii_alphanumeric) || is_word(word)
}

/// The word says what was done.
fn is_word(word: &[u8]) -> bool {
    WORDS.iter().any(|w| word.get(..w.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(w)))
}

/// Words written together (`OAuth2TokenFilter`), or parted by dots: letters keep their case for a while. Those of base64 do not.
fn is_words(run: &[u8]) -> bool {
    let kind = |b: u8| (b.is_ascii_lowercase(), b.is_ascii_uppercase(), b.is_ascii_digit());
    let changes = run.windows(2).filter(|pair| !pair.contains(&b'.') && kind(pair[0]) != kind(pair[1])).count();
    changes * 3 < run.len()
}

/// Where the letters that stand for what was cut out begin, within the base64 of a header: behind enough of it, and before
/// what is long enough to be a secret.
pub(crate) fn has_letters(chars: &[u8]) -> bool {
    let (Some(inner), true) = (chars.get(ELLIPSIS_CHARS_MIN..chars.len().saturating_sub(REST_CHARS_MIN)), chars.starts_with(b"ey")) else {
        return false;
    };
    // Two of them are soon looked for, and seldom there.
    any_pair(inner, |a, b| (a == b) & (a | 0x20 == b'x'))
        && inner.windows(LETTERS_MIN).any(|w| w[0].eq_ignore_ascii_case(&b'x') && w.iter().all(|&b| b == w[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_and_pieces_of_base64() {
        for name in ["Go-http-client/1.1", "okhttp/4.12.0"] {
            assert!(is_name(name.as_bytes()), "{name}");
        }
        for piece in ["Apache-HttpClient/4.5.13", "4v6nFyFQKOrWwLP9uWaL9cWIcfyd0wXz", "aB3-eFgH_kLm4nOp", "Zi2Ye1QdaWJXyyvRnCG/4dqW"] {
            assert!(!is_name(piece.as_bytes()), "{piece}");
        }
    }

    #[test]
    fn marks_and_what_is_none() {
        let rest = "4v6nFyFQKOrWwLP9uWaL9cWIcfyd0wXz";
        let marks = [
            "...",
            "....",
            "…",
            " ... ",
            " … ",
            "[...]",
            "<snip>",
            "***",
            "[REDACTED]",
            "<…>",
            "…[snip 200]…",
            "~~",
            "<--",
            "[[truncated]]",
            "[truncated 123 chars]",
            "(…)",
            "<redacted>",
            "…(+123)…",
            "…[123 bytes]…",
            " [...] ",
            " <snip> ",
            ".[...]",
            "[cut].",
            "##",
            "{...}",
            "(dot dot dot)",
            "•••",
            "··",
            "⋯",
            "██",
            "..[cut]..",
            "<snip/>",
            "***REDACTED***",
            "$$$$",
        ];
        for mark in marks {
            let text = format!("eyJhbGciOi--8{mark}{rest} end");
            let at = text.len() - 4;
            assert!(matches!(behind_marks(text.as_bytes(), 13, false), Behind::Rest(end) if end == at), "{mark}");
        }
        for other in [
            " ",
            ", ",
            "\n",
            "</td><td>",
            "<br>",
            " [main] ",
            "\",\"",
            "=",
            "&sid=",
            " - ",
            "[\"",
            "..",
            "*",
            "#",
            "<a href=b>",
            "[31m",
            "·",
            "<hr/>",
            "**Note**",
            "||",
            "é",
        ] {
            let text = format!("eyJhbGciOi{other}{rest} end");
            assert!(matches!(behind_marks(text.as_bytes(), 10, false), Behind::Nothing), "{other}");
        }
        for rest in ["OAuth2TokenEndpointFilter", "started", "org.acme.Oauth2Client", "2026-11-23T12:00:00Z"] {
            let text = format!("eyJhbGciOi ... {rest} end");
            assert!(matches!(behind_marks(text.as_bytes(), 10, false), Behind::Nothing), "{rest}");
        }
        assert!(has_letters(b"eyJhbGciOiJxxxx4v6nFyFQKOrWwLP9uWa"));
        assert!(!has_letters(b"eyJhbGciOiJxxx4v6nFyFQKOrWwLP9uWaL9"));
    }
}
