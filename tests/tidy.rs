//! The rules of the house that a machine can keep: who may depend on whom, what every crate root says, and a few
//! habits of the sources. What is left to people: names, the length of functions, whether a comment helps.
//!
//! Each rule is a function from text to findings with a self-test below it, so that a rule that never fires is noticed.

mod workspace;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use workspace::{Finding, Package, Workspace, none, one};

// ---- Who may depend on whom ----

/// What each crate may name of this workspace (DESIGN §3). Tests may name the testkit too.
const INSIDE: &[(&str, &[&str])] = &[
    ("scrubjay-scan", &[]),
    ("scrubjay-delivery", &[]),
    ("scrubjay-buffer", &[]),
    ("scrubjay-token", &["scrubjay-scan"]),
    ("scrubjay-rules", &["scrubjay-scan"]),
    ("scrubjay-claims", &[]),
    ("scrubjay-codec", &[]),
    ("scrubjay-yaml", &[]),
    (
        "scrubjay-scrub",
        &["scrubjay-scan", "scrubjay-token", "scrubjay-rules", "scrubjay-claims", "scrubjay-codec", "scrubjay-yaml", "scrubjay-delivery"],
    ),
    ("scrubjay-pipeline", &["scrubjay-scrub", "scrubjay-delivery", "scrubjay-buffer"]),
    ("scrubjay-sources", &["scrubjay-pipeline", "scrubjay-scrub", "scrubjay-delivery"]),
    ("scrubjay-sinks", &["scrubjay-pipeline", "scrubjay-scrub", "scrubjay-delivery"]),
    (TESTKIT, &["scrubjay-pipeline", "scrubjay-scrub", "scrubjay-delivery", "scrubjay-buffer", "scrubjay-token", "scrubjay-scan"]),
    (
        PROGRAM,
        &[
            "scrubjay-scan",
            "scrubjay-token",
            "scrubjay-rules",
            "scrubjay-claims",
            "scrubjay-scrub",
            "scrubjay-delivery",
            "scrubjay-buffer",
            "scrubjay-pipeline",
            "scrubjay-sources",
            "scrubjay-sinks",
            "scrubjay-yaml",
        ],
    ),
];

/// The only crates that may name these, in any section of their manifest.
const GATED: &[(&str, &[&str])] = &[
    ("tokio", &["scrubjay-pipeline", "scrubjay-sources", "scrubjay-sinks", PROGRAM, TESTKIT]),
    ("rdkafka", &["scrubjay-sources", "scrubjay-sinks", TESTKIT]),
    ("nom", &["scrubjay-codec"]),
    ("josekit", &["scrubjay-claims"]),
];

/// Crates that others embed: nothing that they are built with may bring a runtime or a C library
/// (docs/adr/004-tls-and-crypto.md).
const PURE: &[&str] =
    &["scrubjay-scan", "scrubjay-token", "scrubjay-rules", "scrubjay-claims", "scrubjay-codec", "scrubjay-scrub", "scrubjay-delivery"];

const TESTKIT: &str = "scrubjay-testkit";
const PROGRAM: &str = "scrubjay";

#[test]
fn dependencies_between_our_crates_point_one_way() {
    let workspace = Workspace::read();
    none(&direction(&workspace.members(), INSIDE));
}

fn direction(members: &[Package], table: &[(&str, &[&str])]) -> Vec<Finding> {
    let names: BTreeSet<&str> = members.iter().map(|m| m.name.as_str()).collect();
    let mut findings = Vec::new();
    for member in members {
        let manifest = manifest(member);
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == member.name) else {
            findings.push(Finding::new(
                &manifest,
                "a crate that INSIDE in tests/tidy.rs does not know",
                "add its row, as DESIGN §3 has it",
            ));
            continue;
        };
        for need in member.needs.iter().filter(|n| names.contains(n.name.as_str())) {
            let testkit = need.name == TESTKIT;
            if testkit && !need.development {
                findings.push(Finding::new(&manifest, "the testkit is for development only", "move it to [dev-dependencies]"));
            } else if !testkit && !allowed.contains(&need.name.as_str()) {
                let what = format!("{} must not depend on {}", member.name, need.name);
                findings.push(Finding::new(
                    &manifest,
                    what,
                    "pass the thing in as a value or a trait, or move the code to the crate above",
                ));
            }
        }
    }
    findings
}

#[test]
fn the_direction_rule_fires() {
    let table: &[(&str, &[&str])] = &[("low", &[]), ("high", &["low"])];
    let (low, high) = (member("low", &[]), member("high", &[("low", false), (TESTKIT, true), ("serde", false)]));
    none(&direction(&[low.clone(), high], table));
    let kit = member(TESTKIT, &[]);
    one(&direction(&[low.clone(), kit], table), "does not know");
    one(&direction(&[member("low", &[("high", true)]), member("high", &[])], table), "low must not depend on high");
    let table: &[(&str, &[&str])] = &[("low", &[]), (TESTKIT, &[])];
    one(&direction(&[member("low", &[(TESTKIT, false)]), member(TESTKIT, &[])], table), "development only");
}

#[test]
fn heavy_dependencies_stay_where_they_are_allowed() {
    none(&gates(&Workspace::read().members(), GATED));
}

fn gates(members: &[Package], gated: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        for (name, allowed) in gated {
            if member.needs.iter().any(|n| n.name == *name) && !allowed.contains(&member.name.as_str()) {
                let remedy = format!("only {} may; use their types, or keep the code there", allowed.join(", "));
                findings.push(Finding::new(manifest(member), format_args!("{} must not name {name}", member.name), remedy));
            }
        }
    }
    findings
}

#[test]
fn the_gate_rule_fires() {
    let gated: &[(&str, &[&str])] = &[("tokio", &["shell"])];
    none(&gates(&[member("shell", &[("tokio", false)]), member("core", &[("serde", false)])], gated));
    one(&gates(&[member("core", &[("tokio", true)])], gated), "core must not name tokio");
}

#[test]
fn the_engine_needs_no_runtime_and_no_c_library() {
    let workspace = Workspace::read();
    let pure = workspace.members().into_iter().filter(|member| PURE.contains(&member.name.as_str()));
    let findings: Vec<Finding> = pure.flat_map(|member| purity(&member, &workspace::built_alone(&member.name))).collect();
    none(&findings);
}

/// `tree` is what a crate is built with when somebody takes it as it is: what the program asks for besides (the feature
/// `jose` of scrubjay-claims) is not in it.
fn purity(package: &Package, tree: &[workspace::Built]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for built in tree.iter().filter(|built| is_impure(&built.name)) {
        let what = format!("{} is built with {}, through {}", package.name, built.name, built.through);
        findings.push(Finding::new(manifest(package), what, "take it out: whoever embeds the engine would have to take it too"));
    }
    findings
}

/// A runtime, or a package that builds or links a C library. The system's own interface is no such library.
fn is_impure(name: &str) -> bool {
    let systems = ["linux-raw-sys", "windows-sys", "js-sys", "web-sys"];
    ["tokio", "async-std", "cc", "cmake", "bindgen"].contains(&name) || name.ends_with("-sys") && !systems.contains(&name)
}

#[test]
fn the_purity_rule_fires() {
    let pure = member("pure", &[]);
    none(&purity(&pure, &workspace::tree("0pure v1.0.0\n1a v1.0.0\n2windows-sys v0.60.0\n")));
    let dirty = workspace::tree("0pure v1.0.0\n1a v1.0.0 (/some/where)\n2zip-sys v2.0.0\n3b v1.0.0\n1a v1.0.0 (*)\n");
    one(&purity(&pure, &dirty), "pure is built with zip-sys, through a");
}

fn manifest(package: &Package) -> String {
    let folder = package.folder.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&package.folder);
    folder.join("Cargo.toml").display().to_string()
}

/// A package for self-tests; each dependency says whether it is for development.
fn member(name: &str, needs: &[(&str, bool)]) -> Package {
    let need = |&(name, development): &(&str, bool)| workspace::Need { name: name.to_owned(), development };
    Package {
        name: name.to_owned(),
        folder: PathBuf::from(name),
        member: true,
        needs: needs.iter().map(need).collect(),
        ..Package::default()
    }
}

// ---- What every crate root says ----

/// Holds all the `unsafe` there is.
const UNSAFE: &str = "scrubjay-scan";
/// Lints that keep panics off the data path. `todo!`, `unimplemented!` and `dbg!` come with the lints of the workspace.
const NO_PANIC: [&str; 3] = ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic"];

#[test]
fn crate_roots_say_what_the_crate_is_and_what_it_never_does() {
    let workspace = Workspace::read();
    let mut findings = Vec::new();
    for package in workspace.members() {
        for root in &package.roots {
            let file = workspace.relative(root);
            findings.extend(root_rules(&file, &workspace.file(&file), &package.name));
        }
        let file = workspace.relative(&package.folder.join("Cargo.toml"));
        findings.extend(shared_lints(&file, &workspace.file(&file)));
    }
    none(&findings);
}

fn root_rules(file: &str, text: &str, package: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let attributes = inner_attributes(text);
    let has = |level: &str, lint: &str| attributes.iter().any(|a| a.contains(level) && a.contains(lint));
    if package == UNSAFE {
        if !has("deny(", "clippy::undocumented_unsafe_blocks") {
            findings.push(Finding::new(file, "unsafe blocks may go without a SAFETY comment", "deny clippy::undocumented_unsafe_blocks"));
        }
    } else if !has("forbid(", "unsafe_code") {
        findings.push(Finding::new(file, "unsafe code is not forbidden", "add #![forbid(unsafe_code)]; unsafe code goes to scrubjay-scan"));
    }
    for lint in NO_PANIC.iter().filter(|lint| package != TESTKIT && !has("deny(", lint)) {
        let remedy = format!("add #![cfg_attr(not(test), deny({lint}))]");
        findings.push(Finding::new(file, format_args!("{lint} is not denied, so a record might make it panic"), remedy));
    }
    let docs: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    if docs.first().is_none_or(|first| first.trim().is_empty()) {
        findings.push(Finding::at(file, 1, "the first line does not say what this is", "begin with `//! ` and one sentence"));
    }
    if !docs.iter().any(|line| line.to_lowercase().contains("never")) {
        findings.push(Finding::at(file, 1, "nothing says what this never does", "add a `//! It never …` line to the crate's doc"));
    }
    findings
}

/// `#![…]` attributes, as long as nothing else has come, without the spaces and line ends in them.
fn inner_attributes(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code: String = code.split_whitespace().collect();
    let mut attributes = Vec::new();
    let mut rest = code.as_str();
    while let Some(begun) = rest.strip_prefix("#![") {
        let mut depth = 1;
        let end = begun.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0
        });
        let (attribute, after) = begun.split_at(end.unwrap_or(begun.len()));
        attributes.push(attribute.to_owned());
        rest = after.strip_prefix(']').unwrap_or_default();
    }
    attributes
}

fn shared_lints(file: &str, text: &str) -> Vec<Finding> {
    let mut lines = text.lines().skip_while(|line| line.trim() != "[lints]");
    if lines.nth(1).is_some_and(|line| line.trim() == "workspace = true") {
        return Vec::new();
    }
    vec![Finding::new(file, "does not take the lints of the workspace", "add `[lints]` and `workspace = true`")]
}

#[test]
fn the_root_rules_fire() {
    let good = "//! A thing.\n//!\n//! It never sleeps.\n#![forbid(unsafe_code)]\n\
                #![cfg_attr(not(test), deny(clippy::unwrap_used,\n  clippy::expect_used, clippy::panic))]\nfn f() {}\n";
    none(&root_rules("lib.rs", good, "core"));
    one(&root_rules("lib.rs", &good.replace("#![forbid(unsafe_code)]", "// #![forbid(unsafe_code)]"), "core"), "not forbidden");
    one(&root_rules("lib.rs", good, UNSAFE), "SAFETY");
    one(&root_rules("lib.rs", &good.replace("clippy::panic", "clippy::todo"), "core"), "clippy::panic is not denied");
    one(&root_rules("lib.rs", &good.replace("deny(", "warn("), "core")[..1], "clippy::unwrap_used");
    none(&root_rules("lib.rs", &good.replace("deny(", "warn("), TESTKIT));
    one(&root_rules("lib.rs", &good.replace("never", "rarely"), "core"), "never does");
    one(&root_rules("lib.rs", &format!("//!\n{good}"), "core"), "lib.rs:1: the first line");
    // An attribute after the first item is no attribute of the crate.
    one(&root_rules("lib.rs", &good.replace("#![forbid(unsafe_code)]", "mod a { #![forbid(unsafe_code)] }"), "core")[..1], "not forbidden");

    none(&shared_lints("Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"));
    one(&shared_lints("Cargo.toml", "[package]\n\n[lints]\n\n[features]\nworkspace = true\n"), "lints of the workspace");
}

// ---- Habits of the sources ----

/// Lines of a source file without its tests.
const FILE_LINES_MAX: usize = 600;

/// Library files that may print, each with its reason. A library reports through values: whoever embeds it owns the
/// standard streams, and standard output may be the clean log itself.
const MAY_PRINT: &[(&str, &str)] = &[
    ("crates/scrubjay-sources/src/kafka/context.rs", "librdkafka's log callback: level and facility only, and nobody to return it to"),
    ("crates/scrubjay-sinks/src/kafka/context.rs", "librdkafka's log callback: level and facility only, and nobody to return it to"),
    ("crates/scrubjay-sinks/src/file/notice.rs", "the default of on_trouble, which whoever embeds it replaces"),
];

#[test]
fn sources_keep_the_habits_of_the_house() {
    let workspace = Workspace::read();
    let mut findings = Vec::new();
    for path in rust_files(&workspace.root) {
        let file = workspace.relative(&path);
        let text = workspace.file(&file);
        findings.extend(blanks(&file, &text));
        findings.extend(documents(&file, &text, |path| workspace.root.join(path).exists()));
    }
    for package in workspace.members() {
        let files: BTreeSet<PathBuf> = package.roots.iter().flat_map(|root| rust_files(root.parent().expect("a folder"))).collect();
        assert!(!files.is_empty(), "{} has sources", package.name);
        let texts: Vec<(String, String)> = files.iter().map(|f| workspace.relative(f)).map(|f| (workspace.file(&f), f)).map(swap).collect();
        let tests: Vec<String> = texts.iter().flat_map(|(file, text)| test_modules(file, text)).collect();
        for (file, text) in texts.iter().filter(|(file, _)| !tests.iter().any(|test| is_of_module(file, test))) {
            findings.extend(length(file, text));
            findings.extend(reasons(file, text));
            if package.is_library && !MAY_PRINT.iter().any(|(allowed, _)| allowed == file) {
                findings.extend(prints(file, text));
            }
        }
    }
    none(&findings);
}

fn swap((text, file): (String, String)) -> (String, String) {
    (file, text)
}

/// Every Rust file below `folder`, without what is built.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files.extend(rust_files(&path));
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn blanks(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        if line.contains('\t') {
            findings.push(Finding::at(file, number, "a tab", "indent with spaces; write \\t in a literal"));
        }
        if line.ends_with(' ') || line.ends_with('\r') {
            findings.push(Finding::at(file, number, "a blank at the end of the line", "take it off; write \\x20 in a literal"));
        }
    }
    findings
}

/// Pages that are named (`docs/adr/001-….md`) have to be there.
fn documents(file: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in numbered(text).filter(|(_, line)| line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("docs/") {
            let path: String = line[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c)).collect();
            let path = path.trim_end_matches('.');
            if path.ends_with(".md") && !exists(path) {
                findings.push(Finding::at(
                    file,
                    number,
                    format_args!("names {path}, which is not there"),
                    "write the page or mend the name",
                ));
            }
        }
    }
    findings
}

fn length(file: &str, text: &str) -> Vec<Finding> {
    let lines = code(text).count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![Finding::new(file, format_args!("{lines} lines without its tests, more than {FILE_LINES_MAX}"), "split it by noun")]
}

fn prints(file: &str, text: &str) -> Vec<Finding> {
    let remedy = "return a value or a Problem; if it must print, list the file with a reason in MAY_PRINT (tests/tidy.rs)";
    let printing = |line: &str| ["print!(", "println!(", "dbg!("].iter().any(|name| line.contains(name));
    code(text)
        .filter(|(_, line)| !is_comment(line) && printing(line))
        .map(|(number, _)| Finding::at(file, number, "a library prints", remedy))
        .collect()
}

/// A lint against panics may be lifted for a place only with a reason that can be judged.
fn reasons(file: &str, text: &str) -> Vec<Finding> {
    let lifts = |line: &str| {
        let lifted = NO_PANIC.iter().chain(&["clippy::indexing_slicing", "clippy::todo"]).any(|lint| line.contains(lint));
        lifted && (line.contains("allow(") || line.contains("expect(")) && !line.contains("reason = ")
    };
    code(text)
        .filter(|(_, line)| !is_comment(line) && lifts(line))
        .map(|(number, _)| {
            Finding::at(file, number, "lifts a lint that keeps panics off the data path", "do without, or add reason = \"…\"")
        })
        .collect()
}

#[test]
fn the_source_rules_fire() {
    none(&blanks("a.rs", "fn a() {}\n\n    b\n"));
    one(&blanks("a.rs", "fn a() {}\n\tb\n"), "a.rs:2: a tab");
    one(&blanks("a.rs", "fn a() {} \n"), "a.rs:1: a blank");
    one(&blanks("a.rs", "fn a() {}\r\n"), "a.rs:1: a blank");

    let there = |path: &str| path == "docs/adr/001-a.md";
    none(&documents("a.rs", "//! Why: docs/adr/001-a.md.\nlet p = \"docs/none.md\";\n", there));
    one(&documents("a.rs", "\n    // (docs/adr/002-b.md)\n", there), "a.rs:2: names docs/adr/002-b.md");

    none(&length("a.rs", &format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "a\n".repeat(600), "b\n".repeat(600))));
    one(&length("a.rs", &"a\n".repeat(601)), "601 lines");
    // A module of tests in a file of its own ends nothing.
    one(&length("a.rs", &format!("#[cfg(test)]\nmod tests;\n{}", "a\n".repeat(600))), "602 lines");

    none(&prints("a.rs", "// println!(\"\")\nwrite!(f, \"\")\n#[cfg(test)]\nmod tests {\n  println!(\"\");\n}\n"));
    one(&prints("a.rs", "#[cfg(test)]\nuse a;\n  eprintln!(\"\");\n"), "a.rs:3: a library prints");
    one(&prints("a.rs", "std::dbg!(x)"), "a.rs:1");

    none(&reasons("a.rs", "#[allow(clippy::panic, reason = \"x\")]\n#![cfg_attr(not(test), deny(clippy::panic))]\n"));
    one(&reasons("a.rs", "#[allow(clippy::indexing_slicing)]\n"), "a.rs:1: lifts");
    one(&reasons("a.rs", "#[expect(clippy::panic)]\n"), "a.rs:1: lifts");
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // `lines` would take a carriage return away with the line end.
    text.split('\n').enumerate().map(|(at, line)| (at + 1, line))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The lines of a file up to its module of tests, which stands last.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = test_items(text).find(|(_, item)| item.ends_with('{')).map_or(usize::MAX, |(number, _)| number);
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).take_while(move |(number, _)| *number < end)
}

/// `mod` lines behind `#[cfg(test)]`, with the line of that attribute.
fn test_items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| line.trim() == "#[cfg(test)]").filter_map(move |(at, _)| {
        let item = text.lines().skip(at + 1).map(str::trim).find(|line| !line.starts_with("#["))?;
        item.contains("mod ").then_some((at + 1, item))
    })
}

/// The files, without `.rs`, of the modules that `file` has for tests only: `src/a/tests` for `mod tests;` in `src/a.rs`.
fn test_modules(file: &str, text: &str) -> Vec<String> {
    let path = Path::new(file);
    let folder = match path.file_name().and_then(|n| n.to_str()) {
        Some("lib.rs" | "main.rs" | "mod.rs") => path.parent().unwrap_or(Path::new("")).to_owned(),
        _ => path.with_extension(""),
    };
    let name = |item: &str| item.split("mod ").nth(1)?.strip_suffix(';').map(|name| folder.join(name).display().to_string());
    test_items(text).filter_map(|(_, item)| name(item)).collect()
}

/// Whether `file` is the module or below it.
fn is_of_module(file: &str, module: &str) -> bool {
    file.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[test]
fn test_modules_are_told_from_code() {
    let text = "#[cfg(test)]\nmod oracle;\n#[cfg(test)]\nuse x;\nfn a() {}\n#[cfg(test)]\n#[path = \"t.rs\"]\nmod tests {\n";
    assert_eq!(code(text).count(), 5);
    assert_eq!(test_modules("src/lib.rs", text), ["src/oracle"]);
    assert_eq!(test_modules("src/a.rs", text), ["src/a/oracle"]);
    assert!(is_of_module("src/a/oracle.rs", "src/a/oracle") && is_of_module("src/a/oracle/b.rs", "src/a/oracle"));
    assert!(!is_of_module("src/a/oracles.rs", "src/a/oracle"));
}
