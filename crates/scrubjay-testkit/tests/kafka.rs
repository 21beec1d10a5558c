//! The harness itself: what it writes it reads back, data outlives a kill, and nothing is left behind.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scrubjay_testkit::kafka::{KafkaCluster, Record};

#[test]
fn what_is_written_is_read_back() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("roundtrip", 2);
    let records = [
        Record { key: Some(b"k".to_vec()), timestamp_ms: Some(1_700_000_000_123), ..Record::value(0, "a") },
        Record {
            headers: vec![("h".into(), None), ("h".into(), Some(vec![])), ("i".into(), Some(b"\xff".to_vec()))],
            ..Record::value(0, "")
        },
        Record { partition: Some(1), value: None, key: Some(vec![]), ..Record::default() },
    ];
    kafka.produce(&topic, &records);
    let mut read = kafka.consume_all(&topic);
    assert_eq!(read[0].timestamp_ms, Some(1_700_000_000_123));
    for (record, sent) in read.iter_mut().zip(&records) {
        record.timestamp_ms = sent.timestamp_ms;
        record.offset = 0;
    }
    assert_eq!(read, records);
    assert_eq!(kafka.end_offsets(&topic), [2, 1]);
}

#[test]
fn aborted_transactions_are_not_read() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("transactions", 1);
    kafka.produce_transaction(&topic, &[Record::value(0, "kept")], true);
    kafka.produce_transaction(&topic, &[Record::value(0, "thrown away")], false);
    let read = kafka.consume_all(&topic);
    assert_eq!(read.iter().map(|r| r.value.clone().unwrap()).collect::<Vec<_>>(), [b"kept".to_vec()]);
    assert_eq!(kafka.end_offsets(&topic), [4], "each transaction leaves a marker that takes an offset");
}

#[test]
fn data_outlives_a_kill_and_nothing_is_left_behind() {
    let mut kafka = KafkaCluster::start();
    let topic = kafka.topic("kill", 1);
    kafka.produce(&topic, &[Record::value(0, "before")]);
    kafka.kill();
    kafka.restart();
    kafka.produce(&topic, &[Record::value(0, "after")]);
    assert_eq!(kafka.consume_all(&topic).len(), 2);
    let folder = kafka.folder().unwrap().to_owned();
    let marker = folder.join("server.properties").display().to_string();
    assert!(running(&marker));
    drop(kafka);
    assert!(!running(&marker) && !folder.exists());
}

/// A test process that is killed cannot clean up after itself: the watchdog does.
#[test]
fn a_killed_owner_leaves_no_broker() {
    let example = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/test-kafka");
    let mut owner = Command::new(example).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let port = address.trim().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    owner.stdin.as_mut().unwrap().write_all(b"still here").unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < deadline, "the broker outlived its owner");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// True when a process has `marker` in its command line.
fn running(marker: &str) -> bool {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .any(|entry| std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(marker)))
}
