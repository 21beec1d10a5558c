//! What is no secret although it stands where one could: placeholders, references, markers, words, numbers.

/// Runs that stand for a value instead of being one, anywhere in it, in lower case.
const STANDS_FOR: &[&[u8]] = &[
    b"xxxx",
    b"****",
    b"....",
    b"redacted",
    b"filtered",
    b"masked",
    b"placeholder",
    b"example",
    b"changeme",
    b"change_me",
    b"change-me",
    b"your-",
    b"your_",
    b"yourtoken",
    b"yourapi",
    b"my-token",
    b"my_token",
    b"mytoken",
    b"<",
    b"${",
    b"$(",
    b"{{",
    b"%(",
    b"insert",
    b"replace",
    b"dummy",
    b"self.",
    b"process.env",
    b"os.environ",
    b"getenv",
];
/// Whole values that are none, in lower case.
const NOTHING: &[&[u8]] = &[
    b"null",
    b"nil",
    b"none",
    b"undefined",
    b"true",
    b"false",
    b"empty",
    b"unset",
    b"n/a",
    b"unknown",
    b"invalid",
    b"missing",
    b"expired",
    b"hidden",
    b"secret",
    b"token",
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"removed",
    b"deleted",
    b"required",
    b"bearer",
    b"basic",
    b"string",
];
/// How the markers of this program begin.
const KINDS: &[&[u8]] = &[b"jwt(", b"jwe(", b"sdjwt(", b"jwk(", b"pem(", b"secret("];

/// Digits of an address of 64 bits.
const ADDRESS_DIGITS_MAX: usize = 16;

/// True for a value that stands for one: `xxxx`, `****`, `${TOKEN}`, `<token>`, `null`, `REDACTED`, `your_token_here`, a
/// plain number. Such a value carries nothing, and whoever debugs wants to see it.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let bare = value.trim_ascii();
    let Some(&first) = bare.first() else { return true };
    if bare.iter().all(|&b| b == first) || bare.iter().all(|b| b.is_ascii_digit() || b".,-+ ".contains(b)) {
        return true;
    }
    if first == b'$' && bare.iter().skip(1).all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        return true;
    }
    // The address of an object, as Ruby and Python print it.
    if let Some(digits) = bare.strip_prefix(b"0x")
        && digits.len() <= ADDRESS_DIGITS_MAX
        && digits.iter().all(u8::is_ascii_hexdigit)
    {
        return true;
    }
    if first == b'%' && bare.ends_with(b"%") || bare.iter().all(|b| b"xX*.#_-?%".contains(b)) {
        return true;
    }
    if bare.len() >= 8 && is_sequence(bare) {
        return true;
    }
    if unescaped(bare).is_some_and(|plain| is_reference(&plain)) {
        return true;
    }
    let lower = bare.to_ascii_lowercase();
    NOTHING.contains(&lower.as_slice()) || (0..lower.len()).any(|at| stands_for(lower.get(at..).unwrap_or_default()))
}

/// A name in brackets, and nothing else: `${TOKEN}`, `[REDACTED]`, `<token>`.
fn is_reference(value: &[u8]) -> bool {
    const BRACKETS: [(&[u8], &[u8]); 5] = [(b"${", b"}"), (b"$(", b")"), (b"{{", b"}}"), (b"<", b">"), (b"[", b"]")];
    let is_name =
        |name: &[u8]| !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphabetic() || b"_-. ".contains(&b)) && !is_random(name);
    BRACKETS.iter().any(|(open, close)| value.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close)).is_some_and(is_name))
}

/// The value with its percent escapes taken off (RFC 3986 §2.1). `None`: it has none.
fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        plain.push(code.unwrap_or(first));
        rest = behind.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    (plain.len() < value.len()).then_some(plain)
}

/// One of [`STANDS_FOR`] begins here. A value has many places: that the first byte is none of theirs settles most.
fn stands_for(text: &[u8]) -> bool {
    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which would refuse it")]
    const FIRST: [bool; 256] = {
        let mut first = [false; 256];
        let mut i = 0;
        while i < STANDS_FOR.len() {
            if let Some(&b) = STANDS_FOR[i].first() {
                first[b as usize] = true;
            }
            i += 1;
        }
        first
    };
    let may = text.first().and_then(|&b| FIRST.get(usize::from(b))).copied().unwrap_or(false);
    may && STANDS_FOR.iter().any(|word| word.first() == text.first() && text.starts_with(word))
}

/// Counts or repeats for the most part: `1234567890abcdef`, `abcdefghijklmnop`, `00000000-0000-…`.
fn is_sequence(value: &[u8]) -> bool {
    let steps = value.windows(2).filter(|w| matches!(w, [a, b] if b.wrapping_sub(*a) <= 1)).count();
    steps * 10 >= value.len() * 7
}

/// Less than this before a marker that it is glued to was left beside a token.
const GLUED_BYTES_MAX: usize = 16;

/// True where `value`, which `rest` follows, is one of this program's own markers (`jwt(class:access~…)`), perhaps with a list's
/// bracket or a prefix of hex before it, or ends in one.
pub(crate) fn is_marker(value: &[u8], rest: &[u8]) -> bool {
    let kind = |kind: &&[u8]| {
        let head = kind.strip_suffix(b"(").unwrap_or(kind);
        let glued = value.strip_suffix(head).is_some_and(|before| before.len() < GLUED_BYTES_MAX);
        value.windows(kind.len()).take(GLUED_BYTES_MAX).any(|w| w == *kind) || glued && rest.first() == Some(&b'(')
    };
    KINDS.iter().any(kind)
}

/// Characters of a fingerprint behind its first letter: the key's, a sign, the token's.
const FINGERPRINT: (usize, usize) = (6, 22);
/// Longest reason or part that a marker names.
const WORD_CHARS_MAX: usize = 12;

/// True where `value` is the end of one of this program's short markers (`jwt(fp:…)`, `jwe(cut:payload)`), whose beginning stands
/// before it: in the userinfo of a URL it looks like a name and a password.
pub(crate) fn ends_marker(before: &[u8], value: &[u8]) -> bool {
    let Some(told) = value.strip_suffix(b")") else { return false };
    let is_of = |name: &[u8]| before.strip_suffix(name).is_some_and(|before| KINDS.iter().any(|kind| before.ends_with(kind)));
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_fingerprint = || {
        told.len() == FINGERPRINT.0 + FINGERPRINT.1 + 2
            && told.starts_with(b"f")
            && told.get(FINGERPRINT.0 + 1) == Some(&b'_')
            && told.iter().all(is_word)
    };
    let is_name = || told.len() <= WORD_CHARS_MAX && told.iter().all(u8::is_ascii_lowercase);
    is_of(b"fp:") && is_fingerprint() || (is_of(b"cut:") || is_of(b"why:")) && is_name()
}

/// Looks drawn at random: parts in which letters and digits are mixed, or letters whose case changes more often than in
/// joined words. Names of releases, hosts and hours (`my-service-2024`, `v1.2.3-beta`) do not, nor letters that say
/// themselves what they name (`IoRenewTokenAtFn`: a type or a function, in source text).
pub(crate) fn is_random(value: &[u8]) -> bool {
    let mixed = |part: &&[u8]| part.len() >= 4 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic);
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let in_mixed: usize = value.split(|b| !b.is_ascii_alphanumeric()).filter(mixed).map(<[u8]>::len).sum();
    let rises = value.windows(2).filter(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase())).count();
    digits >= 2 && in_mixed >= 8 || rises * 6 >= value.len() && !(digits == 0 && names_one(value))
}

/// One of the words with which programs name credentials stands in it. Drawn at random a word of five letters, in either
/// case, stands in one of a million values.
fn names_one(value: &[u8]) -> bool {
    [&b"token"[..], b"secret"].iter().any(|word| value.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word)))
}

/// Shannon entropy of the bytes, in hundredths of a bit for each.
pub(crate) fn entropy(value: &[u8]) -> u16 {
    let mut counts = [0u32; 256];
    for &b in value {
        if let Some(count) = counts.get_mut(usize::from(b)) {
            *count += 1;
        }
    }
    let len = value.len().max(1) as f64;
    let bits: f64 = counts.iter().filter(|&&c| c > 0).map(|&c| f64::from(c) / len).map(|p| -p * p.log2()).sum();
    // At most 800.
    (bits * 100.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for text in [
            "",
            "x",
            "xxxx",
            "XXXXXXXX",
            "********",
            "abcd****efgh",
            "${TOKEN}",
            "$TOKEN",
            "$(cat token)",
            "<token>",
            "<your token>",
            "{{ token }}",
            "%TOKEN%",
            "%(token)s",
            "null",
            "None",
            "undefined",
            "true",
            "0",
            "1234567890",
            "3.14",
            "[REDACTED]",
            "[FILTERED]",
            "your_token_here",
            "YOUR-API-KEY",
            "changeme",
            "example-token",
            "AKIAIOSFODNN7EXAMPLE",
            "------",
            "secret",
            "sk-xxxxxxxxxxxxxxxx",
            "...",
            "1234567890abcdef",
            "abcdefghijklmnop",
            "00000000000000000000000000000001",
            "%24%7BSECRET%7D",
            "%5BREDACTED%5D",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in [
            "hunter2",
            "8f3ac1d2",
            "s3cr3t!",
            "p@ss$word",
            "correct horse",
            "dXNlcjpwYXNz",
            "hunter12345678",
            "p%40ss%24word",
            "%24%7BSECRET%7Dq8Fh3kL0sPz9Xw2",
            "%24%7Bq8Fh3kL0sPz9Xw2%7D",
            "%25q8Fh3kL0sPz9Xw2vB%25",
            "%5Bq8Fh",
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn markers_are_ours() {
        assert!(is_marker(b"jwt(class:id)", b" x"));
        assert!(is_marker(b"secret", b"(rule:x)"));
        assert!(is_marker(b"[jwt(class:id)]", b"@x"));
        assert!(is_marker(b"0xjwt(class:id)", b"@x"));
        assert!(!is_marker(b"secret", b" (rule:x)"));
        assert!(!is_marker(b"0123456789abcdefjwt(class:id)", b""));
        assert!(!is_marker(b"jwtx(class:id)", b""));
    }

    #[test]
    fn the_end_of_a_short_marker_is_ours() {
        let print = b"f3e8b83_Es31e7EFgnRP72XOu48TQw)";
        assert!(ends_marker(b"https://jwt(fp:", print) && ends_marker(b"//jwe(cut:", b"payload)") && ends_marker(b"jwt(why:", b"budget)"));
        assert!(!ends_marker(b"https://jwt(fp:", b"hunter2)") && !ends_marker(b"https://jwt(cut:", b"hunter2)"));
        assert!(!ends_marker(b"https://jo:", print) && !ends_marker(b"https://jwt(fp:", b"f3e8b83_Es31e7EFgnRP72XOu48TQw"));
    }

    #[test]
    fn random_is_told_from_words() {
        for text in ["8f3ac1d2e4b5a697", "tGzv3JOkF0XG5Qx2TlKWIA", "kQzRmWvXbYtNpLsJ", "kQzRmToken7vXbYtN2p", "s6BhdRkqt3", "pi_3Nk2v9Lq"] {
            assert!(is_random(text.as_bytes()), "{text}");
        }
        for text in [
            "authentication-failed",
            "AuthenticationFailedException",
            "my-service-2024",
            "v1.2.3-beta",
            "2026-11-23T10:00:00Z",
            "token-refresh",
            "IoRenewTokenAtFn",
            "GetClientSecretOfEnv",
        ] {
            assert!(!is_random(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn entropy_in_hundredths() {
        assert_eq!((entropy(b""), entropy(b"aaaa"), entropy(b"abab"), entropy(b"abcd")), (0, 0, 100, 200));
    }
}
