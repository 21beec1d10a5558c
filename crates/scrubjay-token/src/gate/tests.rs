use super::*;
use crate::base64::encode;

/// Bytes that the gate looks at for all runs of a text, and how many runs there are.
fn looked(text: &[u8]) -> (usize, usize) {
    let mut runs = Vec::new();
    let scanner = Scanner::new();
    scanner.scan_complete(text, &mut runs);
    let mut gate = Gate::new(scanner);
    runs.iter().for_each(|run| _ = gate.lets_through(text, run));
    (gate.looked, runs.len())
}

/// Whatever a log says, to judge its runs costs a bounded number of looks at each byte, and ten times the text ten times as
/// many. Work is counted, not timed.
#[test]
fn the_work_is_linear_in_the_text() {
    let readable = encode(b"a sentence that is text and no token, whatever comes behind it; ");
    let twice = encode(readable.as_bytes());
    let units = [
        "eyJhbGciOiJ9.".to_owned(),
        "eyJhbGciOiJ9".to_owned(),
        "65794a6862474369".to_owned(),
        "%41%2541%252E".to_owned(),
        "\\u0065\\\\u0065".to_owned(),
        "kty.".to_owned(),
        "{\"kty\":\"oct\"".to_owned(),
        ".".to_owned(),
        "In0.".to_owned(),
        "e\0y\0J\0".to_owned(),
        "=2E=3D\u{200b}".to_owned(),
        "00 65 79 4a, ".to_owned(),
        format!("{readable}/"),
        format!("{twice}%2B"),
        format!("{readable}\n"),
        "de-ad-be-ef-65-79-4a-68-62-47-63-69-4f-69-4a-39-".to_owned(),
    ];
    for unit in units {
        let once = unit.repeat(40_000 / unit.len());
        let (work, runs) = looked(once.as_bytes());
        assert!(work <= (WORK_PER_BYTE_MAX + 1) * once.len() + runs * WORK_MIN, "{unit:?}: {work} bytes for {}", once.len());
        let (tenfold, _) = looked(once.repeat(10).as_bytes());
        assert!(tenfold <= work * 10 + work / 2 + WORK_MIN, "{unit:?}: {work} bytes, {tenfold} for ten times the text");
    }
}

/// Behind whatever two bytes and signs: where nothing more is asked, nothing that is asked would have said yes.
#[test]
fn behind_other_words_nothing_is_told() {
    let head = encode(br#"{"alg":"dir","enc":"A256GCM"}"#);
    let words = [
        "",
        "signature",
        "ciphertext",
        "encrypted_key",
        "payload",
        "\"d",
        "\"priv",
        "\"n",
        "value",
        "{\"log",
        "P",
        &head,
        &format!("{head}."),
    ];
    let bytes = || (0x20..0x7f).chain([b'\t', b'\n', 0x7f, 0xe2, 0x82]);
    let pairs = bytes().flat_map(|a| bytes().map(move |b| vec![a, b])).chain(words.map(|word| word.as_bytes().to_vec()));
    let (mut others, mut told) = (0, 0);
    for word in pairs {
        for signs in ["", " ", "  ", "\"", ":\"", "\":\"", "\": \"", "=", "= '", "=\"", " = ", "\" "] {
            for run in ["A/path.of/letters", ".and/dots", "%22escaped"] {
                let above = "2026-11-23T12:00:00.1Z stdout P {\"kty\":\"RSA\",\n2026-11-23T12:00:00.1Z stdout ";
                let mut text = [above.as_bytes(), &word, signs.as_bytes()].concat();
                let start = text.len();
                text.extend_from_slice(run.as_bytes());
                let run = start..text.len();
                text.extend_from_slice(b"\",\"d\":\"AAAA\"}\n");
                let signs = Signs { triple: true, dot: true, upper: true, goes_on: false };
                let (is_other, is_told) = (is_behind_other_word(&text, &run), is_told_before(&text, &run, &signs));
                assert!(!is_other || !is_told, "{}", text.escape_ascii());
                others += usize::from(is_other);
                told += usize::from(is_told);
            }
        }
    }
    assert!(others > 10_000 && told > 100, "{others} {told}");
}
