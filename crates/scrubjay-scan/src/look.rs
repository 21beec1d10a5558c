//! A closer look at a stretch of text: what each of its bytes is, as bits.
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
    /// Three bytes that may begin something: `ey[A-CH-K@]` and `ew[ko0]` an object in base64; `ZX`, `V[1357]` and
    /// `l[de][U2z]` such an opening in base64 once more, at the three alignments; `657` in hex; `---` a key; `kty` and `Kty` a key's
    /// type; a NUL between two other bytes of ASCII. All that can, and a few that cannot.
    pub triple: u64,
}

/// Stands for the bytes behind the end: of no class.
pub(crate) const FILLER: u8 = b'"';
