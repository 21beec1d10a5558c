//! The first stage: the few short strings that are in all keywords, searched for with SIMD over the whole block.
//!
//! Keywords are many, and most may stand in upper or lower case. Each has a rare part, and many share one (`oken` is in
//! thirty names). So a small set of fragments is chosen that covers every keyword, rarest first; what a fragment's place is
//! worth is then asked of the keywords that have it.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, Anchored, Input, MatchKind, Span};

use crate::rule::KEYWORD_BYTES_MIN;

/// Longest fragment in bytes.
const FRAGMENT_BYTES_MAX: usize = 5;
/// What one more fragment costs, in the unit of [`weight`].
const FRAGMENT_COST: f64 = 600.0;
/// Most strings that the packed searcher takes.
const PACKED_MAX: usize = 64;

/// A keyword to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyword {
    pub(crate) text: Vec<u8>,
    pub(crate) ignore_case: bool,
    /// The rules that begin with it.
    pub(crate) rules: Vec<usize>,
}

impl Keyword {
    fn stands_at(&self, text: &[u8], start: usize) -> bool {
        let Some(there) = text.get(start..start + self.text.len()) else { return false };
        if self.ignore_case { there.eq_ignore_ascii_case(&self.text) } else { there == self.text }
    }

    /// The ways in which it is written: as it is, and where the case does not count in lower case, upper case, with each word
    /// capitalised, and as it is with a capital at the beginning.
    fn spellings(&self) -> BTreeSet<Vec<u8>> {
        let mut all = BTreeSet::from([self.text.clone()]);
        if self.ignore_case {
            let mut capitalised = self.text.to_ascii_lowercase();
            let mut inside = false;
            for b in &mut capitalised {
                if !inside {
                    b.make_ascii_uppercase();
                }
                inside = b.is_ascii_alphanumeric();
            }
            let mut begun = self.text.clone();
            if let Some(first) = begun.first_mut() {
                first.make_ascii_uppercase();
            }
            all.extend([self.text.to_ascii_lowercase(), self.text.to_ascii_uppercase(), capitalised, begun]);
        }
        all
    }
}

/// Finds keywords.
pub(crate) struct Fragments {
    searcher: Searcher,
    /// For each fragment the keywords that have it, and where in them.
    uses: Vec<Vec<(usize, usize)>>,
    keywords: Vec<Keyword>,
    texts: Vec<Vec<u8>>,
}

enum Searcher {
    Nothing,
    Packed(packed::Searcher),
    /// Where the processor has no byte shuffle.
    Automaton(AhoCorasick),
}

impl Fragments {
    /// `None` when no searcher can be built of them.
    pub(crate) fn new(keywords: Vec<Keyword>) -> Option<Self> {
        let chosen = choose(&keywords);
        let texts: Vec<Vec<u8>> = chosen.keys().cloned().collect();
        let uses = chosen.into_values().map(|uses| uses.into_iter().collect()).collect();
        Some(Self { searcher: searcher(&texts)?, uses, keywords, texts })
    }

    /// Finds none.
    pub(crate) fn nothing() -> Self {
        Self { searcher: Searcher::Nothing, uses: Vec::new(), keywords: Vec::new(), texts: Vec::new() }
    }

    /// The strings that are searched for.
    pub(crate) fn texts(&self) -> &[Vec<u8>] {
        &self.texts
    }

    /// Calls `found` with each keyword of `text` and its place. The places of one keyword ascend.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(&Keyword, usize)) {
        let mut at = 0;
        while let Some((fragment, start)) = self.searcher.next(text, at) {
            at = start + 1;
            for &(keyword, offset) in self.uses.get(fragment).into_iter().flatten() {
                let Some(keyword) = self.keywords.get(keyword) else { continue };
                let Some(start) = start.checked_sub(offset) else { continue };
                if keyword.stands_at(text, start) {
                    found(keyword, start);
                }
            }
        }
    }
}

impl Searcher {
    fn next(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        match self {
            Self::Nothing => None,
            Self::Packed(s) => s.find_in(text, Span { start: at, end: text.len() }).map(|m| (m.pattern().as_usize(), m.start())),
            Self::Automaton(s) => {
                let input = Input::new(text).range(at..).anchored(Anchored::No);
                s.try_find(input).ok().flatten().map(|m| (m.pattern().as_usize(), m.start()))
            }
        }
    }
}

fn searcher(texts: &[Vec<u8>]) -> Option<Searcher> {
    if texts.is_empty() {
        return Some(Searcher::Nothing);
    }
    if texts.len() <= PACKED_MAX
        && let Some(packed) = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder().extend(texts).build()
    {
        return Some(Searcher::Packed(packed));
    }
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts).ok().map(Searcher::Automaton)
}

type Uses = BTreeSet<(usize, usize)>;

/// A set of fragments, none the beginning of another, that is in every spelling of every keyword; with its uses.
fn choose(keywords: &[Keyword]) -> BTreeMap<Vec<u8>, Uses> {
    // What each possible fragment would cover: spellings (numbered) and places in keywords.
    let mut possible: BTreeMap<Vec<u8>, (BTreeSet<usize>, Uses)> = BTreeMap::new();
    let mut spellings = 0;
    for (k, keyword) in keywords.iter().enumerate() {
        for spelling in keyword.spellings() {
            for size in KEYWORD_BYTES_MIN..=FRAGMENT_BYTES_MAX {
                for (offset, part) in spelling.windows(size).enumerate() {
                    let entry = possible.entry(part.to_vec()).or_default();
                    entry.0.insert(spellings);
                    entry.1.insert((k, offset));
                }
            }
            spellings += 1;
        }
    }
    let mut left: BTreeSet<usize> = (0..spellings).collect();
    let mut chosen: BTreeMap<Vec<u8>, Uses> = BTreeMap::new();
    while !left.is_empty() {
        let price = |text: &[u8], covers: &BTreeSet<usize>| (FRAGMENT_COST + weight(text)) / covers.intersection(&left).count() as f64;
        let best = possible.iter().min_by(|(a, (x, _)), (b, (y, _))| price(a, x).total_cmp(&price(b, y)));
        let Some((text, (covers, uses))) = best else { break };
        left.retain(|s| !covers.contains(s));
        chosen.insert(text.clone(), uses.clone());
    }
    // At one place the searcher reports one fragment: the shorter takes over what the longer stands for.
    let texts: Vec<Vec<u8>> = chosen.keys().cloned().collect();
    for text in &texts {
        if texts.iter().any(|other| other.len() < text.len() && text.starts_with(other)) {
            chosen.remove(text);
        }
    }
    chosen.into_iter().map(|(text, _)| possible.get(&text).map(|(_, uses)| (text.clone(), uses.clone())).unwrap_or_default()).collect()
}

/// How often a string is to be expected, in occurrences in 100 MB of log text, as if its bytes were independent.
fn weight(text: &[u8]) -> f64 {
    let known = COMMON.iter().find(|(common, _)| memchr::memmem::find(text, common.as_bytes()).is_some()).map_or(0.0, |(_, count)| *count);
    let one = |&b: &u8| match b {
        b' ' | b'e' => 0.06,
        b'0'..=b'9' => 0.03,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 0.04,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' => 0.02,
        b'-' | b'.' | b':' | b'/' | b'"' | b'=' | b',' => 0.02,
        b'b' | b'f' | b'g' | b'h' | b'y' | b'k' | b'v' | b'w' | b'_' => 0.01,
        b'A'..=b'Z' => 0.005,
        _ => 0.002,
    };
    known + 1e8 * text.iter().map(one).product::<f64>()
}

/// Strings that are more frequent than their bytes are.
const COMMON: &[(&str, f64)] = &[("://", 3e5), ("ssio", 5e4), ("sion", 1e5), ("auth", 5e4), ("tion", 3e5), ("key", 3e4), ("toke", 1e4), ("http", 3e5)];

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(text: &str, ignore_case: bool) -> Keyword {
        Keyword { text: text.into(), ignore_case, rules: Vec::new() }
    }

    fn found(fragments: &Fragments, text: &str) -> Vec<(String, usize)> {
        let mut all = Vec::new();
        fragments.each(text.as_bytes(), |k, at| all.push((String::from_utf8(k.text.clone()).unwrap(), at)));
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn every_keyword_is_found_wherever_it_stands() {
        let words = ["access_token", "refresh_token", "authorization", "ghp_", "gho_", "://", "accessToken", "cookie", "AIza", "xoxb-"];
        let keywords: Vec<Keyword> = words.iter().map(|w| keyword(w, w.len() > 6)).collect();
        let fragments = Fragments::new(keywords.clone()).unwrap();
        assert!(fragments.texts().len() < 2 * words.len(), "{:?}", fragments.texts());
        for k in &keywords {
            for spelling in k.spellings() {
                for pad in 0..70 {
                    let text = format!("{}{}{}", ".".repeat(pad), String::from_utf8(spelling.clone()).unwrap(), "-".repeat(pad % 7));
                    let hits = found(&fragments, &text);
                    assert!(hits.iter().any(|(w, at)| w.as_bytes() == k.text && *at == pad), "{text}: {hits:?}");
                }
            }
        }
        assert_eq!(found(&fragments, "nothing to see"), []);
        assert_eq!(found(&fragments, ""), []);
        assert_eq!(found(&fragments, "ghp_ghp_gho_"), [("gho_".into(), 8), ("ghp_".into(), 0), ("ghp_".into(), 4)]);
    }

    #[test]
    fn overlapping_keywords_are_all_found() {
        let fragments = Fragments::new(["aab", "aabc", "abca", "bcaa"].map(|w| keyword(w, false)).to_vec()).unwrap();
        let all: Vec<String> = found(&fragments, "aabcaabcaa").into_iter().map(|(w, at)| format!("{w}{at}")).collect();
        assert_eq!(all, ["aab0", "aab4", "aabc0", "aabc4", "abca1", "abca5", "bcaa2", "bcaa6"]);
    }

    #[test]
    fn no_keyword_is_nothing_to_find() {
        let fragments = Fragments::new(Vec::new()).unwrap();
        assert_eq!(found(&fragments, "anything"), []);
    }

    #[test]
    fn many_keywords_are_found_too() {
        let words: Vec<String> = (0..200).map(|i| format!("k{:03}{}z", i * 37 % 1000, ["Q", "w", "E"][i % 3])).collect();
        let fragments = Fragments::new(words.iter().map(|w| keyword(w, false)).collect()).unwrap();
        for word in &words {
            assert_eq!(found(&fragments, &format!("..{word}..")), [(word.clone(), 2)]);
        }
    }
}
