//! Finds every token of a stretch of text in every form: compact, JSON, keys, wrapped, and under up to three layers of
//! encoding.

mod divided;
mod encoded;
mod numbers;
mod seen;
mod strings;

use std::ops::Range;

use self::divided::{carried_objects, whole_keys, whole_objects};
use self::encoded::base64_runs;
use self::numbers::numbers;
use self::seen::{Seen, Views};
use self::strings::within_strings;
use crate::carried::{carried, divided};
use crate::chunked::unchunked;
use crate::find::{Rest, Search, find_within};
use crate::fold::folded;
use crate::frames::{chunks, unframed};
use crate::interrupted::interrupted;
use crate::lists::line_pieces;
use crate::literals::{concatenated, holds_literal};
use crate::merge::merged;
use crate::notations::notations;
use crate::objects::{is_json_in_view, may_hold_members, objects_in_strings};
use crate::partials::partials;
use crate::parts::parted;
use crate::pem::{is_rest, pem_keys, without_backslash};
use crate::records::Records;
use crate::rows::uncarried;
use crate::survey::Survey;
use crate::tables::columns;
use crate::tails::untailed;
use crate::token::{Cut, Found, Kind, Token, Whole};
use crate::torn::torn_runs;
use crate::view::{View, Wide, broken, has_control, narrowed, unescaped, unquoted, visible};
use crate::wrap::{Alphabet, joined};

/// Layers of encoding that are taken off: three that somebody chose, and two of the log line around them (a URL in a URL,
/// JSON in JSON).
pub const DEPTH_MAX: usize = 5;
/// Layers of encoding that a divided record is under.
const CARRIER_LAYERS_MAX: usize = 2;
/// Work for each byte of text, in bytes looked at over all views and decodings, before the text is given up.
pub const WORK_PER_BYTE_MAX: usize = 128;
/// Work that any text may take, in bytes: a key of some lines in a string in quoted-printable has many views.
const WORK_MIN: usize = 1024 * 1024;
/// Shortest run of base64 that can hold a token worth a look: 24 bytes.
pub(crate) const BASE64_CHARS_MIN: usize = 32;
/// Shortest line of a PEM body that makes a key worth looking for.
pub(crate) const PEM_LINE_CHARS_MIN: usize = 16;
/// Shortest run of hex digits: 16 bytes.
pub(crate) const HEX_DIGITS_MIN: usize = 32;
/// Shortest list of numbers, in bytes: 16 pairs of digits have 15 separators; a dump's last line may be shorter than its others.
pub(crate) const LIST_BYTES_MIN: usize = 32;
/// Most places within one run where a base64 text may begin (behind the slashes of a path).
pub(crate) const BASE64_STARTS_MAX: usize = 8;

/// The work would pass the budget: the text was written to be slow, and cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// Finds the tokens of a text that is complete: a line, or a group of lines that belong together.
///
/// The result is in order and without overlap. Work is linear in the text, at most [`WORK_PER_BYTE_MAX`] for each byte.
///
/// # Errors
/// [`Exhausted`]: the text has to be withheld.
///
/// ```
/// let text = br"Authorization: Basic dXNlcjpleUpoYkdjaU9pSnViMjVsSW4wLmV5SnpkV0lpT2lKcWJ5SjkuLg==";
/// let found = scrubjay_token::analyze(text)?;
/// assert_eq!(found[0].span(), 21..text.len());
/// # Ok::<(), scrubjay_token::Exhausted>(())
/// ```
pub fn analyze(text: &[u8]) -> Result<Vec<Found>, Exhausted> {
    analyze_from(text, Search::default(), Vec::new(), work_max(text.len()))
}

/// As [`analyze`], of the beginning of a text: tells, too, where a compact token begins that what follows would decide.
///
/// # Errors
/// As [`analyze`].
pub fn analyze_open(text: &[u8]) -> Result<(Vec<Found>, Option<usize>), Exhausted> {
    let mut budget = work_max(text.len());
    let (mut search, mut found) = (Search::default(), Vec::new());
    let open = match search.go_on(text, true, &mut found, &mut budget)? {
        Rest::Open(at) => Some(at),
        Rest::Decided => None,
    };
    Ok((analyze_from(text, search, found, budget)?, open))
}

/// Goes on where the first search for compact tokens has stopped.
fn analyze_from(text: &[u8], mut search: Search, mut found: Vec<Found>, budget: usize) -> Result<Vec<Found>, Exhausted> {
    let mut work = Work {
        budget,
        single: memchr::memchr(b'\n', text.trim_ascii_end()).is_none(),
        barren: Seen::default(),
        barren_runs: Seen::default(),
        undivided: Seen::default(),
        views: Views::default(),
        strings: Vec::new(),
    };
    search.go_on(text, false, &mut found, &mut work.budget)?;
    let mut found = layer_beside(text, found, DEPTH_MAX, Lined::default(), &mut work)?;
    // The least that tells of a token: of the text as it stands, and where nothing else was found.
    let torn = torn_runs(text, &found);
    if !torn.is_empty() {
        found.extend(torn);
        found = merged(found);
    }
    // Whatever a look took for one piece: a line end is never part of it.
    for f in found.iter_mut().filter(|f| f.pieces.iter().any(|p| memchr::memchr(b'\n', &text[p.clone()]).is_some())) {
        f.pieces = f.pieces.iter().flat_map(|p| line_pieces(text, p.clone())).collect();
    }
    for f in &mut found {
        for piece in &mut f.pieces {
            piece.end -= usize::from(text[piece.clone()].ends_with(b"\r") && matches!(text.get(piece.end), Some(b'\n') | None));
        }
        f.pieces.retain(|piece| piece.start < piece.end);
    }
    found.retain(|f| !f.pieces.is_empty());
    Ok(found)
}

/// The budget for a text of this many bytes.
#[must_use]
pub fn work_max(bytes: usize) -> usize {
    WORK_MIN.max(bytes.saturating_mul(WORK_PER_BYTE_MAX))
}

/// What is left to spend, and what need not be looked at again.
struct Work {
    budget: usize,
    /// The text is one line.
    single: bool,
    /// Decoded bytes that hold no token: most of them are the same in every view.
    barren: Seen,
    /// Runs of base64 that hold none. To look at one is a layer more than to look at its bytes.
    barren_runs: Seen,
    /// Texts that a carrier divided, without what divides them, that hold no whole object: the lines of most views are the same.
    undivided: Seen,
    /// Views of the text at hand. Views commute: what is unescaped and then joined is mostly what is joined and then
    /// unescaped, and gives the same tokens at the same places.
    views: Views,
    /// Where objects of the text at hand begin, and where the strings end in which they are cut, while escapes are taken off
    /// it. What a carrier divided goes on in another string.
    strings: Vec<Range<usize>>,
}

impl Work {
    fn spend(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.budget = self.budget.checked_sub(bytes).ok_or(Exhausted)?;
        Ok(())
    }
}

/// What was done to the lines of a text already: to do it again gives nothing.
#[derive(Clone, Copy, Default)]
struct Lined {
    joined: bool,
    unframed: bool,
    /// Each line is a value of its own.
    alone: bool,
    /// Escaped line breaks are line ends in a view beside this one.
    broken: bool,
    /// What frames the lines of a value is left out.
    untailed: bool,
    /// What was joined holds nothing that other views would change: they are looked at without the joints, and joined then.
    plain: bool,
}

impl Lined {
    /// Its lines are as they are.
    const JOINED: Self = Self { joined: true, unframed: true, alone: false, broken: false, untailed: false, plain: false };
    const ALONE: Self = Self { alone: true, ..Self::JOINED };

    /// Of a text that is another one, whose lines are as they came.
    fn anew(self) -> Self {
        Self { broken: self.broken, untailed: self.untailed, ..Self::default() }
    }

    fn alone(self) -> Self {
        Self { broken: self.broken, untailed: self.untailed, ..Self::ALONE }
    }
}

/// Whether a text under so many layers may have been divided by who carries it on.
fn is_outer(depth: usize) -> bool {
    depth + CARRIER_LAYERS_MAX >= DEPTH_MAX
}

fn layer(text: &[u8], depth: usize, lined: Lined, work: &mut Work) -> Result<Vec<Found>, Exhausted> {
    let mut found = Vec::new();
    find_within(text, false, &mut found, &mut work.budget)?;
    layer_beside(text, found, depth, lined, work)
}

/// What there is beside the compact tokens, which are found.
fn layer_beside(text: &[u8], mut found: Vec<Found>, depth: usize, lined: Lined, work: &mut Work) -> Result<Vec<Found>, Exhausted> {
    work.spend(text.len())?;
    let survey = Survey::of(text);
    let mut strings = Vec::new();
    // A line end in letters that a token has is none of it: what is read without it says where it goes on.
    if survey.control && depth > 0 {
        found.retain(|f| !f.pieces.iter().any(|piece| has_control(&text[piece.clone()])));
    }
    if survey.quotes {
        let objects;
        (objects, strings) = objects_in_strings(text);
        found.extend(objects);
    }
    if survey.lines
        && survey.braces
        && let Some(view) = divided(text)
    {
        found.extend(whole_objects(text, &view));
    }
    if survey.base64_line {
        found.extend(notations(text));
    }
    // The lines of a key may be short.
    if survey.base64_line || survey.lines {
        found.extend(pem_keys(text));
    }
    if survey.lines
        && (survey.braces || survey.escapes)
        && is_outer(depth)
        && let Some(view) = carried(text)
    {
        carried_objects(text, view, &strings, work, &mut found)?;
    }
    let whole = Whole::of(text, &found);
    // A wrapped value is no encoding: joining its lines costs no layer.
    // What a carrier divides is text of a log: encoded once or twice at most by those that carry it on.
    let outer = is_outer(depth);
    if survey.lines && !lined.joined {
        let objects = depth == DEPTH_MAX && survey.braces && !work.views.in_doubt();
        // Which of them a layer further down has, too.
        let inner = depth > 0 && is_outer(depth - 1);
        let alphabets = [(true, Alphabet::Compact, true), (outer, Alphabet::Json, inner), (objects, Alphabet::Any, false)];
        for (_, alphabet, again) in alphabets.into_iter().filter(|(may, ..)| *may) {
            let Some(view) = joined(text, alphabet, &whole) else { continue };
            if !view.joins_within(&whole_keys(&found)) {
                let plain = again && view.joins_plain_text(text);
                through(text, &view, None, depth, Lined { joined: true, plain, ..lined }, work, &mut found)?;
            }
        }
    }
    if survey.lines
        && let Some(view) = partials(text)
    {
        through(text, &view, None, depth, lined.anew(), work, &mut found)?;
    }
    if survey.lines
        && outer
        && !lined.unframed
        && let Some(view) = unframed(text, &whole)
    {
        through(text, &view, None, depth, Lined { unframed: true, ..lined }, work, &mut found)?;
    }
    if survey.lines && depth == DEPTH_MAX && !lined.untailed && !work.views.in_doubt() {
        let values = if survey.base64_line { untailed(text) } else { None };
        let rows = if survey.list { uncarried(text) } else { None };
        let known = found.len();
        for view in [values, rows].into_iter().flatten() {
            through(text, &view, None, depth, Lined { untailed: true, ..lined.anew() }, work, &mut found)?;
        }
        // Keys prove each line of theirs by its frame.
        let inner = found.split_off(known);
        found.extend(inner.into_iter().filter(|f| f.token.kind != Kind::Pem));
    }
    // What somebody divided himself is text as he wrote it; a line of the view has no neighbours.
    if outer && !lined.alone {
        let (columns, chunks) = if survey.lines { (columns(text), unchunked(text)) } else { (None, None) };
        for view in [concatenated(text), columns, parted(text)].into_iter().flatten() {
            through(text, &view, None, depth, lined.alone(), work, &mut found)?;
        }
        if survey.base64_line
            && let Some(view) = interrupted(text, &whole, work.single)
        {
            through(text, &view, None, depth, lined.alone(), work, &mut found)?;
        }
        if let Some(view) = chunks {
            through(text, &view, None, depth, lined, work, &mut found)?;
        }
    }
    if depth > 0 {
        if survey.base64
            && let Some(view) = chunks(text)
        {
            through(text, &view, None, depth - 1, lined.anew(), work, &mut found)?;
        }
        if survey.lines
            && (survey.escapes || survey.list)
            && !lined.plain
            && let Some(view) = folded(text)
        {
            unfolded(text, &view, survey, depth - 1, lined, work, &mut found)?;
        }
        work.strings = strings;
        if !lined.plain {
            views(text, survey, depth - 1, lined, work, &mut found)?;
        }
        numbers(text, survey, depth - 1, work, &mut found)?;
        if survey.base64 {
            base64_runs(text, depth - 1, work, &mut found)?;
        }
    }
    let says_values = || survey.base64_line && (survey.base64 || may_hold_members(text) || holds_literal(text));
    if survey.lines && outer && (survey.list || says_values()) {
        found = said(text, found, depth, lined, work)?;
    }
    Ok(merged(found))
}

/// Looks at what records say as at a text. What was found over several of them is theirs to tell, and their frames stay.
fn said(text: &[u8], mut found: Vec<Found>, depth: usize, lined: Lined, work: &mut Work) -> Result<Vec<Found>, Exhausted> {
    let records = Records::of(text);
    let Some(view) = records.view(text) else { return Ok(found) };
    let mut inner = Vec::new();
    through(text, &view, None, depth, lined.anew(), work, &mut inner)?;
    // Keys in records prove each line of theirs by its frame.
    inner.retain(|f| f.token.kind != Kind::Pem);
    records.leave_frames(text, &mut found, &inner);
    found.append(&mut inner);
    Ok(found)
}

/// Looks for what only shows once folded lines are joined: numbers and escapes. Plain tokens do not, and might run into the
/// line of somebody else.
fn unfolded(
    text: &[u8],
    view: &View,
    survey: Survey,
    depth: usize,
    lined: Lined,
    work: &mut Work,
    found: &mut Vec<Found>,
) -> Result<(), Exhausted> {
    work.spend(view.text.len())?;
    let mut inner = Vec::new();
    numbers(&view.text, Survey::of(&view.text), depth, work, &mut inner)?;
    if survey.escapes
        && let Some(plain) = unescaped(&view.text)
    {
        through(&view.text, &plain, None, depth, lined.anew(), work, &mut inner)?;
    }
    found.extend(inner.into_iter().map(|f| mapped(text, view, f)));
    Ok(())
}

fn views(text: &[u8], survey: Survey, depth: usize, lined: Lined, work: &mut Work, found: &mut Vec<Found>) -> Result<(), Exhausted> {
    let breaks = if survey.escapes && !lined.broken { broken(text) } else { None };
    if let Some(view) = &breaks {
        through(text, view, None, depth, lined.anew(), work, found)?;
    }
    if survey.escapes
        && let Some(view) = unescaped(text)
    {
        // To break lines and to take escapes off commutes: what is broken here need not be broken again behind each layer.
        let lined = Lined { broken: lined.broken || breaks.is_some(), ..lined.anew() };
        through(text, &view, None, depth, lined, work, found)?;
    }
    // The other views leave quotes as they are, and join what stood between a quote and its backslash: these tell where strings end.
    work.strings.clear();
    if survey.equals
        && let Some(view) = unquoted(text)
    {
        through(text, &view, None, depth, lined.anew(), work, found)?;
    }
    if survey.nul {
        // Within ASCII both orders can be read. A replacement in the first one is right in both, because it keeps the
        // zeros where they are; the second is for a text whose last character has none behind it.
        for order in [Wide::Little, Wide::Big] {
            let before = found.len();
            if let Some(view) = narrowed(text, order) {
                through(text, &view, Some(order), depth, lined.anew(), work, found)?;
            }
            if found.len() > before {
                break;
            }
        }
    }
    // What shows as nothing is no encoding: to leave it out costs no layer.
    if (survey.odd || survey.escapes)
        && let Some(view) = visible(text)
    {
        through(text, &view, None, depth + 1, lined.anew(), work, found)?;
    }
    Ok(())
}

/// Looks for tokens in a view, and says where they stand in the text.
fn through(
    text: &[u8],
    view: &View,
    wide: Option<Wide>,
    depth: usize,
    lined: Lined,
    work: &mut Work,
    found: &mut Vec<Found>,
) -> Result<(), Exhausted> {
    if work.views.has(&view.text, depth) {
        return Ok(());
    }
    // A token that is whole by itself has no continuation, whatever the next line looks like.
    let whole = Whole::of(text, found);
    let strings = std::mem::take(&mut work.strings);
    let doubt = !view.is_sure();
    if doubt {
        work.views.doubt();
    }
    let mut tokens = layer(&view.text, depth, lined, work)?;
    within_strings(text, view, &strings, &mut tokens);
    work.strings = strings;
    work.views.add(&view.text, depth, tokens.is_empty());
    if doubt {
        work.views.settle();
    }
    for mut inner in tokens {
        // Who is whole does not go on behind what shows as nothing: a NUL parts the variables of an environment.
        let start = view.source(&inner.span()).start;
        if view.hides && found.iter().any(|f| f.span().start == start && ends(&f.token)) {
            continue;
        }
        while let Some(shorter) = without_last_line(view, &inner, depth, work)? {
            inner = shorter;
        }
        // The dots of an ellipsis, or the one that ends a sentence, are nobody's continuation.
        let span = inner.span();
        let dotted = span.start..span.end + view.text[span.end..].iter().take_while(|&&b| b == b'.').count();
        if view.is_joined() {
            let joint = view.last_joint(&span);
            let reads_on = inner.token.reads_on && joint.is_some_and(|joint| span.end - joint >= READ_CHARS_MIN);
            // A header that is whole across the joint proves it.
            let head = || memchr::memchr(b'.', &view.text[span.clone()]).map_or(0, |dot| span.start + dot);
            let in_head = inner.token.header.is_some() && joint.is_some_and(|joint| joint < head());
            let proven = inner.is_complete() || reads_on || in_head;
            let is_own = |_: &usize| !whole.has_start(view.source(&span).start) && is_json_in_view(text, view, &inner, true);
            let Some(mut end) = view.reach(&dotted, proven).filter(is_own) else { continue };
            // The last line of a key that is cut may be a word of somebody else.
            if inner.token.kind == Kind::Pem
                && inner.token.cut == Some(Cut::Payload)
                && let Some(joint) = joint.filter(|joint| *joint < end && !is_rest(&view.text[*joint..end]))
            {
                end = joint;
            }
            // What was no more than the shape of a token may be nothing without its end.
            if end < span.end && inner.token.header.is_none() && !matches!(inner.token.kind, Kind::Jwk | Kind::Pem) {
                let rest = layer(&view.text[span.start..end], depth, Lined::JOINED, work)?;
                if rest.first().is_none_or(|f| f.span().start > 0) {
                    continue;
                }
            }
            inner.cut_at(end);
        }
        // Escaped zeros stand for UTF-16, too, but a marker between them is not written in it.
        let wide = wide.or(inner.wide.filter(|_| !view.decoded));
        let token = without_backslash(text, Found { wide, ..mapped(text, view, inner) });
        if !found.iter().any(|object| leaves(&token, object)) {
            found.push(token);
        }
    }
    Ok(())
}

/// It begins with a member of an object that is whole, and ends behind that: somebody else's text was taken for its other parts.
fn leaves(token: &Found, object: &Found) -> bool {
    let (span, of) = (token.span(), object.span());
    object.quote.is_some() && object.token.cut.is_none() && of.start < span.start && span.start < of.end && of.end < span.end
}

/// Shortest end of a payload that is no text of a claim set by accident.
const READ_CHARS_MIN: usize = 16;

/// What was found in a view, where it stands in the text.
fn mapped(text: &[u8], view: &View, inner: Found) -> Found {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for piece in inner.pieces.iter().flat_map(|p| view.pieces(text, p)) {
        match pieces.last_mut() {
            Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
            _ => pieces.push(piece),
        }
    }
    // Of a quote in escapes over two lines a copy would be a line more.
    let quote = inner.quote.as_ref().map(|q| view.source(q)).filter(|q| !text[q.clone()].contains(&b'\n'));
    let from = inner.from.map(|from| view.source(&(from..from + 1)).start);
    Found { pieces, quote, from, ..inner }
}

/// Nothing more can belong to it: any number of disclosures makes an SD-JWT, until its key binding.
fn ends(token: &Token) -> bool {
    token.whole && (token.kind != Kind::SdJwt || token.key_bound)
}

/// A token that is whole without the last line that was joined to it: that line is somebody else's.
fn without_last_line(view: &View, inner: &Found, depth: usize, work: &mut Work) -> Result<Option<Found>, Exhausted> {
    let span = inner.span();
    let Some(joint) = view.last_joint(&span).filter(|_| inner.quote.is_none()) else { return Ok(None) };
    let text = &view.text[span.start..joint];
    let mut found = Vec::new();
    if inner.is_complete() {
        // It ends where it has to, unless it is encoded: what is glued to an encoded text tells nothing.
        find_within(&view.text[span.clone()], false, &mut found, &mut work.budget)?;
        if found.iter().any(|f| f.token.whole && f.token.kind != Kind::SdJwt || f.token.key_bound) {
            return Ok(None);
        }
        found = layer(text, depth, Lined::JOINED, work)?;
    } else {
        find_within(text, false, &mut found, &mut work.budget)?;
    }
    // Encoded, an SD-JWT does not show where it ends: what gives no disclosure more is none of it.
    let told = |token: &Token| (token.whole, token.disclosures, token.key_bound);
    let whole = found
        .pop()
        .filter(|f| (ends(&f.token) || f.token.whole && told(&f.token) == told(&inner.token)) && f.span() == (0..joint - span.start));
    Ok(whole.map(|f| f.at(span.start..joint)))
}

/// A token within decoded bytes: the first one stands for the whole, which is replaced as it stands.
fn inside(bytes: &[u8], depth: usize, work: &mut Work) -> Result<Option<Found>, Exhausted> {
    if !is_worth_a_look(bytes) || work.barren.has(bytes, depth) {
        return Ok(None);
    }
    // Another text has views of its own, be they the same: its tokens stand elsewhere.
    let outer = (std::mem::take(&mut work.views), std::mem::take(&mut work.strings));
    let found = layer(bytes, depth, Lined::default(), work);
    (work.views, work.strings) = outer;
    let found = found?;
    if found.is_empty() {
        work.barren.add(bytes, depth);
    }
    Ok(found.into_iter().next().map(|f| {
        // What follows an object that is closed is no part of it.
        let is_last = || bytes[f.span().end..].iter().all(|b| b.is_ascii_whitespace());
        let whole = f.token.whole || f.is_complete() && is_last();
        Found { quote: None, wide: None, from: None, token: Token { whole, ..f.token }, ..f }
    }))
}

/// Decoded bytes that are text, or hold an opening: everything else is an image, a digest, an archive.
pub(crate) fn is_worth_a_look(bytes: &[u8]) -> bool {
    bytes.len() >= 16 && (is_readable(&bytes[..bytes.len().min(HEAD_BYTES)]) || has_opening(bytes))
}

/// Bytes that show whether what follows is text.
const HEAD_BYTES: usize = 48;

/// Mostly ASCII text, or ASCII text as UTF-16; not one byte over and over.
pub(crate) fn is_readable(head: &[u8]) -> bool {
    let readable = head.iter().filter(|&&b| (0x20..0x7F).contains(&b) || matches!(b, b'\t' | b'\n' | b'\r')).count();
    let zeros = head.iter().filter(|&&b| b == 0).count();
    let mixed = (readable + zeros) * 10 >= head.len() * 9 && readable * 2 >= head.len();
    readable * 10 >= head.len() * 8 || mixed || zeros * 5 >= head.len() * 2 && readable * 5 >= head.len() * 2
}

fn has_opening(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'e', bytes).any(|at| matches!(bytes.get(at + 1..at + 3), Some(b"yJ" | b"yA" | b"wo" | b"w0" | b"wk")))
}
