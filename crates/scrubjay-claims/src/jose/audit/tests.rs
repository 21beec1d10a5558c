//! What was done to the log shows.

use std::fs;

use super::*;

fn log(folder: &tempfile::TempDir, entries: u64) -> (PathBuf, Vec<Receipt>) {
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::new(path.clone(), None);
    let entry = |n| Entry {
        now: 1_700_000_000 + n,
        event: "reveal",
        actor: "ann (1000)",
        reason: "case \"7\"\n,\"hash\":\"",
        details: vec![("files", json!(["a"]))],
    };
    let receipts = (0..entries).map(|n| log.append(&entry(n)).expect("an entry")).collect();
    (path, receipts)
}

/// Applies a change to the lines of a log of five entries and gives the faults that are found.
fn after(change: impl FnOnce(&mut Vec<String>)) -> Vec<(u64, Fault)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = log(&folder, 5);
    let mut lines: Vec<String> = fs::read_to_string(&path).expect("text").split_inclusive('\n').map(str::to_owned).collect();
    change(&mut lines);
    fs::write(&path, lines.concat()).expect("written");
    verify(&path, &[]).expect("read").faults
}

#[test]
fn a_whole_log_is_whole() {
    assert_eq!(after(|_| {}), []);
    let folder = tempfile::tempdir().expect("a folder");
    let (path, receipts) = log(&folder, 3);
    let verdict = verify(&path, &[]).expect("read");
    let head = (3, receipts[2].hash().to_owned());
    assert_eq!((verdict.entries, verdict.head.clone(), verdict.proven), (3, Some(head.clone()), None));
    let anchored = (2, receipts[1].hash().to_owned());
    assert_eq!(verify(&path, &[anchored]).expect("read").proven, Some(2), "the third entry is not proven to be the last");
    assert_eq!(verify(&path, &[head]).expect("read").proven, Some(3));
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with("{\"seq\":1,\"time\":\"2023-11-14T22:13:20Z\",\"prev\":\""), "{text}");
}

#[test]
fn edits_cuts_and_another_order_show() {
    let edit = |line: &str| line.replace("ann", "bob");
    assert_eq!(after(|l| l[2] = edit(&l[2])), [(3, Fault::Edited)]);
    assert_eq!(after(|l| drop(l.remove(2))), [(3, Fault::Cut)]);
    assert_eq!(after(|l| drop(l.remove(0))), [(1, Fault::Cut)]);
    assert_eq!(after(|l| l.swap(1, 2)), [(2, Fault::Cut), (3, Fault::Order), (4, Fault::Cut)]);
    assert_eq!(after(|l| l.insert(3, l[1].clone())), [(4, Fault::Order), (5, Fault::Cut)]);
    assert_eq!(after(|l| l.insert(1, "\n".into())), [(2, Fault::NoEntry)]);
    assert_eq!(after(|l| l[1] = "{}\n".into()), [(2, Fault::NoEntry), (3, Fault::Cut)]);
    // An entry that was written anew with a right hash of its own: its successor knows better.
    let replaced = |l: &mut Vec<String>| {
        let body = edit(l[2].rsplit_once(HASH).expect("a hash").0);
        l[2] = format!("{body}{HASH}{}\"}}\n", encode(&Sha256::digest(&body)));
    };
    assert_eq!(after(replaced), [(4, Fault::Replaced)]);
}

#[test]
fn the_largest_number_is_a_fault_and_takes_no_successor() {
    let entry = |seq: u64, prev: &str| {
        let body = format!("{{\"seq\":{seq},\"prev\":\"{prev}\"");
        let hash = encode(&Sha256::digest(&body));
        (format!("{body}{HASH}{hash}\"}}\n"), hash)
    };
    let (first, hash) = entry(u64::MAX, &Link::start().hash);
    let (second, _) = entry(u64::MAX, &hash);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, first + &second).expect("written");
    assert_eq!(verify(&path, &[]).expect("read").faults, [(1, Fault::Cut), (2, Fault::Order)]);
    let log = AuditLog::new(path, None);
    let entry = Entry { now: 0, event: "reveal", actor: "ann", reason: "case 7", details: Vec::new() };
    assert!(matches!(log.append(&entry), Err(AuditError::Damaged)));
}

#[test]
fn truncation_shows_by_a_head_that_was_kept() {
    assert_eq!(after(|l| l.truncate(3)), [(3, Fault::Truncated)]);
    assert_eq!(after(|l| l.clear()), [(0, Fault::Truncated)]);
    let within = |l: &mut Vec<String>| {
        let half = l[4].len() / 2;
        l[4].truncate(half)
    };
    assert_eq!(after(within), [(5, Fault::Incomplete), (5, Fault::Truncated)]);

    // Whoever takes the head beside the log away as well is found out by one that is elsewhere, and by that alone.
    let folder = tempfile::tempdir().expect("a folder");
    let (path, receipts) = log(&folder, 4);
    let text = fs::read_to_string(&path).expect("text");
    let two: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, two).expect("written");
    fs::remove_file(head_path(&path)).expect("removed");
    assert_eq!(verify(&path, &[]).expect("read").faults, []);
    let elsewhere = parse_head(&format!("{}:{}", receipts[3].seq(), receipts[3].hash())).expect("a head");
    let verdict = verify(&path, std::slice::from_ref(&elsewhere)).expect("read");
    assert_eq!((verdict.faults, verdict.proven), (vec![(2, Fault::Truncated)], None));
    // A history that was made anew is not the one whose head is known.
    fs::remove_file(&path).expect("removed");
    let log = AuditLog::new(path.clone(), None);
    for n in 0..4 {
        log.append(&Entry { now: n, event: "reveal", actor: "eve", reason: "none", details: Vec::new() }).expect("an entry");
    }
    assert_eq!(verify(&path, &[elsewhere]).expect("read").faults, [(4, Fault::OtherHead)]);
}

#[test]
fn a_damaged_log_takes_no_entry() {
    let entry = Entry { now: 9, event: "reveal", actor: "ann", reason: "x", details: Vec::new() };
    let damage: [fn(&str) -> String; 4] = [
        |text| text[..text.len() - 1].to_owned(),
        |text| text.replace("ann", "bob"),
        |text| format!("{text}\n"),
        |text| format!("{text}{}\n", "x".repeat(100_000)),
    ];
    for damage in damage {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, _) = log(&folder, 2);
        fs::write(&path, damage(&fs::read_to_string(&path).expect("text"))).expect("written");
        assert!(matches!(AuditLog::new(path.clone(), None).append(&entry), Err(AuditError::Damaged)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = log(&folder, 2);
    let first = fs::read_to_string(&path).expect("text").split_inclusive('\n').take(1).collect::<String>();
    fs::write(&path, first).expect("written");
    assert!(matches!(AuditLog::new(path, None).append(&entry), Err(AuditError::Truncated)));
    assert!(matches!(AuditLog::new("/dev/full".into(), None).append(&entry), Err(AuditError::Io(_))));
    assert!(matches!(AuditLog::new(folder.path().join("none/log"), None).append(&entry), Err(AuditError::Io(_))));
    let long = "x".repeat(ENTRY_BYTES_MAX);
    let long = Entry { reason: &long, ..entry.clone() };
    assert!(matches!(AuditLog::new(folder.path().join("new"), None).append(&long), Err(AuditError::Long)));
}

#[test]
fn the_head_is_anchored_or_nothing_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = Entry { now: 9, event: "reveal", actor: "ann", reason: "x", details: Vec::new() };
    let socket = folder.path().join("dev-log");
    let log = AuditLog::new(folder.path().join("log"), Some(socket.clone()));
    assert!(matches!(log.append(&entry), Err(AuditError::Anchor(_))));
    let journal = UnixDatagram::bind(&socket).expect("a socket");
    let receipt = log.append(&entry).expect("an entry");
    let mut message = [0; 256];
    let length = journal.recv(&mut message).expect("a message");
    let message = String::from_utf8_lossy(&message[..length]).into_owned();
    assert_eq!(message, format!("<85>scrubjay: audit log head 2:{}", receipt.hash()));
    let head = parse_head(message.rsplit(' ').next().expect("a head")).expect("a head");
    assert_eq!(verify(&folder.path().join("log"), &[head]).expect("read").proven, Some(2));
}

#[test]
fn writers_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    std::thread::scope(|scope| {
        for n in 0..6 {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..10 {
                    let entry = Entry { now: n, event: "reveal", actor: "ann", reason: "x", details: Vec::new() };
                    AuditLog::new(path.clone(), None).append(&entry).expect("an entry");
                }
            });
        }
    });
    let verdict = verify(&path, &[]).expect("read");
    assert_eq!((verdict.entries, verdict.faults), (60, Vec::new()));
}
