//! A rule as data.

use crate::mistake::{Mistake, Place};

/// Shortest keyword, in bytes. A shorter one would stop the search at every other word.
pub const KEYWORD_BYTES_MIN: usize = 3;
/// Longest keyword, in bytes.
pub(crate) const KEYWORD_BYTES_MAX: usize = 64;
/// Most keywords of a rule.
pub(crate) const KEYWORDS_MAX: usize = 64;
/// Longest id, in bytes: it stands in markers and metrics.
const ID_BYTES_MAX: usize = 64;

/// How one kind of credential is recognised. All fields are plain data; [`crate::RulePack::build`] checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Lower-case letters, digits and `-`; at most 64 bytes. It is what a marker shows.
    pub id: String,
    /// One line for people.
    pub description: String,
    /// Literal strings of at least [`KEYWORD_BYTES_MIN`] bytes; the rule is tried where one of them stands. Where the
    /// case does not count, words are found in lower case, in upper case, capitalised, and as written here.
    pub keywords: Vec<String>,
    /// Letters of keywords and expression stand for either case.
    pub ignore_case: bool,
    /// The expression, in the syntax of the crate `regex`, on bytes (`\w` and `\b` are ASCII). It has to match from the
    /// keyword on; what stands before can be asked for with `\b`, `^` or `\B` only. `%{is}` stands for what separates a
    /// name from its value (`=`, `: "`, `\":\"`, `%3D`, …). The secret is the group named `secret`, else the first group,
    /// else everything.
    pub regex: String,
    /// The secret has to look drawn at random: letters and digits, or letters whose case changes often.
    pub random: bool,
    /// Least Shannon entropy of the secret, in hundredths of a bit for each character.
    pub entropy_min: Option<u16>,
    /// What the secret has to fulfil by itself.
    pub checksum: Option<Checksum>,
    /// One of these words, in any case, stands before the keyword in the same line.
    pub before: Vec<String>,
    /// One of these parameters stands in the same query string or form (`name=`).
    pub with: Vec<String>,
    /// Whether it acts unless it is enabled by name.
    pub on: bool,
    /// Texts in which exactly what stands between `«` and `»` is found.
    pub fires: Vec<String>,
    /// Texts in which nothing is found.
    pub stays: Vec<String>,
    /// The file it comes from, for messages.
    pub file: String,
    /// Where it begins there.
    pub place: Option<Place>,
}

/// A test that a value carries in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The last six characters are the CRC-32 of the 30 before them in base62 (GitHub's tokens since 2021, npm's since 2021).
    Crc32Base62,
    /// Base64 of `user:password` (RFC 7617 §2): two texts, the second not empty.
    Basic,
}

impl Checksum {
    pub(crate) const NAMES: [(&'static str, Self); 2] = [("crc32-base62", Self::Crc32Base62), ("basic", Self::Basic)];
}

impl Rule {
    pub(crate) fn mistake(&self, what: impl Into<String>, remedy: impl Into<String>) -> Mistake {
        let rule = if self.id.is_empty() { None } else { Some(self.id.clone()) };
        Mistake { file: self.file.clone(), place: self.place, rule, what: what.into(), remedy: remedy.into() }
    }

    /// What is wrong with everything but the expression.
    pub(crate) fn mistakes(&self, found: &mut Vec<Mistake>) {
        let is_id = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.id.is_empty() || self.id.len() > ID_BYTES_MAX || !self.id.bytes().all(is_id) {
            found.push(self.mistake("has no id that can stand in a marker", "give it 1 to 64 lower-case letters, digits and \"-\""));
        }
        if self.keywords.is_empty() {
            found.push(self.mistake("has no keyword", "name at least one literal string with which every match begins"));
        }
        if self.keywords.len() > KEYWORDS_MAX {
            found.push(self.mistake(format!("has {} keywords, at most {KEYWORDS_MAX} can be", self.keywords.len()), "write several rules"));
        }
        for keyword in &self.keywords {
            if keyword.len() < KEYWORD_BYTES_MIN || keyword.len() > KEYWORD_BYTES_MAX || keyword.contains('\n') {
                let what = format!("has the keyword {keyword:?}");
                found.push(self.mistake(what, "a keyword is 3 to 64 bytes long and without a line end"));
            }
        }
    }
}
