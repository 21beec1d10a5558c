//! The command line as it is written.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueHint};

use crate::exit::Exit;
use crate::safe;

/// Keeps tokens out of logs without going blind.
///
/// Finds JSON Web Tokens, signed or encrypted, in any text and replaces each by a marker that tells what it was (issuer,
/// audience, expiry, a keyed fingerprint). The token itself never comes out.
#[derive(Parser)]
#[command(name = "scrubjay", version, arg_required_else_help = true, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Unix filter: text in, clean text out
    Scrub(ScrubArgs),
    /// Run the pipelines of a file: read, scrub, deliver
    Run(RunArgs),
    /// Check a pipeline file: every mistake with its place and remedy, or what it means
    Check(CheckArgs),
    /// Run the tests that stand beside a policy
    Test(TestArgs),
    /// Print the JSON Schema of pipeline or policy files, for editors
    Schema {
        /// The kind of file
        #[arg(value_enum, default_value_t = SchemaOf::Pipeline)]
        of: SchemaOf,
    },
    /// Say what each token of a text is, what is shown of it and what deserves a second look
    Explain(ExplainArgs),
    /// Say under which fingerprints a token stands in logs: "did it leak?"
    Fingerprint(FingerprintArgs),
    /// Make key files, and list what is in them
    Keys(KeysArgs),
    /// Break glass: open sealed claims with a private key, for a reason, after an entry in the audit log
    Reveal(RevealArgs),
    /// Verify the audit log of revealing
    AuditLog(AuditLogArgs),
    /// List the rules for credentials that are no tokens: id, on or off, what each finds
    Rules(RulesArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SchemaOf {
    /// For `run` and `check`
    Pipeline,
    /// For `--policy`, `test`, or the field `policy` of a pipeline file
    Policy,
}

/// Largest number of threads that can be asked for.
pub(crate) const THREADS_MAX: i64 = 256;

#[derive(clap::Args)]
pub(crate) struct ScrubArgs {
    /// Files to read, in order, with nothing between them; `-` or none is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Key for fingerprints: a file of at least 32 random bytes, mode 0600. Without it a key is made for this run only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) fingerprint_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Seal the claims that the policy seals to this audience, for the public keys of this file; can be repeated
    #[arg(long, value_name = "NAME=FILE", requires = "policy", requires = "epochs")]
    pub(crate) seal_to: Vec<String>,
    /// Where epoch records are kept: whoever may open claims needs them. It is appended to, and made when it is missing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) epochs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Print one JSON object with counts to standard error at the end
    #[arg(long)]
    pub(crate) stats: bool,
    /// Threads that read, scrub and write in turn, 1 to 256; the output is the same with any number [default: the cores
    /// of the machine, at most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    pub(crate) threads: Option<u16>,
    /// Exit with 3 when something was replaced or withheld
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What is shown of which token.
#[derive(clap::Args)]
pub(crate) struct PolicyArgs {
    /// Policy file: which claims of which tokens are shown (docs/policy.md). Without it the safe default
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// Name of the source that the text is from, for rules that ask for one
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    pub(crate) source: String,
}

/// Which rules for credentials that are no tokens act.
#[derive(clap::Args)]
pub(crate) struct RuleArgs {
    /// File with more rules for credentials that are no tokens (docs/rules.md); can be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Rule that is not to act, by its id (`scrubjay rules`); can be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) silence: Vec<String>,
    /// Rule that is to act although it is off by default; can be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) enable: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct RulesArgs {
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// The pipeline file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Read what is there now, deliver it, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Threads that work at a time, 1 to 256; each file or partition is scrubbed by one at a time [default: what the
    /// pipeline file says, or one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    pub(crate) threads: Option<u16>,
}

#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) what: CheckWhat,
    /// Name of the source that the log of --diff is from, for rules that ask for one [default: stdin]
    #[arg(long, value_name = "NAME", requires = "diff")]
    pub(crate) source: Option<String>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct CheckWhat {
    /// The pipeline file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Two policies (files of policies or pipelines) and a log: what the new one would make of it that the old one does not.
    /// Prints scrubbed lines only
    #[arg(long, num_args = 3, value_names = ["OLD", "NEW", "LOG"], value_hint = ValueHint::FilePath)]
    pub(crate) diff: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// A policy file, or a pipeline file with one
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct ExplainArgs {
    /// File to read; `-` or none is standard input. Never a token: it would stay in the shell's history and show in `ps`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Key for fingerprints: a file of at least 32 random bytes, mode 0600
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) fingerprint_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Print the values of hidden claims too (the signature never)
    #[arg(long)]
    pub(crate) show_claims: bool,
}

#[derive(clap::Args)]
pub(crate) struct FingerprintArgs {
    /// File that holds the token; `-` or none is standard input, which on a terminal is a prompt that shows nothing. Never
    /// the token itself: it would stay in the shell's history and show in `ps`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// The key or ring of the agents that wrote the logs; where none is configured it is `fingerprint.key` in the agent's
    /// `state_dir`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) fingerprint_key: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make `fingerprint.key`: one key for ever, or with --period a ring of keys; with --audience key pairs to seal to.
    /// Nothing is written over
    New(KeysNewArgs),
    /// List keys by id, with their periods and which is active now, and who can open what; no byte of a key is shown
    List(KeysListArgs),
    /// Replace an audience's key pair; the old one stays, under a name with its id, until you destroy it
    Rotate(KeysRotateArgs),
    /// Print the public half of a private key
    Public(KeysPublicArgs),
}

#[derive(clap::Args)]
pub(crate) struct KeysNewArgs {
    /// Folder for the keys; it is made when it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// How long each key is used, such as 12h, 90d or 13w: fingerprints of two periods cannot be compared, and pseudonyms
    /// neither
    #[arg(long, value_name = "TIME", value_parser = crate::keys::span)]
    pub(crate) period: Option<u32>,
    /// Number of periods, the first of which is now
    #[arg(long, value_name = "N", default_value_t = 2, requires = "period", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) count: u16,
    /// How long a key's fingerprints are still shown beside those of its successor: as long as tokens live [default: 1d, or
    /// a quarter of a period of less than 4d]
    #[arg(long, value_name = "TIME", requires = "period", value_parser = crate::keys::span_or_none)]
    pub(crate) overlap: Option<u32>,
    /// Audience to make a key pair for: NAME.public.jwk for agents, NAME.private.jwk for the audience alone; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Vec<String>,
    /// Make an agent's identity, with which it signs its epochs: agent.private.jwk for the agent, agent.public.jwk for those
    /// who reveal
    #[arg(long)]
    pub(crate) agent: bool,
    /// How long the key pairs are sealed to, such as 90d [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = crate::keys::span)]
    pub(crate) valid: Option<u32>,
    /// Kind of an audience's keys
    #[arg(long, value_enum, default_value_t = Curve::X25519)]
    pub(crate) curve: Curve,
}

/// Kind of an audience's keys.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Curve {
    X25519,
    P256,
}

#[derive(clap::Args)]
pub(crate) struct KeysRotateArgs {
    /// Folder of keys
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Audience
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: String,
    /// How long the new key is sealed to, such as 90d [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = crate::keys::span)]
    pub(crate) valid: Option<u32>,
    /// Kind of the new key
    #[arg(long, value_enum, default_value_t = Curve::X25519)]
    pub(crate) curve: Curve,
}

#[derive(clap::Args)]
pub(crate) struct KeysPublicArgs {
    /// The private key: JWK or PEM, mode 0600
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct RevealArgs {
    /// Files with markers or claim sets; `-` or none is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Private key: JWK or PEM, mode 0600; can be repeated
    #[arg(long, value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) key: Vec<PathBuf>,
    /// File with epoch records; can be repeated. Only standalone claim sets open without
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) epochs: Vec<PathBuf>,
    /// Why, for whoever reads the audit log: a ticket, an incident
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The audit log. An entry is durable there before anything is printed; without it nothing is revealed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) audit_log: PathBuf,
    /// Socket of the system's log (/dev/log) that the audit log's head is sent to, so that its end can be proven
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    pub(crate) audit_anchor: Option<PathBuf>,
    /// Public keys of agents (JWK or JWK Set), to verify who sealed; can be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) agent_keys: Vec<PathBuf>,
    /// Only what was sealed for this audience
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// Only this claim, by its name at the top level; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) claim: Vec<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How claims are printed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object to a line.
    Jsonl,
}

#[derive(clap::Args)]
pub(crate) struct AuditLogArgs {
    #[command(subcommand)]
    pub(crate) command: AuditLogCommand,
}

#[derive(Subcommand)]
pub(crate) enum AuditLogCommand {
    /// Say whether entries were cut, edited or moved, and how far the end is proven
    Verify(VerifyArgs),
}

#[derive(clap::Args)]
pub(crate) struct VerifyArgs {
    /// The audit log
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Head that was kept elsewhere, NUMBER:HASH as it was anchored; can be repeated
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct KeysListArgs {
    /// Folder of keys
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "fingerprint_key", required_unless_present_any = ["fingerprint_key", "epochs"])]
    pub(crate) dir: Option<PathBuf>,
    /// A key or ring
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) fingerprint_key: Option<PathBuf>,
    /// File with epoch records: which keys can open which audience's claims, since when
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) epochs: Vec<PathBuf>,
}

/// Prints help to standard output, mistakes to standard error. An argument may be a token: the text is scrubbed first.
pub(crate) fn report(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        eprint!("{}", safe::text(&error.render().to_string(), true));
        return Exit::Usage;
    }
    let _ = error.print();
    Exit::Done
}

/// Writes a completion script to standard output.
pub(crate) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "scrubjay", &mut script);
    crate::scrub::write_quietly(&script)
}
