//! A rule's expression, made ready to run: one automaton for "does it match here, and how far was looked", one for groups.

use std::ops::Range;

use regex_automata::dfa::onepass;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::backtrack::{self, BoundedBacktracker};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, PatternID};

use crate::mistake::Mistake;
use crate::rule::Rule;

/// Largest automaton of an expression, in bytes of memory.
const NFA_BYTES_MAX: usize = 512 * 1024;
/// Memory of a lazy automaton's cache, in bytes. When it is full it is begun again.
const CACHE_BYTES_MAX: usize = 1024 * 1024;
/// Largest one-pass automaton, in bytes.
const ONE_PASS_BYTES_MAX: usize = 512 * 1024;
/// Memory for marks of the backtracker, in bits divided by eight.
const VISITED_BYTES_MAX: usize = 128 * 1024;
/// Longest expression, in bytes.
const REGEX_BYTES_MAX: usize = 4096;

/// What stands between a name and its value: quotes (escaped or not) that close the name, `=`, `:`, `=>` or their percent
/// encodings, a bracket of a list, quotes that open the value.
const IS: &str = r#"(?:\\*["'\]]|%22){0,2}[ \t]?(?:=>|:=|[=:]|%3[AaDd])[ \t]?\[?(?:b?\\*["'\[]|%22|\\u0022){0,2}"#;

/// A compiled expression.
pub(crate) struct Matcher {
    dfa: DFA,
    /// Groups in one pass, ten times as fast, for the many expressions that are never of two minds.
    one_pass: Option<onepass::DFA>,
    groups: BoundedBacktracker,
    /// Where the backtracker has not enough marks: slower, but without a limit.
    long: PikeVM,
    /// The group that is the secret.
    secret: usize,
}

/// Memory that a matcher needs, kept from one attempt to the next.
pub(crate) struct Cache {
    dfa: dfa::Cache,
    one_pass: Option<onepass::Cache>,
    groups: backtrack::Cache,
    slots: Vec<Option<NonMaxUsize>>,
}

/// What an attempt came to.
pub(crate) struct Attempt {
    /// The end of the match.
    pub(crate) end: Option<usize>,
    /// Bytes that were looked at.
    pub(crate) looked: usize,
}

impl Matcher {
    pub(crate) fn new(rule: &Rule) -> Result<Self, Mistake> {
        if rule.regex.is_empty() {
            return Err(rule.mistake("has no regex", "write the expression that begins with the keyword"));
        }
        if rule.regex.len() > REGEX_BYTES_MAX {
            return Err(rule.mistake("has a regex of more than 4096 bytes", "write several rules"));
        }
        let text = rule.regex.replace("%{is}", IS);
        let config = syntax::Config::new().unicode(false).utf8(false).case_insensitive(rule.ignore_case).nest_limit(64);
        let hir =
            syntax::parse_with(&text, &config).map_err(|e| rule.mistake(format!("has a regex that cannot be read: {}", line(&e)), HELP))?;
        // Also `None`: it can match nothing at all.
        if hir.properties().minimum_len().is_none_or(|len| len == 0) {
            return Err(rule.mistake("has a regex that matches the empty string, or nothing", "let it begin with the keyword"));
        }
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(NFA_BYTES_MAX)))
            .build_from_hir(&hir)
            .map_err(|e| too_large(rule, &line(&e)))?;
        Self::of_nfa(nfa).map_err(|what| too_large(rule, &what))
    }

    fn of_nfa(nfa: NFA) -> Result<Self, String> {
        let dfa = DFA::builder()
            .configure(DFA::config().cache_capacity(CACHE_BYTES_MAX).skip_cache_capacity_check(true))
            .build_from_nfa(nfa.clone())
            .map_err(|e| line(&e))?;
        let groups = BoundedBacktracker::builder()
            .configure(BoundedBacktracker::config().visited_capacity(VISITED_BYTES_MAX))
            .build_from_nfa(nfa.clone())
            .map_err(|e| line(&e))?;
        let one_pass =
            onepass::Builder::new().configure(onepass::Config::new().size_limit(Some(ONE_PASS_BYTES_MAX))).build_from_nfa(nfa.clone()).ok();
        let info = nfa.group_info();
        let last = info.group_len(PatternID::ZERO).saturating_sub(1);
        let secret = info.to_index(PatternID::ZERO, "secret").unwrap_or(last.min(1));
        let long = PikeVM::builder().build_from_nfa(nfa).map_err(|e| line(&e))?;
        Ok(Self { dfa, one_pass, groups, long, secret })
    }

    pub(crate) fn cache(&self) -> Cache {
        Cache {
            dfa: self.dfa.create_cache(),
            one_pass: self.one_pass.as_ref().map(onepass::DFA::create_cache),
            groups: self.groups.create_cache(),
            slots: vec![None; 2 * (self.secret + 1)],
        }
    }

    /// Matches from the beginning of `window` on and within it. What stands around it counts for `\b`.
    pub(crate) fn attempt(&self, cache: &mut Cache, text: &[u8], window: Range<usize>) -> Attempt {
        let cache = &mut cache.dfa;
        let full = Attempt { end: None, looked: window.len() };
        let input = Input::new(text).span(window.clone()).anchored(Anchored::Yes);
        let Ok(mut state) = self.dfa.start_state_forward(cache, &input) else { return full };
        let mut end = None;
        let mut at = window.start;
        for &byte in text.get(window.clone()).unwrap_or_default() {
            let Ok(next) = self.dfa.next_state(cache, state, byte) else { return full };
            state = next;
            // A match is seen one byte late.
            if state.is_match() {
                end = Some(at);
            } else if state.is_dead() || state.is_quit() {
                return Attempt { end, looked: at + 1 - window.start };
            }
            at += 1;
        }
        let last = match text.get(at) {
            Some(&byte) => self.dfa.next_state(cache, state, byte),
            None => self.dfa.next_eoi_state(cache, state),
        };
        if last.is_ok_and(|state| state.is_match()) {
            end = Some(at);
        }
        Attempt { end, looked: window.len() + 1 }
    }

    /// The secret of a match that an attempt found.
    pub(crate) fn secret(&self, cache: &mut Cache, text: &[u8], found: Range<usize>) -> Option<Range<usize>> {
        if self.secret == 0 {
            return Some(found);
        }
        let input = Input::new(text).span(found).anchored(Anchored::Yes);
        let one_pass = self.one_pass.as_ref().zip(cache.one_pass.as_mut());
        let done = match one_pass {
            Some((one_pass, memory)) => one_pass.try_search_slots(memory, &input, &mut cache.slots).is_ok(),
            None => self.groups.try_search_slots(&mut cache.groups, &input, &mut cache.slots).is_ok(),
        };
        if !done {
            self.long.search_slots(&mut self.long.create_cache(), &input, &mut cache.slots);
        }
        let slot = |at: usize| cache.slots.get(at).copied().flatten().map(|at| at.get());
        let span = slot(2 * self.secret)?..slot(2 * self.secret + 1)?;
        (span.start < span.end).then_some(span)
    }
}

const HELP: &str = "the syntax is that of the crate regex, without look-around and back-references; \\w and \\b are ASCII";

fn too_large(rule: &Rule, what: &str) -> Mistake {
    rule.mistake(format!("has a regex that is too large: {what}"), "use fewer counted repetitions: x{16,} instead of x{16,2000}")
}

/// An error of several lines (with the expression and a pointer) as one.
fn line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("");
    last.trim().trim_start_matches("error: ").to_owned()
}
