use std::collections::VecDeque;
use std::io::{PipeWriter, Read};

use scrubjay_delivery::{AckId, LaneId};

use super::*;
use crate::file::chunk::Data;

fn piece(lane: u64, seq: u64, bytes: &str) -> Piece {
    Piece::lines(AckId { lane: LaneId(lane), seq }, Data::Owned(bytes.as_bytes().into()), false, 1)
}

/// A writer that first does what its script says; `None` refuses with `WouldBlock`.
#[derive(Clone, Default)]
struct Scripted {
    out: Arc<Mutex<Vec<u8>>>,
    script: Arc<Mutex<VecDeque<Result<usize, io::ErrorKind>>>>,
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.script.lock().unwrap().pop_front().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
        self.out.lock().unwrap().extend_from_slice(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn outcomes<W: Write + Send + 'static>(sink: &mut StdoutSink<W>) -> Vec<Outcome> {
    sink.settled().await.unwrap().into_iter().map(|s| s.outcome).collect()
}

#[tokio::test]
async fn exact_adds_nothing_between_lanes() {
    let writer = Scripted::default();
    let mut sink = StdoutSink::exact_to(writer.clone());
    for (lane, bytes) in [(1, "a"), (2, "b\nc"), (1, ""), (3, "\n")] {
        sink.accept_piece(piece(lane, u64::from(bytes.is_empty()), bytes)).await.unwrap();
    }
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered; 4]);
    assert_eq!(*writer.out.lock().unwrap(), b"ab\nc\n");
    assert_eq!(sink.summary(), SinkSummary { target: "stdout".to_owned(), records: 4, bytes: 5 });
}

#[tokio::test]
async fn lines_of_lanes_stay_whole() {
    let writer = Scripted::default();
    let mut sink = StdoutSink::lines_to(writer.clone(), LineLimits::default());
    sink.accept_piece(piece(1, 0, "a1\na2 ")).await.unwrap();
    sink.accept_piece(piece(2, 0, "b1\nb2")).await.unwrap();
    sink.accept_piece(piece(1, 1, "ends\n")).await.unwrap();
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered; 2]);
    assert_eq!(sink.close().await.unwrap().len(), 1);
    assert_eq!(*writer.out.lock().unwrap(), b"a1\nb1\na2 ends\nb2");
}

#[tokio::test]
async fn a_line_that_stalls_does_not_stop_the_others() {
    let writer = Scripted::default();
    let limits = LineLimits { open_line_bytes_max: 1, stall_max: Duration::from_millis(5), ..LineLimits::default() };
    let mut sink = StdoutSink::lines_to(writer.clone(), limits);
    sink.accept_piece(piece(1, 0, "begins")).await.unwrap();
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered]);
    sink.accept_piece(piece(2, 0, "other\n")).await.unwrap();
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered]);
    assert_eq!(*writer.out.lock().unwrap(), b"begins\nother\n");
}

#[tokio::test]
async fn short_writes_and_a_full_pipe_are_waited_out() {
    let writer = Scripted::default();
    let full = Err(io::ErrorKind::WouldBlock);
    writer.script.lock().unwrap().extend([Ok(2), full, full, Err(io::ErrorKind::Interrupted), Ok(1), full]);
    let mut sink = StdoutSink::exact_to(writer.clone());
    sink.accept_piece(piece(1, 0, "0123456789\n")).await.unwrap();
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered]);
    assert_eq!(*writer.out.lock().unwrap(), b"0123456789\n");
    assert!(writer.script.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_problem() {
    let (mut reader, writer): (_, PipeWriter) = io::pipe().unwrap();
    let mut sink = StdoutSink::exact_to(writer);
    sink.accept_piece(piece(1, 0, "read\n")).await.unwrap();
    assert_eq!(outcomes(&mut sink).await, [Outcome::Delivered]);
    let mut read = [0; 5];
    reader.read_exact(&mut read).unwrap();
    drop(reader);
    for seq in 1..3 {
        sink.accept_piece(piece(1, seq, "unread\n")).await.unwrap();
        let gone = Outcome::Failed(FailReason::ReaderGone);
        assert_eq!(sink.settled().await.unwrap(), [Settlement { ack: AckId { lane: LaneId(1), seq }, outcome: gone }]);
    }
    assert_eq!(sink.close().await.unwrap(), []);
    assert_eq!(sink.summary().bytes, 5);
}

#[tokio::test]
async fn a_full_device_is_a_problem_at_once() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut sink = StdoutSink::exact_to(full);
    let found = sink.accept_piece(piece(1, 0, "content\n")).await.unwrap_err();
    assert!(found.what.starts_with("cannot be written") && !found.to_string().contains("content"), "{found}");
    assert!(sink.accept_piece(piece(1, 1, "content\n")).await.is_err());
    assert!(sink.settled().await.is_err() && sink.close().await.is_err());
}
