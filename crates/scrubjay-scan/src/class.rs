//! Which byte belongs to which class. Everything else in this crate derives its tables from here.

/// Bytes of an opening ([`is_opening`]).
pub(crate) const OPENING_BYTES: usize = 3;

/// Class W: the bytes that a compact token, its encodings and its surroundings in a query string are made of.
/// NUL is a member because text written as UTF-16 has one beside every letter.
pub(crate) const fn is_word(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b'%' | b'\\' | b'&' | b'#' | b';' | 0)
}

/// Class L: the bytes that a hex dump or a list of byte values is made of.
pub(crate) const fn is_list(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || is_separator(byte) || matches!(byte, b'x' | b'X')
}

/// The bytes of class L that stand between two values of a list.
pub(crate) const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b':' | b'\t')
}

/// Three bytes with which base64 of a JOSE header begins (`{"`, `{ `, `{\n` …), or the name of a JWK's key type.
/// The last bytes of `ey…` and `ew…` are those that white space, a quote or a line end after the brace can give.
pub(crate) const fn is_opening(bytes: [u8; OPENING_BYTES]) -> bool {
    matches!(bytes, [b'e', b'y', b'J' | b'I' | b'A'] | [b'e', b'w', b'o' | b'0' | b'k'] | [b'k', b't', b'y'])
}

/// The openings as bits, one bit for each pair of sets: an opening is where `first & second & third` is not zero.
/// `ew…` takes two bits so that all bytes of one set share their upper nibble, which [`nibbles`] needs to be exact.
pub(crate) const fn first_bits(byte: u8) -> u8 {
    match byte {
        b'e' => 0b0111,
        b'k' => 0b1000,
        _ => 0,
    }
}

/// See [`first_bits`].
pub(crate) const fn second_bits(byte: u8) -> u8 {
    match byte {
        b'y' => 0b0001,
        b'w' => 0b0110,
        b't' => 0b1000,
        _ => 0,
    }
}

/// See [`first_bits`].
pub(crate) const fn third_bits(byte: u8) -> u8 {
    match byte {
        b'J' | b'I' | b'A' => 0b0001,
        b'o' | b'k' => 0b0010,
        b'0' => 0b0100,
        b'y' => 0b1000,
        _ => 0,
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
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(64) {
            if self.qualifies() {
                return;
            }
            self.separators += piece.iter().filter(|&&b| is_separator(b)).count();
            self.hex_digits += piece.iter().filter(|&&b| b.is_ascii_hexdigit()).count();
        }
    }

    pub(crate) fn qualifies(self) -> bool {
        self.separators >= crate::LIST_SEPARATORS_MIN && self.hex_digits >= crate::LIST_HEX_DIGITS_MIN
    }
}

/// Class bits by byte value, for the scalar back end: bit 7 *not* W, bit 6 *not* L, bits 0 to 3 [`first_bits`].
pub(crate) const NOT_WORD: u8 = 0x80;
/// See [`NOT_WORD`].
pub(crate) const NOT_LIST: u8 = 0x40;

/// The class bits of one byte value: [`NOT_WORD`], [`NOT_LIST`] and [`first_bits`].
pub(crate) const fn class_bits(byte: u8) -> u8 {
    let word = if is_word(byte) { 0 } else { NOT_WORD };
    let list = if is_list(byte) { 0 } else { NOT_LIST };
    word | list | first_bits(byte)
}

/// `$bits` of the byte values 0, 1, 2, … as an array.
macro_rules! byte_table {
    ($len:literal, $bits:expr) => {{
        let mut table = [0u8; $len];
        let mut byte = 0;
        while byte < $len {
            table[byte] = $bits(byte as u8);
            byte += 1;
        }
        table
    }};
}
pub(crate) use byte_table;

/// For a class of ASCII bytes: entry `n` has bit `r` set when the byte `16 r + n` is a member. A byte is a member when
/// the entry of its lower nibble has the bit of its upper nibble ([`ROWS`]).
macro_rules! nibble_table {
    ($is_member:expr) => {{
        let mut table = [0u8; 16];
        let mut byte = 0;
        while byte < 128 {
            if $is_member(byte as u8) {
                table[byte & 15] |= 1 << (byte >> 4);
            }
            byte += 1;
        }
        table
    }};
}
pub(crate) use nibble_table;

/// The bit of each upper nibble; nibbles from 8 on (bytes that are not ASCII) have none.
pub(crate) const ROWS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];

/// The union of `$bits` over all ASCII bytes with that lower nibble (`low`) or upper nibble (`high`).
macro_rules! nibble_bits {
    (low, $bits:expr) => {
        $crate::class::nibble_bits!(@ $bits, 15, 0)
    };
    (high, $bits:expr) => {
        $crate::class::nibble_bits!(@ $bits, 7, 4)
    };
    (@ $bits:expr, $mask:literal, $shift:literal) => {{
        let mut table = [0u8; 16];
        let mut byte = 0usize;
        while byte < 128 {
            table[(byte >> $shift) & $mask] |= $bits(byte as u8);
            byte += 1;
        }
        table
    }};
}
pub(crate) use nibble_bits;
