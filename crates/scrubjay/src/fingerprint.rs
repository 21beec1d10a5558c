//! `scrubjay fingerprint`: did this token leak into our logs? Its fingerprint under each key of the ring, to be searched
//! for.
//!
//! It never prints a part of the token.

use scrubjay_claims::{CorrelationRing, Period};
use scrubjay_scrub::token_fingerprint;
use scrubjay_token::{Found, class};

use crate::asked::{self, Prompt};
use crate::cli::FingerprintArgs;
use crate::exit::{Exit, complain};
use crate::explain::line_and_column;
use crate::{keyfile, keys, safe, scrub};

pub(crate) fn run(args: &FingerprintArgs) -> Exit {
    let asked = asked::source(args.file.as_deref(), "fingerprint");
    let ring = keyfile::ring(&args.fingerprint_key).map_err(|e| format!("{}: {e}", safe::path(&args.fingerprint_key)));
    let (path, ring) = match asked.and_then(|path| ring.map(|ring| (path, ring))) {
        Ok(both) => both,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let text = match asked::read(path, Prompt::Token) {
        Ok(text) => text,
        Err(error) => {
            complain(&format!("{}: {}", safe::path(path), keyfile::reason(&error)));
            return Exit::Partly;
        }
    };
    let Ok(found) = scrubjay_token::analyze(&text) else {
        complain("the text was written to be slow, so it was not looked through; give the token alone");
        return Exit::Partly;
    };
    if found.is_empty() {
        complain("no token found, so there is no fingerprint (passwords, codes and opaque tokens have none)");
        return Exit::Partly;
    }
    let mut out = String::new();
    let mut exit = Exit::Done;
    let now = keyfile::now();
    for one in &found {
        if !lines(&mut out, one, &text, &ring, now) {
            exit = Exit::Partly;
            complain(&format!("{}: it is incomplete ({}), so it has no fingerprint; give all of it", described(one, &text), missing(one)));
        }
    }
    exit.worse(scrub::write_quietly(out.as_bytes()))
}

/// One line for each key, the latest first, with tabs between fingerprint, key id, period, state and token: the first
/// column is what to search for. False when the token has no fingerprint.
fn lines(out: &mut String, found: &Found, text: &[u8], ring: &CorrelationRing, now: i64) -> bool {
    for key in ring.keys() {
        let Some(print) = token_fingerprint(&found.token, &key.key) else { return false };
        let id = key.key.id();
        let state = keys::state(ring, id, key.period, now);
        out.push_str(&format!("{print}\t{id}\t{}\t{state}\t{}\n", interval(key.period), described(found, text)));
    }
    true
}

/// A period as an interval of ISO 8601, `..` where it is open.
fn interval(period: Period) -> String {
    let limit = |at: Option<i64>| at.map_or_else(|| "..".to_owned(), keyfile::shown_time);
    format!("{}/{}", limit(period.not_before), limit(period.expires))
}

fn described(found: &Found, text: &[u8]) -> String {
    let (line, column) = line_and_column(text, found.span().start);
    format!("{} {} at line {line}, column {column}", found.token.kind.name(), class(&found.token).name())
}

fn missing(found: &Found) -> &'static str {
    found.token.cut.map_or("payload", |cut| cut.name())
}
