//! What others wrote and we ship: where it comes from, under which licence, and that there is one OpenSSL.
//!
//! CI cannot reach the advisory database, so this asks the lock file only. The lists are those of `deny.toml`; on a
//! machine with a network `cargo deny check` judges the same and the advisories too (docs/release.md).

mod workspace;

use workspace::{Finding, Package, Workspace, none, one};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

// ---- Where it comes from ----

#[test]
fn everything_comes_from_crates_io_or_from_here() {
    let workspace = Workspace::read();
    none(&workspace.packages.values().filter_map(origin).collect::<Vec<_>>());
}

fn origin(package: &Package) -> Option<Finding> {
    let what = match package.source.as_deref() {
        Some(CRATES_IO) => return None,
        None if package.member => return None,
        None => "is taken from a path outside the workspace".to_owned(),
        Some(source) => format!("comes from {source}"),
    };
    Some(Finding::new(named(package), what, "take a published version from crates.io: its bytes are fixed by the lock file"))
}

#[test]
fn the_origin_rule_fires() {
    assert_eq!(origin(&from(Some(CRATES_IO))), None);
    assert_eq!(origin(&Package { member: true, ..from(None) }), None);
    one(&origin(&from(None)).into_iter().collect::<Vec<_>>(), "a path outside");
    one(&origin(&from(Some("git+https://example.org/a#1"))).into_iter().collect::<Vec<_>>(), "a 1.0.0: comes from git+");
    one(&origin(&from(Some("sparse+https://example.org/"))).into_iter().collect::<Vec<_>>(), "comes from sparse+");
}

fn from(source: Option<&str>) -> Package {
    Package { name: "a".to_owned(), version: "1.0.0".to_owned(), source: source.map(str::to_owned), ..Package::default() }
}

fn named(package: &Package) -> String {
    format!("Cargo.lock: {} {}", package.name, package.version)
}

// ---- Under which licence ----

#[test]
fn every_licence_is_on_the_list() {
    let workspace = Workspace::read();
    let allowed = strings_after(&workspace.file("deny.toml"), "[licenses]", "allow = [");
    assert!(allowed.len() > 3, "deny.toml has its list of licences");
    none(&workspace.packages.values().filter_map(|package| licence(package, &allowed)).collect::<Vec<_>>());
}

fn licence(package: &Package, allowed: &[String]) -> Option<Finding> {
    let Some(expression) = &package.license else {
        return Some(Finding::new(named(package), "names no licence expression", "read its licence; then choose another crate, or ask"));
    };
    let what = match satisfied(expression, allowed) {
        Ok(true) => return None,
        Ok(false) => format!("is under {expression:?}"),
        Err(why) => format!("has a licence expression that cannot be read: {expression:?} ({why})"),
    };
    Some(Finding::new(
        named(package),
        what,
        "choose another crate; or, when its terms fit a binary that others ship, add them to deny.toml",
    ))
}

/// Whether an SPDX licence expression (SPDX 2.3, annex D) can be met with the licences of the list. `AND` binds closer
/// than `OR`; `/` is how crates.io wrote `OR` of old. A `WITH` is allowed only when the list has it as a whole.
fn satisfied(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut terms = Terms { words: &words, allowed };
    let value = terms.any()?;
    if terms.words.is_empty() { Ok(value) } else { Err(format!("{:?} does not belong there", terms.words[0])) }
}

struct Terms<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Terms<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        self.words = &self.words[usize::from(is_next)..];
        is_next
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut value = self.all()?;
        while self.takes("OR") {
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut value = self.term()?;
        while self.takes("AND") {
            value &= self.term()?;
        }
        Ok(value)
    }

    fn term(&mut self) -> Result<bool, String> {
        if self.takes("(") {
            let value = self.any()?;
            return if self.takes(")") { Ok(value) } else { Err("a bracket stays open".to_owned()) };
        }
        let mut name = self.name()?;
        if self.takes("WITH") {
            name = format!("{name} WITH {}", self.name()?);
        }
        Ok(self.allowed.contains(&name))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.words.split_first() {
            Some((word, rest)) if !["(", ")", "OR", "AND", "WITH"].contains(word) => {
                self.words = rest;
                Ok((*word).to_owned())
            }
            other => Err(format!("a licence is missing before {:?}", other.map_or("the end", |(word, _)| word))),
        }
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_has_it() {
    let allowed = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let check = |expression: &str| satisfied(expression, &allowed);
    for good in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR MIT",
        "GPL-3.0-only/MIT",
        "MIT AND ISC",
        "GPL-3.0-only AND ISC OR MIT",
        "MIT OR ISC AND GPL-3.0-only",
        "(GPL-3.0-only OR MIT) AND (ISC)",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
        "((MIT))",
    ] {
        assert_eq!(check(good), Ok(true), "{good}");
    }
    for bad in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR ISC) AND GPL-3.0-only",
        "MIT WITH LLVM-exception",
        "Apache-2.0 WITH Other-exception",
        "mit",
        "GPL-3.0-only OR AGPL-3.0-only AND MIT",
    ] {
        assert_eq!(check(bad), Ok(false), "{bad}");
    }
    for odd in ["", "MIT OR", "OR MIT", "MIT ISC", "(MIT", "MIT)", "()", "MIT WITH", "MIT or", "MIT, ISC"] {
        assert!(check(odd).is_err(), "{odd}: {:?}", check(odd));
    }
    let named = |license: Option<&str>| Package { license: license.map(str::to_owned), ..from(None) };
    assert_eq!(licence(&named(Some("MIT")), &allowed), None);
    for (expression, words) in [(None, "names no licence"), (Some("GPL-3.0-only"), "GPL-3.0-only"), (Some("MIT ISC"), "cannot be read")] {
        one(&licence(&named(expression), &allowed).into_iter().collect::<Vec<_>>(), words);
    }
}

// ---- One OpenSSL ----

#[test]
fn there_is_one_openssl_and_it_is_built_in() {
    let workspace = Workspace::read();
    let banned = strings_after(&workspace.file("deny.toml"), "[bans]", "crate = ");
    assert!(banned.len() > 3, "deny.toml has its list of banned crates");
    none(&tls(&workspace.packages.values().cloned().collect::<Vec<_>>(), &banned));
}

fn tls(packages: &[Package], banned: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let remedy = "rdkafka's feature ssl-vendored brings the only one (docs/adr/004-tls-and-crypto.md)";
    for name in ["openssl-sys", "openssl-src"] {
        let count = packages.iter().filter(|p| p.name == name).count();
        if count != 1 {
            findings.push(Finding::new("Cargo.lock", format_args!("{count} packages named {name}, there has to be one"), remedy));
        }
    }
    for package in packages.iter().filter(|p| p.name == "openssl-sys" && !p.features.contains("vendored")) {
        findings.push(Finding::new(named(package), "links the system's OpenSSL", remedy));
    }
    for package in packages.iter().filter(|p| banned.contains(&p.name)) {
        findings.push(Finding::new(named(package), "is banned by deny.toml, which says why", "switch off the feature that brings it"));
    }
    findings
}

#[test]
fn the_openssl_rule_fires() {
    let package = |name: &str, features: &[&str]| {
        let features = features.iter().map(|&f| f.to_owned()).collect();
        Package { name: name.to_owned(), features, ..from(None) }
    };
    let good = [package("openssl-sys", &["vendored"]), package("openssl-src", &[])];
    let banned = ["ring".to_owned()];
    none(&tls(&good, &banned));
    one(&tls(&[&good[..], &good[1..]].concat(), &banned), "2 packages named openssl-src");
    one(&tls(&good[1..], &banned), "0 packages named openssl-sys");
    one(&tls(&[package("openssl-sys", &[]), good[1].clone()], &banned), "the system's OpenSSL");
    one(&tls(&[&good[..], &[package("ring", &[])]].concat(), &banned), "banned");
}

// ---- Reading deny.toml ----

/// The first string of each entry behind `key` in a section: all strings of a list that begins there, or, where `key` is a
/// member of inline tables, its value in each. Enough for the shapes in `deny.toml`, and no more.
fn strings_after(toml: &str, section: &str, key: &str) -> Vec<String> {
    let lines: Vec<&str> = toml.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    let body = lines.iter().skip_while(|line| **line != section).skip(1).take_while(|line| !line.starts_with('['));
    let text: String = body.map(|line| format!("{line}\n")).collect();
    if key.ends_with('[') {
        let list = text.split_once(key).map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
        return list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    }
    text.split(key).skip(1).filter_map(|rest| rest.split('"').nth(1)).map(str::to_owned).collect()
}

#[test]
fn the_lists_of_deny_toml_are_read() {
    let toml = "[a]\nallow = [\"no\"]\n[b]\nallow = [ # \"not\"\n  \"x\", \"y Z\",\n  # \"not\"\n]\ndeny = [\n  { crate = \"q\", reason = \"r\" },\n]\n[c]\n";
    assert_eq!(strings_after(toml, "[b]", "allow = ["), ["x", "y Z"]);
    assert_eq!(strings_after(toml, "[b]", "crate = "), ["q"]);
    assert_eq!(strings_after(toml, "[c]", "allow = ["), [""; 0]);
}
