//! Key pairs of audiences and agents: made, replaced, listed. The public half goes to agents, the private one is taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use scrubjay_claims::is_audience;
use scrubjay_claims::jose::{KEY_FILE_BYTES_MAX, KeyPair, PublicKey, Records, Role, public_of, read_public};

use crate::cli::{Curve, KeysPublicArgs, KeysRotateArgs};
use crate::keyfile::{self, now, shown_time, write_private};
use crate::safe;

/// The name of an agent's identity in a folder of keys.
pub(super) const AGENT: &str = "agent";
/// The name of the ring's file without its end.
const RING: &str = "fingerprint";
const PUBLIC: &str = ".public.jwk";
const PRIVATE: &str = ".private.jwk";

/// Whether all these pairs can be made: names that may be, each once, and no file that has one.
pub(super) fn check_new(dir: &Path, audiences: &[String], role: Role, agent: bool) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for name in audiences {
        free(dir, name, role)?;
        if !names.insert(name) {
            return Err(format!("--audience {name}: given twice; each audience has one pair"));
        }
    }
    if agent { free(dir, AGENT, Role::Agent) } else { Ok(()) }
}

/// Whether the name may be, and no file has it.
fn free(dir: &Path, name: &str, role: Role) -> Result<(), String> {
    checked(name, role)?;
    let files = [PUBLIC, PRIVATE].map(|end| dir.join(format!("{name}{end}")));
    match files.iter().find(|path| fs::symlink_metadata(path).is_ok()) {
        Some(there) => Err(format!(
            "{}: is there already and is not written over; a new key beside the old one: scrubjay keys rotate",
            safe::path(there)
        )),
        None => Ok(()),
    }
}

/// Makes a pair: `NAME.public.jwk` and `NAME.private.jwk`, neither written over.
pub(super) fn new(dir: &Path, name: &str, role: Role, valid_seconds: Option<u32>) -> Result<String, String> {
    free(dir, name, role)?;
    let (public, private) = (dir.join(format!("{name}{PUBLIC}")), dir.join(format!("{name}{PRIVATE}")));
    let pair = generate(role, valid_seconds)?;
    let told = |path: &Path| {
        let shown = safe::path(path);
        move |e: io::Error| format!("{shown}: {}", keyfile::reason(&e))
    };
    write_private(&private, format!("{}\n", *pair.private).as_bytes()).map_err(told(&private))?;
    replace_public(&public, &pair.public).map_err(told(&public))?;
    let whose = if role == Role::Agent { "those who reveal" } else { "agents" };
    Ok(format!(
        "{}: written, for {whose}\n{}: written; take it away from here: it belongs to {name} alone\n",
        safe::path(&public),
        safe::path(&private)
    ))
}

/// Replaces a pair; the old one stays under a name with its id, so that what was sealed to it can be opened, until somebody
/// destroys it.
pub(super) fn rotate(args: &KeysRotateArgs) -> Result<String, String> {
    let name = args.audience.as_str();
    let role = role_of(args.curve);
    checked(name, role)?;
    let (public, private) = (args.dir.join(format!("{name}{PUBLIC}")), args.dir.join(format!("{name}{PRIVATE}")));
    let shown = safe::path(&public);
    let old = read_public(&public).map_err(|e| format!("{shown}: {}; a first one: scrubjay keys new", e.fault))?;
    let old = PublicKey::read_all(&old).map_err(|fault| format!("{shown}: {fault}"))?;
    let id: String = old.first().map(|key| key.thumbprint().chars().take(8).collect()).unwrap_or_default();
    let pair = generate(role, args.valid)?;
    let told = |path: &Path| {
        let shown = safe::path(path);
        move |e: io::Error| format!("{shown}: {}", keyfile::reason(&e))
    };
    let mut text = String::new();
    // At each step there is a private key for the public one that agents have.
    let new = args.dir.join(format!(".{name}{PRIVATE}.new"));
    let _ = fs::remove_file(&new);
    write_private(&new, format!("{}\n", *pair.private).as_bytes()).map_err(told(&new))?;
    if fs::symlink_metadata(&private).is_ok() {
        let kept = args.dir.join(format!("{name}.{id}{PRIVATE}"));
        keep(&private, &kept).map_err(told(&kept))?;
        text.push_str(&format!(
            "{}: the old key; what was sealed until now opens with it, and nothing does when it is destroyed\n",
            safe::path(&kept)
        ));
    }
    fs::rename(&new, &private).map_err(told(&private))?;
    replace_public(&public, &pair.public).map_err(told(&public))?;
    text.push_str(&format!(
        "{shown}: written, for agents\n{}: written; take it away from here: it belongs to {name} alone\n",
        safe::path(&private)
    ));
    Ok(text)
}

/// Prints the public half of a private key.
pub(super) fn public(args: &KeysPublicArgs) -> Result<String, String> {
    let shown = safe::path(&args.key);
    let text = keyfile::read_private(&args.key, KEY_FILE_BYTES_MAX).map_err(|fault| format!("{shown}: {fault}"))?;
    public_of(&text).map(|jwk| jwk + "\n").map_err(|fault| format!("{shown}: {fault}"))
}

/// The audiences of a folder: one line for each public key.
pub(super) fn table(dir: &Path) -> Result<String, String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {}", safe::path(dir), keyfile::reason(&e)))?;
    let names: BTreeSet<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().strip_suffix(PUBLIC)?.to_owned())).collect();
    let mut text = String::new();
    for name in names.iter().filter(|name| is_audience(name)) {
        let path = dir.join(format!("{name}{PUBLIC}"));
        let private = if fs::symlink_metadata(dir.join(format!("{name}{PRIVATE}"))).is_ok() { "private key is here" } else { "-" };
        let keys = read_public(&path).map_err(|e| e.fault).and_then(|text| PublicKey::read_all(&text));
        match keys {
            Ok(keys) => {
                for key in keys {
                    let until = key.expires().map_or_else(|| "-".to_owned(), |end| shown_time(end.cast_signed()));
                    let state = if key.is_valid(seconds()) { "valid" } else { "not valid now" };
                    let kid = safe::text(key.kid(), false);
                    text.push_str(&format!("  {name:<16}  {kid:<43}  {:<6}  {until:<20}  {state:<13}  {private}\n", key.kind().name()));
                }
            }
            Err(_) if name == AGENT => text.push_str(&format!("  {name:<16}  an agent's identity\n")),
            Err(fault) => text.push_str(&format!("  {name:<16}  {fault}\n")),
        }
    }
    if !text.is_empty() {
        text.insert_str(
            0,
            &format!("  {:<16}  {:<43}  {:<6}  {:<20}  {:<13}  {}\n", "audience", "key", "kind", "until", "state", "private"),
        );
    }
    Ok(text)
}

/// Who can open what: for each audience and recipient the epochs of a file, by what their records say.
pub(super) fn reach(path: &Path) -> Result<String, String> {
    let heads = Records::heads(path).map_err(|e| format!("{}: {}", safe::path(path), keyfile::reason(&e)))?;
    let mut reach: BTreeMap<(String, String), (u64, u64, u64)> = BTreeMap::new();
    for head in &heads {
        for kid in &head.recipients {
            let at = reach.entry((head.audience.clone(), kid.clone())).or_insert((0, u64::MAX, 0));
            *at = (at.0 + 1, at.1.min(head.issued_at), at.2.max(head.issued_at));
        }
    }
    let mut text = format!("{}: {} epochs\n", safe::path(path), heads.len());
    text.push_str(&format!(
        "  {:<16}  {:<43}  {:>6}  {:<20}  {}\n",
        "audience", "can be opened with", "epochs", "first began", "last began"
    ));
    for ((audience, kid), (epochs, first, last)) in &reach {
        let (first, last) = (shown_time(first.cast_signed()), shown_time(last.cast_signed()));
        text.push_str(&format!("  {audience:<16}  {:<43}  {epochs:>6}  {first:<20}  {last}\n", safe::text(kid, false)));
    }
    Ok(text)
}

pub(super) fn role_of(curve: Curve) -> Role {
    match curve {
        Curve::X25519 => Role::Recipient,
        Curve::P256 => Role::RecipientP256,
    }
}

fn checked(name: &str, role: Role) -> Result<(), String> {
    if !is_audience(name) {
        return Err("--audience: a name has letters, digits, '.', '_' and '-', at most 64, and begins with a letter or digit".to_owned());
    }
    if name == RING {
        return Err(format!("--audience: \"{RING}\" is the name of the ring of correlation keys; take another"));
    }
    if name == AGENT && role != Role::Agent {
        return Err(format!("--audience: \"{AGENT}\" is the name of an agent's own key; take another"));
    }
    Ok(())
}

fn generate(role: Role, valid_seconds: Option<u32>) -> Result<KeyPair, String> {
    let now = seconds();
    KeyPair::generate(role, now, valid_seconds.map(|valid| now + u64::from(valid))).map_err(|fault| fault.to_string())
}

fn seconds() -> u64 {
    u64::try_from(now()).unwrap_or_default()
}

/// Gives a file another name, never that of a file which is there.
fn keep(path: &Path, kept: &Path) -> io::Result<()> {
    if fs::symlink_metadata(kept).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(path, kept)
}

/// Writes a public key by a new file and a renaming: agents that read it meanwhile see the old one or the new one.
fn replace_public(path: &Path, jwk: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| format!(".{}.new", name.to_string_lossy())).unwrap_or_default();
    let new: PathBuf = folder.join(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&new)?;
    writeln!(file, "{jwk}")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}
