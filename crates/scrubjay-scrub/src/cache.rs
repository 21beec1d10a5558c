//! What was decided of tokens that come again and again: a client sends the same token with every request.
//!
//! An entry holds the finished marker and what statistics need. It holds nothing of the token, and nothing sealed. Its key
//! is 128 bits of a hash keyed at random for each cache, over the token's exact bytes and all else that the marker depends
//! on (`SipHash`-1-3; whoever writes logs cannot aim at an entry without the key). A token is admitted when it is seen
//! for the second time, so that tokens that come once push nothing out.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::marker::Place;
use crate::policy::Told;
use crate::sealing::Sealing;
use crate::site::Site;

/// Entries: a power of two. Two places for each; a newcomer takes that of whoever stands in the first, if both are taken.
const ENTRIES: usize = 4096;
/// Memory that all markers of a cache may take, in bytes.
pub(crate) const MARKERS_BYTES_MAX: usize = 1024 * 1024;
/// Longest marker that is kept, in bytes.
const MARKER_BYTES_MAX: usize = 2048;

/// A finished decision.
#[derive(Clone)]
pub(crate) struct Known {
    /// The marker as it is written.
    pub(crate) marker: Box<[u8]>,
    pub(crate) told: Told,
    /// The whole marker, where the policy asks for a field of the record to say it.
    pub(crate) story: Option<Box<[u8]>>,
    /// What is sealed with it, anew each time: a cache that held sealed bytes would give equal ones for equal tokens.
    pub(crate) sealing: Option<Sealing>,
}

#[cfg(test)]
impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        (&self.marker, self.told, &self.story) == (&other.marker, other.told, &other.story)
    }
}

#[cfg(test)]
impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.marker))
    }
}

impl Known {
    fn bytes(&self) -> usize {
        self.marker.len() + self.story.as_ref().map_or(0, |story| story.len()) + self.sealing.as_ref().map_or(0, Sealing::bytes)
    }
}

/// The key of an entry. Equal keys mean equal tokens in equal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u128);

impl Tag {
    fn places(self) -> [usize; 2] {
        let first = self.0 as usize % ENTRIES;
        [first, first ^ 1]
    }
}

struct Entry {
    tag: Tag,
    known: Known,
}

/// Decisions by token. One for each engine, so one for each policy and fingerprint key.
pub(crate) struct Cache {
    secret: [u8; 16],
    entries: Vec<Option<Entry>>,
    /// Tags that were seen once, at the same places.
    seen: Vec<u64>,
    bytes: usize,
}

impl Cache {
    /// An empty cache. `None`: the system has no random numbers, and without a secret there is no cache.
    pub(crate) fn new() -> Option<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).ok()?;
        Some(Self::with_secret(secret))
    }

    fn with_secret(secret: [u8; 16]) -> Self {
        Self { secret, entries: std::iter::repeat_with(|| None).take(ENTRIES).collect(), seen: vec![0; ENTRIES], bytes: 0 }
    }

    /// The key of a token that stands there. Policy and fingerprint key are the cache's own: with another one begins another
    /// cache.
    pub(crate) fn tag(&self, token: &[u8], site: &Site<'_>) -> Tag {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        hasher.write_u8(u8::from(site.place == Place::Short));
        hasher.write_u8(site.named.map_or(u8::MAX, |class| class as u8));
        hasher.write_u64(site.source.len() as u64);
        hasher.write(site.source.as_bytes());
        hasher.write(token);
        Tag(hasher.finish128().as_u128())
    }

    pub(crate) fn get(&self, tag: Tag) -> Option<&Known> {
        let mut entries = tag.places().into_iter().filter_map(|place| self.entries.get(place)?.as_ref());
        entries.find(|entry| entry.tag == tag).map(|entry| &entry.known)
    }

    /// Tells of a decision; it is kept if it is the second one of this tag.
    pub(crate) fn put(&mut self, tag: Tag, known: impl FnOnce() -> Known) {
        let [first, second] = tag.places();
        // 64 bits that the place is no part of: a mistake here costs an entry, nothing else.
        let mark = (tag.0 >> 64) as u64;
        if !self.seen_before(first, second, mark) || self.get(tag).is_some() {
            return;
        }
        let is_free = |place: usize| self.entries.get(place).is_some_and(Option::is_none);
        let place = if !is_free(first) && is_free(second) { second } else { first };
        let Some(place) = self.entries.get_mut(place) else { return };
        let before = place.take().map_or(0, |entry| entry.known.bytes());
        self.bytes -= before;
        let known = known();
        let bytes = known.bytes();
        if bytes <= MARKER_BYTES_MAX && self.bytes + bytes <= MARKERS_BYTES_MAX {
            self.bytes += bytes;
            *place = Some(Entry { tag, known });
        }
    }

    /// True where the mark stands at one of two places. Otherwise it does from now on, and the one that came before it as well.
    fn seen_before(&mut self, first: usize, second: usize, mark: u64) -> bool {
        let seen = |place: usize| self.seen.get(place).copied().unwrap_or_default();
        let earlier = seen(first);
        if earlier == mark || seen(second) == mark {
            return true;
        }
        for (place, mark) in [(first, mark), (second, earlier)] {
            if let Some(seen) = self.seen.get_mut(place) {
                *seen = mark;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use scrubjay_token::Class;

    use super::*;

    fn known(marker: &str) -> Known {
        Known { marker: marker.as_bytes().into(), told: Told { class: Class::Access, alg: "RS256" }, story: None, sealing: None }
    }

    #[test]
    fn the_second_sight_admits() {
        let mut cache = Cache::with_secret([1; 16]);
        let tag = cache.tag(b"token", &Site::of("app"));
        cache.put(tag, || known("a"));
        assert_eq!(cache.get(tag), None);
        cache.put(tag, || known("a"));
        assert_eq!(cache.get(tag), Some(&known("a")));
        assert_eq!(
            cache.get(cache.tag(b"token", &Site { place: Place::Short, ..Site::of("app") })),
            None,
            "another place is another marker"
        );
        assert_eq!(cache.get(cache.tag(b"token", &Site::of("other"))), None, "another source may have another policy");
        let named = Site::of("app").behind(b"id_token=");
        assert_eq!(cache.get(cache.tag(b"token", &named)), None, "another name may give another class");
        assert_eq!(cache.get(cache.tag(b"tokem", &Site::of("app"))), None);
    }

    /// Tokens in one place, which 64 bits of equal tags would be too: two are kept there, and none gets another's marker.
    #[test]
    fn a_collision_gives_nobody_the_other_marker() {
        let mut cache = Cache::with_secret([1; 16]);
        let [a, b, c] = [1, 2, 3].map(|n| Tag(7 + (n << 12) + (n << 64)));
        let same_upper_half = Tag(7 + (4 << 12) + (1 << 64));
        assert!(a.places() == b.places() && b.places() == c.places());
        for (tag, marker) in [(a, "a"), (b, "b"), (c, "c")] {
            cache.put(tag, || known(marker));
            assert_eq!((cache.get(tag), cache.get(same_upper_half)), (None, None));
            cache.put(tag, || known(marker));
            assert_eq!(cache.get(tag), Some(&known(marker)));
        }
        assert_eq!((cache.get(a), cache.get(b)), (None, Some(&known("b"))));
    }

    #[test]
    fn a_flood_stays_within_the_limit_and_a_single_sight_pushes_nothing_out() {
        let mut cache = Cache::with_secret([1; 16]);
        let tag = cache.tag(b"kept", &Site::of("app"));
        cache.put(tag, || known("kept"));
        cache.put(tag, || known("kept"));
        for n in 0..100_000_u32 {
            cache.put(cache.tag(&n.to_be_bytes(), &Site::of("app")), || known("once"));
        }
        assert_eq!(cache.get(tag), Some(&known("kept")));
        for n in 0..20_000_u32 {
            let tag = cache.tag(&n.to_be_bytes(), &Site::of("app"));
            for _ in 0..2 {
                cache.put(tag, || known(&"m".repeat(1000)));
            }
            assert!(cache.bytes <= MARKERS_BYTES_MAX);
        }
        let held: usize = cache.entries.iter().flatten().map(|e| e.known.bytes()).sum();
        assert_eq!(held, cache.bytes);
        let tag = cache.tag(b"large", &Site::of("app"));
        for _ in 0..2 {
            cache.put(tag, || known(&"m".repeat(MARKER_BYTES_MAX + 1)));
        }
        assert_eq!(cache.get(tag), None);
    }

    #[test]
    fn the_key_is_random() {
        let (a, b) = (Cache::new().unwrap(), Cache::new().unwrap());
        assert_ne!(a.tag(b"token", &Site::of("app")), b.tag(b"token", &Site::of("app")));
    }
}
