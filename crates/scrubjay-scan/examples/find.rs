//! Prints where the candidate runs of a file or of standard input are: start, end and kind, never what they hold.
//!
//! `cargo run -p scrubjay-scan --example find [FILE]`

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

use scrubjay_scan::{Run64, RunKind, Scanner, StreamScanner};

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

fn main() -> ExitCode {
    match find(std::env::args_os().nth(1)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the list has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("find: {error}");
            ExitCode::FAILURE
        }
    }
}

fn find(path: Option<std::ffi::OsString>) -> io::Result<()> {
    let mut input: Box<dyn Read> = match path {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin().lock()),
    };
    let mut output = BufWriter::new(io::stdout().lock());
    let mut stream = StreamScanner::new(Scanner::new());
    let mut chunk = vec![0; CHUNK];
    let mut runs = Vec::new();
    loop {
        let read = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.push(chunk.get(..read).unwrap_or_default(), &mut runs);
        print(&mut output, &mut runs)?;
    }
    stream.finish(&mut runs);
    print(&mut output, &mut runs)?;
    output.flush()
}

fn print(output: &mut impl Write, runs: &mut Vec<Run64>) -> io::Result<()> {
    for Run64 { start, end, kind } in runs.drain(..) {
        let kind = match kind {
            RunKind::Word => "word",
            RunKind::List => "list",
        };
        writeln!(output, "{start}\t{end}\t{kind}")?;
    }
    Ok(())
}
