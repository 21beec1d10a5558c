//! `scrubjay audit-log`: whether the log of revealing is whole.

use scrubjay_claims::jose::audit::{self, Verdict};

use crate::cli::{AuditLogArgs, AuditLogCommand, VerifyArgs};
use crate::exit::{Exit, complain};
use crate::{keyfile, safe, scrub};

pub(crate) fn run(args: &AuditLogArgs) -> Exit {
    match &args.command {
        AuditLogCommand::Verify(args) => verify(args),
    }
}

fn verify(args: &VerifyArgs) -> Exit {
    let mut heads = Vec::new();
    for head in &args.head {
        match audit::parse_head(head) {
            Some(head) => heads.push(head),
            None => {
                complain("--head: write it as it was anchored: NUMBER:HASH");
                return Exit::Usage;
            }
        }
    }
    let verdict = match audit::verify(&args.file, &heads) {
        Ok(verdict) => verdict,
        Err(error) => {
            complain(&format!("{}: {}", safe::path(&args.file), keyfile::reason(&error)));
            return Exit::Usage;
        }
    };
    let printed = scrub::write_quietly(told(&verdict).as_bytes());
    if verdict.faults.is_empty() { printed } else { printed.worse(Exit::Partly) }
}

fn told(verdict: &Verdict) -> String {
    let mut text = String::new();
    for (line, fault) in &verdict.faults {
        text.push_str(&format!("line {line}: {}\n", fault.name()));
    }
    let whole = if verdict.faults.is_empty() { "no entry was cut, edited or moved" } else { "DAMAGED" };
    text.push_str(&format!("{} entries: {whole}\n", verdict.entries));
    let Some((last, hash)) = &verdict.head else {
        text.push_str("that none is missing cannot be proven: give a head that was kept elsewhere (--head)\n");
        return text;
    };
    text.push_str(&format!("head {last}:{hash}\n"));
    match verdict.proven {
        Some(proven) if proven == *last => text.push_str("the given head is the last entry: nothing was cut off before it was anchored\n"),
        Some(proven) => text.push_str(&format!("proven up to entry {proven}; that none is missing behind entry {last} cannot be proven\n")),
        None => text.push_str(&format!(
            "that none is missing behind entry {last} cannot be proven: give a head that was kept elsewhere (--head)\n"
        )),
    }
    text
}
