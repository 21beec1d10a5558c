//! Two other JOSE implementations, Python's jwcrypto and Node's jose, open what scrubjay seals: plain JOSE on both levels,
//! whatever the recipients' keys are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use scrubjay_claims::jose::{EpochFile, Identity, KeyPair, Recipients, Role};
use scrubjay_claims::{EpochLimits, EpochStore, Sealer, Standalone};
use serde_json::{Value, json};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";

/// A folder as `open.py` describes it.
struct Site {
    folder: tempfile::TempDir,
    sets: Vec<(String, Value)>,
}

/// The claims that are sealed, in every bucket.
fn claims(audience: &str) -> Vec<Value> {
    let pad = |n: usize| json!({"sub": audience, "n": [1, 2.5, null, {"é": "ü\u{1F600}"}], "pad": "x".repeat(n)});
    [0, 100, 300, 700, 1700, 3900].map(pad).to_vec()
}

/// Keys of each kind: two of ours, and an RSA key in PEM that Python has made.
fn site(signed: bool) -> Site {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for (name, role) in [("x25519", Role::Recipient), ("p256", Role::RecipientP256)] {
        let pair = KeyPair::generate(role, 1, None).expect("a pair");
        fs::write(path(&format!("{name}.public")), &pair.public).expect("written");
        fs::write(path(&format!("key-{name}")), pair.private.as_str()).expect("written");
    }
    let made = python("rsa.py", folder.path()).status().expect("python starts");
    assert!(made.success(), "an RSA key pair");
    let agent = KeyPair::generate(Role::Agent, 1, None).expect("a pair");
    fs::write(path("agent.public.jwk"), &agent.public).expect("written");

    let files: BTreeMap<String, Vec<PathBuf>> =
        [("soc", vec!["x25519.public", "p256.public", "rsa.public"]), ("privacy", vec!["p256.public"]), ("legacy", vec!["rsa.public"])]
            .into_iter()
            .map(|(audience, names)| (audience.to_owned(), names.into_iter().map(path).collect()))
            .collect();
    let audiences: Vec<String> = files.keys().cloned().collect();
    let identity = signed.then(|| Identity::read(agent.private.as_bytes()).expect("an identity"));
    let store = Arc::new(EpochFile::new(path("epochs.jsonl"), "node \"7\"", Recipients::read(files).expect("keys"), identity));
    let epochs = Sealer::new(audiences.clone(), Arc::clone(&store) as Arc<dyn EpochStore>, EpochLimits::default());
    let standalone = Sealer::standalone(audiences.clone(), store as Arc<dyn Standalone>);
    let mut sets = Vec::new();
    for audience in &audiences {
        for claims in claims(audience) {
            for sealer in [&epochs, &standalone] {
                let made = sealer.seal(audience, FP, &claims.to_string(), 10).expect("sealed");
                sets.extend(made.into_iter().map(|text| (text, claims.clone())));
            }
        }
    }
    let lines: Vec<&str> = sets.iter().map(|(text, _)| text.as_str()).collect();
    fs::write(path("sets.txt"), lines.join("\n")).expect("written");
    Site { folder, sets }
}

/// Runs an opener and compares what it prints with what was sealed.
fn check(mut opener: Command, site: &Site, signed: bool) {
    let output = opener.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Vec<Value> =
        String::from_utf8(output.stdout).expect("text").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(printed.len(), site.sets.len());
    assert!(printed.len() > 30);
    for (found, (text, claims)) in printed.iter().zip(&site.sets) {
        assert_eq!(&found["claims"], claims);
        assert_eq!((&found["fp"], &found["typ"]), (&json!(FP), &json!("scrubjay-claims+jwe")));
        let bytes = found["bytes"].as_u64().expect("a length");
        assert!([128, 256, 512, 1024, 2048, 4096].contains(&bytes), "{bytes}");
        // A claim set of an epoch has no encrypted key, a standalone one no epoch.
        if text.contains("..") {
            let recipients = if claims["sub"] == "soc" { 3 } else { 1 };
            assert_eq!(found["opened_by"], json!(recipients), "every recipient opens the record");
            assert_eq!((&found["aud"], &found["record"], &found["agent"]), (&claims["sub"], &claims["sub"], &json!("node \"7\"")));
            assert_eq!(found["signed"], json!(signed));
        } else {
            assert_eq!(found["aud"], Value::Null);
        }
    }
}

/// Where tests/run puts what tests need.
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache/scrubjay-tests");
    std::env::var_os("SCRUBJAY_TEST_CACHE").map_or_else(home, PathBuf::from)
}

fn installed(name: &str, script: &str) -> PathBuf {
    let path = cache().join(name);
    assert!(path.exists(), "{} is not there: run {script}", path.display());
    path
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// A script with the packages of `tests/install-interop.sh`.
fn python(name: &str, folder: &Path) -> Command {
    let packages = installed("interop/jwcrypto", "tests/install-interop.sh");
    let mut python = Command::new("python3");
    python.arg(script(name)).arg(folder).env("PYTHONPATH", packages.parent().expect("a folder")).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

#[test]
fn python_jwcrypto_opens_everything() {
    for signed in [false, true] {
        let site = site(signed);
        check(python("open.py", site.folder.path()), &site, signed);
    }
}

#[test]
fn node_jose_opens_everything() {
    let install = installed("oidc/node_modules/jose", "tests/install-oidc.sh");
    for signed in [false, true] {
        let site = site(signed);
        let packages = install.parent().expect("node_modules");
        let mut node = Command::new(packages.with_file_name("node"));
        node.arg(script("open.mjs")).arg(site.folder.path()).arg(packages);
        check(node, &site, signed);
    }
}
