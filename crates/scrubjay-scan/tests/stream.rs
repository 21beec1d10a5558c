//! A stream gives the same runs wherever it is cut.

mod oracle;

use oracle::Numbers;
use proptest::prelude::*;
use scrubjay_scan::{Backend, Run64, RunKind, Scanner, StreamScanner};

/// What a stream must give: the runs of the whole, by end.
fn expected(text: &[u8]) -> Vec<Run64> {
    let whole = oracle::scan_complete(text);
    let mut runs: Vec<_> = whole.iter().map(|r| Run64 { start: r.start as u64, end: r.end as u64, kind: r.kind }).collect();
    runs.sort_by_key(|r| (r.end, r.kind == RunKind::List));
    runs
}

fn streamed<'a>(stream: &mut StreamScanner, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Run64> {
    let mut runs = Vec::new();
    for chunk in chunks {
        stream.push(chunk, &mut runs);
        // A run is given out as soon as the byte after it was seen.
        assert!(runs.last().is_none_or(|run| run.end < stream.position()));
    }
    stream.finish(&mut runs);
    runs
}

fn streams() -> Vec<StreamScanner> {
    Backend::available().map(|b| StreamScanner::new(Scanner::with_backend(b).expect("available"))).collect()
}

#[test]
fn every_split_of_a_few_hundred_bytes() {
    let mut numbers = Numbers(3);
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        let text = numbers.text(if cfg!(miri) { 130 } else { 400 });
        let expected = expected(&text);
        for stream in &mut streams() {
            for split in (0..=text.len()).step_by(if cfg!(miri) { 9 } else { 1 }) {
                let (left, right) = text.split_at(split);
                assert_eq!(streamed(stream, [left, right]), expected, "split at {split} of {:?}", text.escape_ascii().to_string());
            }
        }
    }
}

#[test]
fn byte_by_byte_and_with_empty_chunks() {
    let text = Numbers(5).text(if cfg!(miri) { 60 } else { 3000 });
    let expected = expected(&text);
    for stream in &mut streams() {
        assert_eq!(streamed(stream, text.chunks(1)), expected);
        assert_eq!(streamed(stream, text.chunks(1).flat_map(|byte| [byte, &[]])), expected);
        assert_eq!(streamed(stream, text.chunks(2)), expected);
        assert_eq!(streamed(stream, []), []);
    }
}

#[test]
fn openings_in_three_chunks() {
    for opening in oracle::OPENINGS {
        let text = [b"x ", opening, b" x"].concat();
        for stream in &mut streams() {
            assert_eq!(streamed(stream, text.chunks(1)), [Run64 { start: 2, end: 5, kind: RunKind::Word }]);
        }
    }
}

/// Nothing but the runs is kept, so a run may be longer than anything in memory.
/// An opening may begin with NUL: what came before the stream is none.
#[test]
fn a_stream_that_begins_like_the_rest_of_an_opening() {
    for text in [&b"t\0abc "[..], b"\0t\0abc ", b"yJabc ", b"J abc "] {
        for mut stream in streams() {
            assert_eq!(streamed(&mut stream, [text]), expected(text), "{text:?}");
        }
    }
}

#[test]
fn runs_longer_than_any_chunk() {
    let chunks = if cfg!(miri) { 2 } else { 3000 };
    let word = [b'A'; 1000];
    let list = b"0x01,\t0x02:".repeat(30);
    for stream in &mut streams() {
        let runs =
            streamed(stream, std::iter::repeat_n(&word[..], chunks).chain([&b"\""[..]]).chain(std::iter::repeat_n(&list[..], chunks)));
        let word_end = 1000 * chunks as u64;
        let list_start = word_end + 1;
        let list_end = list_start + 330 * chunks as u64;
        assert_eq!(
            runs,
            [Run64 { start: 0, end: word_end, kind: RunKind::Word }, Run64 { start: list_start, end: list_end, kind: RunKind::List }]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 200 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking(text in oracle::text(if cfg!(miri) { 4 } else { 60 }), seed in 1u64.., longest in 1usize..400) {
        let expected = expected(&text);
        for stream in &mut streams() {
            let mut numbers = Numbers(seed);
            let mut rest = &text[..];
            let chunks = std::iter::from_fn(|| {
                let (chunk, after) = rest.split_at(numbers.below(longest + 1).min(rest.len()));
                let done = rest.is_empty();
                rest = after;
                (!done).then_some(chunk)
            });
            prop_assert_eq!(streamed(stream, chunks), expected.clone());
        }
    }

    #[test]
    fn long_text_in_large_chunks(seed in 1u64.., len in 0usize..20_000, chunk in 1usize..9000) {
        let len = if cfg!(miri) { len / 100 } else { len };
        let text = Numbers(seed).text(len);
        let expected = expected(&text);
        for stream in &mut streams() {
            prop_assert_eq!(streamed(stream, text.chunks(chunk)), expected.clone());
        }
    }
}
