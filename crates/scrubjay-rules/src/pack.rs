//! The rules that act, ready to search.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crate::compile::Matcher;
use crate::fragments::{Fragments, Keyword};
use crate::mistake::Mistake;
use crate::parse::parse;
use crate::rule::Rule;
use crate::search::{self, Hit, LineWords, Scratch};

/// The rules that are built in, the more particular ones first: where two overlap, the first one gives the name.
const FILES: [(&str, &str); 8] = [
    ("rules/code.yaml", include_str!("../rules/code.yaml")),
    ("rules/cloud.yaml", include_str!("../rules/cloud.yaml")),
    ("rules/services.yaml", include_str!("../rules/services.yaml")),
    ("rules/payment.yaml", include_str!("../rules/payment.yaml")),
    ("rules/keys.yaml", include_str!("../rules/keys.yaml")),
    ("rules/oauth.yaml", include_str!("../rules/oauth.yaml")),
    ("rules/http.yaml", include_str!("../rules/http.yaml")),
    ("rules/guess.yaml", include_str!("../rules/guess.yaml")),
];
/// Most rules of a pack.
const RULES_MAX: usize = 1024;
/// Most keywords that rules which are added may have together: each one slows the search for all of them.
const ADDED_KEYWORDS_MAX: usize = 2048;
/// Memory of searches that is kept for the next ones: one for each thread that is at work, and no more than that.
const SCRATCH_MAX: usize = 64;

/// Which rules act. The default is every rule that is built in and on by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids of rules that do not act.
    pub silence: Vec<String>,
    /// Ids of rules that act although they are off by default.
    pub enable: Vec<String>,
    /// Rules beside those that are built in. Where one overlaps with a built-in rule, it gives the name.
    pub add: Vec<Rule>,
}

/// Rules, compiled. Cheap to share, searched by any number of threads.
pub struct RulePack {
    rules: Vec<Rule>,
    /// Built-in expressions are compiled when their keyword is first met: most never are.
    matchers: Vec<OnceLock<Option<Matcher>>>,
    fragments: Fragments,
    scratch: Mutex<Vec<Scratch>>,
}

impl fmt::Debug for RulePack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RulePack").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// Every rule that is built in, on by default or not, in the order of the pack.
#[must_use]
pub fn builtin_rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let read = FILES.iter().map(|(file, text)| parse(file, text));
        debug_assert!(read.clone().all(|r| r.is_ok()), "a built-in rule file cannot be read: run the tests of scrubjay-rules");
        read.flatten().flatten().collect()
    });
    &RULES
}

impl RulePack {
    /// The rules that are built in and on by default. Made once for the process.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static PACK: LazyLock<Arc<RulePack>> = LazyLock::new(|| {
            let built = RulePack::build(&Selection::default());
            debug_assert!(built.is_ok(), "the built-in rules do not compile: run the tests of scrubjay-rules");
            Arc::new(built.unwrap_or_else(|_| RulePack::none()))
        });
        Arc::clone(&PACK)
    }

    /// No rule at all.
    #[must_use]
    pub fn none() -> Self {
        Self { rules: Vec::new(), matchers: Vec::new(), fragments: Fragments::new(Vec::new()), scratch: Mutex::default() }
    }

    /// The rules of a selection.
    ///
    /// # Errors
    /// Every mistake in the rules that are added, and every id that is not known.
    pub fn build(selection: &Selection) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        check_ids(selection, &mut mistakes);
        let has = |list: &[String], rule: &Rule| list.contains(&rule.id);
        let all = selection.add.iter().chain(builtin_rules());
        let acts = |rule: &&Rule| (rule.on || has(&selection.enable, rule)) && !has(&selection.silence, rule);
        let rules: Vec<Rule> = all.filter(acts).cloned().collect();
        let matchers: Vec<OnceLock<Option<Matcher>>> = rules.iter().map(|_| OnceLock::new()).collect();
        for rule in &selection.add {
            let before = mistakes.len();
            rule.mistakes(&mut mistakes);
            match Matcher::new(rule) {
                Ok(matcher) => {
                    if let Some(slot) = rules.iter().position(|r| r.id == rule.id).and_then(|at| matchers.get(at)) {
                        let _ = slot.set(Some(matcher));
                    }
                }
                Err(mistake) => mistakes.push(mistake),
            }
            if mistakes.len() > before {
                continue;
            }
            if let Err(mistake) = try_examples(rule) {
                mistakes.push(mistake);
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let fragments = Fragments::new(keywords(&rules));
        Ok(Self { rules, matchers, fragments, scratch: Mutex::default() })
    }

    /// The rules that act, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Appends the credentials of `text`, in order and without overlap. `text` is any number of lines, the last one with or
    /// without its line end; no hit crosses a line end.
    pub fn find(&self, text: &[u8], found: &mut Vec<Hit>) {
        self.find_counted(text, found);
    }

    /// As [`RulePack::find`], of a text that goes on a line of which `words` knows the beginning, and where others have found
    /// something already: what `taken` covers (in order, without overlap) is theirs. It saves reading long tokens once more
    /// for each name that stands before them.
    pub fn find_in_line(&self, text: &[u8], taken: &[Range<usize>], words: &LineWords, found: &mut Vec<Hit>) {
        self.search(text, taken, words, found);
    }

    /// As [`RulePack::find`]; tells how many bytes the expressions looked at, for tests and benches.
    #[doc(hidden)]
    pub fn find_counted(&self, text: &[u8], found: &mut Vec<Hit>) -> u64 {
        self.search(text, &[], &LineWords::default(), found)
    }

    fn search(&self, text: &[u8], taken: &[Range<usize>], words: &LineWords, found: &mut Vec<Hit>) -> u64 {
        let pool = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = pool().pop().unwrap_or_default();
        let looked = search::find(self, text, taken, words, &mut scratch, found);
        let mut pool = pool();
        if pool.len() < SCRATCH_MAX {
            pool.push(scratch);
        }
        looked
    }

    pub(crate) fn fragments(&self) -> &Fragments {
        &self.fragments
    }

    pub(crate) fn matcher(&self, rule: usize) -> Option<&Matcher> {
        let rule_of = |index: usize| self.rules.get(index);
        self.matchers.get(rule)?.get_or_init(|| rule_of(rule).and_then(|r| Matcher::new(r).ok())).as_ref()
    }
}

/// Keywords with the rules that begin with them; one that several rules share is there once.
fn keywords(rules: &[Rule]) -> Vec<Keyword> {
    let mut all: BTreeMap<(Vec<u8>, bool), Vec<usize>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for keyword in &rule.keywords {
            all.entry((keyword.clone().into_bytes(), rule.ignore_case)).or_default().push(index);
        }
    }
    all.into_iter().map(|((text, ignore_case), rules)| Keyword { text, ignore_case, rules }).collect()
}

fn check_ids(selection: &Selection, mistakes: &mut Vec<Mistake>) {
    let known = |id: &String| builtin_rules().iter().chain(&selection.add).any(|r| &r.id == id);
    for (list, verb) in [(&selection.silence, "silenced"), (&selection.enable, "enabled")] {
        for id in list.iter().filter(|id| !known(id)) {
            mistakes.push(Mistake {
                file: String::new(),
                place: None,
                rule: None,
                what: format!("no rule has the id {id:?} that is to be {verb}"),
                remedy: "`scrubjay rules` lists them".to_owned(),
            });
        }
    }
    for id in selection.enable.iter().filter(|id| selection.silence.contains(id)) {
        let what = format!("the rule {id:?} is both enabled and silenced");
        mistakes.push(Mistake { file: String::new(), place: None, rule: None, what, remedy: "choose one of them".to_owned() });
    }
    for (at, rule) in selection.add.iter().enumerate() {
        if builtin_rules().iter().any(|r| r.id == rule.id) {
            mistakes.push(
                rule.mistake(
                    "has the id of a rule that is built in",
                    "choose another id, and silence the built-in rule if yours replaces it",
                ),
            );
        } else if selection.add.iter().take(at).any(|r| r.id == rule.id) {
            mistakes.push(rule.mistake("has an id that another rule has", "choose another id"));
        }
    }
    let keywords: usize = selection.add.iter().map(|rule| rule.keywords.len()).sum();
    if keywords > ADDED_KEYWORDS_MAX {
        let what = format!("the rules that are added have {keywords} keywords, at most {ADDED_KEYWORDS_MAX} can be");
        mistakes.push(Mistake { file: String::new(), place: None, rule: None, what, remedy: "use fewer".to_owned() });
    }
    if selection.add.len() > RULES_MAX {
        let what = format!("{} rules are added, at most {RULES_MAX} can be", selection.add.len());
        mistakes.push(Mistake { file: String::new(), place: None, rule: None, what, remedy: "use fewer".to_owned() });
    }
}

/// Runs a rule's own examples, alone.
///
/// # Errors
/// The first example that does not come out as it says.
pub(crate) fn try_examples(rule: &Rule) -> Result<(), Mistake> {
    let fragments = Fragments::new(keywords(std::slice::from_ref(rule)));
    let pack = RulePack { rules: vec![rule.clone()], matchers: vec![OnceLock::new()], fragments, scratch: Mutex::default() };
    let numbered = |list: &'static str, texts: &[String]| -> Vec<(&'static str, usize, String)> {
        texts.iter().enumerate().map(|(i, text)| (list, i + 1, text.clone())).collect()
    };
    for (list, number, text) in numbered("fires", &rule.fires).into_iter().chain(numbered("stays", &rule.stays)) {
        let plain = text.replace(['«', '»'], "");
        let mut found = Vec::new();
        pack.find(plain.as_bytes(), &mut found);
        let mut marked = plain.into_bytes();
        for hit in found.iter().rev() {
            marked.splice(hit.span.end..hit.span.end, "»".bytes());
            marked.splice(hit.span.start..hit.span.start, "«".bytes());
        }
        if marked != text.as_bytes() || found.is_empty() == (list == "fires") {
            // The text itself is not told: somebody may have pasted a live key.
            let places: Vec<String> = found.iter().map(|h| format!("{} to {}", h.span.start + 1, h.span.end)).collect();
            let places = if places.is_empty() { "nothing".to_owned() } else { format!("bytes {}", places.join(", ")) };
            let what = format!("its example {number} under \"{list}\" comes out otherwise: found is {places}");
            return Err(rule.mistake(what, "mend the rule, or the example: what is found stands between « and », in each of \"fires\""));
        }
    }
    Ok(())
}
