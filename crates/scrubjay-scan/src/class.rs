//! Which byte belongs to which class. Everything else in this crate derives its tables from here.

/// Bytes of an opening ([`is_opening`]).
pub(crate) const OPENING_BYTES: usize = 3;

/// Class W: the bytes that a compact token, its encodings and its surroundings in a query string are made of, and those of
/// what shows as nothing within one: all that are not ASCII (zero-width characters, soft hyphens), and the first two of
/// a terminal's colour (`ESC [`). NUL is a member because text written as UTF-16 has one beside every letter.
#[must_use]
pub const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b'%' | b'\\' | b'&' | b'#' | b';' | b'!' | b'[' | 0 | 0x1b | 0x80..
        )
}

/// Class L: the bytes that a hex dump or a list of byte values is made of, and those of what may stand within it: what shows
/// as nothing, raw (a zero-width character, a colour's `ESC [ m`, the NUL of UTF-16) or in escapes, escaped digits and line ends;
/// and line ends: each of its lines may be short.
pub(crate) const fn is_list(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        || is_separator(byte)
        || matches!(
            byte,
            b'x' | b'X' | b'u' | b'\\' | b'%' | b'&' | b'#' | b';' | b'-' | b'[' | b'm' | b'n' | b'r' | b'\n' | b'\r' | 0 | 0x1b | 0x80..
        )
}

/// The bytes of class L that stand between two values of a list.
pub(crate) const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b':' | b'\t')
}

/// Three bytes with which base64 of a JOSE header begins (`{"`, `{ `, `{\n` …), or the name of a JWK's key type, perhaps
/// capitalised, or of its curve (where the type is cut away), or the middle of it in UTF-16, or the tag that shows as nothing (`<wbr>`), which may part a token into pieces of any length; or an escape of a character that needs none.
/// The last bytes of `ey…` and `ew…` are those that white space, a quote or a line end after the brace can give.
pub(crate) const fn is_opening(bytes: [u8; OPENING_BYTES]) -> bool {
    matches!(
        bytes,
        [b'e', b'y', b'J' | b'I' | b'A']
            | [b'e', b'w', b'o' | b'0' | b'k']
            | [b'k' | b'K', b't', b'y']
            | [b'c', b'r', b'v']
            | [b'w', b'b', b'r']
            | [0, b't', 0]
            | [b'\\', b'x', b'2'..=b'7']
    )
}

/// The openings as bits, one bit for each pair of sets: an opening is only where `first & second & third` is not zero. `wbr` and
/// `crv` share a bit, and so do `kty` and escapes, so a few other places are so, too.
/// `ew…` takes two bits so that all bytes of one set share their upper nibble, which [`nibbles`] needs to be exact.
pub(crate) const fn first_bits(byte: u8) -> u8 {
    match byte {
        b'e' => 0b0111,
        b'k' | b'K' | b'\\' => 0b1000,
        b'w' | b'c' => 0b1_0000,
        0 => 0b10_0000,
        _ => 0,
    }
}

/// See [`first_bits`].
pub(crate) const fn second_bits(byte: u8) -> u8 {
    match byte {
        b'y' => 0b0001,
        b'w' => 0b0110,
        b't' => 0b10_1000,
        b'x' => 0b1000,
        b'b' | b'r' => 0b1_0000,
        _ => 0,
    }
}

/// See [`first_bits`].
pub(crate) const fn third_bits(byte: u8) -> u8 {
    match byte {
        b'J' | b'I' | b'A' => 0b0001,
        b'o' | b'k' => 0b0010,
        b'0' => 0b0100,
        b'y' | b'2'..=b'7' => 0b1000,
        b'r' | b'v' => 0b1_0000,
        0 => 0b10_0000,
        _ => 0,
    }
}

/// So many separators a line end stands for: in rows of digits alone there are no others.
const LINE_END_SEPARATORS: usize = 4;

/// A list run that a scan reports: of a longer one that goes over lines, the part in one of them.
#[must_use]
pub fn is_list_run(run: &[u8]) -> bool {
    let mut count = ListCount::default();
    run.len() >= crate::LIST_RUN_MIN && {
        count.add(run);
        count.qualifies()
    }
}

/// What a list run has been seen to hold, counted no further than it takes to qualify.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListCount {
    separators: usize,
    hex_digits: usize,
}

impl ListCount {
    /// Counts `bytes`, which follow the ones counted so far; stops as soon as the run qualifies.
    #[inline(always)]
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(64) {
            if self.qualifies() {
                return;
            }
            // Filled up with a byte that counts as nothing: a constant length becomes a few vector operations.
            let mut padded = [0u8; 64];
            if let Some(to) = padded.get_mut(..piece.len()) {
                to.copy_from_slice(piece);
            }
            self.separators += usize::from(padded.iter().map(|&b| u8::from(is_separator(b))).sum::<u8>());
            self.separators += LINE_END_SEPARATORS * usize::from(padded.iter().map(|&b| u8::from(b == b'\n')).sum::<u8>());
            self.hex_digits += usize::from(padded.iter().map(|&b| u8::from(b.is_ascii_hexdigit())).sum::<u8>());
        }
    }

    pub(crate) fn qualifies(self) -> bool {
        self.separators >= crate::LIST_SEPARATORS_MIN && self.hex_digits >= crate::LIST_HEX_DIGITS_MIN
    }
}

/// Class bits by byte value, for the scalar back end: bit 7 *not* W, bit 6 *not* L, bits 0 to 5 [`first_bits`].
pub(crate) const NOT_WORD: u8 = 0x80;
/// See [`NOT_WORD`].
pub(crate) const NOT_LIST: u8 = 0x40;

/// The class bits of one byte value: [`NOT_WORD`], [`NOT_LIST`] and [`first_bits`].
pub(crate) const fn class_bits(byte: u8) -> u8 {
    let word = if is_word(byte) { 0 } else { NOT_WORD };
    let list = if is_list(byte) { 0 } else { NOT_LIST };
    word | list | first_bits(byte)
}

/// A table that the compiler works out; an index out of range would not compile.
macro_rules! constant {
    ($len:literal, |$table:ident| $fill:block) => {{
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler only")]
        const TABLE: [u8; $len] = {
            let mut $table = [0u8; $len];
            $fill
            $table
        };
        TABLE
    }};
}
pub(crate) use constant;

/// `$bits` of the byte values 0, 1, 2, … as an array.
macro_rules! byte_table {
    ($len:literal, $bits:expr) => {
        $crate::class::constant!($len, |table| {
            let mut byte = 0;
            while byte < $len {
                table[byte] = $bits(byte as u8);
                byte += 1;
            }
        })
    };
}
pub(crate) use byte_table;

/// For a class of ASCII bytes: entry `n` has bit `r` set when the byte `16 r + n` is a member. A byte is a member when
/// the entry of its lower nibble has the bit of its upper nibble ([`ROWS`]).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! nibble_table {
    ($is_member:expr) => {
        $crate::class::constant!(16, |table| {
            let mut byte = 0;
            while byte < 128 {
                if $is_member(byte as u8) {
                    table[byte & 15] |= 1 << (byte >> 4);
                }
                byte += 1;
            }
        })
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use nibble_table;

/// The bit of each upper nibble; nibbles from 8 on (bytes that are not ASCII) have none.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) const ROWS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];

/// `$bits` of all bytes, looked up by some of their bits: the byte is shifted right and cut to the table's length, and
/// an entry is the union of all bytes that fall on it.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! folded_table {
    ($len:literal, $bits:expr, $shift:literal) => {
        $crate::class::constant!($len, |table| {
            let mut byte = 0usize;
            while byte < 256 {
                table[(byte >> $shift) % $len] |= $bits(byte as u8);
                byte += 1;
            }
        })
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use folded_table;
