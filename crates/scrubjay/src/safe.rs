//! Text from outside (paths, arguments) made safe to print: tokens replaced, control bytes escaped.

use std::path::Path;
use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_rules::RulePack;
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};

/// The text without tokens and control characters. Line ends stay where `lines` says so.
pub(crate) fn text(raw: &str, lines: bool) -> String {
    scrubbed(raw)
        .chars()
        .map(|c| if c.is_control() && !(lines && c == '\n') { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// A path as it may be printed.
pub(crate) fn path(path: &Path) -> String {
    text(&path.to_string_lossy(), false)
}

fn scrubbed(raw: &str) -> String {
    let Ok(key) = FingerprintKey::random() else { return "(withheld)".to_owned() };
    let batch = Batch {
        ack: AckId { lane: LaneId(0), seq: 0 },
        origin: Arc::new(Origin { source: String::new(), name: String::new() }),
        bytes: raw.as_bytes().to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends: true,
    };
    String::from_utf8_lossy(Scrubber::new(key, Limits::default()).scrub(batch).bytes()).into_owned()
}

/// True when the text holds a token or another credential.
pub(crate) fn holds_token(raw: &str) -> bool {
    let mut found = Vec::new();
    scrubjay_token::find(raw.as_bytes(), false, &mut found);
    let mut secrets = Vec::new();
    RulePack::builtin().find(raw.as_bytes(), &mut secrets);
    !found.is_empty() || !secrets.is_empty()
}
