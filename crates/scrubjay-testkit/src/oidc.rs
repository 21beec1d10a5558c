//! A real OpenID Connect provider for tests: Node's `oidc-provider`, on a free port, always taken down.
//!
//! `tests/install-oidc.sh` fetches it once; `tests/oidc/` has its configuration (`provider.mjs`) and its clients
//! (`tokens.mjs`), which run each flow over HTTP and check what they get with a second library. Everything here panics
//! with a reason: it is test code.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longest start on a busy machine.
const START_MAX: Duration = Duration::from_secs(120);
/// Longest orderly stop before the process is killed.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A token as its receiver got it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What it is, by the flow that gave it: `id-rs256`, `logout`…
    pub name: String,
    /// As it goes over the wire.
    pub token: String,
    /// Its JOSE header; null for an opaque token.
    pub header: Value,
    /// What it says, read by the client's own library; for an encrypted token what the token inside says. Null where the
    /// client cannot know.
    pub claims: Value,
    /// The signed token that was in an encrypted one.
    pub inner: Option<String>,
    /// Its signature was checked, or the provider has accepted it.
    pub proven: bool,
}

/// A running provider. Dropping it ends it; it also ends when the test process does, however that comes about: its
/// standard input closes then.
pub struct IdentityProvider {
    process: Child,
    lifeline: Option<ChildStdin>,
    issuer: String,
    dir: TempDir,
}

impl IdentityProvider {
    /// Starts a provider and waits until it listens.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let dir = scripts();
        let log = File::create(dir.path().join("provider.log")).expect("a log file");
        let mut process =
            node(dir.path(), "provider.mjs").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().expect("node starts");
        let lifeline = process.stdin.take();
        let stdout = process.stdout.take().expect("standard output is a pipe");
        let mut provider = Self { process, lifeline, issuer: String::new(), dir };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let _ = tell.send(lines.find(|line| line.starts_with("http://")));
            // Reads on, or the provider would wait for somebody to take its notices.
            lines.for_each(drop);
        });
        match told.recv_timeout(START_MAX) {
            Ok(Some(issuer)) => provider.issuer = issuer,
            _ => panic!("the identity provider does not come up:\n{}", provider.log()),
        }
        provider
    }

    /// The issuer, which is its URL: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Runs the flows of all clients, with new clients, keys and tokens each time.
    ///
    /// # Panics
    /// When a flow fails or a token is not what it should be.
    #[must_use]
    pub fn tokens(&self) -> Vec<Issued> {
        let output = node(self.dir.path(), "tokens.mjs").arg(&self.issuer).stdin(Stdio::null()).output().expect("node starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "a flow fails: {said}\nthe provider says:\n{}", self.log());
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(issued).collect()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("provider.log")).unwrap_or_default()
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let deadline = Instant::now() + STOP_MAX;
        while self.process.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > deadline {
                let _ = self.process.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn issued(line: &str) -> Issued {
    let object: Value = serde_json::from_str(line).expect("a JSON object a line");
    let text = |name: &str| object[name].as_str().map(str::to_owned);
    Issued {
        name: text("name").expect("a name"),
        token: text("token").expect("a token"),
        header: object["header"].clone(),
        claims: object["claims"].clone(),
        inner: text("inner"),
        proven: object["proven"].as_bool().unwrap_or(false),
    }
}

/// The scripts beside the packages that they import: Node looks for those in the folder of whoever imports.
fn scripts() -> TempDir {
    let (install, source) = (install(), source());
    let dir = tempfile::Builder::new().prefix("scrubjay-oidc-").tempdir().expect("a temporary folder");
    for name in ["provider.mjs", "tokens.mjs"] {
        fs::copy(source.join(name), dir.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    std::os::unix::fs::symlink(install.join("node_modules"), dir.path().join("node_modules")).expect("a link to the packages");
    dir
}

fn node(dir: &Path, script: &str) -> Command {
    let mut command = Command::new(install().join("node"));
    // What others set for their own programs must not change this one.
    command.arg(dir.join(script)).env_remove("NODE_OPTIONS").env_remove("NODE_PATH");
    command
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc")
}

fn install() -> PathBuf {
    let cache = std::env::var_os("SCRUBJAY_TEST_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache/scrubjay-tests"),
        PathBuf::from,
    );
    let install = cache.join("oidc");
    let lock = |folder: &Path| fs::read(folder.join("package-lock.json")).ok();
    assert!(
        install.join("complete").exists() && lock(&install) == lock(&source()),
        "no identity provider for tests in {}, or not the one of tests/oidc/package-lock.json: run tests/install-oidc.sh (or tests/run, which does)",
        install.display()
    );
    install
}
