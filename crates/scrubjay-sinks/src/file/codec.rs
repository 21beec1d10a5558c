//! Compression by whole members: what is written to the file is always a complete gzip member or zstd frame.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use super::Compression;

/// Compressed bytes of one member that are kept in memory before the member is closed early, whatever the limits of
/// the sync are.
pub(crate) const MEMBER_BYTES_MAX: usize = 8 << 20;

enum Member {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// The compressor of one file. A member is made in memory and given out when it is closed, so that a process killed at
/// any moment leaves at most one torn member, the one that was just being written.
pub(crate) struct Codec {
    compression: Compression,
    member: Option<Member>,
}

impl Codec {
    pub(crate) fn new(compression: Compression) -> Self {
        Self { compression, member: None }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.compression == Compression::None
    }

    /// Adds bytes to the member, which is begun if there is none.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        let member = match self.member.take() {
            Some(member) => member,
            None => match self.compression {
                Compression::None => return Ok(()),
                Compression::Gzip { level } => Member::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(level.min(9)))),
                Compression::Zstd { level } => {
                    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), level)?;
                    encoder.include_checksum(true)?;
                    Member::Zstd(encoder)
                }
            },
        };
        match self.member.insert(member) {
            Member::Gzip(encoder) => encoder.write_all(bytes),
            Member::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Compressed bytes of the open member so far; what the compressor still holds is not counted.
    pub(crate) fn pending(&self) -> usize {
        match &self.member {
            None => 0,
            Some(Member::Gzip(encoder)) => encoder.get_ref().len(),
            Some(Member::Zstd(encoder)) => encoder.get_ref().len(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.member.is_some()
    }

    /// Closes the member and gives its bytes; nothing when none is open.
    pub(crate) fn close(&mut self) -> io::Result<Vec<u8>> {
        match self.member.take() {
            None => Ok(Vec::new()),
            Some(Member::Gzip(encoder)) => encoder.finish(),
            Some(Member::Zstd(encoder)) => encoder.finish(),
        }
    }

    /// Throws the open member away; its input is going to be fed again.
    pub(crate) fn reset(&mut self) {
        self.member = None;
    }
}
