//! `scrubjay keys`: makes key files and tells what is in them.
//!
//! It never prints a byte of a key: ids are hashes, and periods are no secret.

use std::io;

use scrubjay_claims::jose::Role;
use scrubjay_claims::{CorrelationRing, KEY_BYTES_MIN, Period, Schedule};
use zeroize::Zeroizing;

use crate::cli::{KeysArgs, KeysCommand, KeysListArgs, KeysNewArgs};
use crate::exit::{Exit, complain};
use crate::keyfile::{self, now, shown_time};
use crate::{safe, scrub};

mod pairs;

/// The name of the ring in a folder of keys.
const RING_FILE: &str = "fingerprint.key";
/// Hours and days in seconds.
const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

pub(crate) fn run(args: &KeysArgs) -> Exit {
    let done = match &args.command {
        KeysCommand::New(args) => new(args),
        KeysCommand::List(args) => list(args),
        KeysCommand::Rotate(args) => pairs::rotate(args),
        KeysCommand::Public(args) => pairs::public(args),
    };
    match done {
        Ok(text) => scrub::write_quietly(text.as_bytes()),
        Err(what) => {
            complain(&what);
            Exit::Usage
        }
    }
}

/// Writes key pairs for audiences and for an agent, and the ring of a folder that has none; with no such names, the ring.
fn new(args: &KeysNewArgs) -> Result<String, String> {
    let pairs = !args.audience.is_empty() || args.agent;
    let ring = !pairs || !args.dir.join(RING_FILE).exists();
    // All is looked at before anything is written: half of what was asked for is in the way of the next try.
    pairs::check_new(&args.dir, &args.audience, pairs::role_of(args.curve), args.agent)?;
    if let Some(period) = args.period.filter(|_| ring) {
        schedule(args, period)?;
    }
    let mut text = String::new();
    for audience in &args.audience {
        text.push_str(&pairs::new(&args.dir, audience, pairs::role_of(args.curve), args.valid)?);
    }
    if args.agent {
        text.push_str(&pairs::new(&args.dir, pairs::AGENT, Role::Agent, args.valid)?);
    }
    if ring {
        text.push_str(&new_ring(args)?);
    }
    Ok(text)
}

/// Writes the ring of a folder.
fn new_ring(args: &KeysNewArgs) -> Result<String, String> {
    let path = args.dir.join(RING_FILE);
    let shown = safe::path(&path);
    let secret = match args.period {
        Some(period) => {
            schedule(args, period)?.new_file().map(|file| Zeroizing::new(file.as_bytes().to_vec())).map_err(|e| e.to_string())?
        }
        None => random_key().map_err(|e| format!("{shown}: {}", keyfile::reason(&e)))?,
    };
    keyfile::write_private(&path, &secret).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists if path.exists() => {
            format!("{shown}: is there already and is not written over: fingerprints would no longer match; give another --dir")
        }
        _ => format!("{shown}: {}; give a folder that can be made and written to", keyfile::reason(&e)),
    })?;
    let ring = keyfile::ring(&path).map_err(|e| format!("{shown}: {e}"))?;
    Ok(format!("{shown}: written; give each node this file, and nobody else\n{}", table(&ring, now())))
}

fn random_key() -> io::Result<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(vec![0; KEY_BYTES_MIN]);
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    Ok(secret)
}

/// Periods from the beginning of this day (or hour, where periods are shorter than a day) on.
fn schedule(args: &KeysNewArgs, period: u32) -> Result<Schedule, String> {
    let overlap = args.overlap.unwrap_or_else(|| DAY.min(period / 4));
    if overlap >= period {
        return Err("--overlap is not shorter than --period: a key would be used beside more than its successor; shorten it".to_owned());
    }
    let grain = i64::from(if period < DAY { HOUR } else { DAY });
    let start = now().div_euclid(grain) * grain;
    Ok(Schedule { start, period_seconds: period, overlap_seconds: overlap, count: usize::from(args.count) })
}

/// Reads `12h`, `90d` or `13w` into seconds: an hour to ten years.
pub(crate) fn span(text: &str) -> Result<u32, String> {
    let units = [('h', HOUR), ('d', DAY), ('w', 7 * DAY)];
    let read = units.iter().find_map(|(unit, seconds)| text.strip_suffix(*unit)?.parse::<u32>().ok()?.checked_mul(*seconds));
    read.filter(|seconds| (HOUR..=3660 * DAY).contains(seconds)).ok_or_else(|| "write 12h, 90d or 13w, from 1h to 3660d".to_owned())
}

/// Reads a span that may also be `0`.
pub(crate) fn span_or_none(text: &str) -> Result<u32, String> {
    if text == "0" { Ok(0) } else { span(text) }
}

/// Tells what is in a ring, who the audiences of a folder are, and who can open the epochs of a file.
fn list(args: &KeysListArgs) -> Result<String, String> {
    let mut text = String::new();
    let ring = args.fingerprint_key.clone().or_else(|| args.dir.as_ref().map(|dir| dir.join(RING_FILE)));
    let pairs = args.dir.as_deref().map_or_else(|| Ok(String::new()), pairs::table)?;
    if let Some(path) = ring.filter(|path| pairs.is_empty() || path.exists()) {
        let shown = safe::path(&path);
        let ring = keyfile::ring(&path).map_err(|e| format!("{shown}: {e}"))?;
        text.push_str(&format!("{shown}\n{}", table(&ring, now())));
    }
    text.push_str(&pairs);
    for path in &args.epochs {
        text.push_str(&pairs::reach(path)?);
    }
    Ok(text)
}

/// One line for each key, the earliest first, and how long there will be one.
fn table(ring: &CorrelationRing, now: i64) -> String {
    let mut text = format!("  {:<6}  {:<20}  {:<20}  {}\n", "key", "from", "until", "state");
    let shown = |limit: Option<i64>| limit.map_or_else(|| "-".to_owned(), shown_time);
    for key in ring.keys().iter().rev() {
        let Period { not_before, expires } = key.period;
        let state = state(ring, key.key.id(), key.period, now);
        text.push_str(&format!("  {:<6}  {:<20}  {:<20}  {state}\n", key.key.id(), shown(not_before), shown(expires)));
    }
    match ring.uncovered_from(now) {
        Some(from) if from == now => text.push_str("  no key is for now: markers carry no fingerprint, keyed hash or pseudonym\n"),
        Some(from) => text.push_str(&format!("  there is a key until {}\n", shown_time(from))),
        None => {}
    }
    text
}

/// What becomes of a key at a time: `active` (makes everything), `overlap` (a second fingerprint), `unused` (covered by two
/// later ones), `next`, `ended`.
pub(crate) fn state(ring: &CorrelationRing, id: &str, period: Period, now: i64) -> &'static str {
    let keys = ring.active(now);
    if keys.current().is_some_and(|key| key.id() == id) {
        "active"
    } else if keys.former().is_some_and(|key| key.id() == id) {
        "overlap"
    } else if period.covers(now) {
        "unused"
    } else if period.not_before.is_some_and(|start| start > now) {
        "next"
    } else {
        "ended"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        let cases: &[(&str, Option<u32>)] = &[
            ("1h", Some(3600)),
            ("90d", Some(7_776_000)),
            ("13w", Some(7_862_400)),
            ("3660d", Some(316_224_000)),
            ("0d", None),
            ("3661d", None),
            ("4294967295w", None),
            ("90", None),
            ("d", None),
            ("-1d", None),
            ("1.5d", None),
            ("90m", None),
            ("", None),
            ("é", None),
        ];
        for (text, expected) in cases {
            assert_eq!(span(text).ok(), *expected, "{text}");
        }
        assert_eq!((span_or_none("0"), span_or_none("1d"), span_or_none("0d").is_ok()), (Ok(0), Ok(DAY), false));
    }
}
