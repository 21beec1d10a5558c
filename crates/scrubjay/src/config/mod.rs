//! The pipeline file: from the text that somebody wrote to a [`Plan`] that can be assembled.
//!
//! Three steps, each in its own module: [`scrubjay_yaml`] (text → nodes with places), [`read`] (nodes → [`written`], the shape of
//! what was written), [`check`] (written → [`plan`], what it means, with absolute paths). Every step notes its mistakes
//! and goes on, so that all of them are reported at once. It never opens a source or a sink, connects to nothing and
//! writes nothing.

mod check;
mod loops;
mod paths;
mod plan;
mod properties;
mod read;
mod render;
mod rules;
mod sealing;
mod secret;
#[cfg(test)]
mod tests;
mod written;

use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub(crate) use scrubjay_yaml::Mistakes;

pub(crate) use plan::{
    Compression, FileSinkPlan, FileSourcePlan, KafkaSinkPlan, KafkaSourcePlan, NamedSink, NamedSource, PipelinePlan, Plan, SealingPlan,
    SinkPlan, SourcePlan, Start,
};

use paths::Base;
use scrubjay_yaml::{Document, Notes, Place};

/// A pipeline file is at most this many bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const DOCUMENT: Document = Document { noun: "the pipeline file", needs: "it needs `sources`, `sinks` and `pipelines`" };

fn notes_of(path: &Path) -> Notes {
    Notes::new(shown(path), DOCUMENT)
}

/// Reads and checks a pipeline file.
///
/// # Errors
/// Every mistake in it, with its place and the remedy.
pub(crate) fn load(path: &Path) -> Result<Plan, Mistakes> {
    let mut notes = notes_of(path);
    let Some(text) = read_text(path, &mut notes) else {
        return Err(notes.into_mistakes());
    };
    load_noted(&text, path, notes)
}

/// As [`load`], with the text given. `path` need not exist; relative paths are relative to its folder.
///
/// # Errors
/// As [`load`].
#[cfg(test)]
pub(crate) fn load_str(text: &str, path: &Path) -> Result<Plan, Mistakes> {
    load_noted(text, path, notes_of(path))
}

fn load_noted(text: &str, path: &Path, mut notes: Notes) -> Result<Plan, Mistakes> {
    let plan = plan_of(text, path, &mut notes);
    if plan.is_none() && !notes.has_mistakes() {
        debug_assert!(false, "no plan and no mistake");
        notes.mistake(None, "no plan can be made of this file", "report this file as a bug of scrubjay");
    }
    let (mistakes, warnings) = notes.finish();
    match plan {
        Some(plan) if mistakes.list.is_empty() => Ok(Plan { warnings, ..plan }),
        _ => Err(mistakes),
    }
}

fn plan_of(text: &str, path: &Path, notes: &mut Notes) -> Option<Plan> {
    let root = scrubjay_yaml::parse(text, notes)?;
    let written = read::file(&root, notes)?;
    let base = Base::of_file(path, notes)?;
    check::plan(written, &base, notes)
}

fn read_text(path: &Path, notes: &mut Notes) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let opened = crate::keyfile::open_regular(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(e) = opened {
        notes.mistake(None, format!("the pipeline file cannot be read: {e}"), "give the path of a readable YAML file");
        return None;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        notes.mistake(None, "the pipeline file is larger than 1 MiB", "this is hardly a pipeline file; give another path");
        return None;
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Some(Zeroizing::new(text.to_owned())),
        Err(e) => {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let place = Place::after(&String::from_utf8_lossy(before));
            notes.mistake(place, "the pipeline file is not valid UTF-8", "save it as UTF-8");
            None
        }
    }
}

/// Where a path of the command line or the file lies, for messages.
fn shown(path: &Path) -> String {
    scrubjay_yaml::clean(&path.to_string_lossy())
}

/// The canonical folder of a file, or the nearest to it that can be had.
fn folder_of(path: &Path) -> PathBuf {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    parent.canonicalize().or_else(|_| std::path::absolute(parent)).unwrap_or_else(|_| parent.to_path_buf())
}
