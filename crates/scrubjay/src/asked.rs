//! The text that a person asks about: a file, standard input, or a prompt that shows nothing of what is typed.
//!
//! Never the command line: what stands there stays in the shell's history and shows in `ps`.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::safe;

/// Largest text: it is read as a whole.
const TEXT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Largest text at the prompt.
const TYPED_BYTES_MAX: usize = 1024 * 1024;
/// How long a line end waits for more of what was pasted.
const PASTE_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 150_000_000 };

/// What a prompt asks for.
#[derive(Clone, Copy)]
pub(crate) enum Prompt {
    /// One token: line ends in it come from the window or the mail that it was copied from.
    Token,
    /// Any text.
    Text,
}

/// The file that was named, or standard input.
///
/// # Errors
/// What to say when the argument is a token itself.
pub(crate) fn source<'a>(file: Option<&'a Path>, command: &str) -> Result<&'a Path, String> {
    let path = file.unwrap_or(Path::new("-"));
    let raw = path.to_string_lossy();
    if safe::holds_token(&raw) || raw.starts_with("ey") && !path.exists() {
        return Err(format!(
            "a token does not belong on the command line: it stays in the shell's history and shows in ps. Pipe it: scrubjay {command} < FILE"
        ));
    }
    Ok(path)
}

/// The bytes of a file, of standard input (`-`), or of a prompt where standard input is a terminal.
///
/// # Errors
/// The system's; `FileTooLarge` over 64 MiB, 1 MiB at the prompt; `Interrupted` by Ctrl-C at the prompt.
pub(crate) fn read(path: &Path, what: Prompt) -> io::Result<Zeroizing<Vec<u8>>> {
    if path != Path::new("-") {
        return read_all(File::open(path)?);
    }
    let stdin = io::stdin();
    if stdin.is_terminal() { read_hidden(what) } else { read_all(stdin.lock()) }
}

fn read_all(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::new());
    input.by_ref().take(TEXT_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > TEXT_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

/// The terminal as it was before, put back on drop. What is still unread then is thrown away: the rest of a token must not
/// become a command of the shell.
struct Hidden(Termios);

impl Hidden {
    /// No echo, and no lines by the terminal either: those end at 4095 bytes, which tokens pass.
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut during = before.clone();
        // Without ISIG, Ctrl-C is a byte that we read, and the echo comes back on.
        during.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        during.input_modes.remove(InputModes::INLCR | InputModes::IGNCR);
        during.input_modes.insert(InputModes::ICRNL);
        during.special_codes[SpecialCodeIndex::VMIN] = 1;
        during.special_codes[SpecialCodeIndex::VTIME] = 0;
        let hidden = Self(before);
        tcsetattr(io::stdin(), OptionalActions::Drain, &during)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        eprintln!();
    }
}

/// What is typed or pasted up to a line end with nothing behind it, or Ctrl-D.
fn read_hidden(what: Prompt) -> io::Result<Zeroizing<Vec<u8>>> {
    let hidden = Hidden::begin()?;
    let name = match what {
        Prompt::Token => "token",
        Prompt::Text => "text",
    };
    eprint!("{name} (it is not shown; end with Enter): ");
    // Room for a usual token: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let mut block = Zeroizing::new([0u8; 4096]);
    loop {
        let count = rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), block.as_mut_slice()))?;
        let got = block.get(..count).unwrap_or_default();
        let ended = count == 0 || typed(&mut text, got)?;
        if ended || text.ends_with(b"\n") && !more_is_there()? {
            break;
        }
        if text.len() > TYPED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
    drop(hidden);
    if matches!(what, Prompt::Token) {
        text.retain(|&byte| byte != b'\n');
    }
    Ok(text)
}

/// Takes what came from the terminal; true at Ctrl-D.
fn typed(text: &mut Vec<u8>, got: &[u8]) -> io::Result<bool> {
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const CTRL_U: u8 = 21;
    const BACKSPACE: u8 = 8;
    const DELETE: u8 = 127;
    for &byte in got {
        match byte {
            CTRL_C => return Err(io::ErrorKind::Interrupted.into()),
            CTRL_D => return Ok(true),
            CTRL_U => text.clear(),
            BACKSPACE | DELETE => drop(text.pop()),
            b'\n' | b'\t' => text.push(byte),
            0..0x20 => {}
            _ => text.push(byte),
        }
    }
    Ok(false)
}

/// True when more of a paste follows.
fn more_is_there() -> io::Result<bool> {
    let stdin = io::stdin();
    let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
    Ok(rustix::io::retry_on_intr(|| poll(&mut waiting, Some(&PASTE_PAUSE)))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        let cases: &[(&[u8], &[u8], bool)] = &[
            (b"abcd\n", b"abcd\n", false),
            (b"abx\x7fc\x08\x08\x08\x08\x08d", b"d", false),
            (b"wrong\x15right\x04beyond", b"right", true),
            (b"a\x1b\x00\x1ab\tc", b"ab\tc", false),
        ];
        for (got, expected, ends) in cases {
            // What is typed comes in pieces, each of which may be one byte.
            for size in [1, 3, got.len()] {
                let mut text = Vec::new();
                let ended = got.chunks(size).any(|piece| typed(&mut text, piece).unwrap());
                assert_eq!((text.as_slice(), ended), (*expected, *ends));
            }
        }
        assert_eq!(typed(&mut Vec::new(), b"a\x03b").unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
