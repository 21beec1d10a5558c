//! What a scan gives back.

/// Which class a run consists of. Where two runs are equal in what orders them, the word run comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunKind {
    /// Bytes of class W: a token, or text that could be one.
    Word,
    /// Bytes of class L: a hex dump, or a list of byte values.
    List,
}

/// A candidate in a block: the bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// Offset in the block of the first byte.
    pub start: usize,
    /// Offset in the block after the last byte.
    pub end: usize,
    /// Its class.
    pub kind: RunKind,
}

/// A candidate in a stream: the bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run64 {
    /// Offset in the stream of the first byte.
    pub start: u64,
    /// Offset in the stream after the last byte.
    pub end: u64,
    /// Its class.
    pub kind: RunKind,
}

/// A run that reaches the end of the block: more bytes may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenRun {
    /// Offset in the block of the first byte.
    pub start: usize,
    /// Whether it would be reported if the input ended here. Once true, more bytes cannot make it false.
    pub qualifies: bool,
}

/// The runs that touch the end of a block, however short; `None` where the last byte is not of the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tail {
    /// The open run of class W.
    pub word: Option<OpenRun>,
    /// The open run of class L.
    pub list: Option<OpenRun>,
}
