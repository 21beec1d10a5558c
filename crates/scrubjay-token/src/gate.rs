//! A cheap look at one run of the scanner: can [`analyze`](crate::analyze) find anything in it at all?
//!
//! Most runs of a log are paths, class names, digests, identifiers and images. Each look of `analyze` needs something to
//! begin with: an opening, the shape of a fragment, an escape, a stretch of base64 or hex that decodes to text or to an
//! opening. Here the same conditions are asked of the run's bytes alone, on masks of 64 bytes ([`Look`]), and nothing is
//! built. The answer may be yes for nothing; a no has to be right, to which the tests of `scrubjay-scrub`'s engine hold it.
//!
//! A token that runs over several lines is not seen whole here. It is enough that one of its runs says yes: the unit around
//! it is then analyzed as a whole. What does so: the run with the header; the first line of an encoded text; the first
//! line below `BEGIN … PRIVATE KEY`.

mod around;
mod glance;
mod quick;
mod shape;
mod sight;

use std::ops::Range;

use scrubjay_scan::{LIST_RUN_MIN, Look, Run, RunKind, Scanner, WORD_RUN_MIN};

pub use self::quick::Sighted;

use self::around::{
    begins_piece, ends_escaped_line, ends_line, has_name, has_private_key, is_above_key_end, is_behind_apart_head, is_behind_key_label,
    is_behind_loose_head, is_behind_other_word, is_below_key, is_interrupted, is_modulus, is_named, is_told_behind, is_wrapped_end,
    is_wrapped_shape, line_of,
};
use self::shape::{is_hyphenated, readable_skips, readable_starts};
use self::sight::Sight;
use crate::analyze::{DEPTH_MAX, is_readable, is_worth_a_look};
use crate::base64::{decode_into, is_base64};
use crate::escape_rows;
use crate::lists::{decode_hex, dumps, lists, lists_from};
use crate::notations::is_private_value;
use crate::objects::has_key_member;
use crate::pem::begins_key;
use crate::sd_jwt::has_disclosures;
use crate::survey::{has_lines, has_list};
use crate::torn::torn;
use crate::view::{escape_at, escaped_hidden_as, shows_as_nothing, unescaped, unquoted, visible};

/// Fewest numbers of a list that goes on in the next line.
const NUMBERS_MIN: usize = 8;
/// Shortest first line of a key's body that stands in a record of its own.
const KEY_LINE_CHARS_MIN: usize = 47;
/// Bytes that may be decoded, unescaped or looked through for each byte of a run, before it is let through: `analyze` has a
/// budget of its own. Each run has its own, so that the answer depends on nothing but bytes near it.
const WORK_PER_BYTE_MAX: usize = 16;
/// The same for a run of any length, in bytes: what lies around a short one.
const WORK_MIN: usize = 4096;

/// What a run of so many bytes may cost.
fn granted(bytes: usize) -> usize {
    bytes.saturating_mul(WORK_PER_BYTE_MAX).saturating_add(WORK_MIN)
}

/// What the questions about the surroundings of a run are asked for.
struct Signs {
    triple: bool,
    dot: bool,
    upper: bool,
    /// Nothing follows in its line ([`ends_line`]).
    goes_on: bool,
}

/// Judges the runs of blocks. Holds memory between calls, nothing else.
#[derive(Debug, Default)]
pub struct Gate {
    scanner: Scanner,
    looks: Vec<Look>,
    budget: usize,
    /// Bytes that were looked at so far: those of the runs, and those that the budgets have paid for.
    looked: usize,
    more: bool,
}

impl Gate {
    /// A gate that looks with this scanner's back end.
    #[must_use]
    pub fn new(scanner: Scanner) -> Self {
        Self { scanner, ..Self::default() }
    }

    /// Whether more lines may follow the texts that are shown from now on. At first: no.
    pub fn expect_more(&mut self, more: bool) {
        self.more = more;
    }

    fn begin(&mut self, bytes: usize) {
        self.budget = granted(bytes);
        self.looked = self.looked.saturating_add(bytes);
    }

    /// False where no token, whole or part of one, has any of its bytes in `run` of `text`: then nothing needs to be
    /// analyzed for its sake.
    ///
    /// `text` has to begin and end with lines; it is looked at up to the line above the run, for a key as far as its object.
    #[must_use]
    pub fn lets_through(&mut self, text: &[u8], run: &Run) -> bool {
        let range = run.start..run.end;
        let Some(bytes) = text.get(range.clone()) else { return true };
        self.begin(bytes.len());
        match run.kind {
            // Of rows of numbers that are too short for a run: they are judged.
            RunKind::List if bytes.len() < LIST_RUN_MIN => true,
            RunKind::List => is_list(text, range),
            RunKind::Word if is_short_and_wide(bytes) => false,
            RunKind::Word if escape_rows::is_short(bytes) => ends_in_row_of_escapes(text, &range),
            RunKind::Word if shape::tells(bytes) => true,
            RunKind::Word => {
                let goes_on = ends_line(text, &range);
                if let Some(glance) = self.scanner.glance(text, range.clone())
                    && glance::holds_nothing(bytes, &glance)
                {
                    let signs = Signs { triple: glance.triple != 0, dot: glance.dot != 0, upper: glance.upper != 0, goes_on };
                    let through = self.is_beside(text, &range, &signs, || glance::is_key_line(&glance));
                    debug_assert_eq!(through, self.is_told(text, range, goes_on));
                    return through;
                }
                self.is_told(text, range, goes_on)
            }
        }
    }

    /// The run, or what stands around it, may be of a token.
    fn is_told(&mut self, text: &[u8], run: Range<usize>, goes_on: bool) -> bool {
        let mut looks = std::mem::take(&mut self.looks);
        let sight = Sight::new(&text[run.clone()], self.scanner, &mut looks);
        let all = sight.all;
        let signs = Signs { triple: all.triple != 0, dot: all.dot != 0, upper: all.upper != 0, goes_on };
        let through = self.word(text, &run, &sight, goes_on)
            || self.is_beside(text, &run, &signs, || sight.is_key_line())
            || goes_on && (all.escape != 0 || sight.has_iv()) && is_wrapped_shape(sight.text);
        self.looks = looks;
        self.looked = self.looked.saturating_add(granted(run.len()) - self.budget);
        through || self.budget == 0
    }

    /// Something may be in the run itself.
    fn word(&mut self, text: &[u8], run: &Range<usize>, sight: &Sight<'_>, goes_on: bool) -> bool {
        self.holds(sight, DEPTH_MAX, goes_on)
            || sight.any_key_type(|at| has_private_key(text, run.start + at, &mut self.budget))
            || curve_at(sight.text).is_some_and(|at| has_private_key(text, run.start + at, &mut self.budget))
    }

    /// What stands around the run tells that it is of a token.
    fn is_beside(&self, text: &[u8], run: &Range<usize>, signs: &Signs, is_key_line: impl Fn() -> bool) -> bool {
        !is_behind_other_word(text, run) && is_told_before(text, run, signs)
            || is_told_behind(text, run)
            || signs.triple && is_behind_loose_head(text, run)
            || signs.upper
                && (is_above_key_end(text, run, signs.goes_on, self.more)
                    || is_behind_key_label(text, run)
                    || (signs.goes_on || is_key_line()) && is_below_key(text, run))
    }

    /// The run may hold something under up to `depth` layers of encoding. What `goes_on` in the next line has to be no
    /// more than readable: the names that tell what it is may be there.
    fn holds(&mut self, sight: &Sight<'_>, depth: usize, goes_on: bool) -> bool {
        sight.is_telling()
            || sight.has_shape()
            || (sight.all.upper != 0 || sight.has_others()) && has_disclosures(sight.text)
            || depth > 0
                && (self.has_part(sight, depth - 1, goes_on)
                    || sight.is_escaped() && self.is_escaped(sight, depth - 1, goes_on)
                    || sight.is_parted()
                    || sight.is_quoted() && unquoted(sight.text).is_some_and(|view| self.inner(&view.text, depth - 1)))
    }

    /// The same for a decoded text. It is no run of one class, so what its neighbours would have said is asked of it too.
    /// Decoded text is rare, so this may say yes too often.
    fn inner(&mut self, text: &[u8], depth: usize) -> bool {
        self.budget = self.budget.saturating_sub(text.len());
        if self.budget == 0 {
            return true;
        }
        let mut looks = Vec::new();
        let sight = Sight::new(text, self.scanner, &mut looks);
        let long_lines = || has_lines(text) && sight.any_long(|look| look.base64, |_| true);
        let numbers = || has_list(text) && lists(text).iter().chain(&dumps(text)).any(|n| is_worth_a_look(&n.bytes));
        let is_odd = || sight.all.odd != 0 || memchr::memchr(b'<', text).is_some();
        long_lines()
            || has_name(text)
            // In a text of its own, its values are runs.
            || depth < DEPTH_MAX && has_key_member(text)
            || self.holds(&sight, depth, false)
            || is_odd() && self.is_odd(text, depth)
            || numbers()
    }

    /// What shows as nothing is cut off at the end of the text, or hides something.
    fn is_odd(&mut self, text: &[u8], depth: usize) -> bool {
        text.last().is_some_and(|&b| shows_as_nothing(b))
            || depth > 0 && visible(text).is_some_and(|view| self.inner(&view.text, depth - 1))
    }

    fn is_escaped(&mut self, sight: &Sight<'_>, depth: usize, goes_on: bool) -> bool {
        let text = sight.text;
        let signs = || sight.bits(|look| look.escape).filter(|&at| text[at] != b'!');
        // Nobody needs to escape letters and digits: who does hides names, too, which stand in runs of their own.
        let needless = signs().filter_map(|at| escape_at(text, at));
        if needless.filter(|&(code, len)| len > 2 && u8::try_from(code).is_ok_and(|b| b.is_ascii_alphanumeric())).nth(1).is_some() {
            return true;
        }
        if signs().any(|at| is_parted_by_escape(text, at)) {
            return true;
        }
        let mut view = unescaped(text);
        if view.as_ref().is_some_and(|view| self.inner(&view.text, depth)) {
            return true;
        }
        // The other layers that it may be under, each of which gives a shorter text.
        let mut layers = depth;
        while let Some(text) = view.take().filter(|_| goes_on).map(|view| view.text) {
            if is_wrapped_shape(&text) {
                return true;
            }
            view = if layers > 0 { unescaped(&text) } else { None };
            layers = layers.saturating_sub(1);
        }
        false
    }

    /// A long part of the run decodes to something that may hold a token.
    fn has_part(&mut self, sight: &Sight<'_>, depth: usize, goes_on: bool) -> bool {
        if sight.all.upper != 0
            && sight.any_long(
                |look| look.base64,
                |part| {
                    if begins_key(&sight.text[part.clone()]) {
                        return true;
                    }
                    let goes_on = goes_on && !is_parameter(&sight.text[part.end..]) || ends_escaped_line(sight.text, part.end);
                    self.is_base64_of(&sight.text[part], depth, goes_on)
                },
            )
        {
            return true;
        }
        sight.all.text_digit != 0
            && sight.any_long(
                |look| look.hex,
                |digits| {
                    let goes_on = goes_on || ends_escaped_line(sight.text, digits.end);
                    self.is_hex_of(sight, digits, depth, goes_on)
                },
            )
            || sight.all.text_digit != 0
                && sight.has_hyphens()
                && sight.any_long(|look| look.base64, |part| is_hyphenated(&sight.text[part]))
    }

    /// The part is base64 of something that may hold a token: at its beginning at any alignment, or behind a slash. Openings
    /// further on are triples.
    fn is_base64_of(&mut self, part: &[u8], depth: usize, goes_on: bool) -> bool {
        let mut bytes = Vec::new();
        let mut decoded = |gate: &mut Self, chars: &[u8]| {
            bytes.clear();
            decode_into(chars, &mut bytes);
            goes_on || torn(&bytes).is_some() || gate.inner(&bytes, depth)
        };
        readable_starts(part).any(|start| decoded(self, &part[start..]))
    }

    /// The digits are hex of something that may hold a token.
    fn is_hex_of(&mut self, sight: &Sight<'_>, digits: Range<usize>, depth: usize, goes_on: bool) -> bool {
        let upper = sight.window(digits.start, |look| look.text_digit);
        let digits = &sight.text[digits];
        readable_skips(upper, digits).any(|skip| goes_on || self.inner(&decode_hex(&digits[skip..]), depth))
    }
}

/// What stands right before the run tells that it is of a token.
fn is_told_before(text: &[u8], run: &Range<usize>, signs: &Signs) -> bool {
    is_named(text, run.start)
        || is_private_value(text, run.start)
        || is_modulus(text, run)
        || is_interrupted(text, run.start)
        || is_behind_apart_head(text, run)
        || signs.dot && is_wrapped_end(text, run)
        || begins_piece(text, run.start)
}

/// A run of class L may be a list or a dump of a token, or the beginning of one.
fn is_list(text: &[u8], run: Range<usize>) -> bool {
    let list = &text[run.clone()];
    // A line end in escapes may be part of the run.
    let goes_on = ends_line(text, &run) || ends_escaped_line(text, run.end) || list.ends_with(b"\\n");
    let holds = |list: &[u8]| {
        // The shorter ones are none that are worth a look.
        let found = if goes_on { lists_from(list, NUMBERS_MIN) } else { lists(list) };
        found.iter().any(|numbers| is_worth_a_look(&numbers.bytes) || goes_on && is_readable(&numbers.bytes))
    };
    if holds(list) || dumps(line_of(text, &run)).iter().any(|numbers| is_worth_a_look(&numbers.bytes)) {
        return true;
    }
    // What shows as nothing, or escaped digits, between its numbers.
    let clear = visible(list);
    let list = clear.as_ref().map_or(list, |view| &view.text);
    let plain = unescaped(list);
    clear.is_some() && holds(list) || plain.is_some_and(|view| holds(&view.text))
}

/// The line of the run is a row of escapes that goes on in the next one, which is there.
fn ends_in_row_of_escapes(text: &[u8], run: &Range<usize>) -> bool {
    let line = line_of(text, run);
    let next = memchr::memchr(b'\n', &text[run.end..]).map_or(text.len(), |end| run.end + end + 1);
    next < text.len() && escape_rows::goes_on_in_escapes(line, Some(line_of(text, &(next..next))))
}

/// Where a short run has the name of a key's curve, which may be all that tells of a key whose type is cut away.
fn curve_at(run: &[u8]) -> Option<usize> {
    if run.len() < WORD_RUN_MIN { run.windows(3).position(|name| name == b"crv") } else { None }
}

/// A short run of UTF-16 that is there for its letter `t` only, and not for the name of a key's type.
fn is_short_and_wide(run: &[u8]) -> bool {
    let opens = |w: &[u8]| matches!(w, [b'e', b'y' | b'w', _] | b"kty" | b"crv" | b"wbr");
    run.len() < WORD_RUN_MIN && run.contains(&0) && !run.windows(5).any(|w| w == b"k\0t\0y") && !run.windows(3).any(opens)
}

/// `rest` of a run begins another parameter of a query string: what stands before it does not go on behind it.
fn is_parameter(rest: &[u8]) -> bool {
    matches!(rest, [b'&', name, ..] if name.is_ascii_alphabetic()) && !rest.iter().any(|b| b";%\\".contains(b))
}

/// Length of the base64 at `at`, counted no further than `most`.
fn part_len(text: &[u8], at: usize, most: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(most).take_while(|&&b| is_base64(b)).count()
}

/// What shows as nothing and is written in escapes parts two characters that belong together.
fn is_parted_by_escape(text: &[u8], at: usize) -> bool {
    if !matches!(text[at], b'%' | b'\\' | b'&') || at == 0 || text[at - 1] == b'\\' {
        return false;
    }
    let slashes = text[at..].iter().take_while(|&&b| b == b'\\').count();
    let goes_on = |at: usize| text.get(at).is_some_and(|&b| is_base64(b) || b"\\%&#;.=".contains(&b));
    goes_on(at - 1) && escaped_hidden_as(text, at, slashes).is_some_and(|(len, _)| goes_on(at + len))
}

/// The last bytes are those of a terminal's colour.
fn ends_colour(text: &[u8]) -> bool {
    matches!(text, [b'm' | b'K'] | [.., b'0'..=b'9' | b';', b'm' | b'K'])
}

enum Escape {
    /// It stands for a part of a token, for what may hide one, or for another escape.
    Telling,
    /// It stands for what parts the numbers of a list: one says nothing.
    Separator,
    /// It only parts what is looked at anyway.
    Nothing,
}

/// `named`: what [`has_name`] says of the text, once it was asked.
fn escape(text: &[u8], at: usize, named: &mut Option<bool>) -> Escape {
    let Some((code, len)) = escape_at(text, at) else { return Escape::Nothing };
    let Ok(byte) = u8::try_from(code) else { return Escape::Telling };
    let next = text.get(at + len).copied();
    let telling = match byte {
        b' ' | b',' | b':' | b';' | b'\n' | b'\t' => return Escape::Separator,
        b'\r' | b'/' | b'?' | b'@' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'>' | b'*' | b'|' | b'$' | b'^' | b'`' => false,
        // Padding, or the sign between a name and its value.
        b'=' => false,
        b'<' => matches!(next, Some(b'w' | b'W')),
        b'&' => matches!(next, Some(b'#' | b'%' | b'a' | b'\\')),
        b'"' | b'\'' => *named.get_or_insert_with(|| has_name(text)),
        // What is not ASCII may be the first byte of what shows as nothing, or a soft hyphen.
        _ => true,
    };
    if telling { Escape::Telling } else { Escape::Nothing }
}

#[cfg(test)]
mod tests;
