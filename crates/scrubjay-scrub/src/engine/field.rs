//! Tells of tokens in a field of their record, where the rule of the policy asks for it (`placement: field`).
//!
//! Markers are decided inline first, as everywhere. Then each line that is one whole JSON object gets short markers and a
//! field that says the rest. Any other record keeps what was decided: lines over the token limit, tokens that run over several lines,
//! records that have such a field already. What is decided here depends on the line alone.

use std::ops::Range;

use scrubjay_codec::field;
use scrubjay_token::Token;

use super::{Edit, Engine};
use crate::cache::Known;
use crate::marker::{Marker, Place};
use crate::policy::{Placement, SealTo};
use crate::site::Site;
use crate::stats::Stats;
use crate::unit::line_at;

/// A marker whose story may stand in a field instead.
pub(super) struct Asked {
    /// Where the marker stands, as its edit says.
    pub(super) span: Range<usize>,
    /// The whole marker, whatever its place asks for.
    pub(super) story: Box<[u8]>,
    /// What stands on either side of it in the edit.
    pub(super) quote: String,
}

/// What was decided of a buffer.
pub(super) struct Decided<'a> {
    pub(super) buffer: &'a [u8],
    /// In order.
    pub(super) edits: Vec<Edit>,
    pub(super) asked: Vec<Asked>,
    /// Parts of long lines, in order.
    pub(super) long: &'a [Range<usize>],
}

impl Engine {
    /// What is told of a token that stands there, and what a field would say of it.
    pub(super) fn known(&self, token: &Token, site: &Site<'_>) -> Known {
        let account = self.teller.tell(token, site);
        let marker: Box<[u8]> = account.written.into_bytes().into();
        let rule = account.rule;
        let in_field = rule.is_some_and(|rule| rule.placement == Placement::Field);
        // In a short marker there is no room for claims: they are told in a field, or go to the sidecar, or are dropped.
        let elsewhere = in_field || rule.is_some_and(|rule| rule.seal_to == SealTo::Sidecar);
        let (mut story, mut sealing) = (in_field.then(|| marker.clone()), account.sealing);
        if site.place == Place::Short && elsewhere {
            let whole = self.teller.tell(token, &Site { place: Place::Text, ..*site });
            story = in_field.then(|| whole.written.into_bytes().into());
            sealing = whole.sealing;
        }
        Known { marker, told: account.told, story, sealing }
    }

    /// Marker and story of one occurrence, with its claims sealed.
    pub(super) fn occurrence(
        &self,
        known: &Known,
        place: Place,
        stats: &mut Stats,
        sidecar: &mut Vec<u8>,
    ) -> (Box<[u8]>, Option<Box<[u8]>>) {
        let plain = || (known.marker.clone(), known.story.clone());
        let Some((sealing, sealer)) = known.sealing.as_ref().zip(self.teller.sealer()) else { return plain() };
        let sealed = sealing.seal(sealer, self.teller.now, stats);
        let bytes_max = self.teller.marker_bytes_max;
        if sealing.to == SealTo::Sidecar {
            sealing.sidecar(&sealed, sidecar);
        }
        let marker = match place {
            Place::Text => sealing.written(&known.marker, &sealed, bytes_max),
            Place::Short => known.marker.clone(),
        };
        let story = known.story.as_ref().and_then(|story| match (sealing.to, place) {
            (SealTo::Field, _) | (SealTo::Inline, Place::Short) => sealing.told_in_field(story, &sealed),
            _ => Some(sealing.written(story, &sealed, bytes_max)),
        });
        (marker, story)
    }

    /// Moves what is told of tokens into fields of their records, line by line.
    pub(super) fn in_fields(&self, decided: Decided<'_>) -> Vec<Edit> {
        let Decided { buffer, mut edits, asked, long } = decided;
        let mut all: Vec<Story> = asked.into_iter().filter_map(Story::of).collect();
        all.sort_by_key(|story| story.span.start);
        let mut spliced = Vec::new();
        let mut rest = all.as_slice();
        while let Some(first) = rest.first() {
            let line = line_at(buffer, first.span.start);
            let (here, later) = rest.split_at(rest.partition_point(|story| story.span.start < line.end));
            rest = later;
            let next_long = long.get(long.partition_point(|l| l.end <= line.start));
            let is_long = line.len() > self.limits.token_bytes_max || next_long.is_some_and(|l| l.start < line.end);
            if is_long || here.iter().any(|story| story.span.end > line.end) {
                continue;
            }
            let of_line = edits.partition_point(|e| e.span.start < line.start)..edits.partition_point(|e| e.span.start < line.end);
            let Some(edits) = edits.get_mut(of_line) else { continue };
            spliced.extend(self.of_line(buffer, line, here, edits));
        }
        if !spliced.is_empty() {
            edits.append(&mut spliced);
            edits.sort_by_key(|e| e.span.start);
        }
        edits
    }

    /// Makes the markers of a line short and gives the edit that puts the field into it; `None`, and all is as it was: this line takes none.
    fn of_line(&self, buffer: &[u8], line: Range<usize>, stories: &[Story], edits: &mut [Edit]) -> Option<Edit> {
        if stories.len() > field::TOKENS_MAX {
            return None;
        }
        let story_of = |edit: &Edit| stories.iter().find(|story| story.span == edit.span);
        let mut text = Vec::with_capacity(line.len());
        let mut at = line.start;
        for edit in edits.iter() {
            text.extend_from_slice(buffer.get(at..edit.span.start)?);
            match story_of(edit) {
                Some(story) => text.extend_from_slice(&story.short),
                None => text.extend_from_slice(&edit.text),
            }
            at = edit.span.end;
        }
        text.extend_from_slice(buffer.get(at..line.end)?);
        let tokens: Vec<field::Token<'_>> =
            stories.iter().map(|story| field::Token { kind: &story.marker.kind, fields: &story.marker.fields }).collect();
        let field::Splice { at: close, text: field } = field::splice(&text, self.teller.policy().field, &tokens)?;
        // The brace is followed by blanks only, so no edit stands behind it: from the line's end the offset is the same.
        let at = line.end - (text.len() - close);
        if edits.last().is_some_and(|edit| edit.span.end > at) {
            return None;
        }
        text.splice(close..close, field.bytes());
        // What would be found in the record when it is scrubbed again is not written.
        if self.teller.fires(&text) {
            return None;
        }
        for edit in edits {
            if let Some(story) = story_of(edit) {
                edit.text.clone_from(&story.short);
            }
        }
        Some(Edit { span: at..at, text: field.into_bytes() })
    }
}

/// What a field says of one token.
struct Story {
    span: Range<usize>,
    marker: Marker,
    /// What stands where the token stood, quotes included.
    short: Vec<u8>,
}

impl Story {
    fn of(asked: Asked) -> Option<Self> {
        let marker = Marker::parse(std::str::from_utf8(&asked.story).ok()?)?;
        let short = format!("{0}{1}{0}", asked.quote, marker.short()).into_bytes();
        Some(Self { span: asked.span, marker, short })
    }
}
