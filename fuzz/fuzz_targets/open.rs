//! Opening takes any bytes: one constant error, no panic, and never another key or other claims than were sealed.
#![no_main]
#![allow(unused_crate_dependencies)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scrubjay_claims::jose::{AgentKeys, EpochFile, KeyPair, PrivateKey, PublicKey, Recipients, Record, Role};
use scrubjay_claims::{ClaimSet, EpochLimits, EpochStore, Sealer, Standalone};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
const CLAIMS: &str = r#"{"sub":"ann"}"#;

struct Sealed {
    keys: Vec<PrivateKey>,
    record: String,
    sets: Vec<String>,
}

static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("scrubjay-fuzz-open-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut keys = Vec::new();
    let mut files = Vec::new();
    for (name, role) in [("x", Role::Recipient), ("p", Role::RecipientP256)] {
        let pair = KeyPair::generate(role, 1, None).expect("a pair");
        let path = folder.join(name);
        std::fs::write(&path, &pair.public).expect("written");
        files.push(path);
        keys.extend(PrivateKey::read_all(pair.private.as_bytes()).expect("a key"));
    }
    let recipients = || Recipients::read([("soc".to_owned(), files.clone())].into()).expect("keys");
    let epochs = folder.join("epochs");
    let store = || std::sync::Arc::new(EpochFile::new(epochs.clone(), "node", recipients(), None));
    let sealer = Sealer::new(["soc".to_owned()], store() as std::sync::Arc<dyn EpochStore>, EpochLimits::default());
    let standalone = Sealer::standalone(["soc".to_owned()], store() as std::sync::Arc<dyn Standalone>);
    let mut sets = sealer.seal("soc", FP, CLAIMS, 1).expect("sealed");
    sets.extend(standalone.seal("soc", FP, CLAIMS, 1).expect("sealed"));
    let record = std::fs::read_to_string(&epochs).expect("text").trim_end().to_owned();
    std::fs::remove_dir_all(&folder).expect("removed");
    Sealed { keys, record, sets }
});

// The first byte says what is fed: raw bytes to every reader, or one of ours with some bytes changed.
fuzz_target!(|data: &[u8]| {
    let [what, rest @ ..] = data else { return };
    let sealed = &*SEALED;
    let text = match what % 5 {
        0 => rest.to_vec(),
        1 => changed(&sealed.record, rest),
        n => changed(&sealed.sets[usize::from(n - 2)], rest),
    };
    let _ = PublicKey::read_all(&text);
    let _ = PrivateKey::read_all(&text);
    if let Ok(record) = Record::parse(&text) {
        for key in &sealed.keys {
            if let Ok(epoch) = record.open(key, &AgentKeys::default()) {
                assert_eq!((epoch.audience.as_str(), epoch.agent.as_str(), epoch.issued_at), ("soc", "node", 1));
                assert!(sealed.record.contains(record.head().recipients[0].as_str()));
            }
        }
    }
    if let Some(set) = ClaimSet::parse(&text) {
        // What is read is written back as it was: one spelling.
        assert!(std::str::from_utf8(&text).is_ok_and(|text| text.split('.').count() == 5));
        assert!(set.fp.len() > 20 && [128, 256, 512, 1024, 2048, 4096].contains(&set.bucket));
    }
});

/// Pairs of bytes say where and what; a place of 255 cuts the text short.
fn changed(text: &str, changes: &[u8]) -> Vec<u8> {
    let mut text = text.as_bytes().to_vec();
    for change in changes.chunks_exact(3) {
        let [high, low, new] = change else { continue };
        let at = usize::from(u16::from_be_bytes([*high, *low])) % text.len().max(1);
        match new {
            0 => text.truncate(at),
            1 => text.insert(at.min(text.len()), b'A'),
            2 if at < text.len() => drop(text.remove(at)),
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = *new;
                }
            }
        }
    }
    text
}
