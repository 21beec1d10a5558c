//! The least that a filter can cost: read and write in blocks of 256 KiB, nothing in between. For `benches/compare.sh`,
//! which compiles it by itself: `rustc -O benches/copy.rs`. It never looks at a byte.

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::fs::File::from(owned(std::io::stdout())?));
    let mut block = vec![0; 256 * 1024];
    loop {
        match input.read(&mut block)? {
            0 => return Ok(()),
            read => output.write_all(&block[..read])?,
        }
    }
}

/// Without the buffer that the standard library puts before standard output.
fn owned(output: std::io::Stdout) -> std::io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsFd;
    output.as_fd().try_clone_to_owned()
}
