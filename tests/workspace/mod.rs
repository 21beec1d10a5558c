//! What Cargo knows of this workspace and of everything it depends on, and how a rule says that it is broken.
#![allow(dead_code, reason = "each test that takes this module uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A package of the lock file, on any platform.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    pub(crate) member: bool,
    /// Where it comes from; `None` is a path.
    pub(crate) source: Option<String>,
    pub(crate) license: Option<String>,
    /// Files of its library and its programs.
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) is_library: bool,
    /// What it depends on, by the manifest.
    pub(crate) needs: Vec<Need>,
    /// Ids of what it is built with (development dependencies not counted), by the lock file.
    pub(crate) built_with: Vec<String>,
    /// Features that the workspace asks for.
    pub(crate) features: BTreeSet<String>,
}

/// One dependency, as a manifest names it.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) name: String,
    pub(crate) development: bool,
}

/// The packages of the lock file by their ids, and the folder of the workspace.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) packages: BTreeMap<String, Package>,
}

impl Workspace {
    /// Asks `cargo metadata`. It fails when the lock file is not up to date.
    pub(crate) fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--locked", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "cargo metadata --locked: {}", String::from_utf8_lossy(&output.stderr));
        Self::from_json(&serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON"))
    }

    fn from_json(json: &Value) -> Self {
        let members: BTreeSet<&str> = list(&json["workspace_members"]).iter().map(text).collect();
        let mut packages = BTreeMap::new();
        for package in list(&json["packages"]) {
            let id = text(&package["id"]);
            packages.insert(id.to_owned(), self::package(package, members.contains(id)));
        }
        for node in list(&json["resolve"]["nodes"]) {
            let Some(package) = packages.get_mut(text(&node["id"])) else { continue };
            package.features = list(&node["features"]).iter().map(|f| text(f).to_owned()).collect();
            let built = |need: &&Value| list(&need["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev");
            package.built_with = list(&node["deps"]).iter().filter(built).map(|need| text(&need["pkg"]).to_owned()).collect();
        }
        assert!(members.len() > 1 && packages.len() > members.len(), "cargo metadata names the members and what they need");
        Self { root: text(&json["workspace_root"]).into(), packages }
    }

    /// The packages of this repository.
    pub(crate) fn members(&self) -> Vec<Package> {
        self.packages.values().filter(|p| p.member).cloned().collect()
    }

    /// `path` as seen from the folder of the workspace.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// A file of the workspace, by its path from the top.
    pub(crate) fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// A package that another is built with, and the one that asks for it.
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) through: String,
}

/// What a member is built with by itself, with its default features, on any platform. `cargo metadata` cannot tell: it
/// gives every package the features that anybody in the workspace asks for.
pub(crate) fn built_alone(package: &str) -> Vec<Built> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--package", package, "--edges", "normal,build", "--target", "all"])
        .args(["--prefix", "depth", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let built = tree(&String::from_utf8_lossy(&output.stdout));
    assert!(built.first().is_some_and(|built| built.name == package), "cargo tree begins with {package}");
    built
}

/// Reads the lines of `cargo tree --prefix depth`: `2memchr v2.8.3`.
pub(crate) fn tree(text: &str) -> Vec<Built> {
    let mut path: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for line in text.lines() {
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let (Ok(depth), Some(name)) = (line[..digits].parse::<usize>(), line[digits..].split(' ').next()) else { continue };
        path.truncate(depth);
        all.push(Built { name: name.to_owned(), through: path.last().cloned().unwrap_or_else(|| "itself".to_owned()) });
        path.push(name.to_owned());
    }
    all
}

fn package(json: &Value, member: bool) -> Package {
    let targets = list(&json["targets"]);
    let is = |target: &Value, wanted: &[&str]| list(&target["kind"]).iter().any(|kind| wanted.contains(&text(kind)));
    let need = |need: &Value| Need { name: text(&need["name"]).to_owned(), development: need["kind"] == "dev" };
    Package {
        name: text(&json["name"]).to_owned(),
        version: text(&json["version"]).to_owned(),
        folder: Path::new(text(&json["manifest_path"])).parent().unwrap_or(Path::new("")).to_owned(),
        member,
        source: json["source"].as_str().map(str::to_owned),
        license: json["license"].as_str().map(str::to_owned),
        roots: targets.iter().filter(|t| is(t, &["lib", "proc-macro", "bin"])).map(|t| text(&t["src_path"]).into()).collect(),
        is_library: targets.iter().any(|t| is(t, &["lib", "proc-macro"])),
        needs: list(&json["dependencies"]).iter().map(need).collect(),
        ..Package::default()
    }
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_default()
}

/// A broken rule: where, what, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding(String);

impl Finding {
    /// `place` is a path, or a path and a line.
    pub(crate) fn new(place: impl fmt::Display, what: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self(format!("{place}: {what}\n    remedy: {remedy}"))
    }

    /// At a line, counted from 1.
    pub(crate) fn at(file: &str, line: usize, what: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self::new(format_args!("{file}:{line}"), what, remedy)
    }
}

/// Fails with every finding.
#[track_caller]
pub(crate) fn none(findings: &[Finding]) {
    let all: Vec<&str> = findings.iter().map(|f| f.0.as_str()).collect();
    assert!(all.is_empty(), "{} rules broken:\n\n{}\n", all.len(), all.join("\n"));
}

/// For the self-test of a rule: fails unless it finds one thing, at this place and with these words.
#[track_caller]
pub(crate) fn one(findings: &[Finding], words: &str) {
    assert!(matches!(findings, [only] if only.0.contains(words)), "one finding with {words:?} was wanted, there are: {findings:#?}");
}
