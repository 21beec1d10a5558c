//! Every back end, at any alignment and in any chunks, gives the runs that the slow reference gives.
#![no_main]

#[path = "../../crates/scrubjay-scan/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use scrubjay_scan::{Backend, Run, Scanner, StreamScanner};

// The first byte is the alignment, the second one the length of a chunk.
fuzz_target!(|data: &[u8]| {
    let [offset, chunk, block @ ..] = data else { return };
    let offset = usize::from(*offset) % 64;
    let moved = [&vec![b'!'; offset], block].concat();
    let (expected, expected_tail) = oracle::scan(block);
    for backend in Backend::available() {
        let scanner = Scanner::with_backend(backend).expect("it is available");
        let mut runs = Vec::new();
        let tail = scanner.scan(&moved[offset..], &mut runs);
        assert!(runs == expected && tail == expected_tail, "{}", backend.name());

        let mut complete = Vec::new();
        scanner.scan_complete(block, &mut complete);
        let mut streamed = Vec::new();
        let mut stream = StreamScanner::new(scanner);
        block.chunks(usize::from(*chunk).max(1)).for_each(|c| stream.push(c, &mut streamed));
        stream.finish(&mut streamed);
        let mut streamed: Vec<Run> = streamed.iter().map(|r| Run { start: r.start as usize, end: r.end as usize, kind: r.kind }).collect();
        let order = |r: &Run| (r.start, r.kind);
        streamed.sort_by_key(order);
        complete.sort_by_key(order);
        assert!(streamed == complete, "{} streamed", backend.name());
    }
});
