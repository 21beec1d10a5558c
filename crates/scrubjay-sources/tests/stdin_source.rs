//! `StdinSource` on real pipes.

use std::io::{self, Read, Write};
use std::time::Duration;

use scrubjay_pipeline::{Problem, Source, SourceEvent};
use scrubjay_sources::StdinSource;

/// Everything the source gives: bytes, sizes of the batches, problems, whether the last batch ended the lane.
#[derive(Default)]
struct Got {
    bytes: Vec<u8>,
    sizes: Vec<usize>,
    problems: Vec<Problem>,
    ended: bool,
}

async fn drain(source: &mut StdinSource, bytes_max: usize) -> Got {
    let mut got = Got::default();
    loop {
        match source.next(bytes_max).await {
            SourceEvent::Batch(b) => {
                assert!(!got.ended, "a batch after the lane's end");
                assert_eq!(b.ack.seq, got.sizes.len() as u64);
                got.sizes.push(b.bytes.len());
                got.bytes.extend(b.bytes);
                got.ended = b.lane_ends;
            }
            SourceEvent::Problem(p) => got.problems.push(p),
            SourceEvent::End => return got,
        }
    }
}

#[tokio::test]
async fn every_byte_comes_through_in_order_and_the_lane_ends() {
    let mut input: Vec<u8> = (0..=255).cycle().take(700_000).collect();
    input.extend(b"\r\nlast line without newline \xff\0");
    let (reader, mut writer) = io::pipe().unwrap();
    let copy = input.clone();
    let feeder = std::thread::spawn(move || writer.write_all(&copy).unwrap());
    let mut source = StdinSource::from_reader("stdin", reader).unwrap();
    let got = drain(&mut source, 10_000).await;
    feeder.join().unwrap();
    assert!(got.bytes == input);
    assert!(got.ended);
    assert!(got.sizes.iter().all(|&n| n <= 10_000));
}

#[tokio::test]
async fn an_empty_input_is_just_the_end() {
    let got = drain(&mut StdinSource::from_reader("stdin", io::empty()).unwrap(), 1000).await;
    assert!(got.sizes.is_empty() && got.problems.is_empty());
}

#[tokio::test]
async fn a_dropped_call_loses_nothing_and_a_smaller_bound_is_kept() {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut source = StdinSource::from_reader("stdin", reader).unwrap();
    // This call asks for 1000 bytes, then is dropped while it waits.
    assert!(tokio::time::timeout(Duration::from_millis(20), source.next(1000)).await.is_err());
    writer.write_all(b"0123456789abcdef").unwrap();
    drop(writer);
    let got = drain(&mut source, 7).await;
    assert_eq!(got.bytes, b"0123456789abcdef");
    assert_eq!(got.sizes, [7, 7, 2, 0]);
    assert!(got.ended);
}

struct Fails(u32);

impl Read for Fails {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Err(io::ErrorKind::Interrupted.into()),
            2 => Err(io::ErrorKind::WouldBlock.into()),
            3 => buf[..3].as_mut().write(b"abc"),
            _ => Err(io::Error::other("secret text of the error")),
        }
    }
}

#[tokio::test]
async fn a_read_error_is_told_after_what_came_before_it() {
    let got = drain(&mut StdinSource::from_reader("stdin", Fails(0)).unwrap(), 100).await;
    assert_eq!(got.bytes, b"abc");
    assert!(got.ended);
    assert_eq!(got.problems.len(), 1);
    assert_eq!(got.problems[0].place, "standard input");
    assert!(!got.problems[0].to_string().contains("secret"));
}

#[test]
fn a_runtime_can_be_dropped_while_a_read_hangs() {
    let (reader, writer) = io::pipe().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut source = StdinSource::from_reader("stdin", reader).unwrap();
    runtime.block_on(async { assert!(tokio::time::timeout(Duration::from_millis(20), source.next(10)).await.is_err()) });
    // This returns only because the read is not on the runtime's own threads; the test would hang otherwise.
    drop(runtime);
    drop(writer);
}
