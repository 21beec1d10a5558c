//! From sealing to opening over a real file: several agents, a torn line, a moved file, recipients that change.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use super::super::audit::{AuditLog, Entry, Receipt};
use super::super::identity::AgentKeys;
use super::super::key::PrivateKey;
use super::super::make::{KeyPair, Role};
use super::super::open::{Opener, Unopened};
use super::super::records::Records;
use super::*;
use crate::claim_set::{ClaimSet, Mode};
use crate::{Alarm, EpochLimits, Sealer};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
const CLAIMS: &str = r#"{"sub":"ann","email":"ann@example.org"}"#;

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A key pair; the public half is in a file.
    fn pair(&self, file: &str, expires: Option<u64>) -> KeyPair {
        let pair = KeyPair::generate(Role::Recipient, 1, expires).expect("a pair");
        fs::write(self.path(file), &pair.public).expect("written");
        pair
    }

    fn recipients(&self, audiences: &[(&str, &[&str])]) -> Recipients {
        let files = audiences.iter().map(|(name, files)| ((*name).to_owned(), files.iter().map(|f| self.path(f)).collect()));
        Recipients::read(files.collect()).expect("keys")
    }

    fn store(&self, agent: &str, audiences: &[(&str, &[&str])]) -> Arc<EpochFile> {
        Arc::new(EpochFile::new(self.path("epochs.jsonl"), agent, self.recipients(audiences), None))
    }

    fn opener(&self, pairs: &[&KeyPair]) -> Opener {
        let mut records = Records::default();
        records.add(&self.path("epochs.jsonl")).expect("read");
        let keys = pairs.iter().flat_map(|pair| PrivateKey::read_all(pair.private.as_bytes()).expect("a key")).collect();
        Opener::new(keys, records, AgentKeys::default())
    }

    fn receipt(&self) -> Receipt {
        let entry = Entry { now: 1, event: "reveal", actor: "test", reason: "test", details: Vec::new() };
        AuditLog::new(self.path("audit.jsonl"), None).append(&entry).expect("an entry")
    }
}

fn sealer(store: &Arc<EpochFile>, audiences: &[&str]) -> Sealer {
    Sealer::new(audiences.iter().map(|&a| a.to_owned()), Arc::clone(store) as Arc<dyn EpochStore>, EpochLimits::default())
}

#[test]
fn each_audience_opens_its_own() {
    let site = Site::new();
    let (soc, privacy) = (site.pair("soc", None), site.pair("privacy", None));
    let store = site.store("node-1", &[("soc", &["soc"]), ("privacy", &["privacy"])]);
    let sealer = sealer(&store, &["soc", "privacy"]);
    let (for_soc, for_privacy) =
        (sealer.seal("soc", FP, CLAIMS, 10).expect("sealed"), sealer.seal("privacy", FP, CLAIMS, 10).expect("sealed"));
    let receipt = site.receipt();
    let mut opener = site.opener(&[&soc]);
    let opened = opener.open(&ClaimSet::parse(for_soc[0].as_bytes()).expect("ours"), &receipt).expect("opened");
    assert_eq!(
        (opened.audience.as_deref(), opened.agent.as_deref(), opened.fp.as_str(), opened.claims.as_str()),
        (Some("soc"), Some("node-1"), FP, CLAIMS)
    );
    assert!(!format!("{opened:?}").contains("ann"));
    let other = ClaimSet::parse(for_privacy[0].as_bytes()).expect("ours");
    assert_eq!(opener.open(&other, &receipt).err(), Some(Unopened::OtherRecipients));
    assert!(site.opener(&[&privacy]).open(&other, &receipt).is_ok());
    let text = for_soc[0].replace('.', "A.").replacen("A.", ".", 2);
    assert!(ClaimSet::parse(text.as_bytes()).is_none());
}

#[test]
fn agents_share_a_file_and_a_torn_line_spoils_only_itself() {
    let site = Site::new();
    let soc = site.pair("soc", None);
    // A crash in the middle of an append.
    fs::write(site.path("epochs.jsonl"), "{\"protected\":\"eyJ").expect("written");
    let sets: Vec<String> = std::thread::scope(|scope| {
        let site = &site;
        let agents: Vec<_> = (0..6)
            .map(|n| {
                scope.spawn(move || {
                    let store = site.store(&format!("node-{n}"), &[("soc", &["soc"])]);
                    let sealer = sealer(&store, &["soc"]);
                    (0..5)
                        .map(|i| {
                            sealer.close(None);
                            sealer.seal("soc", FP, CLAIMS, i).expect("sealed").remove(0)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        agents.into_iter().flat_map(|agent| agent.join().expect("no panic")).collect()
    });
    assert_eq!(sets.len(), 30);
    let text = fs::read_to_string(site.path("epochs.jsonl")).expect("text");
    assert_eq!((text.lines().count(), text.ends_with('\n')), (31, true));
    let mut opener = site.opener(&[&soc]);
    let receipt = site.receipt();
    for set in &sets {
        assert!(opener.open(&ClaimSet::parse(set.as_bytes()).expect("ours"), &receipt).is_ok());
    }
    assert_eq!(Records::heads(&site.path("epochs.jsonl")).expect("read").len(), 30);
}

#[test]
fn records_follow_the_name_and_not_the_moved_file() {
    let site = Site::new();
    site.pair("soc", None);
    let store = site.store("node", &[("soc", &["soc"])]);
    let sealer = sealer(&store, &["soc"]);
    sealer.seal("soc", FP, CLAIMS, 1).expect("sealed");
    fs::rename(site.path("epochs.jsonl"), site.path("epochs.1")).expect("renamed");
    sealer.close(None);
    sealer.seal("soc", FP, CLAIMS, 1).expect("sealed");
    for name in ["epochs.jsonl", "epochs.1"] {
        assert_eq!(Records::heads(&site.path(name)).expect("read").len(), 1, "{name}");
    }
}

#[test]
fn without_a_file_or_a_recipient_nothing_is_sealed() {
    let site = Site::new();
    site.pair("soc", Some(100));
    let gone = Arc::new(EpochFile::new(site.path("no/such/folder/epochs"), "node", site.recipients(&[("soc", &["soc"])]), None));
    assert_eq!(sealer(&gone, &["soc"]).seal("soc", FP, CLAIMS, 1), Err(Withheld::NoRecord));
    fs::create_dir(site.path("folder")).expect("a folder");
    let folder = Arc::new(EpochFile::new(site.path("folder"), "node", site.recipients(&[("soc", &["soc"])]), None));
    assert_eq!(sealer(&folder, &["soc"]).seal("soc", FP, CLAIMS, 1), Err(Withheld::NoRecord));
    // Where every write fails.
    let full = Arc::new(EpochFile::new(PathBuf::from("/dev/full"), "node", site.recipients(&[("soc", &["soc"])]), None));
    assert_eq!(sealer(&full, &["soc"]).seal("soc", FP, CLAIMS, 1), Err(Withheld::NoRecord));
    let store = site.store("node", &[("soc", &["soc"])]);
    // Somebody holds the file's lock and does not let go.
    let held = File::create(site.path("epochs.jsonl")).expect("a file");
    held.lock().expect("locked");
    assert_eq!(sealer(&store, &["soc"]).seal("soc", FP, CLAIMS, 1), Err(Withheld::NoRecord));
    drop(held);
    let sealer = sealer(&store, &["soc"]);
    assert!(sealer.seal("soc", FP, CLAIMS, 99).is_ok());
    assert_eq!(sealer.seal("soc", FP, CLAIMS, 100), Err(Withheld::NoRecipient), "its only recipient has expired");
}

#[test]
fn an_expired_recipient_is_left_out_with_an_alarm() {
    let site = Site::new();
    let (old, new) = (site.pair("old", Some(100)), site.pair("new", None));
    let store = site.store("node", &[("soc", &["old", "new"])]);
    let sealer = sealer(&store, &["soc"]);
    let (before, after) = (sealer.seal("soc", FP, CLAIMS, 99).expect("sealed"), sealer.seal("soc", FP, CLAIMS, 100).expect("sealed"));
    assert_eq!(sealer.take_alarms(), [Alarm::LeftOut { audience: "soc".into(), kid: old.kid.clone() }]);
    let receipt = site.receipt();
    let opens =
        |pair: &KeyPair, sets: &[String]| site.opener(&[pair]).open(&ClaimSet::parse(sets[0].as_bytes()).expect("ours"), &receipt).is_ok();
    assert_eq!([opens(&old, &before), opens(&old, &after), opens(&new, &before), opens(&new, &after)], [true, false, true, true]);
}

#[test]
fn recipients_are_read_again() {
    let site = Site::new();
    let first = site.pair("soc", None);
    site.pair("privacy", None);
    let store = site.store("node", &[("soc", &["soc"]), ("privacy", &["privacy"])]);
    assert_eq!(store.reload().expect("read"), [""; 0]);
    let second = site.pair("soc", None);
    assert_ne!(first.kid, second.kid);
    assert_eq!(store.reload().expect("read"), ["soc"]);
    fs::write(site.path("soc"), "").expect("written");
    assert_eq!(store.reload().expect_err("an empty file").len(), 1);
    let sealer = sealer(&store, &["soc"]);
    let sets = sealer.seal("soc", FP, CLAIMS, 1).expect("the old keys are kept");
    let set = ClaimSet::parse(sets[0].as_bytes()).expect("ours");
    assert!(site.opener(&[&second]).open(&set, &site.receipt()).is_ok());
    assert_eq!(site.opener(&[&first]).open(&set, &site.receipt()).err(), Some(Unopened::OtherRecipients));
}

#[test]
fn standalone_claim_sets_need_no_epoch() {
    let site = Site::new();
    let (x, p) = (site.pair("x", None), KeyPair::generate(Role::RecipientP256, 1, None).expect("a pair"));
    fs::write(site.path("p"), &p.public).expect("written");
    let old = site.pair("old", Some(5));
    let rsa = josekit::jwk::alg::rsa::RsaKeyPair::generate(2048).expect("a pair");
    let rsa_private = {
        use josekit::jwk::KeyPair as _;
        fs::write(site.path("rsa"), rsa.to_pem_public_key()).expect("written");
        rsa.to_pem_private_key()
    };
    let store = site.store("node", &[("soc", &["x", "p", "old", "rsa"])]);
    let sealer = Sealer::standalone(["soc".to_owned()], store as Arc<dyn Standalone>);
    let sets = sealer.seal("soc", FP, CLAIMS, 10).expect("sealed");
    assert_eq!(sets.len(), 3);
    assert_eq!(sealer.take_alarms(), [Alarm::LeftOut { audience: "soc".into(), kid: old.kid }]);
    assert!(!site.path("epochs.jsonl").exists());
    fs::write(site.path("epochs.jsonl"), "").expect("written");
    let receipt = site.receipt();
    let keys = [x.private.as_bytes(), p.private.as_bytes(), &rsa_private];
    for (set, key) in sets.iter().zip(keys) {
        let set = ClaimSet::parse(set.as_bytes()).expect("ours");
        assert_eq!((set.mode, set.fp.as_str(), set.bucket), (Mode::Standalone, FP, 128));
        let mut opener = Opener::new(PrivateKey::read_all(key).expect("a key"), Records::default(), AgentKeys::default());
        assert_eq!(opener.open(&set, &receipt).expect("opened").claims.as_str(), CLAIMS);
    }
    let set = ClaimSet::parse(sets[0].as_bytes()).expect("ours");
    assert_eq!(site.opener(&[&p]).open(&set, &receipt).err(), Some(Unopened::OtherRecipients));
    // Every change of a character is another text, or not ours, or does not open.
    let mut opener = site.opener(&[&x]);
    for at in (0..sets[0].len()).step_by(5) {
        let mut text = sets[0].clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        if let Some(set) = ClaimSet::parse(&text) {
            assert!(opener.open(&set, &receipt).is_err(), "at {at}");
        }
    }
}

#[test]
fn forged_records_hide_nothing() {
    let site = Site::new();
    let (soc, mallory) = (site.pair("soc", None), site.pair("mallory", None));
    let store = site.store("node", &[("soc", &["soc"])]);
    let sets = sealer(&store, &["soc"]).seal("soc", FP, CLAIMS, 1).expect("sealed");
    let set = ClaimSet::parse(sets[0].as_bytes()).expect("ours");
    let honest = fs::read_to_string(site.path("epochs.jsonl")).expect("text");
    // Records of the same name before the honest one: for somebody else, and with another key inside.
    let recipients = site.recipients(&[("m", &["mallory"]), ("s", &["soc"])]);
    let epoch = NewEpoch { audience: "soc", id: &set.kid, issued_at: 1, key: &[9; 32] };
    let forge = |of: &str| record::write(&epoch, "node", &recipients.of(of).iter().collect::<Vec<_>>(), None).expect("a record");
    fs::write(site.path("epochs.jsonl"), format!("garbage\n{}\n{}\n{honest}", forge("m"), forge("s"))).expect("written");
    let opened = site.opener(&[&soc]).open(&set, &site.receipt());
    assert_eq!(opened.expect("opened").claims.as_str(), CLAIMS);
    assert_eq!(site.opener(&[&mallory]).open(&set, &site.receipt()).err(), Some(Unopened::CannotOpen));
    let empty = Opener::new(PrivateKey::read_all(soc.private.as_bytes()).expect("a key"), Records::default(), AgentKeys::default())
        .open(&set, &site.receipt());
    assert_eq!(empty.err(), Some(Unopened::NoRecord));
}

#[test]
fn the_public_half_is_that_of_the_pair() {
    use super::super::make::public_of;
    for role in [Role::Recipient, Role::RecipientP256, Role::Agent] {
        let pair = KeyPair::generate(role, 7, Some(99)).expect("a pair");
        assert_eq!(public_of(pair.private.as_bytes()).expect("its public half"), pair.public);
        assert!(public_of(pair.public.as_bytes()).is_err());
        assert!(!pair.public.contains("\"d\"") && pair.private.contains("\"d\""));
    }
    let rsa = josekit::jwk::alg::rsa::RsaKeyPair::generate(2048).expect("a pair");
    let pem = josekit::jwk::KeyPair::to_pem_private_key(&rsa);
    let public = public_of(&pem).expect("its public half");
    let read: BTreeMap<String, serde_json::Value> = serde_json::from_str(&public).expect("JSON");
    assert_eq!(read.keys().map(String::as_str).collect::<Vec<_>>(), ["e", "kid", "kty", "n"]);
}
