//! What the crate promises, stated as slow loops over bytes, and input to hold it to.
#![allow(dead_code, reason = "each test file uses its part")]

use proptest::prelude::*;
use scrubjay_scan::{OpenRun, Run, RunKind, Tail};

/// The members in ASCII; the others are all members.
const WORD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/=~%\\&#;![\0\x1b";
const LIST: &[u8] = b"0123456789abcdefABCDEFxX ,:\tu\\%&#;-[mnr\n\r\0\x1b";
const SEPARATORS: &[u8] = b" ,:\t";
const HEX_DIGITS: &[u8] = b"0123456789abcdefABCDEF";
pub(crate) const OPENINGS: [&[u8]; 17] = [
    b"eyJ", b"eyI", b"eyA", b"ewo", b"ew0", b"ewk", b"kty", b"Kty", b"crv", b"wbr", b"\0t\0", b"\\x2", b"\\x3", b"\\x4", b"\\x5", b"\\x6",
    b"\\x7",
];

/// Looked up and not searched for, or Miri would spend its time here.
const IS_WORD: [bool; 256] = members(WORD);
const IS_LIST: [bool; 256] = members(LIST);
const IS_SEPARATOR: [bool; 256] = members(SEPARATORS);
const IS_LINE_END: [bool; 256] = members(b"\n");
const IS_HEX_DIGIT: [bool; 256] = members(HEX_DIGITS);

const fn members(of: &[u8]) -> [bool; 256] {
    let mut is = [false; 256];
    let mut at = 0;
    while at < of.len() {
        is[of[at] as usize] = true;
        at += 1;
    }
    is
}

fn word_qualifies(run: &[u8]) -> bool {
    run.len() >= 47 || run.windows(3).any(|w| OPENINGS.contains(&w))
}

fn list_qualifies(run: &[u8]) -> bool {
    let count = |set: &[bool; 256]| run.iter().filter(|&&b| set[usize::from(b)]).count();
    run.len() >= 47 && count(&IS_SEPARATOR) + 4 * count(&IS_LINE_END) >= 8 && count(&IS_HEX_DIGIT) >= 24
}

/// All maximal runs of `class` as (start, end).
fn maximal(block: &[u8], class: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < block.len() {
        let start = at;
        while at < block.len() && class(block[at]) {
            at += 1;
        }
        if at > start {
            found.push((start, at));
        } else {
            at += 1;
        }
    }
    found
}

/// What [`scrubjay_scan::Scanner::scan`] must give.
pub(crate) fn scan(block: &[u8]) -> (Vec<Run>, Tail) {
    let mut runs = Vec::new();
    let mut tail = Tail::default();
    for (start, end) in maximal(block, |b| IS_WORD[usize::from(b)] || !b.is_ascii()) {
        let qualifies = word_qualifies(&block[start..end]);
        if end == block.len() {
            tail.word = Some(OpenRun { start, qualifies });
        } else if qualifies {
            runs.push(Run { start, end, kind: RunKind::Word });
        }
    }
    for (start, end) in maximal(block, |b| IS_LIST[usize::from(b)] || !b.is_ascii()) {
        let qualifies = list_qualifies(&block[start..end]);
        if end == block.len() {
            tail.list = Some(OpenRun { start, qualifies });
        } else if qualifies {
            runs.push(Run { start, end, kind: RunKind::List });
        }
    }
    runs.sort_by_key(|r| (r.start, r.kind == RunKind::List));
    (runs, tail)
}

/// What [`scrubjay_scan::Scanner::scan_complete`] must give.
pub(crate) fn scan_complete(block: &[u8]) -> Vec<Run> {
    let (runs, tail) = scan(block);
    complete(block, runs, tail)
}

/// The same from what [`scan`] gave.
pub(crate) fn complete(block: &[u8], mut runs: Vec<Run>, tail: Tail) -> Vec<Run> {
    for (open, kind) in [(tail.word, RunKind::Word), (tail.list, RunKind::List)] {
        if let Some(open) = open.filter(|open| open.qualifies) {
            runs.push(Run { start: open.start, end: block.len(), kind });
        }
    }
    runs.sort_by_key(|r| (r.start, r.kind == RunKind::List));
    runs
}

/// Text made of what matters: runs just below and above the limits, openings whole and almost, every class, any byte.
pub(crate) fn text(pieces: usize) -> impl Strategy<Value = Vec<u8>> {
    let of = |class: &'static [u8], len: std::ops::Range<usize>| prop::collection::vec(prop::sample::select(class), len);
    let opening = prop::sample::select(OPENINGS.to_vec()).prop_map(<[u8]>::to_vec);
    let piece = prop_oneof![
        4 => of(WORD, 0..20),
        3 => of(WORD, 30..70),
        1 => of(WORD, 100..300),
        2 => of(LIST, 0..20),
        3 => of(LIST, 40..90),
        2 => of(b"0123 ,", 44..60),
        1 => of(HEX_DIGITS, 1..30),
        1 => of(SEPARATORS, 1..12),
        3 => opening.clone(),
        2 => of(b"eywktJIAo0kyEYWKT\xe5\xf9\xf7\xeb\xf4\xca", 1..12),
        2 => of(b"\"\n{}?@[]^`|<>()!$*'", 1..4),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(128u8.., 1..70),
    ];
    prop::collection::vec(piece, 0..pieces).prop_map(|pieces| pieces.concat())
}

/// A reproducible stream of numbers (xorshift).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// `len` bytes with runs of every kind.
    pub(crate) fn text(&mut self, len: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(len + 100);
        while text.len() < len {
            let class = [WORD, WORD, LIST, LIST, b"\" {}\n\x80\xff\x1b", HEX_DIGITS][self.below(6)];
            for _ in 0..self.below(80) {
                text.push(class[self.below(class.len())]);
            }
            if self.below(4) == 0 {
                text.extend_from_slice(OPENINGS[self.below(OPENINGS.len())]);
            }
        }
        text.truncate(len);
        text
    }
}
