//! The first stage: for each keyword the four bytes of it that are rarest in log text, searched for with SIMD over the
//! whole block (`scrubjay_scan::Needles`). What such a place is worth is asked of the keywords that have these bytes.

use std::collections::BTreeSet;

use scrubjay_scan::{NEEDLE_BYTES, Needle, Needles};

/// Bytes that are searched at a time: it bounds the list of candidates.
const BLOCK_BYTES: usize = 64 * 1024;
/// Bytes of a fragment that it is looked up by, where the keyword has as many.
const HEAD_BYTES: usize = 4;
/// Places of the table of fragments, a power of two: small enough for the first-level cache, so large that few are taken.
const SLOTS: usize = 8192;
/// How many ways to spread the fragments over the table are tried.
const SPREADS: u32 = 64;

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
    /// How heads are spread over `slots`.
    spread: Spread,
    /// By the hash of a fragment's head: 0, or one more than the index of its list in `lists`. An array: no index needs a check.
    slots: Box<[u8; SLOTS]>,
    /// The fragments' places in keywords.
    lists: Vec<Vec<Part>>,
}

/// A fragment's place in a keyword, and how that begins: many keywords share a fragment (`oken`), and most that have one are
/// told from the text by that.
#[derive(Clone, Copy, Debug)]
struct Part {
    keyword: usize,
    offset: usize,
    /// The first bytes of the keyword; letters are small where their case does not count.
    begins: u64,
    /// The bits that make such letters small.
    small: u64,
    /// The bits that count: of a short keyword not all.
    counts: u64,
}

impl Part {
    fn new(index: usize, keyword: &Keyword, offset: usize) -> Self {
        let bytes = |byte: &dyn Fn(u8) -> u8| {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(&keyword.text).for_each(|(to, &b)| *to = byte(b));
            u64::from_le_bytes(bytes)
        };
        let small = bytes(&|b| if keyword.ignore_case && b.is_ascii_alphabetic() { 0x20 } else { 0 });
        Self { keyword: index, offset, begins: bytes(&|b| b) | small, small, counts: bytes(&|_| 0xff) }
    }

    /// False where the keyword does not stand at `start`.
    #[inline]
    fn may_stand_at(&self, text: &[u8], start: usize) -> bool {
        let Some(there) = text.get(start..).and_then(<[u8]>::first_chunk) else { return true };
        (u64::from_le_bytes(*there) | self.small) & self.counts == self.begins
    }
}

impl Fragments {
    pub(crate) fn new(keywords: Vec<Keyword>) -> Self {
        let offsets = |k: &Keyword| 0..=k.text.len().saturating_sub(NEEDLE_BYTES);
        let choices: Vec<Vec<Needle>> = keywords.iter().map(|k| offsets(k).map(|offset| k.needle(offset)).collect()).collect();
        let (needles, chosen) = Needles::of_choices(&choices);
        let heads =
            || keywords.iter().zip(&chosen).map(|(keyword, &offset)| (head(&keyword.text, offset), keyword.text.len() < HEAD_BYTES));
        let spread = Spread::of(&heads().collect());
        let mut slots = Box::new([0u8; SLOTS]);
        let mut lists: Vec<Vec<Part>> = Vec::new();
        for (index, ((keyword, &offset), (head, short))) in keywords.iter().zip(&chosen).zip(heads()).enumerate() {
            let Some(slot) = slots.get_mut(spread.hash(head, short)) else { continue };
            if *slot == 0 && lists.len() < usize::from(u8::MAX) {
                lists.push(Vec::new());
                *slot = u8::try_from(lists.len()).unwrap_or(u8::MAX);
            }
            // More fragments than a byte can number share the last list: slower, and still right.
            let list = if *slot == 0 { u8::MAX } else { *slot };
            *slot = list;
            if let Some(list) = lists.get_mut(usize::from(list) - 1) {
                list.push(Part::new(index, keyword, offset));
            }
        }
        Self { needles, keywords, spread, slots, lists }
    }

    /// Calls `found` with each keyword of `text` and its place. The places of one keyword ascend.
    pub(crate) fn each(&self, text: &[u8], candidates: &mut Vec<usize>, mut found: impl FnMut(&Keyword, usize)) {
        let mut from = 0;
        while from < text.len() {
            let to = text.len().min(from + BLOCK_BYTES);
            // What begins in this block may end behind it.
            let block = text.get(from..text.len().min(to + NEEDLE_BYTES - 1)).unwrap_or_default();
            candidates.clear();
            self.needles.candidates(block, candidates);
            // Nine of ten candidates are none. Which ones cannot be foreseen, so nothing branches on it.
            let mut kept = 0;
            for i in 0..candidates.len() {
                let at = candidates.get(i).copied().unwrap_or(0);
                let head = head(block, at);
                let is_taken = self.slot(head, false) | self.slot(head, true) != 0;
                if let Some(place) = candidates.get_mut(kept) {
                    *place = at;
                }
                kept += usize::from(is_taken);
            }
            candidates.truncate(kept);
            for at in candidates.iter().map(|at| from + at).take_while(|&at| at < to) {
                self.keywords_at(text, at, &mut found);
            }
            from = to;
        }
    }

    #[inline]
    fn slot(&self, head: u32, three: bool) -> u8 {
        self.slots.get(self.spread.hash(head, three)).copied().unwrap_or(0)
    }

    fn keywords_at(&self, text: &[u8], at: usize, found: &mut impl FnMut(&Keyword, usize)) {
        let head = head(text, at);
        let (long, short) = (self.slot(head, false), self.slot(head, true));
        for slot in [long, if short == long { 0 } else { short }] {
            let list = usize::from(slot).checked_sub(1).and_then(|list| self.lists.get(list));
            for part in list.into_iter().flatten() {
                let Some(start) = at.checked_sub(part.offset) else { continue };
                if !part.may_stand_at(text, start) {
                    continue;
                }
                if let Some(keyword) = self.keywords.get(part.keyword).filter(|k| k.stands_at(text, start)) {
                    found(keyword, start);
                }
            }
        }
    }
}

/// The bytes from `at` on, in which the case of letters does not count.
#[inline]
fn head(text: &[u8], at: usize) -> u32 {
    let four = text.get(at..at + HEAD_BYTES).and_then(<[u8]>::first_chunk).map_or_else(|| last_head(text, at), |four| *four);
    u32::from_le_bytes(four) | 0x2020_2020
}

/// Where the text ends before it has as many: filled up with zeros.
#[cold]
fn last_head(text: &[u8], at: usize) -> [u8; HEAD_BYTES] {
    std::array::from_fn(|i| text.get(at + i).copied().unwrap_or(0))
}

/// A way to spread heads over the table. Where two heads share a slot, each place of one costs a look at every keyword of the other:
/// `://` shared one with `oken`, which many keywords have.
#[derive(Clone, Copy)]
struct Spread(u32);

impl Spread {
    /// The one that lets fewest of these heads share a slot: none, unless there are many. With each, whether it is three bytes long.
    fn of(heads: &BTreeSet<(u32, bool)>) -> Self {
        let shared = |spread: &Self| {
            let slots: BTreeSet<usize> = heads.iter().map(|&(head, short)| spread.hash(head, short)).collect();
            heads.len() - slots.len()
        };
        // Odd multipliers: none of them loses a bit.
        let spreads = (0..SPREADS).map(|i| Self(0x27d4_eb2f_u32.wrapping_mul(2 * i + 1)));
        let mut best = (usize::MAX, Self(1));
        for spread in spreads {
            let shared = shared(&spread);
            if shared < best.0 {
                best = (shared, spread);
            }
            if shared == 0 {
                break;
            }
        }
        best.1
    }

    /// Of a head, or of its first three bytes.
    #[inline]
    fn hash(self, head: u32, three: bool) -> usize {
        // The upper bits of the product depend on all bytes.
        let bytes = if three { head & 0x00ff_ffff } else { head };
        (bytes.wrapping_mul(self.0) >> 19) as usize % SLOTS
    }
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
    fn fragments_of_the_pack_share_no_slot() {
        let pack = crate::RulePack::builtin();
        let fragments = pack.fragments();
        let heads: BTreeSet<(u32, bool)> = fragments
            .lists
            .iter()
            .flatten()
            .map(|part| (&fragments.keywords[part.keyword].text, part.offset))
            .map(|(text, offset)| (head(text, offset), text.len() < HEAD_BYTES))
            .collect();
        assert_eq!(fragments.lists.len(), heads.len());
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
