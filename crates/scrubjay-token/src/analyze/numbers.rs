//! What is written in digits.

use std::ops::Range;

use super::{Exhausted, HEAD_BYTES, Work, inside, is_readable};
use crate::edges::behind_escape;
use crate::escape_rows::escape_rows;
use crate::lists::{decode_hex, dumps, hex_runs, lists};
use crate::survey::Survey;
use crate::token::Found;

/// Looks for tokens in what is written in digits: hex, escapes in rows, lists, dumps.
pub(super) fn numbers(text: &[u8], survey: Survey, depth: usize, work: &mut Work, found: &mut Vec<Found>) -> Result<(), Exhausted> {
    for run in hex_runs(text).take_while(|_| survey.hex) {
        let run = behind_escape(text, run.clone())..run.end;
        // What is neither text nor has an opening is not worth a look ([`is_worth_a_look`]).
        let may_open = memchr::memmem::find(&text[run.clone()], b"657").is_some();
        for skip in 0..2 {
            let digits = &text[run.start + skip..run.end];
            if !may_open && !is_readable(&decode_hex(&digits[..digits.len().min(2 * HEAD_BYTES)])) {
                continue;
            }
            let bytes = decode_hex(digits);
            if let Some(token) = inside(&bytes, depth, work)? {
                found.push(token.at(run.clone()));
                break;
            }
        }
    }
    let escapes = if survey.escapes && survey.lines { escape_rows(text) } else { Vec::new() };
    let lists = if survey.list { lists(text).into_iter().chain(dumps(text)).collect() } else { Vec::new() };
    for list in escapes.into_iter().chain(lists) {
        if let Some(token) = inside(&list.bytes, depth, work)? {
            let quote = json_quote(text, &list.pieces);
            found.push(Found { pieces: list.pieces, quote, ..token });
        }
    }
    Ok(())
}

/// Longest gap between a member's name and the array that is its value.
const ARRAY_GAP_BYTES_MAX: usize = 16;

/// The quote of the member whose whole value is an array of these numbers: the marker in it has to be a string.
fn json_quote(text: &[u8], pieces: &[Range<usize>]) -> Option<Range<usize>> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    let before = text[..first.start].trim_ascii_end().strip_suffix(b"[")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    if first.start - before.len() > ARRAY_GAP_BYTES_MAX || text[last.end..].trim_ascii_start().first() != Some(&b']') {
        return None;
    }
    let name = before.strip_suffix(b"\"")?;
    let slashes = name.iter().rev().take(16).take_while(|&&b| b == b'\\').count();
    Some(name.len() - slashes..before.len())
}
