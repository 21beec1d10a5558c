//! The first stage: for each keyword the four bytes of it that are rarest in log text, searched for with SIMD over the
//! whole block (`scrubjay_scan::Needles`). What such a place is worth is asked of the keywords that have these bytes.

use scrubjay_scan::{NEEDLE_BYTES, Needle, Needles};

/// Bytes that are searched at a time: it bounds the list of candidates.
const BLOCK_BYTES: usize = 64 * 1024;
/// Places of the table of fragments, a power of two.
const SLOTS: usize = 1024;

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

    /// The needle that begins at `offset` of the keyword; the last byte of a keyword of three is any.
    fn needle(&self, offset: usize) -> Needle {
        let mut bytes = [None; NEEDLE_BYTES];
        let part = self.text.get(offset..).unwrap_or_default();
        bytes.iter_mut().zip(part).for_each(|(to, b)| *to = Some(if self.ignore_case { b.to_ascii_lowercase() } else { *b }));
        Needle { bytes, ignore_case: self.ignore_case }
    }
}

/// Finds keywords.
pub(crate) struct Fragments {
    needles: Needles,
    keywords: Vec<Keyword>,
    /// By the hash of a fragment in lower case.
    slots: Vec<Vec<Use>>,
}

/// A fragment's place in a keyword.
struct Use {
    /// The fragment in lower case, first byte lowest.
    bytes: u32,
    keyword: usize,
    offset: usize,
}

impl Fragments {
    pub(crate) fn new(keywords: Vec<Keyword>) -> Self {
        let offsets = |k: &Keyword| 0..=k.text.len().saturating_sub(NEEDLE_BYTES);
        let choices: Vec<Vec<Needle>> = keywords.iter().map(|k| offsets(k).map(|offset| k.needle(offset)).collect()).collect();
        let (needles, chosen) = Needles::of_choices(&choices);
        let mut slots: Vec<Vec<Use>> = (0..SLOTS).map(|_| Vec::new()).collect();
        for (index, (keyword, offset)) in keywords.iter().zip(chosen).enumerate() {
            let short = keyword.text.len() < NEEDLE_BYTES;
            let bytes = lower(keyword.needle(offset).bytes.map(Option::unwrap_or_default), short);
            if let Some(slot) = slots.get_mut(hash(bytes)) {
                slot.push(Use { bytes, keyword: index, offset });
            }
        }
        Self { needles, keywords, slots }
    }

    pub(crate) fn chosen(&self) -> Vec<String> { let mut v: Vec<String> = self.slots.iter().flatten().map(|u| String::from_utf8_lossy(&u.bytes.to_le_bytes()).into_owned()).collect(); v.sort(); v.dedup(); v }
    pub(crate) fn needles(&self) -> &Needles { &self.needles }
    /// Calls `found` with each keyword of `text` and its place. The places of one keyword ascend.
    pub(crate) fn each(&self, text: &[u8], candidates: &mut Vec<usize>, mut found: impl FnMut(&Keyword, usize)) {
        let mut from = 0;
        while from < text.len() {
            let to = text.len().min(from + BLOCK_BYTES);
            // What begins in this block may end behind it.
            let block = text.get(from..text.len().min(to + NEEDLE_BYTES - 1)).unwrap_or_default();
            candidates.clear();
            self.needles.candidates(block, candidates);
            for at in candidates.iter().map(|at| from + at).take_while(|&at| at < to) {
                self.keywords_at(text, at, &mut found);
            }
            from = to;
        }
    }

    fn keywords_at(&self, text: &[u8], at: usize, found: &mut impl FnMut(&Keyword, usize)) {
        let mut four = [0; NEEDLE_BYTES];
        four.iter_mut().zip(text.get(at..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
        for bytes in [lower(four, false), lower(four, true)] {
            for u in self.slots.get(hash(bytes)).into_iter().flatten().filter(|u| u.bytes == bytes) {
                let Some(keyword) = self.keywords.get(u.keyword) else { continue };
                let Some(start) = at.checked_sub(u.offset) else { continue };
                if keyword.stands_at(text, start) {
                    found(keyword, start);
                }
            }
        }
    }
}

/// Four bytes, or the first three of them, in lower case.
fn lower(bytes: [u8; NEEDLE_BYTES], three: bool) -> u32 {
    let all = u32::from_le_bytes(bytes.map(|b| b.to_ascii_lowercase()));
    if three { all & 0x00ff_ffff } else { all }
}

fn hash(bytes: u32) -> usize {
    // Fibonacci hashing: the upper bits of the product depend on all bytes.
    (bytes.wrapping_mul(0x9e37_79b1) >> 22) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(text: &str, ignore_case: bool) -> Keyword {
        Keyword { text: text.into(), ignore_case, rules: Vec::new() }
    }

    fn found(fragments: &Fragments, text: &str) -> Vec<(String, usize)> {
        let mut all = Vec::new();
        fragments.each(text.as_bytes(), &mut Vec::new(), |k, at| all.push((String::from_utf8(k.text.clone()).unwrap(), at)));
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn every_keyword_is_found_wherever_it_stands() {
        let words = ["access_token", "refresh_token", "authorization", "ghp_", "gho_", "://", "accessToken", "cookie", "AIza", "xoxb-"];
        let keywords: Vec<Keyword> = words.iter().map(|w| keyword(w, w.len() > 6)).collect();
        let fragments = Fragments::new(keywords.clone());
        for k in &keywords {
            let word = String::from_utf8(k.text.clone()).unwrap();
            let spellings = if k.ignore_case { vec![word.to_uppercase(), word.to_lowercase(), word] } else { vec![word] };
            for spelling in spellings {
                for pad in 0..70 {
                    let text = format!("{}{spelling}{}", ".".repeat(pad), "-".repeat(pad % 7));
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
        let fragments = Fragments::new(["aab", "aabc", "abca", "bcaa"].map(|w| keyword(w, false)).to_vec());
        let all: Vec<String> = found(&fragments, "aabcaabcaa").into_iter().map(|(w, at)| format!("{w}{at}")).collect();
        assert_eq!(all, ["aab0", "aab4", "aabc0", "aabc4", "abca1", "abca5", "bcaa2", "bcaa6"]);
    }

    /// Blocks are searched one by one; a keyword may stand over their border.
    #[test]
    fn keywords_over_the_border_of_blocks() {
        let fragments = Fragments::new(vec![keyword("refresh_token", true), keyword("://", false)]);
        for shift in 0..20 {
            let pad = BLOCK_BYTES - shift;
            let text = format!("{}Refresh_Token://", ".".repeat(pad));
            assert_eq!(found(&fragments, &text), [("://".into(), pad + 13), ("refresh_token".into(), pad)], "{shift}");
        }
    }

    #[test]
    fn no_keyword_is_nothing_to_find() {
        let fragments = Fragments::new(Vec::new());
        assert_eq!(found(&fragments, "anything"), []);
    }

    #[test]
    fn many_keywords_are_found_too() {
        let words: Vec<String> = (0..200).map(|i| format!("k{:03}{}z", i * 37 % 1000, ["Q", "w", "E"][i % 3])).collect();
        let fragments = Fragments::new(words.iter().map(|w| keyword(w, false)).collect());
        for word in &words {
            assert_eq!(found(&fragments, &format!("..{word}..")), [(word.clone(), 2)]);
        }
    }
}
