//! Output that is also input, and output that would overwrite other things.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::check::Checked;
use super::paths::{self, Base};
use super::plan::{FileSinkPlan, FileSourcePlan, SinkPlan, SourcePlan};
use scrubjay_yaml::At;
use scrubjay_yaml::{Notes, quoted};

/// `*` stops at a slash, as when the files are looked for.
const OPTIONS: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// A file sink with what is compared.
struct Output<'c> {
    name: &'c str,
    at: &'c At<String>,
    plan: &'c FileSinkPlan,
    real: PathBuf,
    /// Only when it is there already.
    inode: Option<(u64, u64)>,
}

/// Notes every sink that writes what a source reads, or what must not be written over.
pub(super) fn check(
    sources: &[Checked<SourcePlan>],
    sinks: &[Checked<SinkPlan>],
    state_dir: &Path,
    key: Option<&Path>,
    epochs: Option<&Path>,
    base: &Base,
    notes: &mut Notes,
) {
    let outputs: Vec<Output<'_>> = sinks.iter().filter_map(output).collect();
    precious(&outputs, state_dir, key, base, notes);
    same_file(&outputs, notes);
    if let Some(epochs) = epochs {
        apart(epochs, &outputs, sources, notes);
    }
    let inputs: Vec<_> = sources
        .iter()
        .filter_map(|s| if let Some(SourcePlan::File(plan)) = &s.plan { Some((&s.name.value, plan)) } else { None })
        .collect();
    for (name, plan) in inputs {
        let input = Input::of(plan, &outputs);
        for output in &outputs {
            if input.reads(output) {
                let what = format!(
                    "sink {} writes a file that source {} reads: its output would come in again without end",
                    quoted(output.name),
                    quoted(name)
                );
                notes.mistake(output.at.place, what, "write to another folder, or exclude the output from the source");
            }
        }
    }
    topics(sources, sinks, notes);
}

fn output(sink: &Checked<SinkPlan>) -> Option<Output<'_>> {
    let (Some(SinkPlan::File(plan)), Some(at)) = (&sink.plan, sink.at.first()) else {
        return None;
    };
    let real = paths::real(&plan.path);
    let inode = inode(&real);
    Some(Output { name: &sink.name.value, at, plan, real, inode })
}

fn precious(outputs: &[Output<'_>], state_dir: &Path, key: Option<&Path>, base: &Base, notes: &mut Notes) {
    let state_dir = paths::real(state_dir);
    let key = key.map(paths::real);
    for output in outputs {
        let name = quoted(output.name);
        if output.real.starts_with(&state_dir) {
            notes.mistake(
                output.at.place,
                format!("sink {name} writes into the state folder"),
                "write to another folder, or set state_dir",
            );
        }
        if key.as_ref() == Some(&output.real) || output.real == base.file {
            notes.mistake(
                output.at.place,
                format!("sink {name} would write over a file that this configuration is made of"),
                "write to another file",
            );
        }
    }
}

/// The epochs file is written by the sealer alone, and no log.
fn apart(epochs: &Path, outputs: &[Output<'_>], sources: &[Checked<SourcePlan>], notes: &mut Notes) {
    let real = paths::real(epochs);
    let node = inode(&real);
    for output in outputs {
        let by_name = [&output.plan.path, &output.real].into_iter().flat_map(|path| files_of(path, output.plan)).any(|file| file == real);
        if by_name || node.is_some() && output.inode == node {
            let what = format!("sink {} writes the epochs file: records that open what is sealed would be lost", quoted(output.name));
            notes.mistake(output.at.place, what, "write to another file, or set \"epochs\" of \"keys\"");
        }
    }
    for source in sources {
        let Some(SourcePlan::File(plan)) = &source.plan else { continue };
        let input = Input::of(plan, outputs);
        if [epochs, &real].into_iter().any(|file| input.matches(file)) {
            let what = format!("source {} reads the epochs file, which is no log", quoted(&source.name.value));
            notes.mistake(source.name.place, what, "exclude it from the source, or set \"epochs\" of \"keys\"");
        }
    }
}

fn same_file(outputs: &[Output<'_>], notes: &mut Notes) {
    let mut by_path: HashMap<&Path, &str> = HashMap::new();
    let mut by_inode: HashMap<(u64, u64), &str> = HashMap::new();
    for output in outputs {
        let known = by_path.get(output.real.as_path()).or_else(|| by_inode.get(&output.inode?)).copied();
        if let Some(first) = known {
            let what = format!("sink {} writes the same file as sink {}", quoted(output.name), quoted(first));
            notes.mistake(output.at.place, what, "give each sink a file of its own, or use one sink");
            continue;
        }
        by_path.insert(&output.real, output.name);
        by_inode.extend(output.inode.map(|inode| (inode, output.name)));
    }
}

/// Device and inode, so that hard links are found.
fn inode(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|meta| (meta.dev(), meta.ino()))
}

/// The patterns of a source, as written and with links resolved.
struct Input {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    /// The files that are there now; empty when no output is there, because then none can be among them.
    inodes: HashSet<(u64, u64)>,
}

impl Input {
    fn of(plan: &FileSourcePlan, outputs: &[Output<'_>]) -> Self {
        let compile = |patterns: &[String]| {
            let both = patterns.iter().flat_map(|p| [p.clone(), paths::real_pattern(p)]);
            both.filter_map(|p| Pattern::new(&p).ok()).collect::<Vec<_>>()
        };
        let mut input = Self { include: compile(&plan.include), exclude: compile(&plan.exclude), inodes: HashSet::new() };
        if outputs.iter().any(|output| output.inode.is_some()) {
            let found = plan.include.iter().filter_map(|p| glob::glob_with(p, OPTIONS).ok()).flatten().filter_map(Result::ok);
            input.inodes = found.filter(|file| input.matches(file)).filter_map(|file| inode(&file)).collect();
        }
        input
    }

    fn reads(&self, output: &Output<'_>) -> bool {
        let names = [&output.plan.path, &output.real];
        let may_come = names.iter().flat_map(|path| files_of(path, output.plan)).any(|file| self.matches(&file));
        // A link to the output may lie among the inputs.
        may_come || output.inode.is_some_and(|inode| self.inodes.contains(&inode))
    }

    fn matches(&self, file: &Path) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|p| p.matches_path_with(file, OPTIONS));
        any(&self.include) && !any(&self.exclude)
    }
}

/// The files that a sink writes: its path, and names that rotation and compression make of it.
fn files_of(path: &Path, plan: &FileSinkPlan) -> Vec<PathBuf> {
    let mut files = vec![path.to_path_buf()];
    if plan.rotate.is_none() {
        return files;
    }
    let (Some(name), Some(stem)) = (path.file_name(), path.file_stem()) else {
        return files;
    };
    let extension = path.extension().map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
    let (name, stem) = (name.to_string_lossy(), stem.to_string_lossy());
    for number in ["1", "000001", "20260101T000000Z", "20260101T000000Z-1"] {
        for end in ["", ".gz", ".zst"] {
            files.push(path.with_file_name(format!("{name}.{number}{end}")));
            files.push(path.with_file_name(format!("{stem}-{number}{extension}{end}")));
        }
    }
    files
}

/// A topic that is read and written on brokers that have one in common.
fn topics(sources: &[Checked<SourcePlan>], sinks: &[Checked<SinkPlan>], notes: &mut Notes) {
    let mut read: HashMap<(String, &str), &str> = HashMap::new();
    for source in sources {
        let Some(SourcePlan::Kafka(plan)) = &source.plan else { continue };
        for broker in &plan.brokers {
            read.extend(plan.topics.iter().map(|topic| ((address(broker), topic.as_str()), source.name.value.as_str())));
        }
    }
    for sink in sinks {
        let (Some(SinkPlan::Kafka(plan)), Some(at)) = (&sink.plan, sink.at.first()) else { continue };
        let source = plan.brokers.iter().find_map(|broker| read.get(&(address(broker), plan.topic.as_str())));
        if let Some(source) = source {
            let what = format!(
                "sink {} writes topic {}, which source {} reads: its output would come in again without end",
                quoted(&sink.name.value),
                quoted(&plan.topic),
                quoted(source)
            );
            notes.mistake(at.place, what, "write to another topic");
        }
    }
}

/// A broker's address for comparing: no protocol, lower case, the port written out.
fn address(broker: &str) -> String {
    let address = broker.split_once("://").map_or(broker, |(_, address)| address).to_ascii_lowercase();
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port { address } else { format!("{address}:9092") };
    with_port.replace("localhost:", "127.0.0.1:").replace("[::1]:", "127.0.0.1:")
}
