//! `scrubjay run` and `scrubjay check`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use scrubjay_pipeline::{Problem, RunReport, run as run_pipeline};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::assemble::{self, tell};
use crate::cli::{CheckArgs, RunArgs};
use crate::config::{self, Plan};
use crate::exit::Exit;
use crate::{diff, safe, scrub};

/// Time that the runtime may take to end once everything is closed.
const RUNTIME_END_MAX: Duration = Duration::from_secs(2);

/// Checks a pipeline file and prints what it means.
pub(crate) fn check(args: &CheckArgs) -> Exit {
    let Some(config) = &args.what.config else { return diff::run(&args.what.diff, args.source.as_deref().unwrap_or("stdin")) };
    match config::load(config) {
        Ok(plan) => scrub::write_quietly(safe::text(&plan.to_string(), true).as_bytes()),
        Err(mistakes) => {
            eprint!("{}", safe::text(&mistakes.to_string(), true));
            Exit::Usage
        }
    }
}

/// Runs the pipelines of a file.
pub(crate) fn run(args: &RunArgs) -> Exit {
    let plan = match load(&args.config) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let threads = args.threads.map(usize::from).or(plan.threads);
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&Problem::new("threads", error.to_string(), "raise the limit of processes"));
            return Exit::Partly;
        }
    };
    let exit = runtime.block_on(run_plan(&plan, args.once, threads));
    runtime.shutdown_timeout(RUNTIME_END_MAX);
    exit
}

fn load(path: &Path) -> Result<Plan, Exit> {
    config::load(path).map_err(|mistakes| {
        eprint!("{}", safe::text(&mistakes.to_string(), true));
        Exit::Usage
    })
}

async fn run_plan(plan: &Plan, once: bool, threads: usize) -> Exit {
    for warning in &plan.warnings {
        eprintln!("scrubjay: warning: {}", safe::text(&format!("{} ({})", warning.what, warning.remedy), false));
    }
    let (stop, stopped) = watch::channel(false);
    if let Err(error) = stop_on_signals(stop.clone()) {
        tell(&Problem::new("signals", error.to_string(), ""));
        return Exit::Partly;
    }
    if let Err(problem) = assemble::prepare(plan) {
        tell(&problem);
        return Exit::Usage;
    }
    let shared = match assemble::shared(plan) {
        Ok(shared) => shared,
        Err(problem) => {
            tell(&problem);
            return Exit::Partly;
        }
    };
    // Everything is opened before anything runs: a sink that cannot be reached must not let a source move.
    let mut pipelines = Vec::with_capacity(plan.pipelines.len());
    for which in &plan.pipelines {
        let mut stopped = stopped.clone();
        let opened = tokio::select! {
            opened = assemble::pipeline(plan, which, &shared, once, threads) => opened,
            _ = stopped.wait_for(|stop| *stop) => return Exit::Done,
        };
        match opened {
            Ok(pipeline) => pipelines.push(pipeline),
            Err(problem) => {
                tell(&problem);
                return Exit::Partly;
            }
        }
    }
    let mut running = JoinSet::new();
    for pipeline in pipelines {
        let stopped = stopped.clone();
        running.spawn(async move { run_pipeline(pipeline, stopped, &tell).await });
    }
    let mut exit = Exit::Done;
    while let Some(ended) = running.join_next().await {
        let report = ended.unwrap_or_else(|_| RunReport { problems: 1, ..RunReport::default() });
        summarise(&report);
        exit = exit.worse(exit_of(&report));
    }
    drop(stop);
    shared.say_alarms();
    exit
}

fn exit_of(report: &RunReport) -> Exit {
    match report {
        RunReport { deadline_passed: true, .. } => Exit::Deadline,
        RunReport { problems: 1.., .. } => Exit::Partly,
        _ => Exit::Done,
    }
}

/// One line for each sink: where it went, how much, what was found.
fn summarise(report: &RunReport) {
    let classes: Vec<String> = report.stats.classes.iter().map(|(class, count)| format!("{class} {count}")).collect();
    let tokens = match report.stats.tokens() {
        0 => "no tokens".to_owned(),
        n => format!("{n} tokens ({})", classes.join(", ")),
    };
    let secrets = match report.stats.secrets() {
        0 => String::new(),
        n => format!(", {n} other credentials"),
    };
    let withheld = match report.stats.withheld_total() {
        0 => String::new(),
        n => format!(", {n} places withheld"),
    };
    for sink in &report.sinks {
        eprintln!(
            "scrubjay: {}: {} records, {} bytes, {tokens}{secrets}{withheld}",
            safe::text(&sink.target, false),
            sink.records,
            sink.bytes
        );
    }
}

/// The first signal asks for an orderly end, the second one ends at once. What was not settled is read again.
fn stop_on_signals(stop: watch::Sender<bool>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.send_replace(true) {
                std::process::exit(Exit::Deadline.code().into());
            }
        }
    });
    Ok(())
}
