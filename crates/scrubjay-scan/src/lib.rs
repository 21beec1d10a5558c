//! Temporary scalar scanner; the SIMD back ends replace it.
#![allow(missing_docs)]
pub const WORD_RUN_MIN: usize = 48;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    Word,
    List,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub start: usize,
    pub end: usize,
    pub kind: RunKind,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRun {
    pub start: usize,
    pub qualifies: bool,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    pub word: Option<OpenRun>,
    pub list: Option<OpenRun>,
}
#[derive(Clone, Copy)]
pub struct Scanner;
impl Default for Scanner {
    fn default() -> Self {
        Self
    }
}
fn w(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_-.+/=~%\\&#;\0".contains(&b)
}
impl Scanner {
    pub fn new() -> Self {
        Self
    }
    pub fn scan(&self, block: &[u8], runs: &mut Vec<Run>) -> Tail {
        let mut i = 0;
        while i < block.len() {
            if !w(block[i]) {
                i += 1;
                continue;
            }
            let s = i;
            let mut q = false;
            while i < block.len() && w(block[i]) {
                if i + 2 < block.len() {
                    let t = &block[i..i + 3];
                    q |=
                        (t.starts_with(b"ey") && b"JIA".contains(&t[2])) || (t.starts_with(b"ew") && b"o0k".contains(&t[2])) || t == b"kty";
                }
                i += 1;
            }
            q |= i - s >= WORD_RUN_MIN;
            if i == block.len() {
                return Tail { word: Some(OpenRun { start: s, qualifies: q }), list: None };
            }
            if q {
                runs.push(Run { start: s, end: i, kind: RunKind::Word });
            }
        }
        Tail::default()
    }
}
