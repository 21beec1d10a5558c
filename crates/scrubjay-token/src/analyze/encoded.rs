//! Tokens in base64 (RFC 4648 §4, §5), at every alignment.

use super::{BASE64_CHARS_MIN, BASE64_STARTS_MAX, Exhausted, HEAD_BYTES, Work, inside, is_readable};
use crate::base64::{decode, head_len, is_base64, padding_len};
use crate::compact::is_signature_length;
use crate::edges::{before_path, behind_escape};
use crate::runs::long_runs;
use crate::token::Found;

/// Tokens within the runs of base64 of a text that nothing found so far covers.
pub(super) fn base64_runs(text: &[u8], depth: usize, work: &mut Work, found: &mut Vec<Found>) -> Result<(), Exhausted> {
    for chars in long_runs(text, BASE64_CHARS_MIN, is_base64) {
        let padding = padding_len(text, chars.end);
        let run = behind_escape(text, chars.clone())..chars.end;
        // A view may have shown the token within, without the signature of the one around it.
        let end = with_signature(text, run.end + padding);
        let covered = found.iter().any(|f| f.pieces.iter().any(|p| p.start <= run.start && run.end.max(end - padding) <= p.end));
        if !covered && let Some((start, token)) = base64_run(&text[run.clone()], depth, work)? {
            let path = before_path(text, &(run.start + start..run.end));
            let alone = if path < run.end { inside(&decode(&text[run.start + start..path]), depth, work)? } else { None };
            let end = if alone.is_some_and(|f| f.token.whole) { path } else { end };
            found.push(token.at(run.start + start..end));
        }
    }
    Ok(())
}

/// The payload of a token that lost its header may be a token itself: its signature goes with it.
fn with_signature(text: &[u8], end: usize) -> usize {
    let Some(rest) = text.get(end..).and_then(|t| t.strip_prefix(b".")) else { return end };
    let len = head_len(rest);
    if is_signature_length(len) { end + 1 + len } else { end }
}

/// A token within a run of base64, and where the base64 text that holds it begins.
fn base64_run(run: &[u8], depth: usize, work: &mut Work) -> Result<Option<(usize, Found)>, Exhausted> {
    if work.barren_runs.has(run, depth) {
        return Ok(None);
    }
    // Text that begins with the run, or behind a slash of the path that it stands in.
    let slashes = run.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| i + 1);
    for start in std::iter::once(0).chain(slashes).take(BASE64_STARTS_MAX) {
        if run.len() - start < BASE64_CHARS_MIN {
            break;
        }
        if is_readable(&decode(&run[start..start + BASE64_CHARS_MIN])) {
            work.spend(run.len() - start)?;
            if let Some(token) = inside(&decode(&run[start..]), depth, work)? {
                return Ok(Some((start, token)));
            }
        }
    }
    // Something is glued to it, or it is cut: any alignment, anywhere in the run.
    let may_open = may_hold_opening(run);
    for skip in 0..4.min(run.len()) {
        // What neither begins readable nor holds an opening is not worth a look.
        let head = &run[skip..run.len().min(skip + HEAD_BYTES / 3 * 4)];
        if !may_open && !is_readable(&decode(head)) {
            work.spend(head.len())?;
            continue;
        }
        work.spend(run.len())?;
        let bytes = decode(&run[skip..]);
        if let Some(token) = inside(&bytes, depth, work)? {
            // What is glued to it stays: the groups before the readable text that leads up to the token.
            let before = bytes[..token.span().start].iter().rev().take_while(|b| (0x20..0x7F).contains(*b)).count();
            let groups = (token.span().start - before) / 3;
            return Ok(Some((skip + groups * 4, token)));
        }
    }
    work.barren_runs.add(run, depth);
    Ok(None)
}

/// False for base64 of nothing that [`super::has_opening`], at whatever alignment.
fn may_hold_opening(run: &[u8]) -> bool {
    memchr::memchr3_iter(b'Z', b'V', b'l', run)
        .any(|at| matches!((run[at], run.get(at + 1)), (b'Z', Some(b'X')) | (b'V', Some(b'3' | b'5')) | (b'l', Some(b'd' | b'e'))))
}
