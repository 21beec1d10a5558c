//! `scrubjay reveal`: opens sealed claims, for a stated reason, after an entry in the audit log.
//!
//! What is printed is claims. It never prints a usable token: what a claim holds goes through the scrubber first.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use scrubjay_claims::jose::audit::{AuditError, AuditLog, Entry, Receipt};
use scrubjay_claims::jose::{AgentKeys, Opened, Opener, Origin, PrivateKey, Records, Unopened};
use scrubjay_token::json::{self, Value};

use crate::cli::{Format, RevealArgs};
use crate::exit::{Exit, complain};
use crate::{keyfile, safe};

mod found;

/// Longest line that is looked at, in bytes. What is longer is told and passed over.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest reason in bytes.
const REASON_BYTES_MAX: usize = 1024;
/// Most fingerprints that the closing entry of the audit log names.
const FINGERPRINTS_MAX: usize = 500;

pub(crate) fn run(args: &RevealArgs) -> Exit {
    let prepared = checked_reason(args).and_then(|reason| opener(args).map(|(opener, kids)| (reason, opener, kids)));
    let (reason, mut opener, kids) = match prepared {
        Ok(prepared) => prepared,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let log = AuditLog::new(args.audit_log.clone(), args.audit_anchor.clone());
    let actor = actor();
    let mut entry = Entry { now: now(), event: "reveal", actor: &actor, reason: &reason, details: asked(args, &kids) };
    let receipt = match log.append(&entry) {
        Ok(receipt) => receipt,
        Err(error) => {
            let what = told(&error);
            complain(&format!("{}: {what}; without an entry in the audit log nothing is revealed", safe::path(&args.audit_log)));
            return Exit::Usage;
        }
    };
    let mut tally = Tally::default();
    let exit = reveal(args, &mut opener, &receipt, &mut tally);
    (entry.now, entry.event, entry.details) = (now(), "revealed", tally.details(&receipt));
    if let Err(error) = log.append(&entry) {
        let what = told(&error);
        complain(&format!("{}: {what}; the entry that says what was revealed is missing", safe::path(&args.audit_log)));
        return exit.worse(Exit::Partly);
    }
    tally.tell();
    if tally.no_record + tally.damaged > 0 { exit.worse(Exit::Partly) } else { exit }
}

fn told(error: &AuditError) -> String {
    match error {
        AuditError::Io(error) => keyfile::reason(error),
        other => other.to_string(),
    }
}

/// A reason is for people who read the audit log later: it is short, and no place for a token.
fn checked_reason(args: &RevealArgs) -> Result<String, String> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        return Err("--reason: say why, for whoever reads the audit log".to_owned());
    }
    if reason.len() > REASON_BYTES_MAX {
        return Err(format!("--reason: at most {REASON_BYTES_MAX} bytes"));
    }
    if safe::holds_token(reason) {
        return Err("--reason: it holds what looks like a token; say it without".to_owned());
    }
    Ok(reason.to_owned())
}

/// What opens, and the ids of the private keys.
fn opener(args: &RevealArgs) -> Result<(Opener, Vec<String>), String> {
    let mut keys = Vec::new();
    for path in &args.key {
        let shown = safe::path(path);
        let text = keyfile::read_private(path, scrubjay_claims::jose::KEY_FILE_BYTES_MAX).map_err(|fault| format!("{shown}: {fault}"))?;
        keys.extend(PrivateKey::read_all(&text).map_err(|fault| format!("{shown}: {fault}"))?);
    }
    let mut agents = AgentKeys::default();
    for path in &args.agent_keys {
        let shown = safe::path(path);
        let text = scrubjay_claims::jose::read_public(path).map_err(|error| format!("{shown}: {}", error.fault))?;
        agents.add(&text).map_err(|fault| format!("{shown}: {fault}"))?;
    }
    let mut records = Records::default();
    for path in &args.epochs {
        records.add(path).map_err(|error| format!("{}: {}", safe::path(path), keyfile::reason(&error)))?;
    }
    if records.damaged > 0 {
        complain(&format!("{} lines of the epochs files are no epoch records", records.damaged));
    }
    let kids = keys.iter().map(|key| key.kid().to_owned()).collect();
    Ok((Opener::new(keys, records, agents), kids))
}

/// What was asked for, as the audit log keeps it.
fn asked(args: &RevealArgs, kids: &[String]) -> Vec<(&'static str, serde_json::Value)> {
    let paths = |paths: &[std::path::PathBuf]| paths.iter().map(|path| safe::path(path)).collect::<Vec<_>>();
    vec![
        ("host", host().into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("keys", kids.iter().map(|kid| safe::text(kid, false)).collect::<Vec<_>>().into()),
        ("audience", args.audience.clone().into()),
        ("claims", args.claim.iter().map(|claim| safe::text(claim, false)).collect::<Vec<_>>().into()),
        ("epochs", paths(&args.epochs).into()),
        ("files", paths(&args.files).into()),
    ]
}

/// Who runs this: the user's number, and the one that sudo was asked by, which is no more than its word.
fn actor() -> String {
    let uid = rustix::process::getuid().as_raw();
    let euid = rustix::process::geteuid().as_raw();
    let mut actor = format!("uid {uid}");
    if euid != uid {
        actor.push_str(&format!(" as {euid}"));
    }
    if let Ok(Ok(asked_by)) = std::env::var("SUDO_UID").map(|id| id.parse::<u32>()) {
        actor.push_str(&format!(" (sudo by uid {asked_by})"));
    }
    actor
}

fn host() -> String {
    safe::text(&rustix::system::uname().nodename().to_string_lossy(), false)
}

fn now() -> u64 {
    u64::try_from(keyfile::now()).unwrap_or_default()
}

/// What came of it.
#[derive(Default)]
struct Tally {
    opened: u64,
    unbound: u64,
    other_recipients: u64,
    no_record: u64,
    damaged: u64,
    fingerprints: BTreeSet<String>,
}

impl Tally {
    fn details(&self, receipt: &Receipt) -> Vec<(&'static str, serde_json::Value)> {
        vec![
            ("of", receipt.seq().into()),
            ("opened", self.opened.into()),
            ("unbound", self.unbound.into()),
            ("unopened", (self.other_recipients + self.no_record + self.damaged).into()),
            ("fps", self.fingerprints.iter().take(FINGERPRINTS_MAX).cloned().collect::<Vec<_>>().into()),
        ]
    }

    /// One line on standard error when not all was opened.
    fn tell(&self) {
        let parts = [
            (self.other_recipients, "for other recipients"),
            (self.no_record, "without a record of its epoch in the epochs files"),
            (self.damaged, "that cannot be opened"),
            (self.unbound, "bound to another token than the marker's"),
        ];
        let told: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if !told.is_empty() {
            complain(&format!("claim sets: {} opened; {}", self.opened, told.join("; ")));
        }
    }
}

/// Goes through the files and prints.
fn reveal(args: &RevealArgs, opener: &mut Opener, receipt: &Receipt, tally: &mut Tally) -> Exit {
    let standard = [Path::new("-").to_path_buf()];
    let files = if args.files.is_empty() { standard.as_slice() } else { &args.files };
    let mut out = io::stdout().lock();
    let mut exit = Exit::Done;
    for path in files {
        let result = open(path).map_err(Trouble::Read).and_then(|input| {
            let name = (files.len() > 1).then(|| safe::path(path));
            each_line(input, |number, line| {
                print_line(args, opener, receipt, tally, &Here { file: name.as_deref(), line: number }, line, &mut out)
            })
        });
        match result {
            Ok(()) => {}
            // A reader that goes away has seen enough.
            Err(Trouble::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return exit,
            Err(Trouble::Write(error)) => {
                complain(&format!("standard output: {}", keyfile::reason(&error)));
                return Exit::Partly;
            }
            Err(Trouble::Read(error)) => {
                complain(&format!("{}: {}", safe::path(path), keyfile::reason(&error)));
                exit = exit.worse(Exit::Partly);
            }
            Err(Trouble::Long(line)) => {
                complain(&format!(
                    "{}: a line of more than {} MiB at line {line}; the rest is passed over",
                    safe::path(path),
                    LINE_BYTES_MAX >> 20
                ));
                exit = exit.worse(Exit::Partly);
            }
        }
    }
    if let Err(error) = out.flush()
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        complain(&format!("standard output: {}", keyfile::reason(&error)));
        exit = exit.worse(Exit::Partly);
    }
    exit
}

enum Trouble {
    Read(io::Error),
    Write(io::Error),
    Long(u64),
}

/// Where a claim set stands.
struct Here<'a> {
    file: Option<&'a str>,
    line: u64,
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) })
}

fn each_line(input: Box<dyn Read>, mut give: impl FnMut(u64, &[u8]) -> io::Result<()>) -> Result<(), Trouble> {
    let mut input = BufReader::with_capacity(256 * 1024, input);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).map_err(Trouble::Read)? == 0 {
            return Ok(());
        }
        number += 1;
        if line.len() >= LINE_BYTES_MAX {
            return Err(Trouble::Long(number));
        }
        give(number, &line).map_err(Trouble::Write)?;
    }
}

/// Prints what is sealed in a line.
fn print_line(
    args: &RevealArgs,
    opener: &mut Opener,
    receipt: &Receipt,
    tally: &mut Tally,
    here: &Here<'_>,
    line: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    for (set, marker) in found::claim_sets(line) {
        let opened = match opener.open(&set, receipt) {
            Ok(opened) => opened,
            Err(why) => {
                let count = match why {
                    Unopened::OtherRecipients => &mut tally.other_recipients,
                    Unopened::NoRecord => &mut tally.no_record,
                    Unopened::CannotOpen => &mut tally.damaged,
                };
                *count += 1;
                continue;
            }
        };
        if args.audience.is_some() && opened.audience != args.audience {
            continue;
        }
        let Value::Object(claims) = json::parse(opened.claims.as_bytes()).value else {
            tally.damaged += 1;
            continue;
        };
        let wanted = |name: &str| args.claim.is_empty() || args.claim.iter().any(|claim| claim == name);
        if !args.claim.is_empty() && !claims.iter().any(|(name, _)| wanted(name)) {
            continue;
        }
        let claims = without_credentials(claims).map(|clean| clean.into_iter().filter(|(name, _)| wanted(name)).collect::<Vec<_>>());
        let bound = marker.map(|marker| marker.all("fp").any(|fp| fp == set.fp));
        tally.opened += 1;
        tally.unbound += u64::from(bound == Some(false));
        if tally.fingerprints.len() < FINGERPRINTS_MAX {
            tally.fingerprints.insert(set.fp.clone());
        }
        let text = match args.format {
            Format::Jsonl => as_json(here, &opened, bound, claims.as_deref()),
            Format::Text => as_text(here, &opened, bound, claims.as_deref()),
        };
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The claims with markers for what is a credential; `None`: all of them together are one, such as a JWK or a JWS whose parts
/// are claims. Only the whole set shows that: a part of it, or a line for each claim, would pass.
fn without_credentials(claims: Vec<(json::Text, Value)>) -> Option<Vec<(json::Text, Value)>> {
    let clean = safe::text(&found::render(&Value::Object(claims)), false);
    let parsed = json::parse(clean.as_bytes());
    match parsed.value {
        Value::Object(claims) if matches!(parsed.status, json::Status::Complete { .. }) => Some(claims),
        _ => None,
    }
}

/// One JSON object on a line of its own.
fn as_json(here: &Here<'_>, opened: &Opened, bound: Option<bool>, claims: Option<&[(json::Text, Value)]>) -> String {
    let text = |text: Option<&str>| serde_json::Value::from(text).to_string();
    let member = |(name, value): &(json::Text, Value)| format!("{}:{}", found::string(name), found::render(value));
    let object = claims.map(|claims| format!("{{{}}}", claims.iter().map(member).collect::<Vec<_>>().join(",")));
    let mut members = vec![
        format!("\"line\":{}", here.line),
        format!("\"fp\":{}", text(Some(&opened.fp))),
        format!("\"audience\":{}", text(opened.audience.as_deref())),
        format!("\"claims\":{}", object.map_or_else(|| "null".to_owned(), |object| safe::text(&object, false))),
        format!("\"bound\":{}", serde_json::Value::from(bound)),
        format!("\"origin\":{}", text(Some(opened.origin.name()))),
        format!("\"agent\":{}", text(opened.agent.as_deref().map(|agent| safe::text(agent, false)).as_deref())),
    ];
    if claims.is_none() {
        members.push("\"why\":\"withheld\"".to_owned());
    }
    if let Some(kid) = signer(&opened.origin) {
        members.push(format!("\"signer\":{}", text(Some(kid))));
    }
    if let Some(file) = here.file {
        members.push(format!("\"file\":{}", text(Some(file))));
    }
    format!("{{{}}}\n", members.join(","))
}

/// A heading and one line for each claim.
fn as_text(here: &Here<'_>, opened: &Opened, bound: Option<bool>, claims: Option<&[(json::Text, Value)]>) -> String {
    let place = here.file.map(|file| format!("{file}, ")).unwrap_or_default();
    let bound = match bound {
        Some(true) => "bound to its marker",
        Some(false) => "NOT bound to its marker: it was sealed for another token",
        None => "in no marker",
    };
    let agent = opened.agent.as_deref().map_or_else(|| "an unnamed agent".to_owned(), |agent| safe::text(agent, false));
    let origin = match &opened.origin {
        Origin::Verified { kid } => format!("{agent}, verified by the agent key {kid}"),
        Origin::Unknown { kid } => format!("says {agent}, signed by an agent key that was not given ({kid})"),
        Origin::Unsigned => format!("says {agent}, unsigned"),
    };
    let audience = opened.audience.as_deref().unwrap_or("-");
    let mut text = format!("{place}line {}  audience {audience}  {}  {bound}\n  origin: {origin}\n", here.line, opened.fp);
    let Some(claims) = claims else {
        text.push_str("  withheld: the claims together are a credential\n");
        return text;
    };
    let width = claims.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(24);
    for (name, value) in claims {
        text.push_str(&format!("  {:<width$}  {}\n", safe::text(name, false), safe::text(&found::render(value), false)));
    }
    text
}

fn signer(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Unsigned => None,
        Origin::Unknown { kid } | Origin::Verified { kid } => Some(kid),
    }
}
