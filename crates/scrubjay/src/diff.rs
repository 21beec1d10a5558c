//! `scrubjay check --diff OLD NEW LOG`: what another policy would make of a real log. Prints scrubbed lines only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber, Site, Teller};
use scrubjay_token::{Found, analyze};

use crate::exit::{Exit, complain};
use crate::{config, keyfile, policy, safe};

/// Read at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// Two scrubbers of the same text, and what they have given that the other has not matched yet.
struct Side {
    teller: Teller,
    scrubber: Scrubber,
    ahead: Vec<u8>,
}

impl Side {
    fn new(teller: Teller) -> Self {
        Self { scrubber: Scrubber::of(teller.clone(), Limits::default()), teller, ahead: Vec::new() }
    }

    /// Who may open which claims of the tokens of a line: `soc: email, sub`. Names only.
    fn seals(&self, line: &[u8], found: &[Found], source: &str) -> Vec<String> {
        let mut seals = Vec::new();
        for found in found {
            let mut of: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            let site = Site::of_found(source, line, found);
            self.teller.tell_why(&found.token, &site, &mut |claim| {
                for audience in claim.fate.sealed {
                    of.entry(audience).or_default().insert(claim.path.clone());
                }
            });
            let parts: Vec<String> = of
                .iter()
                .map(|(audience, claims)| format!("{audience}: {}", claims.iter().cloned().collect::<Vec<_>>().join(", ")))
                .collect();
            seals.push(if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") });
        }
        seals
    }
}

/// Compares two policies by a log of this source.
pub(crate) fn run(files: &[PathBuf], source: &str) -> Exit {
    let [old, new, log] = files else { return Exit::Usage };
    let key = match FingerprintKey::random() {
        Ok(key) => key,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Partly;
        }
    };
    let sides = [old, new].map(|file| teller(file, &key).map(Side::new));
    let [old, new] = match sides {
        [Ok(old), Ok(new)] => [old, new],
        [old, new] => {
            for what in [old.err(), new.err()].into_iter().flatten() {
                eprint!("{what}");
            }
            return Exit::Usage;
        }
    };
    match compare(old, new, log, source) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(&format!("{}: {}", safe::path(log), keyfile::reason(&error)));
            Exit::Partly
        }
    }
}

/// The policy of a policy file, or policy and rules of a pipeline file.
fn teller(path: &Path, key: &FingerprintKey) -> Result<Teller, String> {
    let text = policy::read(path).map_err(|what| format!("scrubjay: {what}\n"))?;
    if crate::test::is_pipeline(&text) {
        let plan = config::load(path).map_err(|wrong| safe::text(&wrong.to_string(), true))?;
        return Ok(Teller::new(key.clone(), plan.rules).with_policy(plan.policy));
    }
    let policy = scrubjay_scrub::Policy::parse(&safe::path(path), &text).map_err(|wrong| safe::text(&wrong.to_string(), true))?;
    Ok(Teller::new(key.clone(), scrubjay_rules::RulePack::builtin()).with_policy(Arc::new(policy)))
}

fn compare(mut old: Side, mut new: Side, log: &Path, source: &str) -> std::io::Result<()> {
    let mut input: Box<dyn Read> =
        if log == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(BufReader::new(File::open(log)?)) };
    let mut out = BufWriter::new(stdout().lock());
    let origin = Arc::new(Origin { source: source.into(), name: "log".into() });
    let sealing = [&old, &new].iter().any(|side| !side.teller.policy().audiences().is_empty());
    let mut raw = Vec::new();
    let (mut line, mut changed) = (0_u64, 0_u64);
    for seq in 0.. {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        input.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        let ends = block.is_empty();
        for side in [&mut old, &mut new] {
            let clean = side.scrubber.scrub(Batch {
                ack: AckId { lane: LaneId(0), seq },
                origin: Arc::clone(&origin),
                bytes: block.clone(),
                line_before: Vec::new(),
                framing: Framing::Lines,
                lane_ends: ends,
            });
            side.ahead.extend_from_slice(clean.bytes());
        }
        if sealing {
            raw.extend_from_slice(&block);
        }
        // Lines stay lines, so both have the same ones.
        let mut raws = lines(&mut raw, ends).into_iter();
        let (mut before, mut after) = (lines(&mut old.ahead, ends).into_iter(), lines(&mut new.ahead, ends).into_iter());
        let (mut extra_old, mut extra_new) = (Vec::new(), Vec::new());
        loop {
            match (before.next(), after.next()) {
                (Some(a), Some(b)) => {
                    line += 1;
                    let raw = raws.next().unwrap_or_default();
                    let found = analyze(&raw).unwrap_or_default();
                    let seals = [&old, &new].map(|side| side.seals(&raw, &found, source));
                    let resealed = seals[0] != seals[1];
                    if a != b || resealed {
                        changed += 1;
                        writeln!(out, "@@ line {line}")?;
                        for (sign, text, seals) in [('-', &a, &seals[0]), ('+', &b, &seals[1])] {
                            writeln!(out, "{sign}{}", printable(text))?;
                            if resealed {
                                writeln!(out, "{sign}  seals to {}", safe::text(&seals.join(" | "), false))?;
                            }
                        }
                    }
                }
                (Some(a), None) => extra_old.push(a),
                (None, Some(b)) => extra_new.push(b),
                (None, None) => break,
            }
        }
        put_back(&mut raw, raws.collect());
        put_back(&mut old.ahead, extra_old);
        put_back(&mut new.ahead, extra_new);
        if ends {
            break;
        }
    }
    writeln!(out, "{changed} of {line} lines would differ")?;
    out.flush()
}

/// A scrubbed line for a terminal: control characters escaped, and bytes that are no UTF-8 as `\xHH`.
fn printable(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    safe::text(&text, false)
}

/// The whole lines of a buffer, which keeps what follows them; at the end that is a line too.
fn lines(buffer: &mut Vec<u8>, ends: bool) -> Vec<Vec<u8>> {
    let whole = if ends { buffer.len() } else { buffer.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1) };
    let rest = buffer.split_off(whole);
    let text = std::mem::replace(buffer, rest);
    let mut lines: Vec<Vec<u8>> = text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    // What stands behind the last line end is no line.
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn put_back(buffer: &mut Vec<u8>, lines: Vec<Vec<u8>>) {
    let mut front: Vec<u8> = lines
        .into_iter()
        .flat_map(|mut l| {
            l.push(b'\n');
            l
        })
        .collect();
    front.append(buffer);
    *buffer = front;
}
