//! VRL's `redact`, as Vector runs it: a program for each event, an event for each line.

use vrl::compiler::runtime::Runtime;
use vrl::compiler::{Program, TargetValue, TimeZone, compile};
use vrl::value::{Secrets, Value};

/// A compiled program that redacts what a pattern matches.
pub(crate) struct Redact {
    program: Program,
    runtime: Runtime,
}

impl Redact {
    pub(crate) fn new(pattern: &str) -> Self {
        let source = format!(". = redact!(., filters: [r'{pattern}'])");
        let compiled = compile(&source, &vrl::stdlib::all()).unwrap_or_else(|e| panic!("the program compiles: {e:?}"));
        Self { program: compiled.program, runtime: Runtime::default() }
    }

    /// The text with each line redacted by itself.
    pub(crate) fn replace(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.clear();
        for line in text.split_inclusive(|&b| b == b'\n') {
            let (line, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |line| (line, b"\n"));
            let value = Value::Bytes(line.to_vec().into());
            let mut event = TargetValue { value, metadata: Value::Object(Default::default()), secrets: Secrets::default() };
            let redacted = self.runtime.resolve(&mut event, &self.program, &TimeZone::default()).expect("a line is text");
            out.extend_from_slice(redacted.as_bytes().expect("text stays text"));
            out.extend_from_slice(end);
        }
    }
}

/// What it puts in the place of a match.
pub(crate) const REDACTED: &[u8] = b"[REDACTED]";
