//! A closer look at a stretch of text, and a glance at a short one: what each of its bytes is, as bits.
//!
//! For whoever has to judge the runs that a scan reports: most are paths, names and digests, and a few operations on these
//! masks show it without reading the bytes one by one.

/// What 64 bytes are; bit `i` of each mask is byte `i`. Bytes behind the end of the text are of no class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// `A-Z a-z 0-9 - _ + /`: base64 of either alphabet (RFC 4648 §4, §5), padding excluded.
    pub base64: u64,
    /// `0-9 a-f A-F`.
    pub hex: u64,
    /// `0 2-7`: the upper digit of an ASCII letter, digit, line end or zero in hex.
    pub text_digit: u64,
    /// `A-Z`.
    pub upper: u64,
    /// `.`
    pub dot: u64,
    /// `=`
    pub equals: u64,
    /// NUL, ESC, DEL, and all that is not ASCII: what shows as nothing begins with one of them.
    pub odd: u64,
    /// `% \ & !`: what escapes begin with.
    pub escape: u64,
    /// `-`
    pub hyphen: u64,
    /// `e I C D`, with which an object in base64 begins that is behind white space, or before a letter that is not ASCII; and
    /// `9 0 Q K o g A N J k`, with which base64 ends of what ends in a brace, or in white space behind one.
    pub edge: u64,
    /// Three bytes that may begin something: `ey[A-CH-K@]` and `ew[ko0]` an object in base64; `ZX`, `V[1357]` and
    /// `l[de][U2z]` such an opening in base64 once more, at the three alignments; `657` in hex; `---` a key; `kty` and `Kty` a key's
    /// type; a NUL between two other bytes of ASCII. All that can, and a few that cannot: so that eight products of sets of nibbles
    /// are enough, `;`, `?` and a backtick pass for the third byte behind `ew`, both cases of `U` and `z` for that behind `ld` and
    /// `le`, and behind `Z` and `V` whatever has one of the lower nibbles of `1357X` and an odd upper one.
    pub triple: u64,
}

/// Longest stretch that a [`Glance`] is at, in bytes.
pub const GLANCE_BYTES_MAX: usize = 128;

/// What up to [`GLANCE_BYTES_MAX`] bytes are; bit `i` of each mask is byte `i`, and those behind the last one are clear. The masks
/// are those of [`Look`], but for the last two triples, of which bytes behind the end may be a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// [`Look::base64`]
    pub base64: u128,
    /// [`Look::hex`]
    pub hex: u128,
    /// [`Look::text_digit`]
    pub text_digit: u128,
    /// [`Look::upper`]
    pub upper: u128,
    /// [`Look::dot`]
    pub dot: u128,
    /// [`Look::hyphen`]
    pub hyphen: u128,
    /// [`Look::edge`]
    pub edge: u128,
    /// [`Look::triple`]
    pub triple: u128,
}

/// Stands for the bytes behind the end: of no class.
pub(crate) const FILLER: u8 = b'"';
